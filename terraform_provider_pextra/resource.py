"""A kind as a resource: its state, and what is checked, read and imported of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from pextra_client.discovery import Kind, Scope
from pextra_client.errors import ClientError
from pextra_client.lifecycle.checking import check
from pextra_client.lifecycle.desired import Desired, Owned
from pextra_client.lifecycle.projection import is_secret_state
from pextra_client.lifecycle.unknown import Unknown
from pextra_client.wire import Object
from terraform_provider_pextra.attributes import Attribute, blank
from terraform_provider_pextra.diagnostics import Diagnostics
from terraform_provider_pextra.durations import seconds
from terraform_provider_pextra.kinds import TIMEOUTS, resource_attributes, spec_attributes
from terraform_provider_pextra.memory import Memory
from terraform_provider_pextra.paths import located
from terraform_provider_pextra.translation import refreshed, to_attributes, to_fields
from terraform_provider_pextra.upcasting import Upcaster

if TYPE_CHECKING:  # what is only checked needs no client
    from terraform_provider_pextra.session import Session

Values = Mapping[str, Any]

COMPUTED: Final = ("id", "uid", "status", "minted")


class Resource:
    """One kind.

    Args:
        kind: which.
        upcasters: from version 0 of its schema to 1, from 1 to 2, and so on.
    """

    def __init__(self, kind: Kind, upcasters: Sequence[Upcaster] = ()) -> None:
        self.kind = kind
        self.attributes: tuple[Attribute, ...] = resource_attributes(kind)
        self.fields: tuple[Attribute, ...] = spec_attributes(kind)
        self.secrets: tuple[Attribute, ...] = tuple(each for each in self.fields if each.secret)
        self._upcasters = tuple(upcasters)

    def label(self, values: Values) -> str:
        """How an object is called in messages."""
        name, tenant = values.get("name"), values.get("tenant")
        return self.kind.label(str(name), tenant if isinstance(tenant, str) else None)

    # --- what is wanted ----------------------------------------------------------------------------

    def desired(
        self, values: Values, config: Values, memory: Memory | None = None, prior: Values | None = None
    ) -> Desired:
        """What a configuration wants.

        A secret that is written only is sent when its version is another than the prior state's; else what the API
        reads in its place, which leaves it as it is.

        Args:
            values: planned, or a configuration as it is.
            config: as it is, for what is written only.
            memory: of the object as it stands; None for a new one.
            prior: the state as it stands; None for a new one.
        """
        given = {**values, **{each.name: config.get(each.name) for each in self.attributes if each.write_only}}
        spec = to_fields([each for each in self.attributes if each.field is not None], given)
        for each in self.secrets:
            version, field = f"{each.name}_wo_version", str(each.field)
            if memory is None or prior is None or field not in memory.spec:
                continue
            if given.get(f"{each.name}_wo") is not None and prior.get(version) == values.get(version):
                spec[field] = memory.spec[field]
        return Desired(
            kind=self.kind,
            name=values["name"] if values.get("name") is not None else self.kind.singleton or "",
            tenant=values.get("tenant"),
            spec=spec,
            labels=_map(values.get("labels")),
            annotations=_map(values.get("annotations")),
        )

    def validate(
        self, config: Values, diagnostics: Diagnostics, *, write_only_allowed: bool, fields: bool = True
    ) -> None:
        """Finds what the API would refuse by the kind's declaration alone.

        Args:
            config: as it is written.
            diagnostics: takes what is found.
            write_only_allowed: whether Terraform keeps what is written only out of its state.
            fields: whether the fields are checked, too: a forecast, which follows where something differs, does it.
        """
        for each in self.secrets:
            self._validate_secret(each.name, config, diagnostics, write_only_allowed=write_only_allowed)
        for each in self.fields:
            listed = next((other for other in self.fields if other.field == each.field and other is not each), None)
            if each.word and config.get(each.name) and listed and config.get(listed.name) is not None:
                diagnostics.error(
                    f"{each.name} and {listed.name} exclude each other", "Write one of them.", [each.name]
                )
        for name in TIMEOUTS:
            text = _map(config.get("timeouts")).get(name)
            if isinstance(text, str):
                try:
                    seconds(text)
                except ValueError as error:
                    diagnostics.error(f"timeouts.{name} {error}", path=["timeouts", name])
        for fault in check(self.desired(config, config)) if fields else ():
            path = located(self.attributes, fault.path, config)
            written = ".".join(str(part).removeprefix("=") for part in path) or fault.path
            diagnostics.error(f"{written} {fault.message}".strip(), path=path)

    def _validate_secret(
        self, name: str, config: Values, diagnostics: Diagnostics, *, write_only_allowed: bool
    ) -> None:
        hidden, version = f"{name}_wo", f"{name}_wo_version"
        if config.get(hidden) is None:
            return
        if not write_only_allowed:
            diagnostics.error(f"{hidden} needs Terraform 1.11 or OpenTofu 1.11", f"Use {name} with this one.", [hidden])
        if config.get(name) is not None:
            diagnostics.error(f"{name} and {hidden} exclude each other", "Write one of them.", [hidden])
        if config.get(version) is None:
            diagnostics.error(f"{hidden} needs {version}", "It is written when that number changes.", [hidden])

    # --- what there is -----------------------------------------------------------------------------

    def owned(self, state: Values) -> Owned:
        """The object that a state speaks of."""
        return Owned(kind=self.kind, name=state["name"], tenant=state.get("tenant"), uid=state["uid"])

    def told(self, obj: Object, state: Values) -> dict[str, Any]:
        """A state with everything in it that the cloud decides."""
        metadata = obj["metadata"]
        name, tenant = metadata["name"], metadata.get("tenant")
        told: dict[str, Any] = {
            **state,
            "id": name if self.kind.scope is Scope.CLOUD else f"{tenant}/{name}",
            "uid": metadata.get("uid"),
            "name": name,
            "status": self._status(obj),
        }
        if self.kind.scope is Scope.TENANT:
            told["tenant"] = tenant
        if self.kind.mints:
            minted = obj.get("minted")
            told["minted"] = (
                {key: str(value) for key, value in minted.items()} if minted else _known(state.get("minted"))
            )
        return blank(self.attributes, told)

    def _status(self, obj: Object) -> dict[str, Any]:
        status = next(each for each in self.attributes if each.name == "status")
        return to_attributes(status.nested, obj.get("status", {}))

    def read(
        self, session: Session, state: Values, private: bytes, diagnostics: Diagnostics
    ) -> tuple[dict[str, Any] | None, bytes]:
        """The state as it is now, None when the object has gone or is going; and what to remember."""
        try:
            obj = session.owner.read(self.owned(state))
        except ClientError as error:
            diagnostics.refused(f"read {self.label(state)}", error)
            return dict(state), private
        if obj is None or obj["metadata"].get("deleting"):
            return None, b""
        session.owned.add(state["uid"])
        before, now = Memory.loads(private), Memory.of(obj)
        new = self.told(obj, {**state, **refreshed(self.fields, state, before.spec, now.spec)})
        for name, old, current in (
            ("labels", before.labels, now.labels),
            ("annotations", before.annotations, now.annotations),
        ):
            new[name] = state.get(name) if old == current else dict(current) or None
        for each in self.secrets:
            self._refresh_secret(each, new, before.spec.get(str(each.field)), now.spec.get(str(each.field)))
        return new, now.dumps()

    def _refresh_secret(self, attribute: Attribute, state: dict[str, Any], before: Any, now: Any) -> None:
        """Shows that a secret was changed elsewhere, which its value cannot."""
        if before == now:
            return
        if state.get(attribute.name) is None:
            state[f"{attribute.name}_wo_version"] = None
            return
        if now is None or is_secret_state(now):
            state[attribute.name] = None if now is None else _changed(now)
            return
        was, old = _map(state[attribute.name]), _map(before)
        state[attribute.name] = {
            key: was[key] if key in was and old.get(key) == value else _changed(value) for key, value in now.items()
        }

    def imported(self, session: Session, id_: str, diagnostics: Diagnostics) -> tuple[dict[str, Any], bytes] | None:
        """The state of an object that is to be owned from now on, and what to remember; None when there is none."""
        tenant, _, name = id_.rpartition("/")
        if self.kind.scope is Scope.CLOUD and tenant:
            diagnostics.error(f"{id_!r} names no {self.kind.name}", "It lives in no tenant: write its name alone.")
            return None
        try:
            obj = session.owner.adopt(self.kind, name, tenant=tenant or None)
        except ClientError as error:
            diagnostics.refused(f"import {self.kind.label(name, tenant or session.tenant)}", error)
            return None
        now = Memory.of(obj)
        state = {**to_attributes(self.fields, now.spec), "wait": True}
        state["labels"], state["annotations"] = dict(now.labels) or None, dict(now.annotations) or None
        for each in self.secrets:
            versions = _versions(now.spec.get(str(each.field)))
            state[f"{each.name}_wo_version"] = max(versions, default=None)
        return self.told(obj, state), now.dumps()

    def upgraded(self, version: int, state: dict[str, Any]) -> dict[str, Any]:
        """A state of an older version of the schema as one of this version."""
        for upcast in self._upcasters[version:]:
            state = upcast(state)
        return blank(self.attributes, state)


def _map(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _known(value: Any) -> Any:
    return None if isinstance(value, Unknown) else value


def _changed(state: Mapping[str, Any]) -> str:
    return f"(a secret that was changed elsewhere; version {state['secret']['version']})"


def _versions(value: Any) -> list[int]:
    if is_secret_state(value):
        return [value["secret"]["version"]]
    return [version for each in _map(value).values() for version in _versions(each)]
