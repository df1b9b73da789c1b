"""Dedicated threads and hugepages are given out like memory, and hosts say what they can be to a guest.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_COUNTED = ("dedicated_threads", "hugepages_2m", "hugepages_1g")


def upgrade() -> None:
    """Add the counters; a host has none of it until its next look."""
    for name in _COUNTED:
        for table, column in (("host_capacity", name), ("host_capacity", f"used_{name}"), ("allocation", name)):
            op.add_column(table, sa.Column(column, sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("host_capacity", sa.Column("features", sa.JSON(), nullable=False, server_default="[]"))
