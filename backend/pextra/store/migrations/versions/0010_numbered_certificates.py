"""Certificates of host agents are numbered: the order of their times is that of no one clock.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the column; what is there is older than all that follows."""
    op.add_column("host_certificate", sa.Column("number", sa.BigInteger(), nullable=False, server_default="0"))
