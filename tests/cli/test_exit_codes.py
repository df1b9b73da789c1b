from __future__ import annotations

import pytest

from pextra.errors import CODES
from pextra_client.cli.exits import ExitCode, exit_code_of, exit_code_of_status
from pextra_client.errors import (
    AddressError,
    ApiError,
    ClientError,
    ConfigError,
    TransportError,
    WaitTimeoutError,
)

EXPECTED = {
    "spec.invalid": ExitCode.INVALID,
    "spec.immutable": ExitCode.INVALID,
    "request.malformed": ExitCode.INVALID,
    "object.not_found": ExitCode.NOT_FOUND,
    "auth.unauthenticated": ExitCode.DENIED,
    "auth.denied": ExitCode.DENIED,
    "object.stale": ExitCode.CONFLICT,
    "object.in_use": ExitCode.CONFLICT,
    "quota.exceeded": ExitCode.CONFLICT,
    "capacity.none": ExitCode.CONFLICT,
    "wait.timeout": ExitCode.TIMEOUT,
    "server.busy": ExitCode.UNAVAILABLE,
    "store.unavailable": ExitCode.UNAVAILABLE,
    "server.error": ExitCode.ERROR,
}


@pytest.mark.parametrize(("code", "expected"), EXPECTED.items())
def test_a_refusal_has_the_exit_code_of_its_family(code: str, expected: ExitCode) -> None:
    assert exit_code_of(ApiError(code, CODES[code].status, "")) is expected


@pytest.mark.parametrize("code", sorted({code for code, said in CODES.items() if said.status not in (410, 500)}))
def test_every_code_of_the_server_has_an_exit_code_of_its_own(code: str) -> None:
    assert exit_code_of_status(CODES[code].status) not in {ExitCode.OK, ExitCode.ERROR, ExitCode.CHANGES}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TransportError("x"), ExitCode.UNAVAILABLE),
        (WaitTimeoutError("x", 1, None, None), ExitCode.TIMEOUT),
        (AddressError("x"), ExitCode.INVALID),
        (ConfigError("x"), ExitCode.INVALID),
        (ClientError("x"), ExitCode.ERROR),
    ],
)
def test_what_fails_in_the_client_has_an_exit_code_too(error: ClientError, expected: ExitCode) -> None:
    assert exit_code_of(error) is expected
