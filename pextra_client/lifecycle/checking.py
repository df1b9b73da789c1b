"""Whether a desired state can be right, found out without a server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from pextra_client.discovery import Kind
from pextra_client.lifecycle.desired import Desired
from pextra_client.lifecycle.unknown import Unknown

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

_LABEL: Final = r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?"
_NAME: Final = re.compile(rf"^{_LABEL}$")
_PATH: Final = re.compile(rf"^{_LABEL}(\.{_LABEL})*$")
_LONGEST_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that the server would refuse.

    Args:
        path: of the field, such as `spec.networks[0].address`; empty when it is none in particular.
        message: what is wrong with it and, but for secrets, its value.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def check(desired: Desired) -> list[Fault]:
    """What is wrong with a desired state by its kind's declaration alone; what is not known yet may be right.

    The server knows more: what is free of faults here may still be refused there.
    """
    return [*_naming(desired), *_spec(desired.kind, desired.spec)]


def _naming(desired: Desired) -> Iterator[Fault]:
    kind, name, tenant = desired.kind, desired.name, desired.tenant
    if kind.singleton is not None:
        if name != kind.singleton and not isinstance(name, Unknown):
            yield Fault("metadata.name", f"must be {kind.singleton!r}: a tenant has one {kind.name}; {name!r} given")
    elif not isinstance(name, Unknown) and not (_PATH if kind.name == "tenant" else _NAME).match(name):
        yield Fault(
            "metadata.name",
            "must be lower-case letters, digits and '-', begin with a letter, end with a letter or digit and have at "
            f"most 63 characters; {_shown(name)} given",
        )
    if isinstance(tenant, str) and not _PATH.match(tenant):
        yield Fault("metadata.tenant", f"must be the path of a tenant, such as acme.dev; {_shown(tenant)} given")


def _spec(kind: Kind, spec: Mapping[str, Any]) -> list[Fault]:
    errors = list(_validator(kind).iter_errors(dict(spec)))
    faults = {_fault(_deepest(error)): None for error in errors}
    return sorted(faults, key=lambda fault: fault.path)


@lru_cache(maxsize=256)
def _validator(kind: Kind) -> Validator:
    return _tolerant()(kind.spec_schema)


def _tolerating(rule: Callable[..., Any]) -> Callable[..., Iterator[ValidationError]]:
    """A rule of JSON Schema that has nothing against what is not known yet."""

    def tolerant(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if not isinstance(instance, Unknown):
            yield from rule(validator, value, instance, schema) or ()

    return tolerant


@cache
def _tolerant() -> Any:
    # Imported here: a program that checks nothing, such as one that finds nothing to do, need not wait for it.
    from jsonschema import Draft202012Validator  # noqa: PLC0415
    from jsonschema.validators import extend  # noqa: PLC0415 # pyright: ignore[reportUnknownVariableType]

    rules = {name: _tolerating(rule) for name, rule in Draft202012Validator.VALIDATORS.items()}
    return cast(Any, extend(Draft202012Validator, validators=rules))


def _deepest(error: ValidationError) -> ValidationError:
    """Of what no alternative of a union allows, why the likeliest one does not."""
    while error.context:
        meant = [each for each in error.context if each.validator != "type"] or list(error.context)
        error = max(meant, key=lambda each: len(each.absolute_path))
    return error


def _fault(error: ValidationError) -> Fault:
    path = "spec" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
    schema = cast("Mapping[str, Any]", error.schema)
    if error.validator == "required":
        missing = [name for name in cast("list[str]", error.validator_value) if name not in cast(Any, error.instance)]
        return Fault(f"{path}.{missing[0]}" if missing else path, "is required")
    if error.validator in {"additionalProperties", "unevaluatedProperties"}:
        known = set(schema.get("properties", {}))
        extra = sorted(set(cast("Mapping[str, Any]", error.instance)) - known)
        allowed = f"; there are {', '.join(sorted(known))}" if known else ""
        return Fault(f"{path}.{extra[0]}" if extra else path, f"there is no such field{allowed}")
    given = "" if _is_secret(error) else f"; {_shown(error.instance)} given"
    return Fault(path, _said(str(error.validator), error.validator_value, error.instance, given))


def _is_secret(error: ValidationError | None) -> bool:
    while error is not None:
        if cast("Mapping[str, Any]", error.schema).get("x-pextra", {}).get("secret"):
            return True
        error = cast("ValidationError | None", error.parent)
    return False


_TYPES: Final = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def _said(rule: str, value: Any, instance: Any, given: str) -> str:
    match rule:
        case "type":
            types: list[str] = [value] if isinstance(value, str) else list(value)
            return f"must be {' or '.join(_TYPES.get(each, each) for each in types)}{given}"
        case "enum":
            return f"must be one of {', '.join(map(str, value))}{given}"
        case "const":
            return f"must be {value!r}{given}"
        case "minimum":
            return f"must be at least {value}{given}"
        case "exclusiveMinimum":
            return f"must be more than {value}{given}"
        case "maximum":
            return f"must be at most {value}{given}"
        case "exclusiveMaximum":
            return f"must be less than {value}{given}"
        case "minLength" | "minItems" | "minProperties":
            return f"must have at least {value} {_counted(rule)}; it has {len(instance)}"
        case "maxLength" | "maxItems" | "maxProperties":
            return f"must have at most {value} {_counted(rule)}; it has {len(instance)}"
        case "pattern":
            return f"must match {value}{given}"
        case "uniqueItems":
            return "must hold nothing twice"
        case _:
            return f"is not as its declaration says ({rule}){given}"


def _counted(rule: str) -> str:
    if rule.endswith("Length"):
        return "characters"
    return "elements" if rule.endswith("Items") else "entries"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"
