"""NUMA cells of hosts, and what guests have of them.

Guests that were placed before have nothing of cells; what they take is counted by host until they are placed anew.

Revision ID: 0017
Revises: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_COUNTED = ("vcpus", "memory_mib", "dedicated_threads", "hugepages_2m", "hugepages_1g")


def _uid() -> sa.types.TypeEngine[str]:
    return sa.Uuid(as_uuid=False).with_variant(sa.String(36), "sqlite")


def _amounts(prefix: str = "") -> list[sa.Column[int]]:
    return [sa.Column(f"{prefix}{name}", sa.BigInteger(), nullable=False) for name in _COUNTED]


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "host_cell",
        sa.Column("host_uid", _uid(), primary_key=True),
        sa.Column("cell", sa.Integer(), primary_key=True, autoincrement=False),
        *_amounts(),
        *_amounts("used_"),
    )
    op.create_table(
        "cell_claim",
        sa.Column("tenant_uid", _uid(), primary_key=True),
        sa.Column("consumer_uid", _uid(), primary_key=True),
        sa.Column("cell", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("host_uid", _uid(), nullable=False),
        sa.Column("bound", sa.Boolean(), nullable=False),
        *_amounts(),
    )
