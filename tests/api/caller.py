"""A client of the API in the test's process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask
from werkzeug.datastructures import Headers

Query = dict[str, str | int | bool | list[str]]


@dataclass(frozen=True)
class Answer:
    """What the API said."""

    status: int
    headers: Headers
    text: str

    @property
    def body(self) -> Any:
        """The JSON body; None when there is none."""
        return json.loads(self.text) if self.text else None

    @property
    def code(self) -> str | None:
        """The stable code of a problem; None for anything else."""
        return self.body.get("code") if self.status >= 400 else None

    def ok(self) -> Any:
        """The body of a success."""
        assert self.status < 400, self.text
        return self.body

    @property
    def fields(self) -> list[str]:
        """The fields that a refusal of a spec names."""
        return [error["field"] for error in self.body.get("errors", [])]


class Caller:
    """Somebody with a token, or with none. Paths begin behind `/v1/`, unless with a slash."""

    def __init__(self, app: Flask, token: str | None) -> None:
        self.app = app
        self.token = token

    def send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
        query: Query | None = None,
    ) -> Answer:
        """Any request; `body` becomes JSON, `raw` is sent as it is."""
        sent = {"Authorization": f"Bearer {self.token}"} if self.token is not None else {}
        data = raw if raw is not None else json.dumps(body).encode() if body is not None else None
        if data is not None:
            sent["Content-Type"] = "application/json"
        url = path if path.startswith("/") else f"/v1/{quote(path)}"
        if query:
            url += "?" + urlencode({k: str(v).lower() if isinstance(v, bool) else v for k, v in query.items()}, True)
        client = self.app.test_client()
        response = client.open(url, method=method, data=data, headers={**sent, **(headers or {})})
        return Answer(response.status_code, response.headers, response.get_data(as_text=True))

    def get(self, path: str, *, headers: dict[str, str] | None = None, **query: Any) -> Answer:
        """GET."""
        return self.send("GET", path, headers=headers, query=query)

    def put(
        self,
        path: str,
        spec: Any,
        *,
        labels: dict[str, str] | None = None,
        annotations: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> Answer:
        """PUT of a spec with labels and annotations."""
        body: dict[str, Any] = {"spec": spec}
        metadata = {"labels": labels, "annotations": annotations}
        if labels is not None or annotations is not None:
            body["metadata"] = {k: v for k, v in metadata.items() if v is not None}
        return self.send("PUT", path, body=body, headers=headers, query=query)

    def put_whole(self, path: str, body: Any, *, headers: dict[str, str] | None = None, **query: Any) -> Answer:
        """PUT of a whole document."""
        return self.send("PUT", path, body=body, headers=headers, query=query)

    def patch(self, path: str, body: Any, *, headers: dict[str, str] | None = None, **query: Any) -> Answer:
        """PATCH with a merge patch."""
        types = {"Content-Type": "application/merge-patch+json"}
        return self.send("PATCH", path, body=body, headers={**types, **(headers or {})}, query=query)

    def delete(self, path: str, *, headers: dict[str, str] | None = None, **query: Any) -> Answer:
        """DELETE."""
        return self.send("DELETE", path, headers=headers, query=query)

    def act(self, path: str, action: str, arguments: Any = None, **query: Any) -> Answer:
        """POST of an action."""
        body = {"arguments": arguments} if arguments is not None else None
        return self.send("POST", f"{path}/actions/{action}", body=body, query=query)

    def plan(self, *changes: dict[str, Any], prune: dict[str, Any] | None = None) -> Answer:
        """POST of a plan."""
        body: dict[str, Any] = {"changes": list(changes)}
        if prune is not None:
            body["prune"] = prune
        return self.send("POST", "plan", body=body)
