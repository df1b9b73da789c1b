"""Who waits for room, and with what priority: those that wait already say so when they are looked at next.

Revision ID: 0018
Revises: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the column and its index."""
    op.add_column("work", sa.Column("waits", sa.Integer(), nullable=True))
    op.create_index("work_waits", "work", ["waits", "uid"])
