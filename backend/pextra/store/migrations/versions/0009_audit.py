"""The audit log.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_KEPT = ("audit_entry", "audit_node", "audit_head", "audit_chain", "audit_pruned")


def _uid() -> sa.types.TypeEngine[str]:
    return sa.Uuid(as_uuid=False).with_variant(sa.String(36), "sqlite")


def upgrade() -> None:
    """Make the tables; on SQLite, which has no roles, triggers that refuse to change what is sealed."""
    op.create_table(
        "pending_audit",
        sa.Column("uid", _uid(), primary_key=True),
        sa.Column("tenant_uid", _uid(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_index("pending_audit_at", "pending_audit", ["at_us"])
    op.create_table(
        "audit_entry",
        sa.Column("tenant_uid", _uid(), primary_key=True),
        sa.Column("sequence", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("uid", _uid(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("principal_uid", sa.String(36), nullable=False),
        sa.Column("principal", sa.String(253), nullable=False),
        sa.Column("action", sa.String(127), nullable=False),
        sa.Column("object_kind", sa.String(63), nullable=False),
        sa.Column("object_name", sa.String(253), nullable=False),
        sa.Column("object_uid", sa.String(36), nullable=False),
        sa.Column("outcome", sa.String(15), nullable=False),
        sa.Column("leaf_hash", sa.String(64), nullable=False),
        sa.Column("chain_hash", sa.String(64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_index("audit_entry_at", "audit_entry", ["tenant_uid", "at_us"])
    op.create_table(
        "audit_node",
        sa.Column("tenant_uid", _uid(), primary_key=True),
        sa.Column("level", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_table(
        "audit_head",
        sa.Column("tenant_uid", _uid(), primary_key=True),
        sa.Column("size", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("root", sa.String(64), nullable=False),
        sa.Column("chain_hash", sa.String(64), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
    )
    op.create_table(
        "audit_chain",
        sa.Column("tenant_uid", _uid(), primary_key=True),
        sa.Column("path", sa.String(253).with_variant(sa.String(253, collation="C"), "postgresql"), nullable=False),
        sa.Column("parent_uid", _uid(), nullable=True),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
    )
    op.create_index("audit_chain_path", "audit_chain", ["path"])
    op.create_table(
        "audit_pruned",
        sa.Column("tenant_uid", _uid(), primary_key=True),
        sa.Column("size", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("chain_hash", sa.String(64), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "audit_cursor",
        sa.Column("sink", sa.String(63), primary_key=True),
        sa.Column("tenant_uid", _uid(), primary_key=True),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
    )
    if op.get_context().dialect.name == "sqlite":
        _refuse_changes()


def _refuse_changes() -> None:
    for table in _KEPT:
        _trigger(table, "UPDATE", "")
        if table != "audit_entry":
            _trigger(table, "DELETE", "")
    # what a pruning has written down before may go, and nothing else
    not_pruned = (
        "WHEN NOT EXISTS (SELECT 1 FROM audit_pruned p WHERE p.tenant_uid = OLD.tenant_uid AND p.size >= OLD.sequence)"
    )
    _trigger("audit_entry", "DELETE", not_pruned)


def _trigger(table: str, verb: str, when: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} {when} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is only added to'); END"
    )
