#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: flavor_info
short_description: Read flavors of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - Reads flavors.
  - A size of instances, offered to every tenant.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.reading
seealso:
  - module: pextra.cloud.flavor
options:
  name:
    description:
      - Reads the flavor of this name only.
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
      - Has no effect, for flavors are in no tenant. So it can be a default of all modules.
    type: str
"""

EXAMPLES = r"""
---
- name: Read all flavors
  pextra.cloud.flavor_info: {}
  register: found

- name: Read one flavor
  pextra.cloud.flavor_info:
    name: small
  register: found

- name: Read what has a label
  pextra.cloud.flavor_info:
    label_selector: stage=test
"""

RETURN = r"""
---
objects:
  description:
    - The flavors, in the order of tenants and names, each with C(metadata), C(spec), C(resolved) and
      C(status).
    - Empty when O(name) names none that may be seen.
  returned: success
  type: list
  elements: dict
  sample:
    - kind: flavor
      metadata:
        name: small
      spec:
        vcpus: 1
        memory_mib: 2048
        disk_gib: 10
"""

from ansible_collections.pextra.cloud.plugins.module_utils.info import read
from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind


def main() -> None:
    read(Kind("flavor", "flavors", in_tenant=False))


if __name__ == "__main__":
    main()
