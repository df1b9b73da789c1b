"""Tickets that open an instance's console once.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def _uid() -> sa.types.TypeEngine[str]:
    return sa.Uuid(as_uuid=False).with_variant(sa.String(36), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "console_ticket",
        sa.Column("ticket_hash", sa.String(64), primary_key=True),
        sa.Column("tenant_uid", _uid(), nullable=False),
        sa.Column("instance_uid", _uid(), nullable=False),
        sa.Column("host_uid", _uid(), nullable=False),
        sa.Column("device", sa.String(15), nullable=False),
        sa.Column("holder_tenant_uid", _uid(), nullable=False),
        sa.Column("token_uid", _uid(), nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=False),
    )
    op.create_index("console_ticket_expires", "console_ticket", ["expires_us"])
