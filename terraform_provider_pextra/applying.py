"""Making a planned state true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pextra_client.errors import ApiError, ClientError, TransportError
from pextra_client.lifecycle.owner import NotReadyError, TakenError
from pextra_client.wire import Object
from terraform_provider_pextra.diagnostics import Diagnostics
from terraform_provider_pextra.durations import seconds
from terraform_provider_pextra.memory import Memory
from terraform_provider_pextra.paths import located
from terraform_provider_pextra.planning import differs
from terraform_provider_pextra.resource import Resource
from terraform_provider_pextra.session import Session

Values = Mapping[str, Any]
Applied = tuple[dict[str, Any] | None, bytes]
"""The state as it then is, None for no object; and what to remember."""


def created(resource: Resource, session: Session, wanted: Values, config: Values, diagnostics: Diagnostics) -> Applied:
    """Makes a new object. One that does not become ready is in the state all the same, so that it is not forgotten."""
    session.applying = True
    what = f"create {resource.label(wanted)}"
    try:
        obj = session.owner.create(
            resource.desired(wanted, config),
            timeout_s=_timeout_s(session, wanted, "create"),
            wait=bool(wanted["wait"]),
        )
    except NotReadyError as error:
        _not_ready(f"{resource.label(wanted)} was made", error, diagnostics)
        return _stands(resource, session, error.obj, wanted)
    except TakenError as error:
        diagnostics.error(f"Cannot {what}: the name is taken", str(error), ["name"])
        return None, b""
    except ClientError as error:
        _refused(resource, what, error, config, diagnostics)
        return None, b""
    return _stands(resource, session, obj, wanted)


def updated(
    resource: Resource,
    session: Session,
    prior: Values,
    wanted: Values,
    config: Values,
    private: bytes,
    diagnostics: Diagnostics,
) -> Applied:
    """Changes an object in place, unless somebody else has since it was read."""
    session.applying = True
    if not differs(prior, wanted):
        return {**wanted, "status": prior.get("status")}, private
    memory = Memory.loads(private)
    try:
        obj = session.owner.update(
            resource.owned(prior),
            resource.desired(wanted, config, memory, prior),
            etag=memory.etag or None,
            timeout_s=_timeout_s(session, wanted, "update"),
            wait=bool(wanted["wait"]),
        )
    except NotReadyError as error:
        _not_ready(f"{resource.label(wanted)} was changed", error, diagnostics)
        return _stands(resource, session, error.obj, wanted)
    except ClientError as error:
        _refused(resource, f"update {resource.label(wanted)}", error, config, diagnostics)
        return dict(prior), private
    return _stands(resource, session, obj, wanted)


def deleted(resource: Resource, session: Session, prior: Values, private: bytes, diagnostics: Diagnostics) -> Applied:
    """Deletes an object and waits until it has gone; one that has gone already is success."""
    session.applying = True
    try:
        session.owner.delete(resource.owned(prior), timeout_s=_timeout_s(session, prior, "delete"))
    except ClientError as error:
        diagnostics.refused(f"delete {resource.label(prior)}", error)
        return dict(prior), private
    return None, b""


def _not_ready(done: str, error: NotReadyError, diagnostics: Diagnostics) -> None:
    if error.stopped:  # an error would taint what may be all right
        diagnostics.warning(f"{done}, and nobody waited until it is ready", str(error))
    else:
        diagnostics.error(f"{done} and is not ready", str(error))


def _stands(resource: Resource, session: Session, obj: Object, wanted: Values) -> Applied:
    session.owned.add(obj["metadata"].get("uid", ""))
    return resource.told(obj, wanted), Memory.of(obj).dumps()


def _timeout_s(session: Session, values: Values, verb: str) -> float:
    timeouts: Values = values.get("timeouts") or {}
    text = timeouts.get(verb)
    return seconds(text) if text else session.timeout_s


def _refused(resource: Resource, what: str, error: ClientError, config: Values, diagnostics: Diagnostics) -> None:
    """A refusal, with each attribute that the API finds at fault."""
    if isinstance(error, ApiError) and error.fields:
        for each in error.fields:
            path = located(resource.attributes, str(each.get("field", "")), config)
            diagnostics.error(f"Cannot {what}: {error.code}", f"{each.get('field')}: {each.get('message')}", path)
        return
    if isinstance(error, ApiError) and error.code == "object.stale":
        diagnostics.error(
            f"Cannot {what}: {error.code}", "Somebody has changed it since it was read. Plan and apply again."
        )
        return
    diagnostics.refused(what, error)
    if isinstance(error, TransportError) and error.may_have_happened:
        diagnostics.warning("The change may have been made", "The next run finds out: apply again.")
