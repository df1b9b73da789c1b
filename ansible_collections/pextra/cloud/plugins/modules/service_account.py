#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: service_account
short_description: Manage service accounts of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - A program that acts in a tenant by application credentials; it has no password and signs in nowhere.
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.service_account_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the service account.
    type: str
    required: true
  tenant:
    description:
      - The tenant that it belongs to, by its path from the root, such as V(acme.dev).
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  state:
    description:
      - Whether the service account is to be there, and as the options say, or not to be there.
    type: str
    choices:
      - present
      - absent
    default: present
  description:
    description:
      - What the program does.
    type: str
  enabled:
    description:
      - Whether its credentials are accepted; switching it off takes effect at once.
      - A new object has V(true).
    type: bool
  groups:
    description:
      - The groups that it is a member of.
      - At most 100.
      - Names a group.
    type: list
    elements: str
"""

EXAMPLES = r"""
---
- name: Make sure that there is a service account
  pextra.cloud.service_account:
    name: deployer
    tenant: acme
    description: the pipeline
    labels:
      made-by: ansible

- name: Change the labels of the service account, and nothing else
  pextra.cloud.service_account:
    name: deployer
    tenant: acme
    labels:
      stage: test

- name: Make sure that there is no such service account
  pextra.cloud.service_account:
    name: deployer
    tenant: acme
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The service account as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: service_account
    metadata:
      name: deployer
    spec:
      description: the pipeline
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: deployer
    fields: []
"""

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.objects import manage


def main() -> None:
    manage(
        Kind("service_account", "service_accounts"),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "description": {"type": "str"},
            "enabled": {"type": "bool"},
            "groups": {"type": "list", "elements": "str"},
        },
        ["description", "enabled", "groups"],
    )


if __name__ == "__main__":
    main()
