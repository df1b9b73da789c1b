"""Actions: imperative acts on objects, carried out by loops as operations, or at once where they mint something."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from pextra.declaration import conditions
from pextra.declaration.kind import Action, Scope, validate
from pextra.errors import PextraError
from pextra.services import auditing, authorization, consoles, status, tenancy, writing
from pextra.services.cloud import Address, Context, Tenant, Written
from pextra.store import events, objects, work
from pextra.store.records import Record

FINISHED = frozenset({"succeeded", "failed", "canceled"})


def act(ctx: Context, address: Address, action: str, body: Any, *, uid: str | None) -> Written:
    """Ask for an action: an operation is made in the same transaction, and a loop carries it out.

    Raises:
        PextraError: nothing was changed.
    """
    declared = address.kind.action(action)
    target, tenant = located(ctx, address, action, uid)
    arguments = arguments_of(address, declared, body)
    if address.kind.name == "operation" and action == "cancel":
        return _cancel(ctx, target, tenant)
    require_staying(address, target)
    owner = tenant if address.kind.scope is Scope.TENANT else Tenant(ctx.cloud.site.system_uid, "system", False)
    assert owner is not None
    spec = {
        "target": {"kind": target.kind, "name": target.name, "uid": target.uid},
        "action": action,
        "arguments": arguments,
        "cancelable": declared.cancelable,
    }
    record = _operation(ctx, owner, action, spec)
    objects.add(ctx.tx, record, writing.index_of(ctx.cloud.registry["operation"], record, spec))
    events.record(ctx.tx, "created", record)
    work.ask(ctx.tx, record.tenant_uid, record.uid, "operation")
    path = tenant.path if tenant else None
    auditing.changed(ctx, action, target, path, arguments=arguments, operation=record.uid)
    return Written(record, None, owner.path)


@dataclass(frozen=True, slots=True)
class Shown:
    """What an act that makes no operation answers with.

    Attributes:
        minted: what is shown this once.
    """

    body: dict[str, Any]
    minted: dict[str, Any]


def show(ctx: Context, address: Address, action: str, body: Any, *, uid: str | None) -> Shown:
    """Carry out an action that mints something, at once.

    Raises:
        PextraError: nothing was changed.
    """
    declared = address.kind.action(action)
    target, tenant = located(ctx, address, action, uid)
    arguments = declared.arguments.model_validate(arguments_of(address, declared, body)).model_dump(mode="json")
    require_staying(address, target)
    minted = _SHOWS[target.kind, action](ctx, target, arguments)
    auditing.changed(ctx, action, target, tenant.path if tenant else None, arguments=arguments, minted=True)
    what = {"kind": target.kind, "name": target.name, "uid": target.uid}
    return Shown({"target": what, "action": action, "arguments": arguments}, minted)


_SHOWS: Final[Mapping[tuple[str, str], Callable[[Context, Record, dict[str, Any]], dict[str, Any]]]] = {
    ("instance", "console"): consoles.issue,
}


def located(ctx: Context, address: Address, action: str, uid: str | None) -> tuple[Record, Tenant | None]:
    """The object that is acted on, and its tenant, when the principal may do so.

    Raises:
        PextraError: `object.not_found`, `auth.denied`, `object.uid_mismatch`.
    """
    tenant = tenancy.of_address(ctx, address)
    target = objects.by_name(ctx.tx, ctx.cloud.owner_uid(address.kind, tenant), address.kind.name, address.name)
    if target is None:
        authorization.require(ctx, address, authorization.READ)
        authorization.absent(address)
    ctx.reason = authorization.require(ctx, address, action, target).reason
    if uid is not None and target.uid != uid:
        raise PextraError("object.uid_mismatch", f"The name of {address} belongs to another object.")
    return target, tenant


def arguments_of(address: Address, declared: Action, body: Any) -> dict[str, Any]:
    """The arguments in the body of the request, checked.

    Raises:
        PextraError: `spec.invalid`.
    """
    document = _document(address, body)
    return validate(declared.arguments, document, f"{address} {declared.name}", prefix="arguments")


def require_staying(address: Address, target: Record) -> None:
    """Refuse to act on what is going.

    Raises:
        PextraError: `object.deleting`.
    """
    if target.deleting:
        raise PextraError("object.deleting", f"The {address} is being deleted.", retry_after_s=2)


def _document(address: Address, body: Any) -> Any:
    if body is None:
        return {}
    if not isinstance(body, dict) or set(cast("dict[str, Any]", body)) - {"arguments"}:
        raise PextraError("spec.invalid", f'{address}: the body of an action is {{"arguments": {{…}}}}.')
    arguments = cast("dict[str, Any]", body).get("arguments")
    return {} if arguments is None else arguments


def _operation(ctx: Context, owner: Tenant, action: str, spec: dict[str, Any]) -> Record:
    uid, now = ctx.tx.new_uid(), ctx.tx.now_us
    return Record(
        tenant_uid=owner.uid,
        uid=uid,
        kind="operation",
        name=f"{action.replace('_', '-')}-{uid.replace('-', '')[-12:]}",
        generation=1,
        labels={},
        annotations={},
        spec=spec,
        spec_version=ctx.cloud.registry["operation"].spec_version,
        resolved={},
        finalizers=[],
        created_us=now,
        updated_us=now,
        deleting_us=None,
        status_revision=0,
        status=status.initial(ctx.cloud, "operation", 1, now) | {"phase": "pending", "progress": 0},
    )


def _cancel(ctx: Context, operation: Record, tenant: Tenant | None) -> Written:
    phase = operation.status.get("phase", "pending")
    if phase == "canceled":
        return Written(operation, operation, tenant.path if tenant else None)
    if phase in FINISHED or (phase == "running" and not operation.spec.get("cancelable", False)):
        raise PextraError(
            "operation.finished",
            f"Operation {operation.name!r} is {phase}: it cannot be canceled.",
            phase=phase,
        )
    after = status.report(
        ctx.cloud,
        ctx.tx,
        operation,
        {"phase": "canceled"},
        [
            conditions.ready(False, "Canceled", "Canceled by a user."),
            conditions.condition("finished", True, "Canceled", "Canceled by a user."),
        ],
    )
    path = tenant.path if tenant else None
    auditing.changed(ctx, "cancel", after, path)
    return Written(after, operation, path)
