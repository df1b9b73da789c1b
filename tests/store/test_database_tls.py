"""A database on another machine is reached with a verified certificate, or not at all unless somebody said so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import make_url

from pextra.store.database import Database
from pextra.store.database_tls import INSECURE, DatabaseUnprotected, check_protected

PG = "postgresql+psycopg://pextra:s3cret@"


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////var/lib/pextra/pextra.db",
        f"{PG}127.0.0.1:5432/pextra",
        f"{PG}localhost/pextra",
        f"{PG}[::1]:5432/pextra",
        f"{PG}/pextra",
        f"{PG}/pextra?host=/run/postgresql",
        f"{PG}/pextra?host=127.0.0.1:5432&host=localhost:5433",
        f"{PG}db.internal/pextra?sslmode=verify-full&sslrootcert=/etc/pextra/db.pem",
        "cockroachdb+psycopg://root@10.0.0.5:26257/pextra?sslmode=verify-ca",
    ],
)
def test_what_is_here_or_verified_is_opened(url: str) -> None:
    check_protected(make_url(url), {})
    if not url.startswith("sqlite"):
        Database(url).close()


@pytest.mark.parametrize(
    "url",
    [
        f"{PG}db.internal/pextra",
        f"{PG}10.0.0.5:5432/pextra?sslmode=require",
        f"{PG}10.0.0.5:5432/pextra?sslmode=prefer",
        f"{PG}[2001:db8::5]:5432/pextra?sslmode=disable",
        f"{PG}localhost.evil.example/pextra",
        f"{PG}127.0.0.1,10.0.0.5/pextra",
        f"{PG}localhost/pextra?hostaddr=10.0.0.5",
        f"{PG}/pextra?host=127.0.0.1:5432&host=10.0.0.5:5432",
        f"{PG}/pextra?service=far",
        "cockroachdb+psycopg://root@10.0.0.5:26257/pextra",
    ],
)
def test_what_is_elsewhere_and_not_verified_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(DatabaseUnprotected, match="sslmode=verify-full") as refused:
        Database(url)
    assert "s3cret" not in str(refused.value)
    assert INSECURE in str(refused.value)
    check_protected(make_url(url), {INSECURE: "1"})


def test_what_the_environment_tells_libpq_counts() -> None:
    check_protected(make_url(f"{PG}db.internal/pextra"), {"PGSSLMODE": "verify-full"})
    for environment in ({"PGHOST": "db.internal"}, {"PGHOSTADDR": "10.0.0.5"}, {"PGSERVICE": "far"}):
        with pytest.raises(DatabaseUnprotected):
            check_protected(make_url(f"{PG}/pextra"), environment)


@pytest.mark.parametrize("verb", [["up", "--no-guests"], ["admin-token"], ["keys", "status"]])
def test_commands_refuse_it_in_words(tmp_path: Path, verb: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pextra_client", *verb, f"--data-dir={tmp_path}", f"--database-url={PG}db.internal/x"],
        env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert "sslmode=verify-full" in said
    assert "Traceback" not in said
    assert "s3cret" not in said
