# Copyright (c) 2026 Pextra
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The version of the collection; a test compares it with galaxy.yml."""

from __future__ import annotations

COLLECTION_VERSION = "0.1.0"
