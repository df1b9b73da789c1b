"""What a start of the provider costs: Terraform starts it three times for one plan."""

from __future__ import annotations

import subprocess
import sys

from tests.terraform.engine import ROOT

_SLOW = ("google.protobuf", "urllib3", "jsonschema", "yaml", "cryptography.x509", "msgpack", "grpc.aio")


def _said(program: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.split()


def test_a_start_that_tells_the_schemas_imports_nothing_that_it_does_not_need() -> None:
    program = (
        "import sys; from terraform_provider_pextra import certificate, plugin;"
        "from terraform_provider_pextra.upcasting import UPCASTERS;"
        "plugin.Calls(UPCASTERS).answer('GetProviderSchema', None);"
        "print(*sys.modules)"
    )
    assert [name for name in _SLOW if name in _said(program)] == []


def test_a_start_that_plans_reads_no_yaml_and_no_json_schema_before_it_has_to() -> None:
    program = "import sys; from terraform_provider_pextra import plugin, service; print(*sys.modules)"
    imported = _said(program)
    assert "urllib3" in imported
    assert [name for name in ("yaml", "jsonschema", "google.protobuf") if name in imported] == []


def test_the_half_of_grpc_that_is_kept_out_is_there_for_who_wants_it() -> None:
    program = (
        "from terraform_provider_pextra.lean_grpc import grpc; import sys; print('grpc.aio' in sys.modules);"
        "import grpc.aio; print(callable(grpc.aio.server))"
    )
    assert _said(program) == ["False", "True"]
