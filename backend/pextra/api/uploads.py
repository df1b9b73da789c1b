"""Uploading the content of images: an upload is asked where it stands, and goes on from there.

The headers are those of the IETF's resumable uploads.
Source: draft-ietf-httpbis-resumable-upload.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from flask import Blueprint, Response, request

from pextra.api import contents, requests
from pextra.api.endpoint import Endpoint
from pextra.api.places import Places
from pextra.api.responses import answer
from pextra.api.settings import ApiSettings
from pextra.depot import Received
from pextra.errors import PextraError
from pextra.services import uploads
from pextra.services.cloud import Address
from pextra.services.uploads import Upload

MEDIA_TYPE: Final = "application/partial-upload"
CHUNK_BYTES: Final = 1 << 20
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,15}")


def blueprint(endpoint: Endpoint, settings: ApiSettings) -> Blueprint:
    """The route of images' contents."""
    routes = Blueprint("uploads", __name__)
    handler = UploadRoutes(endpoint, settings)
    path = "/v1/tenants/<tenant>/images/<name>/content"
    routes.add_url_rule(path, "image_upload_state", handler.state, methods=["HEAD"])
    routes.add_url_rule(path, "image_upload", handler.go_on, methods=["PATCH"])
    return routes


class UploadRoutes:
    """The handlers."""

    def __init__(self, endpoint: Endpoint, settings: ApiSettings) -> None:
        self._endpoint = endpoint
        self._settings = settings
        self._places = Places(settings.max_uploads, "uploads", retry_after_s=2)

    def state(self, tenant: str, name: str) -> Response:
        """How much has come."""
        upload = self._find(tenant, name)
        depot = uploads.depot_of(self._endpoint.cloud)
        return _answer(200, upload, depot.observe(upload.declared))

    def go_on(self, tenant: str, name: str) -> Response:
        """Take what comes next."""
        offset = _offset()
        if request.mimetype != MEDIA_TYPE:
            raise PextraError("request.media_type", f"What is uploaded is sent as {MEDIA_TYPE}.")
        if "Transfer-Encoding" in request.headers:
            raise PextraError("request.parameter", "Content-Length is required: how many bytes this request brings.")
        length = request.content_length or 0
        if length > self._settings.max_piece_bytes:
            raise PextraError(
                "request.too_large",
                f"One request brings at most {self._settings.max_piece_bytes} bytes, not {length}: send it in parts.",
            )
        upload = self._find(tenant, name)
        if upload.declared.size_bytes > self._settings.max_upload_bytes:
            raise PextraError(
                "request.too_large",
                f"The image has {upload.declared.size_bytes} bytes; this cloud takes uploads of at most "
                f"{self._settings.max_upload_bytes}.",
            )
        with self._places.place(requests.asking_tenant()):
            return _answer(204, upload, self._receive(upload, offset, length))

    def _receive(self, upload: Upload, offset: int, length: int) -> Received:
        request.max_content_length = length + 1  # looking for the end of what has exactly its length is too much
        connection = contents.bound_stalls()
        try:
            return uploads.receive(self._endpoint.cloud, upload, offset, length, _chunks())
        except TimeoutError as error:
            raise PextraError(
                "request.malformed", f"Nothing came for {contents.STALL_S:g} s: ask where the upload is."
            ) from error
        finally:
            if connection is not None:
                connection.settimeout(None)

    def _find(self, tenant: str, name: str) -> Upload:
        uid = requests.uid(request)
        address = Address(self._endpoint.cloud.registry["image"], tenant, name)
        return self._endpoint.read(request, lambda ctx: uploads.find(ctx, address, uid=uid))


def _chunks() -> Iterator[bytes]:
    while chunk := request.stream.read(CHUNK_BYTES):
        yield chunk


def _offset() -> int:
    text = request.headers.get("Upload-Offset", "")
    if not _NUMBER.fullmatch(text):
        raise PextraError(
            "request.parameter",
            f"Upload-Offset says where the bytes of this request belong, as a number; it is {text[:40]!r}.",
        )
    return int(text)


def _answer(status: int, upload: Upload, received: Received) -> Response:
    headers = {
        "Upload-Offset": str(received.offset or 0),
        "Upload-Length": str(upload.declared.size_bytes),
        "Upload-Complete": "?1" if received.complete else "?0",
    }
    return answer(status, None, headers)
