#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: flavor
short_description: Manage flavors of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - A size of instances, offered to every tenant.
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.flavor_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the flavor.
    type: str
    required: true
  tenant:
    description:
      - Has no effect, for flavors are in no tenant. So it can be a default of all modules.
    type: str
  state:
    description:
      - Whether the flavor is to be there, and as the options say, or not to be there.
    type: str
    choices:
      - present
      - absent
    default: present
  unset:
    description:
      - Fields to remove, so that they are not set.
    type: list
    elements: str
    choices:
      - hugepage_kib
  vcpus:
    description:
      - Virtual processors.
      - Needed when the object is made.
      - From 1 to 512.
    type: int
  memory_mib:
    description:
      - Memory.
      - Needed when the object is made.
      - From 64 to 16777216.
    type: int
  disk_gib:
    description:
      - Root disk.
      - Needed when the object is made.
      - From 1 to 65536.
    type: int
  firmware:
    description:
      - What starts the boot loader; images say which they need.
      - A new object has V(bios).
    type: str
    choices:
      - bios
      - uefi
  secure_boot:
    description:
      - Whether only what Microsoft's keys signed is booted, as most distributions and Windows are; needs
        C(uefi).
      - A new object has V(false).
    type: bool
  tpm:
    description:
      - Whether there is a TPM 2.0. What it keeps goes with the instance.
      - A new object has V(false).
    type: bool
  cpu_policy:
    description:
      - 'C(dedicated): each virtual processor has a processor thread of the host that no other instance
        uses.'
      - A new object has V(shared).
    type: str
    choices:
      - shared
      - dedicated
  numa_cells:
    description:
      - NUMA cells that the guest sees; virtual processors and memory are split evenly among them.
      - A new object has V(1).
      - From 1 to 16.
    type: int
  hugepage_kib:
    description:
      - Size of the host's pages that back the memory, of which the host must have reserved enough; without
        it ordinary pages do.
      - To remove it, name it in O(unset).
    type: int
    choices:
      - 2048
      - 1048576
"""

EXAMPLES = r"""
---
- name: Make sure that there is a flavor
  pextra.cloud.flavor:
    name: small
    vcpus: 1
    memory_mib: 2048
    disk_gib: 10
    labels:
      made-by: ansible

- name: Change the labels of the flavor, and nothing else
  pextra.cloud.flavor:
    name: small
    labels:
      stage: test

- name: Make sure that there is no such flavor
  pextra.cloud.flavor:
    name: small
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The flavor as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: flavor
    metadata:
      name: small
    spec:
      vcpus: 1
      memory_mib: 2048
      disk_gib: 10
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: small
    fields: []
"""

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.objects import manage


def main() -> None:
    manage(
        Kind("flavor", "flavors", in_tenant=False),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "unset": {"type": "list", "elements": "str", "choices": ["hugepage_kib"]},
            "vcpus": {"type": "int"},
            "memory_mib": {"type": "int"},
            "disk_gib": {"type": "int"},
            "firmware": {"type": "str", "choices": ["bios", "uefi"]},
            "secure_boot": {"type": "bool"},
            "tpm": {"type": "bool"},
            "cpu_policy": {"type": "str", "choices": ["shared", "dedicated"]},
            "numa_cells": {"type": "int"},
            "hugepage_kib": {"type": "int", "choices": [2048, 1048576]},
        },
        [
            "vcpus",
            "memory_mib",
            "disk_gib",
            "firmware",
            "secure_boot",
            "tpm",
            "cpu_policy",
            "numa_cells",
            "hugepage_kib",
        ],
    )


if __name__ == "__main__":
    main()
