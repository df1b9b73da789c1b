"""Where simulated images come from: `sim://NAME?size_gib=N`.

There are no bytes behind such a URL. Its digest is the SHA-256 of the URL's text, so a wrong digest is found
as it would be for a download. The virtual size is `size_gib`, a whole number, 1 when it is left out.

An image that was uploaded to the control plane is taken as it is: its bytes are not looked at, and its virtual size is
the file's, in whole GiB.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from pextra.drivers.interface import UPLOADED, ImageSource, Permanent

GIB: Final = 1 << 30
_URL: Final = re.compile(r"sim://[A-Za-z0-9._-]+(\?size_gib=(?P<size_gib>[1-9][0-9]{0,5}))?")


def sim_url(name: str, *, size_gib: int = 1) -> str:
    """The URL of a simulated image."""
    return f"sim://{name}?size_gib={size_gib}"


def digest_of(url: str) -> str:
    """The SHA-256 that an image from this `sim://` URL must declare."""
    return hashlib.sha256(url.encode()).hexdigest()


def sim_image(uid: str, name: str, *, size_gib: int = 1) -> ImageSource:
    """A simulated image with the right digest."""
    url = sim_url(name, size_gib=size_gib)
    return ImageSource(uid=uid, url=url, format="qcow2", sha256=digest_of(url))


def fetch(source: ImageSource) -> int:
    """Verify the image as a download would be.

    Returns:
        Its virtual size in bytes.

    Raises:
        Permanent: `SourceForbidden`, `SourceMissing`, `FormatMismatch` or `DigestMismatch`.
    """
    if source.url.startswith(f"{UPLOADED}:"):  # which the control plane has verified
        return max(1, -(-int(source.url.rpartition("=")[2]) // GIB)) * GIB
    if not source.url.startswith("sim://"):
        raise Permanent("SourceForbidden", f"{source.url!r} is not a sim:// URL, and nothing is fetched")
    parts = _URL.fullmatch(source.url)
    if parts is None:
        raise Permanent("SourceMissing", f"{source.url!r} does not read sim://NAME?size_gib=N")
    if source.format not in ("qcow2", "raw", "vmdk"):
        raise Permanent("FormatMismatch", f"{source.format!r} is none of qcow2, raw and vmdk")
    digest = digest_of(source.url)
    if digest != source.sha256:
        raise Permanent("DigestMismatch", f"{source.url} has sha256 {digest}, and {source.sha256} was declared")
    return int(parts["size_gib"] or 1) * GIB
