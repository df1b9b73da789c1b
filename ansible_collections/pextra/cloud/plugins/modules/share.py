#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: share
short_description: Manage shares of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - Lets other tenants read and refer to one object. Deleting it stops new references; those that stand
    keep what they were resolved to.
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.share_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the share.
    type: str
    required: true
  tenant:
    description:
      - The tenant that it belongs to, by its path from the root, such as V(acme.dev).
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  state:
    description:
      - Whether the share is to be there, and as the options say, or not to be there.
    type: str
    choices:
      - present
      - absent
    default: present
  kind:
    description:
      - The kind of the shared object.
      - Needed when the object is made.
      - Cannot change in place; see O(replace).
    type: str
    choices:
      - image
      - network
      - security_group
      - ssh_key
  spec_name:
    description:
      - The shared object, in the same tenant as the share.
      - Needed when the object is made.
      - Cannot change in place; see O(replace).
    type: str
  tenants:
    description:
      - The tenants (with their descendants) that may read and refer to it, or C(all).
      - Needed when the object is made.
    type: raw
"""

EXAMPLES = r"""
---
- name: Make sure that there is a share
  pextra.cloud.share:
    name: debian-12
    tenant: acme
    kind: image
    spec_name: debian-12
    tenants: all
    labels:
      made-by: ansible

- name: Change the labels of the share, and nothing else
  pextra.cloud.share:
    name: debian-12
    tenant: acme
    labels:
      stage: test

- name: Make sure that there is no such share
  pextra.cloud.share:
    name: debian-12
    tenant: acme
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The share as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: share
    metadata:
      name: debian-12
    spec:
      kind: image
      name: debian-12
      tenants: all
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: debian-12
    fields: []
"""

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.objects import manage


def main() -> None:
    manage(
        Kind("share", "shares"),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "kind": {"type": "str", "choices": ["image", "network", "security_group", "ssh_key"]},
            "spec_name": {"type": "str"},
            "tenants": {"type": "raw"},
        },
        ["kind", "spec_name", "tenants"],
    )


if __name__ == "__main__":
    main()
