"""Writes the classes of every kind: `kinds/`, `resources.py`, `native/resources.py` and both look-ups.

`python scripts/generate.py` calls it; the texts follow from the declarations alone.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from typing import Final

from pextra_client.discovery import Catalog, Kind, Scope
from pextra_client.schema import Field, Node
from pulumi_pextra.properties import MINTED, property_of

_WIDTH: Final = 116
_SCALARS: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
_NOTE: Final = "Generated from the API's declarations by scripts/generate.py; do not edit."
_READ_AS: Final = "SecretState"
_CONDITION: Final = "Condition"
"""What every status has; `types` has it by hand."""


def generated(catalog: Catalog) -> dict[str, str]:
    """The text of every generated file, by its path within the package."""
    kinds = [kind for kind in catalog if kind.writable]
    files = {f"kinds/{kind.name}.py": _Module(kind).text() for kind in kinds}
    files["kinds/__init__.py"] = f'"""What the kinds have in common to both providers.\n\n{_NOTE}\n"""\n'
    files["resources.py"] = _resources(kinds, "DynamicObject", "pulumi_pextra.declared", "the dynamic provider")
    files["native/resources.py"] = _resources(
        kinds, "NativeObject", "pulumi_pextra.native.declared", "the plugin `pulumi-resource-pextra`"
    )
    files["__init__.py"] = _package(
        kinds, "pulumi_pextra", "Pextra's objects as Pulumi resources: `pip install` is all it takes."
    )
    files["native/__init__.py"] = _package(
        kinds,
        "pulumi_pextra.native",
        "The same resources over the plugin `pulumi-resource-pextra`.",
        "from pulumi_pextra.native.provider import Provider as Provider",
    )
    files["lookups.py"] = _lookups(kinds, "pulumi_pextra.looking", "asked by the program itself")
    files["native/lookups.py"] = _lookups(kinds, "pulumi_pextra.native.looking", "asked by the plugin")
    return files


def camel(name: str) -> str:
    """`floating_ip` as `FloatingIp`."""
    return "".join(part.capitalize() for part in name.split("_"))


class _Module:
    """The module of one kind."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._class = camel(kind.name)
        self._blocks: dict[str, str] = {}

    def text(self) -> str:
        kind, name = self._kind, self._class
        spec, status = Node.of(kind.spec_schema), Node.of(kind.status_schema)
        own = [(property_of(kind, field.name), field) for field in spec.fields()]
        if status.schema.get("title") != f"{name}Status":  # one without fields of its own
            status = Node({**status.schema, "description": f"What {_a(kind)} was found to be."}, status.root)
        self._output(f"{name}Status", status)
        self._input(f"{name}Args", f"What is wanted of {_a(kind)}.", own, whole=True)
        self._fields(own)
        body = "\n\n".join(self._blocks.values())
        words = set(re.findall(r"\w+", body))
        typing = ("Any", "ClassVar", "Literal", "Required", "TypedDict", "Unpack", "overload")
        used = [each for each in typing if each in words]
        lines = [
            f'"""{_sentence_case(kind)} as a Pulumi resource.',
            "",
            _NOTE,
            '"""',
            "",
            "from __future__ import annotations",
            "",
        ]
        standard = [
            f"from collections.abc import {', '.join(each for each in ('Mapping', 'Sequence') if f'{each}[' in body)}"
        ]
        if "StrEnum" in body:
            standard.append("from enum import StrEnum")
        standard.append(f"from typing import {', '.join(used)}")
        decorators = [each for each in ("input_type", "output_type") if f"@{each}" in body]
        lines += [
            *standard,
            "",
            "import pulumi",
            "from pulumi import Input",
            "",
            "from pulumi_pextra.declared import Declared",
        ]
        decorators.append("told")
        if f"Sequence[{_CONDITION}]" in body:
            decorators.insert(0, _CONDITION)
        lines.append(f"from pulumi_pextra.types import {', '.join(decorators)}")
        public = sorted(each for each in self._blocks if not each.endswith("Fields"))
        body += "\n\n__all__ = [\n" + "".join(f'    "{each}",\n' for each in public) + "]\n"
        return "\n".join(lines) + "\n\n\n" + body

    # --- inputs ------------------------------------------------------------------------------------

    def _input(self, name: str, doc: str, fields: list[tuple[str, Field]], *, whole: bool = False) -> None:
        members: list[tuple[str, str, str, bool]] = []
        if whole:
            members += _metadata_members(self._kind)
        for property_, field in fields:
            suggestion = name.removesuffix("Args") + camel(field.name)
            members.append((property_, self._input_type(suggestion, field.node), sentence(field), field.required))
        members.sort(key=lambda each: not each[3])
        lines = ["@input_type", f"class {name}:", *_docstring(doc, "    ")]
        for property_, type_, text, required in members:
            lines += [
                "",
                f"    {property_}: Input[{type_}]" + ("" if required else " | None = None"),
                *_docstring(text, "    "),
            ]
        as_dict = [f"class {name}Dict(TypedDict, total=False):", *_docstring(f"`{name}` as a dictionary.", "    "), ""]
        as_dict += [
            f"    {each[0]}: {f'Required[Input[{each[1]}]]' if each[3] else f'Input[{each[1]}]'}" for each in members
        ]
        self._blocks[name] = "\n".join(lines) + "\n"
        self._blocks[f"{name}Dict"] = "\n".join(as_dict) + "\n"

    def _input_type(self, suggestion: str, node: Node) -> str:
        node = plain_node(node)
        schema = node.schema
        if "const" in schema:
            return f"Literal[{json.dumps(schema['const'])}]"
        if "enum" in schema:
            literals = f"Literal[{', '.join(map(_literal, schema['enum']))}]"
            return f"{self._enum(suggestion, node)} | {literals}" if schema.get("type") == "string" else literals
        if node.alternatives:
            return " | ".join(dict.fromkeys(self._input_type(suggestion, each) for each in node.alternatives))
        if schema.get("type") == "array":
            items = node.items
            return f"Sequence[Input[{'Any' if items is None else self._input_type(suggestion, items)}]]"
        if schema.get("properties"):
            name = f"{self._nested(suggestion, node)}Args"
            if name not in self._blocks:
                self._input(name, node.description or "Its settings.", [(each.name, each) for each in node.fields()])
            return f"{name} | {name}Dict"
        if schema.get("type") == "object":
            values = node.values
            return f"Mapping[str, Input[{'str' if values is None else self._input_type(suggestion, values)}]]"
        return _SCALARS.get(str(schema.get("type")), "Any")

    def _enum(self, suggestion: str, node: Node) -> str:
        name = self._class + suggestion.removeprefix(self._class)
        lines = [f"class {name}(StrEnum):", *_docstring(node.description or "One of these.", "    "), ""]
        lines += [f"    {str(each).upper().replace('-', '_')} = {json.dumps(each)}" for each in node.schema["enum"]]
        self._blocks.setdefault(name, "\n".join(lines) + "\n")
        return name

    def _nested(self, suggestion: str, node: Node) -> str:
        title = str(node.schema.get("title", suggestion))
        if title == _CONDITION:
            return title
        return title if title.startswith(self._class) else self._class + title

    # --- outputs -----------------------------------------------------------------------------------

    def _output(self, name: str, node: Node) -> None:
        lines = ["@output_type", f"class {name}:", *_docstring(node.description or "What was found.", "    ")]
        fields = sorted(node.fields(), key=lambda each: not each.required)
        for field in fields:
            type_ = self._output_type(name + camel(field.name), field.node)
            lines += ["", f"    {field.name}: {type_}" + ("" if field.required else " | None = None")]
            lines += _docstring(sentence(field), "    ")
        self._blocks[name] = "\n".join(lines) + "\n"

    def _output_type(self, suggestion: str, node: Node) -> str:
        node = plain_node(node)
        schema = node.schema
        if node.alternatives:
            return "Any"
        if schema.get("type") == "array":
            return f"Sequence[{'Any' if node.items is None else self._output_type(suggestion, node.items)}]"
        if schema.get("properties"):
            name = self._nested(suggestion, node)
            if name not in self._blocks and name != _CONDITION:
                self._output(name, node)
            return name
        if schema.get("type") == "object":
            unnamed = "str" if _READ_AS in json.dumps(schema) else "Any"
            return f"Mapping[str, {unnamed if node.values is None else self._output_type(suggestion, node.values)}]"
        return _SCALARS.get(str(schema.get("type")), "Any")

    def _fields(self, own: list[tuple[str, Field]]) -> None:
        kind, name = self._kind, self._class
        told: list[tuple[str, str, str]] = [
            ("name", "str", "Its name."),
            ("uid", "str", "Its identity, never given twice."),
        ]
        if kind.scope is Scope.TENANT:
            told.append(("tenant", "str", "Whose it is."))
        told += [
            ("labels", "Mapping[str, str]", "Its labels."),
            ("annotations", "Mapping[str, str]", "Its annotations."),
        ]
        for property_, field in own:
            type_ = self._output_type(name + camel(field.name), field.node)
            sure = field.required or field.has_default
            told.append((property_, type_ if sure else f"{type_} | None", sentence(field)))
        told += [(each, "str", "What was minted, a secret.") for each in MINTED.get(kind.name, ())]
        told.append(("status", f"{name}Status", "What was found of it when it was last read."))
        lines = [f"class {name}Fields(Declared):", *_docstring(_describe(kind), "    "), ""]
        lines += [f'    kind_name: ClassVar[str] = "{kind.name}"', "    outputs: ClassVar[tuple[str, ...]] = ("]
        lines += [f'        "{each[0]}",' for each in told] + ["    )", ""]
        options = "opts: pulumi.ResourceOptions | None = None"
        lines += [
            "    @overload",
            f"    def __init__(self, resource_name: str, args: {name}Args, {options}) -> None: ...",
            "    @overload",
            "    def __init__(",
            f"        self, resource_name: str, args: None = None, {options}, **fields: Unpack[{name}ArgsDict]",
            "    ) -> None: ...",
            "    def __init__(",
            f"        self, resource_name: str, args: {name}Args | None = None, {options}, **fields: Any",
            "    ) -> None:",
            "        self._declare(resource_name, args, fields, opts)",
        ]
        for property_, type_, text in told:
            lines += [
                "",
                "    @property",
                "    @pulumi.getter",
                f"    def {property_}(self) -> pulumi.Output[{type_}]:",
            ]
            lines += [*_docstring(text, "        "), f'        return told(self, "{property_}")']
        self._blocks[f"{name}Fields"] = "\n".join(lines) + "\n"


def _metadata_members(kind: Kind) -> list[tuple[str, str, str, bool]]:
    named = (
        f"`{kind.singleton}`, and nothing else."
        if kind.singleton
        else "Made of the resource's name, project and stack when absent."
    )
    members = [("name", "str", f"Its name. {named}", False)]
    if kind.scope is Scope.TENANT:
        members.append(("tenant", "str", "Whose it is; the configured tenant's when absent.", False))
    members.append(("labels", "Mapping[str, Input[str]]", "For selecting it.", False))
    members.append(("annotations", "Mapping[str, Input[str]]", "For whoever reads it.", False))
    return members


def _resources(kinds: list[Kind], base: str, module: str, by: str) -> str:
    names = [camel(kind.name) for kind in kinds]
    lines = [f'"""The resources, one class a kind, looked after by {by}.', "", _NOTE, '"""', ""]
    lines += ["from __future__ import annotations", ""]
    imports = [f"from {module} import {base}"]
    imports += [f"from pulumi_pextra.kinds.{kind.name} import {camel(kind.name)}Fields" for kind in kinds]
    lines += sorted(imports)
    for kind, name in zip(kinds, names, strict=True):
        arguments = f'module="pextra", name="{name}"' if base == "DynamicObject" else f'type_name="{name}"'
        lines += ["", "", f"class {name}({name}Fields, {base}, {arguments}):", *_docstring(_describe(kind), "    ")]
    lines += ["", "", "__all__ = [", *(f'    "{name}",' for name in sorted(names)), "]"]
    return "\n".join(lines) + "\n"


def _package(kinds: list[Kind], module: str, doc: str, *more: str) -> str:
    lines = [f'"""{doc}', "", _NOTE, '"""', "", *more]
    for kind in kinds:
        name = f"pulumi_pextra.kinds.{kind.name}"
        lines.append(f"from {name} import *")
    lines += [f"from {module}.lookups import *", f"from {module}.resources import *"]
    return "\n".join(lines) + "\n"


def _lookups(kinds: list[Kind], module: str, by: str) -> str:
    lines = [f'"""Look-ups of objects that the program does not make, one function a kind, {by}.', "", _NOTE, '"""', ""]
    lines += ["from __future__ import annotations", "", "import pulumi", "from pulumi import Input", ""]
    lines += [f"from {module} import Found, look, look_output"]
    for kind in kinds:
        tenant = kind.scope is Scope.TENANT
        given = "tenant=tenant" if tenant else "tenant=None"
        for suffix, type_, result, call in (
            ("", "{}", "Found", "look"),
            ("_output", "Input[{}]", "pulumi.Output[Found]", "look_output"),
        ):
            name, text = type_.format("str"), type_.format("str | None") if suffix else "str | None"
            parameters = f"name: {name}" + (f", *, tenant: {text} = None" if tenant else ", *")
            options = "opts: pulumi.InvokeOptions | None = None"
            lines += ["", "", f"def get_{kind.name}{suffix}({parameters}, {options}) -> {result}:"]
            lines += _docstring(
                f"{_sentence_case(kind)} that is there already{', by names that are not known yet' if suffix else ''}.",
                "    ",
            )
            lines.append(f'    return {call}("{kind.name}", name, {given}, opts=opts)')
    every = [f"get_{kind.name}{suffix}" for kind in kinds for suffix in ("", "_output")]
    lines += ["", "", "__all__ = [", *(f'    "{each}",' for each in sorted(every)), "]"]
    return "\n".join(lines) + "\n"


def plain_node(node: Node) -> Node:
    """A node without null and without how a secret reads."""
    node = node.resolved()
    members = [each for each in node.alternatives if each.reference != _READ_AS]
    if len(members) == 1:
        return plain_node(members[0])
    return Node({"anyOf": [each.schema for each in members]}, node.root) if members else node


def sentence(field: Field) -> str:
    """What a field means, its unit, its default and what changing it does."""
    facts = field.facts
    notes: list[str] = []
    if facts.get("unit"):
        notes.append(f"in {facts['unit']}")
    if facts.get("ref"):
        notes.append(f"the name of {facts['ref'].get('kind') or 'an object'}".replace("_", " "))
    if facts.get("change") in {"replace", "restart"}:
        notes.append({"replace": "a change replaces the object", "restart": "a change restarts"}[facts["change"]])
    if facts.get("secret"):
        notes.append("a secret")
    if field.has_default and field.default not in ("", 0, [], {}):
        notes.append(f"{json.dumps(field.default)} by default")
    described = field.description or f"{field.name.replace('_', ' ').capitalize()}."
    return f"{described} ({'; '.join(notes)})" if notes else described


def _describe(kind: Kind) -> str:
    return " ".join(kind.description.split()) or f"{_sentence_case(kind)}."


def _a(kind: Kind) -> str:
    words = kind.name.replace("_", " ")
    return f"{'an' if words[0] in 'aeio' else 'a'} {words}"


def _sentence_case(kind: Kind) -> str:
    return _a(kind)[:1].upper() + _a(kind)[1:]


def _docstring(text: str, indent: str) -> Iterator[str]:
    escaped = " ".join(text.split()).replace("\\", "\\\\").replace('"""', "'''")
    if len(indent) + len(escaped) + 6 <= _WIDTH:
        yield f'{indent}"""{escaped}"""'
        return
    wrapped = textwrap.wrap(escaped, _WIDTH - len(indent) - 3)
    yield f'{indent}"""{wrapped[0]}'
    yield from (f"{indent}{line}" for line in wrapped[1:])
    yield f'{indent}"""'


def _literal(value: object) -> str:
    return json.dumps(value) if isinstance(value, str) else repr(value)
