"""Placement groups of instances; racks and taints of hosts.

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Let allocations name a placement group, and hosts say where they are and for whom."""
    uid = sa.Uuid(as_uuid=False).with_variant(sa.String(36), "sqlite")
    op.add_column("host_capacity", sa.Column("rack", sa.String(63), nullable=False, server_default="default"))
    op.add_column("host_capacity", sa.Column("taints", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("allocation", sa.Column("placement_group_uid", uid, nullable=True))
    op.create_index("allocation_placement_group", "allocation", ["placement_group_uid"])
