"""What host agents are told, and how they are known.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _uid() -> sa.types.TypeEngine[str]:
    return sa.Uuid(as_uuid=False).with_variant(sa.String(36), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "host_agent",
        sa.Column("host_uid", _uid(), primary_key=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.Column("seen_us", sa.BigInteger(), nullable=True),
        sa.Column("boot_id", sa.String(63), nullable=False),
        sa.Column("version", sa.String(63), nullable=False),
        sa.Column("inventory", sa.JSON(), nullable=True),
    )
    op.create_index("host_agent_changed", "host_agent", ["changed_us"])
    op.create_table(
        "assignment",
        sa.Column("host_uid", _uid(), primary_key=True),
        sa.Column("uid", _uid(), primary_key=True),
        sa.Column("kind", sa.String(15), nullable=False),
        sa.Column("tenant_uid", _uid(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("secret_paths", sa.JSON(), nullable=False),
        sa.Column("reported_revision", sa.BigInteger(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=True),
    )
    op.create_index("assignment_revision", "assignment", ["host_uid", "revision"])
    op.create_index("assignment_uid", "assignment", ["uid"])
    op.create_table(
        "forward",
        sa.Column("host_uid", _uid(), primary_key=True),
        sa.Column("protocol", sa.String(7), primary_key=True),
        sa.Column("port", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("tenant_uid", _uid(), nullable=False),
        sa.Column("consumer_uid", _uid(), nullable=False),
    )
    op.create_index("forward_consumer", "forward", ["consumer_uid"])
    op.create_table(
        "join_secret",
        sa.Column("secret_hash", sa.String(64), primary_key=True),
        sa.Column("host_uid", _uid(), nullable=False),
        sa.Column("token_uid", _uid(), nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=False),
    )
    op.create_index("join_secret_token", "join_secret", ["token_uid"])
    op.create_table(
        "host_certificate",
        sa.Column("serial", sa.String(40), primary_key=True),
        sa.Column("host_uid", _uid(), nullable=False),
        sa.Column("not_after_us", sa.BigInteger(), nullable=False),
    )
    op.create_index("host_certificate_host", "host_certificate", ["host_uid"])
    if op.get_context().dialect.name == "postgresql":
        for table in ("host_agent", "assignment"):
            op.execute(f"ALTER TABLE {table} SET (fillfactor = 50)")
