"""The provider as it would be after a field of a kind had got another name: what a test starts in its place."""

from __future__ import annotations

from typing import Any

from terraform_provider_pextra.plugin import serve


def _renamed(state: dict[str, Any]) -> dict[str, Any]:
    return {**state, "description": state.pop("note")}


def main() -> None:
    serve({"network": [_renamed]})
