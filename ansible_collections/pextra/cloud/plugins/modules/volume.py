#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: volume
short_description: Manage volumes of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - A disk that outlives the instances that use it.
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.volume_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the volume.
    type: str
    required: true
  tenant:
    description:
      - The tenant that it belongs to, by its path from the root, such as V(acme.dev).
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  state:
    description:
      - Whether the volume is to be there, and as the options say, or not to be there.
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
      - image
  size_gib:
    description:
      - Size that the guest sees; it can grow.
      - Needed when the object is made.
      - From 1 to 65536.
    type: int
  image:
    description:
      - The image that the volume starts as a copy of; without it, the volume starts empty.
      - Names an image.
      - Cannot change in place; see O(replace).
      - To remove it, name it in O(unset).
    type: str
"""

EXAMPLES = r"""
---
- name: Make sure that there is a volume
  pextra.cloud.volume:
    name: data
    tenant: acme
    size_gib: 10
    labels:
      made-by: ansible

- name: Change the labels of the volume, and nothing else
  pextra.cloud.volume:
    name: data
    tenant: acme
    labels:
      stage: test

- name: Make sure that there is no such volume
  pextra.cloud.volume:
    name: data
    tenant: acme
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The volume as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: volume
    metadata:
      name: data
    spec:
      size_gib: 10
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: data
    fields: []
"""

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.objects import manage


def main() -> None:
    manage(
        Kind("volume", "volumes", short_names=["vol"]),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "unset": {"type": "list", "elements": "str", "choices": ["image"]},
            "size_gib": {"type": "int"},
            "image": {"type": "str"},
        },
        ["size_gib", "image"],
    )


if __name__ == "__main__":
    main()
