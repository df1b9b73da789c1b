"""A key and the certificate that vouches for nothing but itself, for the socket between Terraform and the provider.

It is written by hand: importing what builds any certificate takes several times as long as this one.

Source: RFC 5280 (certificates), RFC 5480 and RFC 5915 (keys on elliptic curves), X.690 (their encoding).
"""

from __future__ import annotations

import base64
import secrets
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

_CLOCKS_DIFFER: Final = timedelta(minutes=1)
_LIFETIME: Final = timedelta(days=7)
_COORDINATE_BYTES: Final = 32
_SERIAL_BITS: Final = 126

_BOOLEAN, _INTEGER, _BITS, _OCTETS, _OBJECT, _TEXT, _TIME, _SEQUENCE, _SET = (
    0x01, 0x02, 0x03, 0x04, 0x06, 0x0C, 0x17, 0x30, 0x31,
)  # fmt: skip
_VERSION, _CURVE, _EXTENSIONS, _DNS_NAME = 0xA0, 0xA0, 0xA3, 0x82


def self_signed(host: str, now: datetime) -> tuple[bytes, bytes, bytes]:
    """Key and certificate in PEM, and the certificate in DER.

    Args:
        host: whose it is.
        now: in UTC; it is valid for a week from then.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    signed = _to_sign(key.public_key().public_numbers(), host, now)
    signature = key.sign(signed, ec.ECDSA(hashes.SHA256()))
    certificate = _der(_SEQUENCE, signed, _ECDSA_WITH_SHA256, _bits(signature))
    private = _der(
        _SEQUENCE,
        _number(1),
        _der(_OCTETS, key.private_numbers().private_value.to_bytes(_COORDINATE_BYTES)),
        _der(_CURVE, _P256),
    )
    return _pem("EC PRIVATE KEY", private), _pem("CERTIFICATE", certificate), certificate


def _to_sign(public: ec.EllipticCurvePublicNumbers, host: str, now: datetime) -> bytes:
    name = _der(_SEQUENCE, _der(_SET, _der(_SEQUENCE, _COMMON_NAME, _der(_TEXT, host.encode("ascii")))))
    point = b"\x04" + public.x.to_bytes(_COORDINATE_BYTES) + public.y.to_bytes(_COORDINATE_BYTES)
    true = _der(_BOOLEAN, b"\xff")
    authority = _der(_SEQUENCE, _BASIC_CONSTRAINTS, true, _der(_OCTETS, _der(_SEQUENCE, true)))
    names = _der(_SEQUENCE, _der(_DNS_NAME, host.encode("ascii")))
    alternative = _der(_SEQUENCE, _SUBJECT_ALTERNATIVE_NAME, _der(_OCTETS, names))
    return _der(
        _SEQUENCE,
        _der(_VERSION, _number(2)),  # the third
        _number(secrets.randbits(_SERIAL_BITS) + 1),
        _ECDSA_WITH_SHA256,
        name,
        _der(_SEQUENCE, _time(now - _CLOCKS_DIFFER), _time(now + _LIFETIME)),
        name,
        _der(_SEQUENCE, _der(_SEQUENCE, _ELLIPTIC_CURVE_KEY, _P256), _bits(point)),
        _der(_EXTENSIONS, _der(_SEQUENCE, authority, alternative)),
    )


def _der(tag: int, *content: bytes) -> bytes:
    whole = b"".join(content)
    size = len(whole)
    if size < 0x80:
        return bytes((tag, size)) + whole
    width = (size.bit_length() + 7) // 8
    return bytes((tag, 0x80 | width)) + size.to_bytes(width) + whole


def _number(value: int) -> bytes:
    """One that is not negative: the highest bit, which is the sign, is 0."""
    return _der(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def _bits(content: bytes) -> bytes:
    return _der(_BITS, b"\0", content)  # none of the last byte is unused


def _time(instant: datetime) -> bytes:
    return _der(_TIME, instant.strftime("%y%m%d%H%M%SZ").encode())


def _pem(label: str, der: bytes) -> bytes:
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label.encode(), base64.encodebytes(der), label.encode())


_COMMON_NAME: Final = _der(_OBJECT, bytes.fromhex("550403"))
_SUBJECT_ALTERNATIVE_NAME: Final = _der(_OBJECT, bytes.fromhex("551d11"))
_BASIC_CONSTRAINTS: Final = _der(_OBJECT, bytes.fromhex("551d13"))
_ELLIPTIC_CURVE_KEY: Final = _der(_OBJECT, bytes.fromhex("2a8648ce3d0201"))
_P256: Final = _der(_OBJECT, bytes.fromhex("2a8648ce3d030107"))
_ECDSA_WITH_SHA256: Final = _der(_SEQUENCE, _der(_OBJECT, bytes.fromhex("2a8648ce3d040302")))
