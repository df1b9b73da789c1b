"""The options of the verbs that work on manifests, and what they mean."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Annotated

import typer

from pextra_client.cli.applying import LARGEST_PLAN
from pextra_client.cli.exits import UsageError
from pextra_client.cli.manifests import Manifest, read
from pextra_client.cli.ordering import ordered
from pextra_client.cli.session import Session
from pextra_client.wire import Prune

Files = Annotated[
    list[str],
    typer.Option("--file", "-f", help="Files, folders, or - for standard input; YAML or JSON. May be repeated."),
]
PruneFlag = Annotated[
    bool, typer.Option("--prune", help="Delete what has --labels in the tenant and is not in the files.")
]
Labels = Annotated[str | None, typer.Option("--labels", "-l", help="What --prune may delete: app=web,…")]


def read_ordered(session: Session, files: list[str]) -> list[Manifest]:
    """The manifests of the files, each after those that it refers to.

    Raises:
        ManifestError: one cannot be read.
        UsageError: there is none.
    """
    manifests = read(files, session.catalog, tenant=session.client.tenant)
    if not manifests:
        raise UsageError("the files describe no object")
    return ordered(manifests, session.catalog)


def copied(manifests: list[Manifest], copies: int) -> list[Manifest]:
    """The manifests with so many of each that is given a host, numbered from 1.

    Raises:
        UsageError: more than one plan may hold.
    """
    if copies == 1:
        return manifests
    made: list[Manifest] = []
    for manifest in manifests:
        if not manifest.kind.placed:
            made.append(manifest)
            continue
        for number in range(1, copies + 1):
            copy = deepcopy(manifest.object)
            copy["metadata"]["name"] = f"{manifest.name}-{number}"
            made.append(replace(manifest, object=copy))
    if len(made) > LARGEST_PLAN:
        raise UsageError(f"--copies makes {len(made)} objects of the files, and a plan holds at most {LARGEST_PLAN}")
    return made


def prune_rule(session: Session, manifests: list[Manifest], *, prune: bool, labels: str | None) -> Prune | None:
    """What may be deleted because the manifests do not name it.

    Raises:
        UsageError: `--prune` without labels, or without a tenant that is meant.
    """
    if not prune:
        if labels:
            raise UsageError("--labels says what --prune may delete; give both")
        return None
    if not labels:
        raise UsageError("--prune needs --labels, so that it cannot delete what is not meant")
    owners = {manifest.tenant for manifest in manifests if manifest.tenant}
    tenant = session.settings.tenant or (owners.pop() if len(owners) == 1 else None)
    if tenant is None:
        raise UsageError("--prune deletes in one tenant: give --tenant")
    return {"labels": labels, "tenant": tenant}
