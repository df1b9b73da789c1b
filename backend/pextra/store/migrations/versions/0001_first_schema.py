"""The first schema.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _uid() -> sa.types.TypeEngine[str]:
    return sa.Uuid(as_uuid=False).with_variant(sa.String(36), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "address",
        sa.Column("network_uid", _uid(), primary_key=True),
        sa.Column("number", sa.String(32), primary_key=True),
        sa.Column("subnet_uid", _uid(), nullable=False),
        sa.Column("address", sa.String(39), nullable=False),
        sa.Column("tenant_uid", _uid(), nullable=False),
        sa.Column("consumer_uid", _uid(), nullable=False),
        sa.Column("card", sa.Integer(), nullable=False),
    )
    op.create_index("address_consumer", "address", ["tenant_uid", "consumer_uid"])
    op.create_table(
        "allocation",
        sa.Column("tenant_uid", _uid(), primary_key=True),
        sa.Column("consumer_uid", _uid(), primary_key=True),
        sa.Column("host_uid", _uid(), nullable=False),
        sa.Column("vcpus", sa.BigInteger(), nullable=False),
        sa.Column("memory_mib", sa.BigInteger(), nullable=False),
        sa.Column("disk_gib", sa.BigInteger(), nullable=False),
    )
    op.create_index("allocation_host", "allocation", ["host_uid"])
    op.create_table(
        "credential",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("tenant_uid", _uid(), nullable=False),
        sa.Column("token_uid", _uid(), nullable=False),
        sa.Column("user_uid", _uid(), nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=True),
    )
    op.create_index("credential_token", "credential", ["tenant_uid", "token_uid"])
    op.create_table(
        "event",
        sa.Column("stream", _uid(), primary_key=True),
        sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("uid", _uid(), nullable=False),
        sa.Column("type", sa.String(15), nullable=False),
        sa.Column("kind", sa.String(63), nullable=False),
        sa.Column("object_uid", _uid(), nullable=False),
        sa.Column("name", sa.String(253), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
    )
    op.create_index("event_at", "event", ["at_us"])
    op.create_index("event_uid", "event", ["uid"], unique=True)
    op.create_table(
        "host_capacity",
        sa.Column("host_uid", _uid(), primary_key=True),
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("zone", sa.String(63), nullable=False),
        sa.Column("pool", sa.String(127), nullable=False),
        sa.Column("pool_shared", sa.Boolean(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("ready", sa.Boolean(), nullable=False),
        sa.Column("schedulable", sa.Boolean(), nullable=False),
        sa.Column("vcpus", sa.BigInteger(), nullable=False),
        sa.Column("memory_mib", sa.BigInteger(), nullable=False),
        sa.Column("disk_gib", sa.BigInteger(), nullable=False),
        sa.Column("used_vcpus", sa.BigInteger(), nullable=False),
        sa.Column("used_memory_mib", sa.BigInteger(), nullable=False),
        sa.Column("used_disk_gib", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(63), primary_key=True),
        sa.Column("holder", sa.String(63), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "pending_event",
        sa.Column("uid", _uid(), primary_key=True),
        sa.Column("stream", _uid(), nullable=False),
        sa.Column("type", sa.String(15), nullable=False),
        sa.Column("kind", sa.String(63), nullable=False),
        sa.Column("object_uid", _uid(), nullable=False),
        sa.Column("name", sa.String(253), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "quota_usage",
        sa.Column("tenant_uid", _uid(), primary_key=True),
        sa.Column("countable", sa.String(63), primary_key=True),
        sa.Column("ceiling", sa.BigInteger(), nullable=True),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("granted", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "request_key",
        sa.Column("scope", sa.String(36), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("request_hash", sa.String(64), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
    )
    op.create_index("request_key_created", "request_key", ["created_us"])
    op.create_table(
        "resource",
        sa.Column("tenant_uid", _uid(), primary_key=True),
        sa.Column("uid", _uid(), primary_key=True),
        sa.Column("kind", sa.String(63), nullable=False),
        sa.Column("name", sa.String(253).with_variant(sa.String(253, collation="C"), "postgresql"), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("annotations", sa.JSON(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("spec_version", sa.Integer(), nullable=False),
        sa.Column("resolved", sa.JSON(), nullable=False),
        sa.Column("finalizers", sa.JSON(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.Column("deleting_us", sa.BigInteger(), nullable=True),
    )
    op.create_index("resource_name", "resource", ["tenant_uid", "kind", "name"], unique=True)
    op.create_table(
        "resource_index",
        sa.Column("tenant_uid", _uid(), primary_key=True),
        sa.Column("kind", sa.String(63), primary_key=True),
        sa.Column("key", sa.String(320), primary_key=True),
        sa.Column("value", sa.String(320), primary_key=True),
        sa.Column("uid", _uid(), primary_key=True),
    )
    op.create_table(
        "resource_reference",
        sa.Column("source_tenant_uid", _uid(), primary_key=True),
        sa.Column("source_uid", _uid(), primary_key=True),
        sa.Column("target_tenant_uid", _uid(), primary_key=True),
        sa.Column("target_uid", _uid(), primary_key=True),
        sa.Column("source_kind", sa.String(63), nullable=False),
        sa.Column("target_kind", sa.String(63), nullable=False),
        sa.Column("on_delete", sa.String(15), nullable=False),
    )
    op.create_index(
        "resource_reference_target", "resource_reference", ["target_tenant_uid", "target_uid", "source_kind"]
    )
    op.create_table(
        "resource_secret",
        sa.Column("tenant_uid", _uid(), primary_key=True),
        sa.Column("uid", _uid(), primary_key=True),
        sa.Column("path", sa.String(253), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.create_table(
        "resource_status",
        sa.Column("tenant_uid", _uid(), primary_key=True),
        sa.Column("uid", _uid(), primary_key=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.JSON(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "site",
        sa.Column("key", sa.String(63), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
    )
    op.create_table(
        "stream_head",
        sa.Column("stream", _uid(), primary_key=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("oldest", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "work",
        sa.Column("tenant_uid", _uid(), primary_key=True),
        sa.Column("uid", _uid(), primary_key=True),
        sa.Column("kind", sa.String(63), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("due_us", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
    )
    op.create_index("work_due", "work", ["shard", "due_us"])
    if op.get_context().dialect.name == "postgresql":
        # Room on the page for the next version of a row keeps an update out of the indexes, where it would meet every
        # serialisable neighbour.
        for table in ("resource", "resource_status", "quota_usage", "host_capacity", "work"):
            op.execute(f"ALTER TABLE {table} SET (fillfactor = 50)")
