"""Passwords of users, where they logged in from, and how often it was tried in vain.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def _uid() -> sa.types.TypeEngine[str]:
    return sa.Uuid(as_uuid=False).with_variant(sa.String(36), "sqlite")


def upgrade() -> None:
    """Make the tables, and the index by which what has expired is found."""
    op.create_table(
        "user_password",
        sa.Column("tenant_uid", _uid(), primary_key=True),
        sa.Column("user_uid", _uid(), primary_key=True),
        sa.Column("hash", sa.String(255), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=True),
        sa.Column("set_us", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "login_place",
        sa.Column("tenant_uid", _uid(), primary_key=True),
        sa.Column("user_uid", _uid(), primary_key=True),
        sa.Column("network", sa.String(63), primary_key=True),
        sa.Column("last_us", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "login_attempt",
        sa.Column("bucket", sa.String(15), primary_key=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("last_us", sa.BigInteger(), nullable=False),
    )
    op.create_index("login_attempt_last", "login_attempt", ["last_us"])
    op.create_index("credential_expires", "credential", ["expires_us"])
