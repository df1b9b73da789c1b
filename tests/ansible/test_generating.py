"""What is made of a declaration."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from pextra_client.generators import ansible_modules
from pextra_client.generators.ansible_options import marked_up, options_of
from pextra_client.schema import Node


def spec(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": []}


def kind(**changes: Any) -> dict[str, Any]:
    """The description of a kind, as `/v1/kinds` has it."""
    plain = {
        "kind": "thing", "plural": "things", "scope": "tenant", "writable": True, "description": "A thing.",
        "spec_schema": spec(size={"type": "integer", "description": "How `large`."}),
        "example": {"kind": "thing", "metadata": {"name": "one"}, "spec": {"size": 1}},
    }  # fmt: skip
    return {"kinds": [{**plain, **changes}]}


def documentation(text: str) -> dict[str, Any]:
    """The DOCUMENTATION of a module."""
    return yaml.safe_load(text.partition('DOCUMENTATION = r"""\n')[2].partition('"""')[0])


def test_a_field_whose_name_every_module_has_is_called_by_its_place() -> None:
    document = kind(
        spec_schema=spec(tenant={"type": "string"}), example={"metadata": {"name": "a"}, "spec": {"tenant": "b"}}
    )
    text = ansible_modules.generate(document)["plugins/modules/thing.py"]
    options = documentation(text)["options"]
    assert "spec_tenant" in options
    assert options["tenant"]["description"][0].startswith("The tenant that it belongs to")
    assert "spec_tenant: b" in text


def test_a_secret_is_not_logged_and_what_only_sounds_like_one_is() -> None:
    secret = {"type": "string", "x-pextra": {"secret": True}}
    [password, key, size] = options_of(
        Node.of(spec(word=secret, ssh_key={"type": "string"}, size={"type": "integer"})), top=True
    )
    assert password.argument()["no_log"] is True
    assert key.argument()["no_log"] is False
    assert "no_log" not in size.argument()


def test_a_required_field_is_needed_by_an_object_and_not_by_a_task() -> None:
    inner = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    schema = {**spec(image={"type": "string"}, card=inner), "required": ["image", "card"]}
    [image, card] = options_of(Node.of(schema), top=True)
    assert not image.required
    assert "Needed when the object is made." in image.description
    assert card.options[0].required


def test_a_kind_that_only_the_cloud_writes_is_read_only() -> None:
    files = ansible_modules.generate(kind(writable=False))
    assert "plugins/modules/thing_info.py" in files
    assert "plugins/modules/thing.py" not in files


def test_arguments_of_two_actions_that_differ_under_one_name_are_refused() -> None:
    arguments = spec(how={"type": "string"})
    actions = [{"name": name, "arguments": arguments} for name in ("push", "pull")]
    with pytest.raises(ValueError, match="two actions have an argument how"):
        ansible_modules.generate(kind(actions=actions))


def test_code_in_a_description_is_marked_up_even_with_brackets() -> None:
    assert marked_up("by `a` or `f(x)`") == r"by C(a) or V(f(x\))"
