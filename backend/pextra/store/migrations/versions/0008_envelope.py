"""Secrets are sealed: data keys, and a table for sealed values.

A migration has no keys. The clear values stay in `resource_secret` until the first start with a key has sealed them
(`services.sealing_clear`).

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def _uid() -> sa.types.TypeEngine[str]:
    return sa.Uuid(as_uuid=False).with_variant(sa.String(36), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "sealed_secret",
        sa.Column("tenant_uid", _uid(), primary_key=True),
        sa.Column("uid", _uid(), primary_key=True),
        sa.Column("path", sa.String(253), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.create_table(
        "data_key",
        sa.Column("tenant_uid", _uid(), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("kek", sa.String(127), nullable=False),
        sa.Column("wrapped", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
    )
    op.create_index("data_key_kek", "data_key", ["kek"])
