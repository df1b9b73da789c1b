"""Certificate signing requests: how a host makes one, and which keys are accepted from one."""

from __future__ import annotations

from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from pextra.pki.failures import UNREADABLE, InvalidRequest

AcceptedKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey

_MOST_CHARACTERS: Final = 16_384
_LONGEST_HINT: Final = 64
_PRINTABLE: Final = frozenset(map(chr, range(0x20, 0x7F)))
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1)
# Past the upper bound one signature check costs a second, and a stranger chooses how often.
_RSA_BITS: Final = range(3072, 8193)
_RSA_EXPONENT: Final = 65537
_HASHES: Final = (hashes.SHA256, hashes.SHA384, hashes.SHA512)


def new_request(host_hint: str) -> tuple[str, str]:
    """A new P-256 key (PKCS 8, not encrypted) and a request that is signed with it, both as PEM.

    Args:
        host_hint: the host's own name, for whoever reads the request; the authority ignores it. What is not printable
            ASCII is left out, and what is beyond 64 characters.
    """
    hint = "".join(filter(_PRINTABLE.__contains__, host_hint))[:_LONGEST_HINT] or "host"
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hint)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return key_pem.decode(), request.public_bytes(serialization.Encoding.PEM).decode()


def accepted_key(csr_pem: str) -> AcceptedKey:
    """The public key of a request, once the request has proved to be made by who holds its private half.

    Raises:
        InvalidRequest: the request cannot be read, its signature is wrong, or its key is not one of EC P-256 or P-384,
            Ed25519, and RSA of 3072 to 8192 bits with exponent 65537.
    """
    if len(csr_pem) > _MOST_CHARACTERS:
        raise InvalidRequest(f"the request has {len(csr_pem)} characters, more than {_MOST_CHARACTERS}")
    try:
        request = x509.load_pem_x509_csr(csr_pem.encode())
        key = request.public_key()
        digest = request.signature_hash_algorithm
    except UNREADABLE as error:
        raise InvalidRequest("the request is not a PEM certificate signing request (PKCS 10)") from error
    # What is cheap to refuse is refused before the signature is checked.
    if isinstance(key, ec.EllipticCurvePublicKey):
        if not isinstance(key.curve, _CURVES):
            raise InvalidRequest(f"keys on the curve {key.curve.name} are not accepted: use P-256 or P-384")
    elif isinstance(key, rsa.RSAPublicKey):
        if key.key_size not in _RSA_BITS or key.public_numbers().e != _RSA_EXPONENT:
            raise InvalidRequest(
                f"an RSA key of {key.key_size} bits and exponent {str(key.public_numbers().e)[:20]} is not accepted: "
                f"use {_RSA_BITS.start} to {_RSA_BITS.stop - 1} bits and exponent {_RSA_EXPONENT}"
            )
    elif not isinstance(key, ed25519.Ed25519PublicKey):
        raise InvalidRequest("keys of this type are not accepted: use EC P-256 or P-384, Ed25519, or RSA")
    if digest is not None and not isinstance(digest, _HASHES):
        raise InvalidRequest(f"a request signed over {digest.name} is not accepted: use SHA-256, SHA-384 or SHA-512")
    try:
        signed = request.is_signature_valid
    except UNREADABLE as error:
        raise InvalidRequest("the request's signature is of a kind that is not accepted") from error
    if not signed:
        raise InvalidRequest("the request is not signed by the key that it holds")
    return key
