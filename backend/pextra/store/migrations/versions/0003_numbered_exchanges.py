"""Exchanges with host agents are numbered.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the number."""
    op.add_column("host_agent", sa.Column("exchange", sa.BigInteger(), nullable=False, server_default="0"))
