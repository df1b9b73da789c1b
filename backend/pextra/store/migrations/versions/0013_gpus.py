"""GPUs of hosts, what is given out of them, and who had what of them for how long.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def _uid() -> sa.types.TypeEngine[str]:
    return sa.Uuid(as_uuid=False).with_variant(sa.String(36), "sqlite")


def _had_of_gpu() -> list[sa.Column[Any]]:
    return [
        sa.Column("host_uid", _uid(), nullable=False),
        sa.Column("address", sa.String(31), nullable=False),
        sa.Column("mode", sa.String(15), nullable=False),
        sa.Column("profile", sa.String(63), nullable=False),
        sa.Column("milli", sa.Integer(), nullable=False),
    ]


def upgrade() -> None:
    """Make the tables, and the column."""
    op.add_column("host_capacity", sa.Column("board", sa.JSON(), nullable=True))
    op.create_table(
        "gpu",
        sa.Column("host_uid", _uid(), primary_key=True),
        sa.Column("address", sa.String(31), primary_key=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.JSON(), nullable=False),
        sa.Column("cell", sa.Integer(), nullable=False),
        sa.Column("usable", sa.Boolean(), nullable=False),
        sa.Column("used_milli", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(15), nullable=False),
        sa.Column("profile", sa.String(63), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
    )
    op.create_table(
        "gpu_claim",
        sa.Column("tenant_uid", _uid(), primary_key=True),
        sa.Column("consumer_uid", _uid(), primary_key=True),
        sa.Column("part", sa.Integer(), primary_key=True, autoincrement=False),
        *_had_of_gpu(),
        sa.Column("slots", sa.Integer(), nullable=False),
    )
    op.create_table(
        "gpu_usage",
        sa.Column("tenant_uid", _uid(), primary_key=True),
        sa.Column("uid", _uid(), primary_key=True),
        sa.Column("consumer_uid", _uid(), nullable=False),
        *_had_of_gpu(),
        sa.Column("model", sa.String(63), nullable=False),
        sa.Column("started_us", sa.BigInteger(), nullable=False),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
    )
    op.create_index("gpu_usage_consumer", "gpu_usage", ["tenant_uid", "consumer_uid"])
    op.create_index("gpu_usage_started", "gpu_usage", ["tenant_uid", "started_us"])
