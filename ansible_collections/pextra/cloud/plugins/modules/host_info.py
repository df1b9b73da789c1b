#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: host_info
short_description: Read hosts of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - Reads hosts.
  - A machine that runs guests.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.reading
seealso:
  - module: pextra.cloud.host
options:
  name:
    description:
      - Reads the host of this name only.
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
      - Has no effect, for hosts are in no tenant. So it can be a default of all modules.
    type: str
"""

EXAMPLES = r"""
---
- name: Read all hosts
  pextra.cloud.host_info: {}
  register: found

- name: Read one host
  pextra.cloud.host_info:
    name: sim-1
  register: found

- name: Read what has a label
  pextra.cloud.host_info:
    label_selector: stage=test
"""

RETURN = r"""
---
objects:
  description:
    - The hosts, in the order of tenants and names, each with C(metadata), C(spec), C(resolved) and C(status).
    - Empty when O(name) names none that may be seen.
  returned: success
  type: list
  elements: dict
  sample:
    - kind: host
      metadata:
        name: sim-1
      spec:
        driver: sim
        zone: zone-a
"""

from ansible_collections.pextra.cloud.plugins.module_utils.info import read
from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind


def main() -> None:
    read(Kind("host", "hosts", in_tenant=False))


if __name__ == "__main__":
    main()
