"""Which policies a tenant has, and credentials that no policy binds.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def _uid() -> sa.types.TypeEngine[str]:
    return sa.Uuid(as_uuid=False).with_variant(sa.String(36), "sqlite")


def upgrade() -> None:
    """Make the table, and the column."""
    op.create_table(
        "policy_head",
        sa.Column("tenant_uid", _uid(), primary_key=True),
        sa.Column("version", _uid(), nullable=False),
    )
    op.add_column("credential", sa.Column("break_glass", sa.Boolean(), nullable=False, server_default=sa.false()))
