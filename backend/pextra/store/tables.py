"""The schema, as the migrations leave it.

Times are microseconds since the epoch. Uids are UUIDs. The tenant comes first in every key; cloud-wide objects
are stored under the site's uid. What the database itself must promise stands in typed tables of its own.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
)

metadata = MetaData()


def _uid(name: str, **options: Any) -> Column[Any]:
    """A UUID: the database's own type where it has one, text in SQLite, which then needs no conversion."""
    kind = Uuid(as_uuid=False).with_variant(String(36), "sqlite")
    return Column(name, kind, nullable=options.pop("nullable", False), **options)


def _time(name: str, *, nullable: bool = False, **options: Any) -> Column[Any]:
    return Column(name, BigInteger, nullable=nullable, **options)


def _number(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, BigInteger, nullable=nullable)


def _text(name: str, length: int, **options: Any) -> Column[Any]:
    return Column(name, String(length), nullable=options.pop("nullable", False), **options)


def _name(name: str, length: int) -> Column[Any]:
    """A text that is compared byte by byte, as CockroachDB and SQLite do of themselves."""
    kind = String(length).with_variant(String(length, collation="C"), "postgresql")
    return Column(name, kind, nullable=False)


def _json(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, JSON, nullable=nullable)


site = Table("site", metadata, _text("key", 63, primary_key=True), Column("value", Text, nullable=False))

resource = Table(
    "resource",
    metadata,
    _uid("tenant_uid", primary_key=True),
    _uid("uid", primary_key=True),
    _text("kind", 63),
    _name("name", 253),  # ".<uid>" once hidden, which no user's name can be
    _number("generation"),
    _json("labels"),
    _json("annotations"),
    _json("spec"),
    Column("spec_version", Integer, nullable=False),
    _json("resolved"),
    _json("finalizers"),
    _time("created_us"),
    _time("updated_us"),
    _time("deleting_us", nullable=True),
    Index("resource_name", "tenant_uid", "kind", "name", unique=True),
)

resource_status = Table(
    "resource_status",
    metadata,
    _uid("tenant_uid", primary_key=True),
    _uid("uid", primary_key=True),
    _number("revision"),
    _json("status"),
    _time("updated_us"),
)

resource_index = Table(
    "resource_index",
    metadata,
    _uid("tenant_uid", primary_key=True),
    _text("kind", 63, primary_key=True),
    _text("key", 320, primary_key=True),  # "label:app" or "spec.size_gib"
    _text("value", 320, primary_key=True),
    _uid("uid", primary_key=True),
)

resource_reference = Table(
    "resource_reference",
    metadata,
    _uid("source_tenant_uid", primary_key=True),
    _uid("source_uid", primary_key=True),
    _uid("target_tenant_uid", primary_key=True),
    _uid("target_uid", primary_key=True),
    _text("source_kind", 63),
    _text("target_kind", 63),
    _text("on_delete", 15),
    Index("resource_reference_target", "target_tenant_uid", "target_uid", "source_kind"),
)

data_key = Table(
    "data_key",
    metadata,
    _uid("tenant_uid", primary_key=True),  # the site's own for what belongs to no tenant
    Column("version", Integer, primary_key=True, autoincrement=False),
    _text("kek", 127),
    Column("wrapped", Text, nullable=False),
    _time("created_us"),
    Index("data_key_kek", "kek"),
)

sealed_secret = Table(
    "sealed_secret",
    metadata,
    _uid("tenant_uid", primary_key=True),
    _uid("uid", primary_key=True),
    _text("path", 253, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("key_version", Integer, nullable=False),  # of the tenant's data key
    _text("digest", 64),
    Column("version", Integer, nullable=False),
)

# What was stored before there were keys; the first start with a key leaves it empty.
resource_secret = Table(
    "resource_secret",
    metadata,
    _uid("tenant_uid", primary_key=True),
    _uid("uid", primary_key=True),
    _text("path", 253, primary_key=True),
    Column("value", Text, nullable=False),
    _text("digest", 64),
    Column("version", Integer, nullable=False),
)

credential = Table(
    "credential",
    metadata,
    _text("token_hash", 64, primary_key=True),
    _uid("tenant_uid"),
    _uid("token_uid"),
    _uid("user_uid"),  # or a service account's
    _time("expires_us", nullable=True),
    Column("break_glass", Boolean, nullable=False),
    Index("credential_token", "tenant_uid", "token_uid"),
    Index("credential_expires", "expires_us"),
)

user_password = Table(
    "user_password",
    metadata,
    _uid("tenant_uid", primary_key=True),
    _uid("user_uid", primary_key=True),
    _text("hash", 255),  # Argon2's own form, with salt and parameters
    Column("must_change", Boolean, nullable=False),
    _time("expires_us", nullable=True),  # of one that was generated and must be changed
    _time("set_us"),
)

login_place = Table(
    "login_place",
    metadata,
    _uid("tenant_uid", primary_key=True),
    _uid("user_uid", primary_key=True),
    _text("network", 63, primary_key=True),
    _time("last_us"),
)

login_attempt = Table(
    "login_attempt",
    metadata,
    _text("bucket", 15, primary_key=True),  # of accounts, networks or pairs of them; so few that rows are bounded
    Column("failures", Integer, nullable=False),
    _time("until_us"),
    _time("last_us"),
    Index("login_attempt_last", "last_us"),
)

outside_identity = Table(
    "outside_identity",
    metadata,
    _uid("tenant_uid", primary_key=True),
    _uid("provider_uid", primary_key=True),
    _text("subject_hash", 64, primary_key=True),
    _uid("user_uid"),
    Index("outside_identity_user", "tenant_uid", "user_uid"),
)

# Who registered an issuer's audience, the first one first.
trusted_issuer = Table(
    "trusted_issuer",
    metadata,
    _text("audience_hash", 64, primary_key=True),  # of issuer and audience
    _time("since_us", primary_key=True, autoincrement=False),
    _uid("tenant_uid", primary_key=True),
    _uid("provider_uid", primary_key=True),
    Index("trusted_issuer_provider", "tenant_uid", "provider_uid"),
)

policy_head = Table(
    "policy_head",
    metadata,
    _uid("tenant_uid", primary_key=True),
    _uid("version"),  # another with each change of the tenant's policies, never used again
)

request_key = Table(
    "request_key",
    metadata,
    _text("scope", 36, primary_key=True),
    _text("key", 255, primary_key=True),
    _text("request_hash", 64),
    Column("attempt", Integer, nullable=False),
    _json("answer", nullable=True),
    _time("created_us"),
    Index("request_key_created", "created_us"),
)

quota_usage = Table(
    "quota_usage",
    metadata,
    _uid("tenant_uid", primary_key=True),
    _text("countable", 63, primary_key=True),
    _number("ceiling", nullable=True),  # null: unlimited
    _number("used"),
    _number("granted"),
)

pending_event = Table(
    "pending_event",
    metadata,
    _uid("uid", primary_key=True),
    _uid("stream"),
    _text("type", 15),
    _text("kind", 63),
    _uid("object_uid"),
    _text("name", 253),
    _number("revision"),
    _time("at_us"),
)

event = Table(
    "event",
    metadata,
    _uid("stream", primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    _uid("uid"),
    _text("type", 15),
    _text("kind", 63),
    _uid("object_uid"),
    _text("name", 253),
    _number("revision"),
    _time("at_us"),
    Index("event_uid", "uid", unique=True),
    Index("event_at", "at_us"),
)

stream_head = Table(
    "stream_head",
    metadata,
    _uid("stream", primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("oldest", BigInteger, nullable=False),
)

work = Table(
    "work",
    metadata,
    _uid("tenant_uid", primary_key=True),
    _uid("uid", primary_key=True),
    _text("kind", 63),
    Column("shard", Integer, nullable=False),
    _time("due_us"),
    Column("attempts", Integer, nullable=False),
    _number("version"),
    Column("waits", Integer, nullable=True),  # for room on any host, with this priority
    Index("work_due", "shard", "due_us"),
    Index("work_waits", "waits", "uid"),
)

lease = Table(
    "lease",
    metadata,
    _text("name", 63, primary_key=True),
    _text("holder", 63),
    _number("epoch"),
    _time("expires_us"),
)


def _counted(prefix: str) -> list[Column[Any]]:
    """What few hosts have and few guests take."""
    names = ("dedicated_threads", "hugepages_2m", "hugepages_1g")
    return [Column(f"{prefix}{name}", BigInteger, nullable=False, server_default="0") for name in names]


host_capacity = Table(
    "host_capacity",
    metadata,
    _uid("host_uid", primary_key=True),
    _text("name", 63),
    _text("zone", 63),
    _text("pool", 127),
    Column("pool_shared", Boolean, nullable=False),
    _json("labels"),
    Column("ready", Boolean, nullable=False),
    Column("schedulable", Boolean, nullable=False),
    _number("vcpus"),
    _number("memory_mib"),
    _number("disk_gib"),
    *_counted(""),
    _number("used_vcpus"),
    _number("used_memory_mib"),
    _number("used_disk_gib"),
    *_counted("used_"),
    Column("features", JSON, nullable=False, server_default="[]"),
    _json("board", nullable=True),  # how its GPUs are linked
    Column("rack", String(63), nullable=False, server_default="default"),
    Column("taints", JSON, nullable=False, server_default="[]"),
    _number("revision"),  # raised by every change of the host, of its GPUs and of what is given out of them
)


def _by_cell(prefix: str = "") -> list[Column[Any]]:
    """What is counted by NUMA cell."""
    names = ("vcpus", "memory_mib", "dedicated_threads", "hugepages_2m", "hugepages_1g")
    return [_number(f"{prefix}{name}") for name in names]


host_cell = Table(
    "host_cell",
    metadata,
    _uid("host_uid", primary_key=True),
    Column("cell", Integer, primary_key=True, autoincrement=False),
    *_by_cell(),
    *_by_cell("used_"),
)

cell_claim = Table(
    "cell_claim",
    metadata,
    _uid("tenant_uid", primary_key=True),
    _uid("consumer_uid", primary_key=True),
    Column("cell", Integer, primary_key=True, autoincrement=False),
    _uid("host_uid"),
    Column("bound", Boolean, nullable=False),
    *_by_cell(),
)

gpu = Table(
    "gpu",
    metadata,
    _uid("host_uid", primary_key=True),
    _text("address", 31, primary_key=True),
    Column("position", Integer, nullable=False),
    _json("kind"),
    Column("cell", Integer, nullable=False),
    Column("usable", Boolean, nullable=False),
    Column("used_milli", Integer, nullable=False),
    _text("mode", 15),
    _text("profile", 63),
    Column("slots", Integer, nullable=False),
)


def _had_of_gpu() -> list[Column[Any]]:
    """What a guest has or had of one GPU."""
    return [
        _uid("host_uid"),
        _text("address", 31),
        _text("mode", 15),
        _text("profile", 63),
        Column("milli", Integer, nullable=False),
    ]


gpu_claim = Table(
    "gpu_claim",
    metadata,
    _uid("tenant_uid", primary_key=True),
    _uid("consumer_uid", primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),
    *_had_of_gpu(),
    Column("slots", Integer, nullable=False),
)

gpu_usage = Table(
    "gpu_usage",
    metadata,
    _uid("tenant_uid", primary_key=True),
    _uid("uid", primary_key=True),
    _uid("consumer_uid"),
    *_had_of_gpu(),
    _text("model", 63),
    _time("started_us"),
    _time("ended_us", nullable=True),
    Index("gpu_usage_consumer", "tenant_uid", "consumer_uid"),
    Index("gpu_usage_started", "tenant_uid", "started_us"),
)

allocation = Table(
    "allocation",
    metadata,
    _uid("tenant_uid", primary_key=True),
    _uid("consumer_uid", primary_key=True),
    _uid("host_uid"),
    _uid("placement_group_uid", nullable=True),
    _number("vcpus"),
    _number("memory_mib"),
    _number("disk_gib"),
    *_counted(""),
    Index("allocation_host", "host_uid"),
    Index("allocation_placement_group", "placement_group_uid"),
)

address = Table(
    "address",
    metadata,
    _uid("network_uid", primary_key=True),
    _text("number", 32, primary_key=True),  # hexadecimal, so that it sorts
    _uid("subnet_uid"),
    _text("address", 39),
    _uid("tenant_uid"),
    _uid("consumer_uid"),
    Column("card", Integer, nullable=False),
    Index("address_consumer", "tenant_uid", "consumer_uid"),
)

host_agent = Table(
    "host_agent",
    metadata,
    _uid("host_uid", primary_key=True),
    _number("revision"),  # of what is assigned to the host; rises with each change
    _time("changed_us"),  # when it last did
    _time("seen_us", nullable=True),
    _text("boot_id", 63),
    _text("version", 63),
    _json("inventory", nullable=True),
    Column("exchange", BigInteger, nullable=False, server_default="0"),  # how many were taken
    _json("settings", nullable=True),  # what the host itself is to be like
    Column("settings_revision", BigInteger, nullable=False, server_default="0"),  # of `revision`, when those changed
    Index("host_agent_changed", "changed_us"),
)

host_sample = Table(
    "host_sample",
    metadata,
    _uid("host_uid", primary_key=True),
    _time("at_us"),
    Column("document", LargeBinary, nullable=False),
)

assignment = Table(
    "assignment",
    metadata,
    _uid("host_uid", primary_key=True),
    _uid("uid", primary_key=True),
    _text("kind", 15),
    _uid("tenant_uid"),
    _number("revision"),
    Column("removed", Boolean, nullable=False),
    _json("document"),
    _json("secret_paths"),
    _number("reported_revision"),
    _json("report", nullable=True),
    Index("assignment_revision", "host_uid", "revision"),
    Index("assignment_uid", "uid"),
)

forward = Table(
    "forward",
    metadata,
    _uid("host_uid", primary_key=True),
    _text("protocol", 7, primary_key=True),
    Column("port", Integer, primary_key=True, autoincrement=False),
    _uid("tenant_uid"),
    _uid("consumer_uid"),
    Index("forward_consumer", "consumer_uid"),
)

join_secret = Table(
    "join_secret",
    metadata,
    _text("secret_hash", 64, primary_key=True),
    _uid("host_uid"),
    _uid("token_uid"),
    _time("expires_us"),
    Index("join_secret_token", "token_uid"),
)

host_certificate = Table(
    "host_certificate",
    metadata,
    _text("serial", 40, primary_key=True),
    _uid("host_uid"),
    _time("not_after_us"),
    _number("number"),  # among its host's, the newest highest
    Index("host_certificate_host", "host_uid"),
)

console_ticket = Table(
    "console_ticket",
    metadata,
    _text("ticket_hash", 64, primary_key=True),
    _uid("tenant_uid"),
    _uid("instance_uid"),
    _uid("host_uid"),
    _text("device", 15),
    _uid("holder_tenant_uid"),  # of the token that asked for it
    _uid("token_uid"),
    _time("expires_us"),
    _json("proof", nullable=True),  # when a provider's token asked for it
    Index("console_ticket_expires", "expires_us"),
)

# --- the audit log: rows are added and never changed; see docs/audit.md for who may do what to them ---

pending_audit = Table(
    "pending_audit",
    metadata,
    _uid("uid", primary_key=True),
    _uid("tenant_uid"),  # whose chain
    _time("at_us"),
    _number("generation"),  # of the object, which orders what writers with different clocks did to it
    Column("body", Text, nullable=False),
    Index("pending_audit_at", "at_us"),
)

audit_entry = Table(
    "audit_entry",
    metadata,
    _uid("tenant_uid", primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    _uid("uid"),
    _time("at_us"),
    _text("principal_uid", 36),
    _text("principal", 253),
    _text("action", 127),
    _text("object_kind", 63),
    _text("object_name", 253),
    _text("object_uid", 36),
    _text("outcome", 15),
    _text("leaf_hash", 64),
    _text("chain_hash", 64),
    Column("body", Text, nullable=False),  # canonical JSON: what is hashed; the columns above only help to find it
    Index("audit_entry_at", "tenant_uid", "at_us"),
)

audit_node = Table(
    "audit_node",
    metadata,
    _uid("tenant_uid", primary_key=True),
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    _text("hash", 64),
)

audit_head = Table(
    "audit_head",
    metadata,
    _uid("tenant_uid", primary_key=True),
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    _text("root", 64),
    _text("chain_hash", 64),
    _time("at_us"),
    _text("key", 64),
    _text("signature", 128),
)

audit_chain = Table(
    "audit_chain",
    metadata,
    _uid("tenant_uid", primary_key=True),
    _name("path", 253),
    _uid("parent_uid", nullable=True),  # of the tenant above, as long as it is known; paths are used again, uids never
    _time("since_us"),
    Index("audit_chain_path", "path"),
)

audit_pruned = Table(
    "audit_pruned",
    metadata,
    _uid("tenant_uid", primary_key=True),
    Column("size", BigInteger, primary_key=True, autoincrement=False),  # the entries up to here were taken away
    _text("chain_hash", 64),
    _time("at_us"),
)

audit_cursor = Table(
    "audit_cursor",
    metadata,
    _text("sink", 63, primary_key=True),
    _uid("tenant_uid", primary_key=True),
    _number("sequence"),
)
