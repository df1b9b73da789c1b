#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ssh_key
short_description: Manage ssh keys of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - A public key that guests let in. It is copied into an instance when the instance is made.
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.ssh_key_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the ssh key.
    type: str
    required: true
  tenant:
    description:
      - The tenant that it belongs to, by its path from the root, such as V(acme.dev).
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  state:
    description:
      - Whether the ssh key is to be there, and as the options say, or not to be there.
    type: str
    choices:
      - present
      - absent
    default: present
  public_key:
    description:
      - One line in OpenSSH's form.
      - Needed when the object is made.
      - Cannot change in place; see O(replace).
    type: str
"""

EXAMPLES = r"""
---
- name: Make sure that there is an ssh key
  pextra.cloud.ssh_key:
    name: ada
    tenant: acme
    public_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0000000000000000000000000000000000000000000 ada
    labels:
      made-by: ansible

- name: Change the labels of the ssh key, and nothing else
  pextra.cloud.ssh_key:
    name: ada
    tenant: acme
    labels:
      stage: test

- name: Make sure that there is no such ssh key
  pextra.cloud.ssh_key:
    name: ada
    tenant: acme
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The ssh key as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: ssh_key
    metadata:
      name: ada
    spec:
      public_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0000000000000000000000000000000000000000000 ada
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: ada
    fields: []
"""

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.objects import manage


def main() -> None:
    manage(
        Kind("ssh_key", "ssh_keys"),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "public_key": {"type": "str", "no_log": False},
        },
        ["public_key"],
    )


if __name__ == "__main__":
    main()
