"""What the provider remembers of an object beside its state, where Terraform shows it to nobody."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pextra_client.wire import Object


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """An object as the API read it when its state was written. Of secrets it has digests, as everybody reads them.

    Args:
        spec: its fields.
        labels: its labels.
        annotations: its annotations.
        etag: of that generation; empty when it is not known.
    """

    spec: Mapping[str, Any] = field(default_factory=dict[str, Any])
    labels: Mapping[str, Any] = field(default_factory=dict[str, Any])
    annotations: Mapping[str, Any] = field(default_factory=dict[str, Any])
    etag: str = ""

    @classmethod
    def of(cls, obj: Object) -> Memory:
        """What to remember of an object."""
        metadata = obj["metadata"]
        return cls(
            spec=obj["spec"],
            labels=metadata.get("labels", {}),
            annotations=metadata.get("annotations", {}),
            etag=metadata.get("etag", ""),
        )

    @classmethod
    def loads(cls, private: bytes) -> Memory:
        """What was remembered; nothing when there is nothing."""
        return cls(**json.loads(private)) if private else cls()

    def dumps(self) -> bytes:
        """As Terraform keeps it."""
        return json.dumps(
            {"spec": self.spec, "labels": self.labels, "annotations": self.annotations, "etag": self.etag},
            separators=(",", ":"),
        ).encode()
