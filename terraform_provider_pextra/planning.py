"""What a configuration comes to, before it is applied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pextra_client.discovery import Scope
from pextra_client.errors import ClientError
from pextra_client.lifecycle.forecast import Forecast
from pextra_client.lifecycle.unknown import UNKNOWN
from terraform_provider_pextra.attributes import blank
from terraform_provider_pextra.diagnostics import Diagnostics
from terraform_provider_pextra.memory import Memory
from terraform_provider_pextra.paths import located
from terraform_provider_pextra.resource import COMPUTED, Resource
from terraform_provider_pextra.session import Session
from terraform_provider_pextra.translation import filled

Values = Mapping[str, Any]

_UNWRITTEN: Final = frozenset({*COMPUTED, "timeouts", "wait"})


def planned(
    resource: Resource,
    session: Session | None,
    prior: Values | None,
    config: Values,
    memory: Memory,
    diagnostics: Diagnostics,
) -> tuple[dict[str, Any], list[str]]:
    """The planned state, and the attributes for which the object must be replaced.

    Args:
        resource: of the object.
        session: None while the provider's configuration is not known: then nobody is asked.
        prior: the state as it stands; None for a new object.
        config: as it is written.
        memory: of the object as it stands.
        diagnostics: takes what is to be told.
    """
    wanted = _wanted(resource, session, config, diagnostics)
    if diagnostics.failed:
        return wanted, []
    if prior is None:
        wanted.update({name: UNKNOWN for name in COMPUTED if name in wanted})
        if session is not None:
            _forecast_creation(resource, session, wanted, config, diagnostics)
        return wanted, []
    wanted.update({name: prior.get(name) for name in COMPUTED if name in wanted})
    if not differs(prior, wanted):
        return wanted, []
    wanted["status"] = UNKNOWN
    moved = [name for name in ("name", "tenant") if wanted.get(name) != prior.get(name)]
    if moved or session is None:
        return wanted, moved
    session.owned.add(prior["uid"])
    return wanted, _forecast_update(resource, session, prior, wanted, config, memory, diagnostics)


def differs(prior: Values, wanted: Values) -> bool:
    """Whether there is something to write."""
    return any(prior.get(name) != value for name, value in wanted.items() if name not in _UNWRITTEN)


def _wanted(resource: Resource, session: Session | None, config: Values, diagnostics: Diagnostics) -> dict[str, Any]:
    wanted = blank(resource.attributes, filled(resource.attributes, config))
    if resource.kind.scope is Scope.TENANT and wanted.get("tenant") is None:
        wanted["tenant"] = UNKNOWN if session is None else session.tenant
        if wanted["tenant"] is None:
            diagnostics.error(
                f"{resource.label(wanted)} needs a tenant",
                "Set tenant here or in the provider's configuration, or PEXTRA_TENANT.",
                ["tenant"],
            )
    return wanted


def _forecast_creation(
    resource: Resource, session: Session, wanted: Values, config: Values, diagnostics: Diagnostics
) -> None:
    if session.applying:
        return  # it is made next, and the API says the same then
    what = f"create {resource.label(wanted)}"
    try:
        forecast = session.forecaster.create(resource.desired(wanted, config))
    except ClientError as error:
        diagnostics.refused(what, error)
        return
    if forecast.taken_by is not None and forecast.taken_by not in session.owned:
        diagnostics.warning(
            f"{resource.label(wanted)} exists already",
            f"Its uid is {forecast.taken_by}. Applying will be refused, unless a run of this stack that was broken off "
            f"made it. To own it, import it; else choose another name.",
            ["name"],
        )
    _tell(resource, what, forecast, config, diagnostics)


def _forecast_update(
    resource: Resource,
    session: Session,
    prior: Values,
    wanted: Values,
    config: Values,
    memory: Memory,
    diagnostics: Diagnostics,
) -> list[str]:
    label = resource.label(wanted)
    desired = resource.desired(wanted, config, memory, prior)
    try:
        forecast = session.forecaster.update(resource.owned(prior), desired, memory.spec)
    except ClientError as error:
        diagnostics.refused(f"update {label}", error)
        return []
    _tell(resource, f"update {label}", forecast, config, diagnostics)
    replaced = [_replacing(resource, field, config) for field in forecast.replaced_by]
    if forecast.restarted_by and not replaced:
        path = located(resource.attributes, forecast.restarted_by[0], config)
        fields = ", ".join(_attribute_names(resource, forecast.restarted_by, config))
        diagnostics.warning(f"{label} will restart", f"What runs in it is stopped and started again by {fields}.", path)
    return [name for name in dict.fromkeys(replaced) if name]


def _attribute_names(resource: Resource, fields: tuple[str, ...], config: Values) -> list[str]:
    found = [located(resource.attributes, field, config) for field in fields]
    return list(dict.fromkeys(str(path[0]) for path in found if path))


def _replacing(resource: Resource, field: str, config: Values) -> str:
    """The attribute whose change is to be shown as the reason; what is written only does not show one."""
    path = located(resource.attributes, field, config)
    if not path:
        return ""
    name = str(path[0])
    written_only = any(each.name == name and each.write_only for each in resource.attributes)
    return f"{name}_version" if written_only else name


def _tell(resource: Resource, what: str, forecast: Forecast, config: Values, diagnostics: Diagnostics) -> None:
    for fault in forecast.faults:
        path = located(resource.attributes, fault.path, config)
        diagnostics.error(f"Cannot {what}", f"{fault}", path)
    for warning in forecast.warnings:
        diagnostics.warning(f"As things stand, the API would refuse to {what}", warning)
