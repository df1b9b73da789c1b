"""What hosts are to be like is told to their agents.

Revision ID: 0016
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the settings, and the host's revision at which they last changed."""
    op.add_column("host_agent", sa.Column("settings", sa.JSON(), nullable=True))
    op.add_column("host_agent", sa.Column("settings_revision", sa.BigInteger(), nullable=False, server_default="0"))
