"""What every driver of a family must do: one contract a family, subclassed once a driver."""

import pytest

pytest.register_assert_rewrite(
    "tests.contract.compute_contract",
    "tests.contract.network_contract",
    "tests.contract.storage_contract",
)
