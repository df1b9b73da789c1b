#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: quota
short_description: Manage quotas of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - What a tenant may use, carved out of its parent's. A new tenant may use nothing.
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.quota_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - 'The name of the quota: a tenant has one.'
    type: str
    choices:
      - default
    default: default
  tenant:
    description:
      - The tenant that it belongs to, by its path from the root, such as V(acme.dev).
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  state:
    description:
      - Whether the quota is to be there, and as the options say, or not to be there.
    type: str
    choices:
      - present
      - absent
    default: present
  limits:
    description:
      - The most of each countable; of one that comes in several kinds also of each kind, such as C(gpus/a100).
    type: dict
  unlisted:
    description:
      - The limit of every countable that C(limits) does not name. C(unlimited) is possible only under
        an unlimited parent.
      - A new object has V(none).
    type: str
    choices:
      - none
      - unlimited
"""

EXAMPLES = r"""
---
- name: Make sure that there is a quota
  pextra.cloud.quota:
    tenant: acme
    limits:
      instances: 10
      vcpus: 20
      memory_mib: 40960
    labels:
      made-by: ansible

- name: Change the labels of the quota, and nothing else
  pextra.cloud.quota:
    tenant: acme
    labels:
      stage: test

- name: Make sure that there is no such quota
  pextra.cloud.quota:
    tenant: acme
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The quota as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: quota
    metadata:
      name: default
    spec:
      limits:
        instances: 10
        vcpus: 20
        memory_mib: 40960
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: default
    fields: []
"""

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.objects import manage


def main() -> None:
    manage(
        Kind("quota", "quotas", singleton="default"),
        {
            "name": {"type": "str", "choices": ["default"], "default": "default"},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "limits": {"type": "dict"},
            "unlisted": {"type": "str", "choices": ["none", "unlimited"]},
        },
        ["limits", "unlisted"],
    )


if __name__ == "__main__":
    main()
