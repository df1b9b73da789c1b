"""What a program's resource says to the engine, for every kind and both providers alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi
from pulumi.dynamic import Resource

from pextra_client.discovery import Catalog, Kind
from pextra_client.lifecycle import automatic_name
from pulumi_pextra import properties
from pulumi_pextra.dynamic import ObjectProvider

PACKAGE = "pextra"


class Declared:
    """A resource of one kind; the generated classes give it its fields.

    Attributes:
        kind_name: of the objects.
        outputs: the names of everything that is told of an object.
    """

    kind_name: ClassVar[str]
    outputs: ClassVar[tuple[str, ...]]

    def _declare(self, name: str, args: object, fields: Mapping[str, Any], opts: pulumi.ResourceOptions | None) -> None:
        """Registers the resource with the engine.

        Raises:
            TypeError: there are arguments and fields besides.
        """
        if args is not None and fields:
            raise TypeError(f"give {type(self).__name__} its fields by args or by keyword, not both")
        given: Mapping[str, Any] = fields if args is None else vars(args)
        kind = Catalog.bundled().find(self.kind_name)
        inputs = {each: value for each, value in given.items() if value is not None}
        if "name" not in inputs:
            inputs["name"] = name_of(kind, name, pulumi.get_project(), pulumi.get_stack())
        secrets = properties.secrets_of(kind)
        for secret in secrets:
            if secret in inputs:
                inputs[secret] = pulumi.Output.secret(inputs[secret])
        inputs[properties.STACK] = stack_of(pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack())
        # What the engine is not given here it does not hand over, either.
        told: dict[str, Any] = {each: inputs.get(each) for each in self.outputs}
        merged = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(additional_secret_outputs=list(secrets)), opts)
        self._register(kind, name, told | inputs, merged)

    def _register(self, kind: Kind, name: str, inputs: dict[str, Any], opts: pulumi.ResourceOptions) -> None:
        raise NotImplementedError


class DynamicObject(Declared, Resource):
    """A resource that the dynamic provider looks after."""

    def _register(self, kind: Kind, name: str, inputs: dict[str, Any], opts: pulumi.ResourceOptions) -> None:
        if pulumi.runtime.is_dry_run():
            inputs[properties.PREVIEW] = True
        Resource.__init__(self, ObjectProvider(kind.name), name, inputs, opts)


def name_of(kind: Kind, logical: str, project: str, stack: str) -> str:
    """The name of an object whose program gives it none: the same in every run."""
    return kind.singleton or automatic_name(logical, project, stack, kind.name, logical)


def stack_of(organization: str, project: str, stack: str) -> str:
    """What tells a stack from every other."""
    return f"pulumi:{organization}/{project}/{stack}"
