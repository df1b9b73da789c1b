#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: host
short_description: Manage hosts of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - A machine that runs guests.
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.host_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the host.
    type: str
    required: true
  tenant:
    description:
      - Has no effect, for hosts are in no tenant. So it can be a default of all modules.
    type: str
  state:
    description:
      - Whether the host is to be there, and as the options say, or not to be there.
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
      - simulated
  driver:
    description:
      - 'What runs its guests: C(libvirt) for a real machine, C(sim) for a simulated one.'
      - Needed when the object is made.
      - Cannot change in place; see O(replace).
    type: str
    choices:
      - sim
      - libvirt
  zone:
    description:
      - The failure domain that the host is in.
      - A new object has V(default).
    type: str
  rack:
    description:
      - Where in its zone the host is; racks of two zones are two, whatever their names.
      - A new object has V(default).
    type: str
  taints:
    description:
      - What keeps new instances off it that do not tolerate it; those that are there stay.
      - At most 16.
    type: list
    elements: dict
    suboptions:
      key:
        description:
          - What it is about.
        type: str
        required: true
      value:
        description:
          - What it says of it.
        type: str
      effect:
        description:
          - 'C(no_schedule): instances that do not tolerate it are placed elsewhere; C(prefer_no_schedule):
            where there is room elsewhere.'
          - Without it, V(no_schedule) holds.
        type: str
        choices:
          - no_schedule
          - prefer_no_schedule
  schedulable:
    description:
      - Whether new guests are placed here; those that run stay.
      - A new object has V(true).
    type: bool
  cpu_overcommit:
    description:
      - Virtual processors handed out for each processor thread.
      - A new object has V(4.0).
      - From 1 to 64.
    type: float
  reserved_memory_mib:
    description:
      - Memory kept for the host itself.
      - A new object has V(512).
      - From 0 to 67108864.
    type: int
  sriov:
    description:
      - How its devices are divided into virtual functions. The first entry that names a device counts;
        those that none names are left as they are.
      - At most 64.
    type: list
    elements: dict
    suboptions:
      address:
        description:
          - The PCI address of one device, such as C(0000:41:00.0).
        type: str
      device:
        description:
          - 'PCI vendor and device, such as C(8086:1572): all devices like it.'
        type: str
      model:
        description:
          - 'A model of GPUs, such as C(l40s): all of it.'
        type: str
      functions:
        description:
          - 'How many virtual functions each is to have; 0: it is to be whole.'
          - From 0 to 256.
        type: int
        required: true
  simulated:
    description:
      - The machine to simulate; only with driver C(sim).
      - To remove it, name it in O(unset).
    type: dict
    suboptions:
      vcpus:
        description:
          - Processor threads.
          - Without it, V(32) holds.
          - From 1 to 4096.
        type: int
      memory_mib:
        description:
          - Memory.
          - Without it, V(131072) holds.
          - From 256 to 67108864.
        type: int
      disk_gib:
        description:
          - Local disk.
          - Without it, V(4096) holds.
          - From 1 to 4194304.
        type: int
      dedicated_threads:
        description:
          - How many of the processor threads are kept for guests whose flavor asks for dedicated ones.
          - Without it, V(0) holds.
          - From 0 to 4095.
        type: int
      hugepages_2m:
        description:
          - Pages of 2 MiB that are set aside of the memory.
          - Without it, V(0) holds.
          - From 0 to 33554432.
        type: int
      hugepages_1g:
        description:
          - Pages of 1 GiB that are set aside of the memory.
          - Without it, V(0) holds.
          - From 0 to 65536.
        type: int
      numa_cells:
        description:
          - NUMA cells.
          - Without it, V(1) holds.
          - From 1 to 64.
        type: int
      features:
        description:
          - What it can give guests beyond the plain machine.
          - Without it, V(uefi, secure_boot, tpm) holds.
          - At most 8.
        type: list
        elements: str
        choices:
          - uefi
          - secure_boot
          - tpm
          - vfio
      gpus:
        description:
          - GPUs.
        type: dict
        suboptions:
          board:
            description:
              - A board, with all of its GPUs and links.
            type: str
            choices:
              - hgx-a100-8
              - hgx-h100-8
              - hgx-h200-8
              - hgx-b200-8
              - h100-nvl-pair
          model:
            description:
              - Cards of this model, which nothing links.
            type: str
            choices:
              - a100-80gb-pcie
              - h100-pcie
              - h100-nvl
              - l4
              - l40s
          count:
            description:
              - How many cards; only with C(model).
              - From 1 to 64.
            type: int
          numa:
            description:
              - The NUMA cell of each GPU; by default they are spread evenly over the host's.
              - At most 64.
            type: list
            elements: int
          vfs:
            description:
              - How many virtual functions each GPU has.
              - Without it, V(0) holds.
              - From 0 to 32.
            type: int
          mig:
            description:
              - Whether each GPU that can be is in MIG mode.
              - Without it, V(false) holds.
            type: bool
"""

EXAMPLES = r"""
---
- name: Make sure that there is a host
  pextra.cloud.host:
    name: sim-1
    driver: sim
    zone: zone-a
    labels:
      made-by: ansible

- name: Change the labels of the host, and nothing else
  pextra.cloud.host:
    name: sim-1
    labels:
      stage: test

- name: Make sure that there is no such host
  pextra.cloud.host:
    name: sim-1
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The host as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: host
    metadata:
      name: sim-1
    spec:
      driver: sim
      zone: zone-a
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: sim-1
    fields: []
"""

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.objects import manage


def main() -> None:
    manage(
        Kind("host", "hosts", in_tenant=False),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "unset": {"type": "list", "elements": "str", "choices": ["simulated"]},
            "driver": {"type": "str", "choices": ["sim", "libvirt"]},
            "zone": {"type": "str"},
            "rack": {"type": "str"},
            "taints": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "key": {"type": "str", "required": True, "no_log": False},
                    "value": {"type": "str"},
                    "effect": {"type": "str", "choices": ["no_schedule", "prefer_no_schedule"]},
                },
            },
            "schedulable": {"type": "bool"},
            "cpu_overcommit": {"type": "float"},
            "reserved_memory_mib": {"type": "int"},
            "sriov": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "address": {"type": "str"},
                    "device": {"type": "str"},
                    "model": {"type": "str"},
                    "functions": {"type": "int", "required": True},
                },
            },
            "simulated": {
                "type": "dict",
                "options": {
                    "vcpus": {"type": "int"},
                    "memory_mib": {"type": "int"},
                    "disk_gib": {"type": "int"},
                    "dedicated_threads": {"type": "int"},
                    "hugepages_2m": {"type": "int"},
                    "hugepages_1g": {"type": "int"},
                    "numa_cells": {"type": "int"},
                    "features": {"type": "list", "elements": "str", "choices": ["uefi", "secure_boot", "tpm", "vfio"]},
                    "gpus": {
                        "type": "dict",
                        "options": {
                            "board": {
                                "type": "str",
                                "choices": ["hgx-a100-8", "hgx-h100-8", "hgx-h200-8", "hgx-b200-8", "h100-nvl-pair"],
                            },
                            "model": {
                                "type": "str",
                                "choices": ["a100-80gb-pcie", "h100-pcie", "h100-nvl", "l4", "l40s"],
                            },
                            "count": {"type": "int"},
                            "numa": {"type": "list", "elements": "int"},
                            "vfs": {"type": "int"},
                            "mig": {"type": "bool"},
                        },
                    },
                },
            },
        },
        [
            "driver",
            "zone",
            "rack",
            "taints",
            "schedulable",
            "cpu_overcommit",
            "reserved_memory_mib",
            "sriov",
            "simulated",
        ],
    )


if __name__ == "__main__":
    main()
