# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.pextra.cloud.plugins.module_utils.errors import ApiError, PextraError


def test_a_message_is_one_line() -> None:
    assert str(PextraError("a\n  b\tc")) == "a b c"


def test_a_refusal_names_its_code_and_the_fields_that_its_detail_leaves_out() -> None:
    problem = {
        "code": "spec.invalid",
        "status": 422,
        "detail": "spec.a: is wrong (and 1 more)",
        "errors": [{"field": "spec.a", "message": "is wrong"}, {"field": "spec.b", "message": "is missing"}],
    }
    error = ApiError.from_problem(problem, 422, "r1")
    assert str(error) == "spec.invalid: spec.a: is wrong (and 1 more) [spec.b: is missing]"
    assert error.facts["code"] == "spec.invalid"
    assert error.facts["request_id"] == "r1"
