#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: secret
short_description: Manage secrets of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - Named values that are stored encrypted and never read back. An instance may take its user data from
    one.
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.secret_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the secret.
    type: str
    required: true
  tenant:
    description:
      - The tenant that it belongs to, by its path from the root, such as V(acme.dev).
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  state:
    description:
      - Whether the secret is to be there, and as the options say, or not to be there.
    type: str
    choices:
      - present
      - absent
    default: present
  data:
    description:
      - The values by name, at most 64 KiB together. Each reads as its digest and version, never as itself;
        sending that back leaves the value as it is.
      - Needed when the object is made.
      - Is stored encrypted and never read back; the same value again changes nothing.
    type: dict
  description:
    description:
      - What it is for, for people. Everybody who may read the object sees it.
    type: str
"""

EXAMPLES = r"""
---
- name: Make sure that there is a secret
  pextra.cloud.secret:
    name: web-bootstrap
    tenant: acme
    data:
      user-data: |
        #cloud-config
        packages: [nginx]
    description: How web servers begin.
    labels:
      made-by: ansible

- name: Change the labels of the secret, and nothing else
  pextra.cloud.secret:
    name: web-bootstrap
    tenant: acme
    labels:
      stage: test

- name: Make sure that there is no such secret
  pextra.cloud.secret:
    name: web-bootstrap
    tenant: acme
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The secret as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: secret
    metadata:
      name: web-bootstrap
    spec:
      data:
        user-data: |
          #cloud-config
          packages: [nginx]
      description: How web servers begin.
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: web-bootstrap
    fields: []
"""

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.objects import manage


def main() -> None:
    manage(
        Kind("secret", "secrets", secrets=["data"]),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "data": {"type": "dict", "no_log": True},
            "description": {"type": "str"},
        },
        ["data", "description"],
    )


if __name__ == "__main__":
    main()
