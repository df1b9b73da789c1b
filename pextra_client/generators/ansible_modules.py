"""Writes the modules of the Ansible collection `pextra.cloud` from the answer of `GET /v1/kinds`."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

from pextra_client.discovery import Action, Catalog, Kind, Scope
from pextra_client.generators.ansible_options import RESERVED, Option, marked_up, options_of, with_article
from pextra_client.generators.ansible_texts import BSD, GENERATED, as_python, as_yaml, module
from pextra_client.schema import Node

_SINCE: Final = "0.1.0"
_AUTHOR: Final = ["Pextra (@pextra)"]
_UTILS: Final = "ansible_collections.pextra.cloud.plugins.module_utils"
_WRITTEN_BY_HAND: Final = ("apply",)
"""Modules that are of no kind."""

Files = dict[str, str]


def generate(document: Mapping[str, Any]) -> Files:
    """The generated files of the collection by their paths within it. Pure: the same document gives the same text.

    Args:
        document: the answer of `GET /v1/kinds`.
    """
    kinds = list(Catalog.from_document(document))
    minting = {each["kind"] for each in document["kinds"] if each.get("mints")}
    files: Files = {}
    for kind in kinds:
        if kind.writable:
            files[f"plugins/modules/{kind.name}.py"] = _kind_module(kind, mints=kind.name in minting)
        files[f"plugins/modules/{kind.name}_info.py"] = _info_module(kind)
    files["plugins/module_utils/known_kinds.py"] = _known_kinds(kinds)
    names = sorted([*_WRITTEN_BY_HAND, *(path.rpartition("/")[2][:-3] for path in files if "/modules/" in path)])
    files["meta/runtime.yml"] = _runtime(names)
    return files


# --- a kind ----------------------------------------------------------------------------------------


def _kind_module(kind: Kind, *, mints: bool) -> str:
    fields = options_of(Node.of(kind.spec_schema), top=True)
    options, arguments = _frame(kind, fields)
    for each in fields:
        options[each.name] = each.documentation()
        arguments[each.name] = each.argument()
    spec = as_python(arguments, indent=8)
    names = as_python([each.name for each in fields], indent=8)
    body = f"    manage(\n        {_constructor(kind)},\n        {spec},\n        {names},\n    )"
    return module(
        documentation={
            "module": kind.name,
            "short_description": f"Manage {_plural(kind)} of a Pextra cloud",
            "version_added": _SINCE,
            "author": _AUTHOR,
            "description": [marked_up(kind.description), *_notes_on(kind, mints=mints)],
            "extends_documentation_fragment": ["pextra.cloud.connection", "pextra.cloud.object"],
            "seealso": [{"module": f"pextra.cloud.{kind.name}_info"}, {"module": "pextra.cloud.apply"}],
            "options": options,
        },
        examples=_examples(kind, fields),
        returned=_returned(kind, mints=mints),
        imports=(
            f"from {_UTILS}.kinds import Kind\n"
            f"from {_UTILS}.objects import manage"
        ),
        body=body,
    )  # fmt: skip


def _frame(kind: Kind, fields: tuple[Option, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options that are no fields of the spec and differ from kind to kind: documentation and argument spec."""
    said = kind.name.replace("_", " ")
    name: dict[str, Any] = {"description": [f"The name of the {said}."], "type": "str", "required": True}
    name_spec: dict[str, Any] = {"type": "str", "required": True}
    if kind.singleton is not None:
        name = {
            "description": [f"The name of the {said}: a tenant has one."],
            "type": "str",
            "choices": [kind.singleton],
            "default": kind.singleton,
        }
        name_spec = {"type": "str", "choices": [kind.singleton], "default": kind.singleton}
    options: dict[str, Any] = {"name": name}
    arguments: dict[str, Any] = {"name": name_spec}
    if kind.scope is Scope.TENANT:
        options["tenant"] = _tenant("The tenant that it belongs to, by its path from the root, such as V(acme.dev).")
    else:
        options["tenant"] = _no_tenant(kind)
    arguments["tenant"] = {"type": "str"}
    options["state"] = {
        "description": [f"Whether the {said} is to be there, and as the options say, or not to be there."],
        "type": "str",
        "choices": ["present", "absent"],
        "default": "present",
    }
    arguments["state"] = {"type": "str", "choices": ["present", "absent"], "default": "present"}
    removable = [each.name for each in fields if each.nullable]
    if removable:
        options["unset"] = {
            "description": ["Fields to remove, so that they are not set."],
            "type": "list",
            "elements": "str",
            "choices": removable,
        }
        arguments["unset"] = {"type": "list", "elements": "str", "choices": removable}
    if kind.actions:
        _add_actions(kind, options, arguments)
    return options, arguments


def _add_actions(kind: Kind, options: dict[str, Any], arguments: dict[str, Any]) -> None:
    choices = [each.name for each in kind.actions]
    options["action"] = {
        "description": [
            f"An act to carry out once the {kind.name.replace('_', ' ')} is as the options say.",
            (
                "An act is no desired state: each run of the task carries it out. It has no dry run, so check mode "
                "says that it would be carried out and cannot say whether it would be refused."
            ),
            *(f"V({each.name}): {marked_up(each.description)}" for each in kind.actions),
        ],
        "type": "str",
        "choices": choices,
    }
    arguments["action"] = {"type": "str", "choices": choices}
    inner = _arguments_of(kind.actions)
    if inner:
        options["arguments"] = {
            "description": ["Arguments of O(action)."],
            "type": "dict",
            "suboptions": {each.name: each.documentation() for each in inner},
        }
        arguments["arguments"] = {"type": "dict", "options": {each.name: each.argument() for each in inner}}


def _arguments_of(actions: tuple[Action, ...]) -> list[Option]:
    """The arguments of all actions together, each saying whose it is.

    Raises:
        ValueError: two actions call different things by one name.
    """
    found: dict[str, Option] = {}
    for action in actions:
        for each in options_of(Node.of(action.arguments), top=False):
            if each.name in found:
                raise ValueError(f"two actions have an argument {each.name}")
            description = (f"Of O(action={action.name}).", *each.description)
            found[each.name] = Option(
                each.name, description, each.type, each.elements, each.choices,
                secret=each.secret, options=each.options,
            )  # fmt: skip
    return list(found.values())


def _notes_on(kind: Kind, *, mints: bool) -> list[str]:
    notes = ["Options that are not given stay as they are; of a new object they have the API's defaults."]
    if mints or any(action.mints for action in kind.actions):
        notes.append(
            "What is minted is returned once, in RV(minted), and cannot be read again: register the result, keep it, "
            "and set C(no_log=true) on the task, or the credential is shown in the output and in callbacks."
        )
    return notes


def _examples(kind: Kind, fields: tuple[Option, ...]) -> list[Any]:
    manifest = kind.example
    name = manifest["metadata"]["name"]
    fqcn, said = f"pextra.cloud.{kind.name}", kind.name.replace("_", " ")
    address: dict[str, Any] = {} if kind.singleton is not None else {"name": name}
    if kind.scope is Scope.TENANT:
        address["tenant"] = "acme"
    by_field = {each.name.removeprefix("spec_") if each.name[5:] in RESERVED else each.name: each for each in fields}
    spec = {by_field[field].name: copy.deepcopy(value) for field, value in manifest["spec"].items()}
    labels = {"labels": dict(manifest["metadata"].get("labels") or {"made-by": "ansible"})}
    examples = [
        {"name": f"Make sure that there is {with_article(kind.name)}", fqcn: address | spec | labels},
        {"name": f"Change the labels of the {said}, and nothing else", fqcn: address | {"labels": {"stage": "test"}}},
    ]
    if any(action.name == "reboot" for action in kind.actions):
        examples.append({"name": f"Reboot the {said}", fqcn: address | {"action": "reboot"}})
    examples.append({"name": f"Make sure that there is no such {said}", fqcn: address | {"state": "absent"}})
    return examples


def _returned(kind: Kind, *, mints: bool) -> dict[str, Any]:
    said = kind.name.replace("_", " ")
    returned: dict[str, Any] = {
        "object": {
            "description": [
                f"The {said} as it is after the task: C(metadata), C(spec), C(resolved) and C(status).",
                "In check mode, as it would be. Null when it is absent.",
            ],
            "returned": "success",
            "type": "dict",
            "sample": dict(kind.example),
        },
        "change": {
            "description": [
                (
                    "What the API's dry run answered: C(action), C(fields) with C(path), C(before), C(after) and "
                    "C(effect), the effect on C(quota), C(placement), C(preconditions)."
                ),
                "Null when nothing changes.",
            ],
            "returned": "success",
            "type": "dict",
            "sample": {"action": "create", "name": kind.example["metadata"]["name"], "fields": []},
        },
    }
    if mints or any(action.mints for action in kind.actions):
        returned["minted"] = {
            "description": ["What was minted, such as C(token). It is shown this once."],
            "returned": "when something was minted",
            "type": "dict",
        }
    if any(not action.mints for action in kind.actions):
        returned["operation"] = {
            "description": ["The operation that carried out the act, with its C(status.result)."],
            "returned": "when O(action) made one",
            "type": "dict",
        }
    return returned


# --- reading ---------------------------------------------------------------------------------------


def _info_module(kind: Kind) -> str:
    said, plural = kind.name.replace("_", " "), _plural(kind)
    options: dict[str, Any] = {
        "name": {"description": [f"Reads the {said} of this name only."], "type": "str"},
        "label_selector": {
            "description": ["Reads only what has these labels, such as V(app=web,tier!=db,env in (a,b\\),owner,!old)."],
            "type": "str",
        },
        "filters": {
            "description": [
                (
                    "Reads only what has these values, by the paths of fields that the API declares filterable, "
                    "such as C(spec.size_gib)."
                )
            ],
            "type": "dict",
        },
    }
    address: dict[str, Any] = {}
    if kind.scope is Scope.TENANT:
        options["tenant"] = _tenant("The tenant whose objects are read, by its path from the root.")
        options["recursive"] = {
            "description": ["Reads the objects of the tenants below, too."],
            "type": "bool",
            "default": False,
        }
        address["tenant"] = "acme"
    else:
        options["tenant"] = _no_tenant(kind)
    fqcn = f"pextra.cloud.{kind.name}_info"
    metadata: Mapping[str, Any] = kind.example.get("metadata", {})
    name = metadata.get("name") or f"my-{said.replace(' ', '-')}"
    seealso = [{"module": f"pextra.cloud.{kind.name}"}] if kind.writable else [{"module": "pextra.cloud.apply"}]
    return module(
        documentation={
            "module": f"{kind.name}_info",
            "short_description": f"Read {plural} of a Pextra cloud",
            "version_added": _SINCE,
            "author": _AUTHOR,
            "description": [f"Reads {plural}.", marked_up(kind.description)],
            "extends_documentation_fragment": ["pextra.cloud.connection", "pextra.cloud.reading"],
            "seealso": seealso,
            "options": options,
        },
        examples=[
            {"name": f"Read all {plural}", fqcn: address or {}, "register": "found"},
            {"name": f"Read one {said}", fqcn: {"name": name, **address}, "register": "found"},
            {"name": "Read what has a label", fqcn: {**address, "label_selector": "stage=test"}},
        ],
        returned={
            "objects": {
                "description": [
                    (
                        f"The {plural}, in the order of tenants and names, each with C(metadata), C(spec), "
                        "C(resolved) and C(status)."
                    ),
                    "Empty when O(name) names none that may be seen.",
                ],
                "returned": "success",
                "type": "list",
                "elements": "dict",
                "sample": [dict(kind.example)] if kind.example else [],
            }
        },
        imports=f"from {_UTILS}.info import read\nfrom {_UTILS}.kinds import Kind",
        body=f"    read({_constructor(kind)})",
    )


# --- what they share -------------------------------------------------------------------------------


def _tenant(first: str) -> dict[str, Any]:
    return {
        "description": [first, "Without it, E(PEXTRA_TENANT) or the profile's tenant."],
        "type": "str",
    }


def _no_tenant(kind: Kind) -> dict[str, Any]:
    return {
        "description": [f"Has no effect, for {_plural(kind)} are in no tenant. So it can be a default of all modules."],
        "type": "str",
    }


def _plural(kind: Kind) -> str:
    return kind.plural.replace("_", " ")


def _constructor(kind: Kind) -> str:
    arguments = [f'"{kind.name}"', f'"{kind.plural}"']
    if kind.scope is Scope.CLOUD:
        arguments.append("in_tenant=False")
    if kind.singleton is not None:
        arguments.append(f'singleton="{kind.singleton}"')
    if kind.short_names:
        arguments.append(f"short_names={as_python(list(kind.short_names), indent=0)}")
    secrets = [each.name for each in options_of(Node.of(kind.spec_schema), top=True) if each.hides_secrets()]
    if secrets:
        arguments.append(f"secrets={as_python(secrets, indent=0)}")
    return f"Kind({', '.join(arguments)})"


def _known_kinds(kinds: list[Kind]) -> str:
    lines = "".join(f"        {_constructor(kind)},\n" for kind in kinds)
    return (
        f"{BSD}{GENERATED}\n"
        '"""The kinds that there were when the collection was made; a server may have further ones."""\n\n'
        "from __future__ import annotations\n\n"
        f"from {_UTILS}.kinds import Catalog, Kind\n\n"
        f"KNOWN = Catalog(\n    [\n{lines}    ]\n)\n"
    )


def _runtime(modules: list[str]) -> str:
    runtime = {"requires_ansible": ">=2.19.0", "action_groups": {"pextra": modules}}
    return f"# The group is written by scripts/generate.py: every module of the collection.\n---\n{as_yaml(runtime)}"
