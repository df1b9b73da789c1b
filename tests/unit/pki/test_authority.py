"""What the authority signs, and what a request cannot talk it into."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from pextra.pki.authority import Authority
from pextra.pki.failures import InvalidAuthority, InvalidCertificate, InvalidRequest, PinMismatch
from pextra.pki.fingerprint import fingerprint_of
from pextra.pki.identity import HostIdentity, identity_of, issued_by
from pextra.pki.pinning import authority_in
from pextra.pki.request import new_request

HOST = "01a00000-0000-7000-8000-000000000001"
OTHER = "01a00000-0000-7000-8000-000000000002"
NOW = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
DAY = timedelta(days=1)
AUTHORITY = Authority.create("cloud", NOW)
_, CSR = new_request("node-1")


def csr_of(key: object, name: str = "x", *extensions: x509.ExtensionType, digest: object = hashes.SHA256()) -> str:
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    request = builder.sign(key, digest)  # type: ignore[arg-type]
    return request.public_bytes(serialization.Encoding.PEM).decode()


def der(pem: str) -> bytes:
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(serialization.Encoding.DER)


def pem_of(body: bytes, label: str) -> str:
    return f"-----BEGIN {label}-----\n{base64.b64encode(body).decode()}\n-----END {label}-----\n"


def damaged(body: bytes, data: st.DataObject) -> bytes:
    changed = bytearray(body)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, 10_000)) % len(body)] ^= data.draw(st.integers(1, 255))
    return bytes(changed)


def parsed(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


SIGNED = der(AUTHORITY.sign_host(CSR, HOST, NOW, DAY).certificate_pem)


def test_a_signed_host_is_read_back_as_what_was_told() -> None:
    issued = AUTHORITY.sign_host(CSR, HOST, NOW, DAY)
    expected = HostIdentity(HOST, issued.serial_hex, issued.not_after)
    assert identity_of(der(issued.certificate_pem)) == expected
    assert issued.not_after == (NOW + DAY).replace(microsecond=0)
    assert issued_by(der(issued.certificate_pem), AUTHORITY.certificate_pem)
    assert not issued_by(der(issued.certificate_pem), Authority.create("cloud", NOW).certificate_pem)


def test_a_request_gains_nothing_by_what_it_asks_for() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    greedy = csr_of(
        key,
        OTHER,
        x509.BasicConstraints(ca=True, path_length=None),
        x509.SubjectAlternativeName([x509.UniformResourceIdentifier(f"urn:pextra:host:{OTHER}"), x509.DNSName("a.b")]),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]),
    )
    modest = parsed(AUTHORITY.sign_host(csr_of(key), HOST, NOW, DAY).certificate_pem)
    signed = parsed(AUTHORITY.sign_host(greedy, HOST, NOW, DAY).certificate_pem)
    assert signed.subject == modest.subject
    assert list(signed.extensions) == list(modest.extensions)
    assert identity_of(signed.public_bytes(serialization.Encoding.DER)).host_uid == HOST


def test_serial_numbers_differ_and_have_at_most_128_bits() -> None:
    serials = {AUTHORITY.sign_host(CSR, HOST, NOW, DAY).serial_hex for _ in range(50)}
    assert len(serials) == 50
    assert all(len(serial) == 32 and int(serial, 16) for serial in serials)


@pytest.mark.parametrize(
    "csr",
    [
        csr_of(ec.generate_private_key(ec.SECP384R1())),
        csr_of(ed25519.Ed25519PrivateKey.generate(), digest=None),
        csr_of(rsa.generate_private_key(65537, 3072)),
    ],
    ids=["P-384", "Ed25519", "RSA 3072"],
)
def test_strong_keys_of_other_kinds_are_signed(csr: str) -> None:
    assert identity_of(der(AUTHORITY.sign_host(csr, HOST, NOW, DAY).certificate_pem)).host_uid == HOST


@pytest.mark.parametrize(
    ("csr", "said"),
    [
        (csr_of(rsa.generate_private_key(65537, 2048)), "2048 bits"),
        (csr_of(rsa.generate_private_key(3, 3072)), "exponent 3"),
        (csr_of(ec.generate_private_key(ec.SECP224R1())), "secp224r1"),
        (csr_of(ec.generate_private_key(ec.SECP256K1())), "secp256k1"),
        (csr_of(ed448.Ed448PrivateKey.generate(), digest=None), "type"),
        (csr_of(dsa.generate_private_key(3072)), "type"),
        (csr_of(ec.generate_private_key(ec.SECP256R1()), digest=hashes.SHA224()), "sha224"),
        ("", "PKCS 10"),
        ("schlüssel", "PKCS 10"),
        (AUTHORITY.certificate_pem, "PKCS 10"),
        ("\ud800", "PKCS 10"),
        ("A" * 20_000, "20000 characters"),
    ],
)
def test_a_broken_request_or_weak_key_is_refused_and_the_message_says_why(csr: str, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        AUTHORITY.sign_host(csr, HOST, NOW, DAY)


def test_a_request_for_the_key_of_another_is_refused() -> None:
    """The request holds a public key that its maker has no private half of."""
    mine, theirs = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    info = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    body = x509.load_pem_x509_csr(csr_of(mine).encode()).public_bytes(serialization.Encoding.DER)
    swapped = body.replace(mine.public_key().public_bytes(*info), theirs.public_key().public_bytes(*info))
    assert swapped != body
    request = x509.load_der_x509_csr(swapped).public_bytes(serialization.Encoding.PEM).decode()
    with pytest.raises(InvalidRequest, match="not signed by the key"):
        AUTHORITY.sign_host(request, HOST, NOW, DAY)


# The library warns of some damage where it refuses other.
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@given(st.data())
@settings(max_examples=200, deadline=None)
def test_damage_to_a_request_crashes_nothing_and_never_changes_the_key_that_is_signed(data: st.DataObject) -> None:
    request = x509.load_pem_x509_csr(CSR.encode())
    body = damaged(request.public_bytes(serialization.Encoding.DER), data)
    try:
        issued = AUTHORITY.sign_host(pem_of(body, "CERTIFICATE REQUEST"), HOST, NOW, DAY)
    except InvalidRequest:
        return
    assert parsed(issued.certificate_pem).public_key() == request.public_key()


@given(st.text(max_size=200))
def test_no_text_is_signed_or_crashes(text: str) -> None:
    with pytest.raises(InvalidRequest):
        AUTHORITY.sign_host(text, HOST, NOW, DAY)


@given(st.text(max_size=120))
@settings(max_examples=60, deadline=None)
def test_a_host_of_any_name_can_make_a_request(hint: str) -> None:
    _, csr_pem = new_request(hint)
    assert AUTHORITY.sign_host(csr_pem, HOST, NOW, DAY).serial_hex


@given(
    st.integers(0, 3640).map(lambda days: timedelta(days=days)), st.timedeltas(timedelta(seconds=1), timedelta(9999))
)
@settings(deadline=None)
def test_nothing_that_is_signed_outlives_the_authority(age: timedelta, lifetime: timedelta) -> None:
    issued = AUTHORITY.sign_host(CSR, HOST, NOW + age, lifetime)
    served = AUTHORITY.sign_server(["a.test"], NOW + age, lifetime)
    assert (
        issued.not_after == served.not_after == min((NOW + age + lifetime).replace(microsecond=0), AUTHORITY.not_after)
    )
    certificate = parsed(issued.certificate_pem)
    assert certificate.not_valid_before_utc >= parsed(AUTHORITY.certificate_pem).not_valid_before_utc


def test_an_authority_past_its_end_signs_nothing() -> None:
    with pytest.raises(InvalidAuthority, match="ended"):
        AUTHORITY.sign_host(CSR, HOST, AUTHORITY.not_after, DAY)


def test_mistakes_of_the_caller_are_not_signed() -> None:
    for uid in ("", "node-1", HOST.upper(), HOST + "\n", f"{HOST},O=x"):
        with pytest.raises(ValueError, match="uid"):
            AUTHORITY.sign_host(CSR, uid, NOW, DAY)
    with pytest.raises(ValueError, match="hold for"):
        AUTHORITY.sign_host(CSR, HOST, NOW, timedelta(0))
    with pytest.raises(ValueError, match="zone"):
        AUTHORITY.sign_host(CSR, HOST, NOW.replace(tzinfo=None), DAY)
    with pytest.raises(ValueError, match="name"):
        AUTHORITY.sign_server([], NOW, DAY)


def test_a_stored_authority_is_the_same_one() -> None:
    loaded = Authority.load(AUTHORITY.certificate_pem, AUTHORITY.key_pem())
    assert loaded.fingerprint == AUTHORITY.fingerprint
    assert issued_by(der(loaded.sign_host(CSR, HOST, NOW, DAY).certificate_pem), AUTHORITY.certificate_pem)


def test_an_authority_is_not_loaded_from_what_does_not_belong_together() -> None:
    other = Authority.create("cloud", NOW)
    key_pem, csr_pem = new_request("node")
    host = AUTHORITY.sign_host(csr_pem, HOST, NOW, DAY).certificate_pem
    rsa_pem = rsa.generate_private_key(65537, 3072).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for certificate, key in [
        (AUTHORITY.certificate_pem, other.key_pem()),
        (AUTHORITY.certificate_pem, rsa_pem.decode()),
        (AUTHORITY.certificate_pem, ""),
        ("", AUTHORITY.key_pem()),
        (host, key_pem),
    ]:
        with pytest.raises(InvalidAuthority):
            Authority.load(certificate, key)


def test_the_private_keys_are_in_no_representation() -> None:
    served = AUTHORITY.sign_server(["a.test"], NOW, DAY)
    assert "PRIVATE" not in repr(served)
    assert "PRIVATE" not in repr(AUTHORITY)
    assert AUTHORITY.fingerprint in repr(AUTHORITY)


def test_only_a_hosts_certificate_is_a_hosts_identity() -> None:
    served = AUTHORITY.sign_server([HOST], NOW, DAY)
    for certificate in (der(AUTHORITY.certificate_pem), der(served.chain_pem), b"", b"\x30\x00", b"x" * 20_000):
        with pytest.raises(InvalidCertificate):
            identity_of(certificate)


@pytest.mark.parametrize(
    "change", ["subject", "two names", "other name", "two uses", "extra", "less", "ca", "usage", "serial"]
)
def test_a_certificate_that_the_authority_signed_in_another_form_is_no_identity(change: str) -> None:
    good = parsed(AUTHORITY.sign_host(CSR, HOST, NOW, DAY).certificate_pem)
    assert identity_of(rebuilt(good, "")).host_uid == HOST
    with pytest.raises(InvalidCertificate):
        identity_of(rebuilt(good, change))


def rebuilt(good: x509.Certificate, change: str) -> bytes:
    """The same certificate, signed by the same authority, with one thing changed."""
    uri = x509.UniformResourceIdentifier
    values: dict[str, x509.ExtensionType] = {
        "two names": x509.SubjectAlternativeName([uri(f"urn:pextra:host:{HOST}"), uri(f"urn:pextra:host:{OTHER}")]),
        "other name": x509.SubjectAlternativeName([uri(f"urn:pextra:host:{OTHER}")]),
        "two uses": x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]),
        "ca": x509.BasicConstraints(ca=True, path_length=None),
        "usage": x509.KeyUsage(True, False, False, False, False, True, False, False, False),
    }
    subject = good.subject
    if change == "subject":
        subject = x509.Name([*good.subject, x509.NameAttribute(NameOID.ORGANIZATION_NAME, "x")])
    serial = good.serial_number | (1 << 128 if change == "serial" else 0)
    builder = (
        x509.CertificateBuilder(good.issuer, subject, good.public_key(), serial)
        .not_valid_before(good.not_valid_before_utc)
        .not_valid_after(good.not_valid_after_utc)
    )
    for extension in good.extensions:
        value = extension.value
        if change in values and type(values[change]) is type(value):
            value = values[change]
        if change == "less" and isinstance(value, x509.SubjectKeyIdentifier):
            continue
        builder = builder.add_extension(value, extension.critical)
    if change == "extra":
        builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
    return builder.sign(AUTHORITY._key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


# The library warns of some damage where it refuses other.
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@given(st.data())
@settings(max_examples=200, deadline=None)
def test_no_damage_to_a_certificate_makes_it_another_hosts(data: st.DataObject) -> None:
    """What is not refused by its form or its signature says what was signed."""
    body = damaged(SIGNED, data)
    try:
        identity = identity_of(body)
        accepted = issued_by(body, AUTHORITY.certificate_pem)
    except InvalidCertificate:
        return
    assert not accepted or identity == identity_of(SIGNED)


def test_the_pin_takes_the_authority_out_of_a_chain_whatever_stands_around_it() -> None:
    chain = [b"", b"junk", der(Authority.create("cloud", NOW).certificate_pem), der(AUTHORITY.certificate_pem)]
    assert authority_in(chain, AUTHORITY.fingerprint) == AUTHORITY.certificate_pem
    with pytest.raises(PinMismatch):
        authority_in(chain[:-1], AUTHORITY.fingerprint)
    with pytest.raises(PinMismatch):
        authority_in([], AUTHORITY.fingerprint)
    with pytest.raises(ValueError, match="not a fingerprint"):
        authority_in(chain, AUTHORITY.fingerprint.upper())


def test_the_pinned_key_in_a_certificate_that_it_did_not_sign_is_refused() -> None:
    """A stranger knows the public key, and could put it into a certificate with other dates."""
    own = parsed(AUTHORITY.certificate_pem)
    stranger = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder(own.subject, own.subject, own.public_key(), 1)
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + 9999 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    forged = builder.sign(stranger, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    with pytest.raises(PinMismatch):
        authority_in([forged], AUTHORITY.fingerprint)


def test_the_pinned_key_in_a_certificate_of_no_authority_is_refused() -> None:
    own = parsed(AUTHORITY.certificate_pem)
    builder = (
        x509.CertificateBuilder(own.subject, own.subject, own.public_key(), 1)
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    signed = builder.sign(AUTHORITY._key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    with pytest.raises(PinMismatch):
        authority_in([signed], AUTHORITY.fingerprint)


def test_a_hosts_certificate_is_not_pinned_though_its_key_has_the_fingerprint() -> None:
    """Only an authority can be believed as one."""
    certificate = parsed(AUTHORITY.sign_host(CSR, HOST, NOW, DAY).certificate_pem)
    with pytest.raises(PinMismatch):
        authority_in([certificate.public_bytes(serialization.Encoding.DER)], fingerprint_of(certificate))
