"""Who users are at identity providers, which tenant trusts whom, and consoles that were opened with their tokens.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def _uid() -> sa.types.TypeEngine[str]:
    return sa.Uuid(as_uuid=False).with_variant(sa.String(36), "sqlite")


def upgrade() -> None:
    """Make the tables, and the column."""
    op.create_table(
        "outside_identity",
        sa.Column("tenant_uid", _uid(), primary_key=True),
        sa.Column("provider_uid", _uid(), primary_key=True),
        sa.Column("subject_hash", sa.String(64), primary_key=True),
        sa.Column("user_uid", _uid(), nullable=False),
    )
    op.create_index("outside_identity_user", "outside_identity", ["tenant_uid", "user_uid"])
    op.create_table(
        "trusted_issuer",
        sa.Column("audience_hash", sa.String(64), primary_key=True),
        sa.Column("since_us", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("tenant_uid", _uid(), primary_key=True),
        sa.Column("provider_uid", _uid(), primary_key=True),
    )
    op.create_index("trusted_issuer_provider", "trusted_issuer", ["tenant_uid", "provider_uid"])
    op.add_column("console_ticket", sa.Column("proof", sa.JSON(), nullable=True))
