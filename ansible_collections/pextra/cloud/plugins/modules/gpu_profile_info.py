#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: gpu_profile_info
short_description: Read gpu profiles of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - Reads gpu profiles.
  - A way in which GPUs are handed out, offered to every tenant.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.reading
seealso:
  - module: pextra.cloud.gpu_profile
options:
  name:
    description:
      - Reads the gpu profile of this name only.
    type: str
  label_selector:
    description:
      - Reads only what has these labels, such as V(app=web,tier!=db,env in (a,b\),owner,!old).
    type: str
  filters:
    description:
      - Reads only what has these values, by the paths of fields that the API declares filterable, such
        as C(spec.size_gib).
    type: dict
  tenant:
    description:
      - Has no effect, for gpu profiles are in no tenant. So it can be a default of all modules.
    type: str
"""

EXAMPLES = r"""
---
- name: Read all gpu profiles
  pextra.cloud.gpu_profile_info: {}
  register: found

- name: Read one gpu profile
  pextra.cloud.gpu_profile_info:
    name: h100
  register: found

- name: Read what has a label
  pextra.cloud.gpu_profile_info:
    label_selector: stage=test
"""

RETURN = r"""
---
objects:
  description:
    - The gpu profiles, in the order of tenants and names, each with C(metadata), C(spec), C(resolved)
      and C(status).
    - Empty when O(name) names none that may be seen.
  returned: success
  type: list
  elements: dict
  sample:
    - kind: gpu_profile
      metadata:
        name: h100
      spec:
        models:
          - h100-80gb-hbm3
"""

from ansible_collections.pextra.cloud.plugins.module_utils.info import read
from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind


def main() -> None:
    read(Kind("gpu_profile", "gpu_profiles", in_tenant=False))


if __name__ == "__main__":
    main()
