#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: gpu_profile
short_description: Manage gpu profiles of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - A way in which GPUs are handed out, offered to every tenant.
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.gpu_profile_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the gpu profile.
    type: str
    required: true
  tenant:
    description:
      - Has no effect, for gpu profiles are in no tenant. So it can be a default of all modules.
    type: str
  state:
    description:
      - Whether the gpu profile is to be there, and as the options say, or not to be there.
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
      - slice
      - share_milli
  models:
    description:
      - Models of which any will do, as hosts report them; without one, every model.
      - At most 16.
    type: list
    elements: str
  mode:
    description:
      - 'C(whole): the GPU itself; C(share): a share of its time; C(vf): an SR-IOV virtual function; C(mig):
        a MIG instance; C(vgpu): a mediated device. A GPU is used in one mode at a time.'
      - A new object has V(whole).
    type: str
    choices:
      - whole
      - share
      - vf
      - mig
      - vgpu
  slice:
    description:
      - Which MIG profile, such as C(1g.10gb), or which vGPU type; only with C(mig) and C(vgpu).
      - To remove it, name it in O(unset).
    type: str
  share_milli:
    description:
      - Thousandths of the GPU; only with C(share).
      - From 1 to 1000.
      - To remove it, name it in O(unset).
    type: int
"""

EXAMPLES = r"""
---
- name: Make sure that there is a gpu profile
  pextra.cloud.gpu_profile:
    name: h100
    models:
      - h100-80gb-hbm3
    labels:
      made-by: ansible

- name: Change the labels of the gpu profile, and nothing else
  pextra.cloud.gpu_profile:
    name: h100
    labels:
      stage: test

- name: Make sure that there is no such gpu profile
  pextra.cloud.gpu_profile:
    name: h100
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The gpu profile as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: gpu_profile
    metadata:
      name: h100
    spec:
      models:
        - h100-80gb-hbm3
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: h100
    fields: []
"""

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.objects import manage


def main() -> None:
    manage(
        Kind("gpu_profile", "gpu_profiles", in_tenant=False),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "unset": {"type": "list", "elements": "str", "choices": ["slice", "share_milli"]},
            "models": {"type": "list", "elements": "str"},
            "mode": {"type": "str", "choices": ["whole", "share", "vf", "mig", "vgpu"]},
            "slice": {"type": "str"},
            "share_milli": {"type": "int"},
        },
        ["models", "mode", "slice", "share_milli"],
    )


if __name__ == "__main__":
    main()
