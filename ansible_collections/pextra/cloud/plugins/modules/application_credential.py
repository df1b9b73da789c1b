#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: application_credential
short_description: Manage application credentials of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - 'A bearer token for a program, with less than its holder may do: limited to a tenant, to roles and
    to actions. It cannot make or change any credential, user or role. The token is shown once, in the
    answer that made it; deleting the object revokes it at once.'
  - Options that are not given stay as they are; of a new object they have the API's defaults.
  - 'What is minted is returned once, in RV(minted), and cannot be read again: register the result, keep
    it, and set C(no_log=true) on the task, or the credential is shown in the output and in callbacks.'
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.application_credential_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the application credential.
    type: str
    required: true
  tenant:
    description:
      - The tenant that it belongs to, by its path from the root, such as V(acme.dev).
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  state:
    description:
      - Whether the application credential is to be there, and as the options say, or not to be there.
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
      - spec_tenant
      - expires_at
  subject:
    description:
      - Who acts by it; it never allows more than they may do.
      - Needed when the object is made.
      - Cannot change in place; see O(replace).
    type: dict
    suboptions:
      kind:
        description:
          - What it is.
        type: str
        required: true
        choices:
          - user
          - service_account
      name:
        description:
          - Its name, in the same tenant.
        type: str
        required: true
  spec_tenant:
    description:
      - Allows nothing outside this tenant and those below it; without it, no such limit.
      - Cannot change in place; see O(replace).
      - To remove it, name it in O(unset).
    type: str
  roles:
    description:
      - 'Allows only what these roles do; empty: no such limit.'
      - At most 20.
      - Names a role.
      - Cannot change in place; see O(replace).
    type: list
    elements: str
  actions:
    description:
      - 'Allows only these actions or patterns of them; empty: no such limit.'
      - At most 200.
      - Cannot change in place; see O(replace).
    type: list
    elements: str
  expires_at:
    description:
      - When it stops being accepted; without it, never.
      - To remove it, name it in O(unset).
    type: str
  description:
    description:
      - What it is for.
    type: str
"""

EXAMPLES = r"""
---
- name: Make sure that there is an application credential
  pextra.cloud.application_credential:
    name: pipeline
    tenant: acme
    subject:
      kind: service_account
      name: deployer
    roles:
      - member
    labels:
      made-by: ansible

- name: Change the labels of the application credential, and nothing else
  pextra.cloud.application_credential:
    name: pipeline
    tenant: acme
    labels:
      stage: test

- name: Make sure that there is no such application credential
  pextra.cloud.application_credential:
    name: pipeline
    tenant: acme
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The application credential as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: application_credential
    metadata:
      name: pipeline
    spec:
      subject:
        kind: service_account
        name: deployer
      roles:
        - member
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: pipeline
    fields: []
minted:
  description:
    - What was minted, such as C(token). It is shown this once.
  returned: when something was minted
  type: dict
"""

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.objects import manage


def main() -> None:
    manage(
        Kind("application_credential", "application_credentials", short_names=["appcred"]),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "unset": {"type": "list", "elements": "str", "choices": ["spec_tenant", "expires_at"]},
            "subject": {
                "type": "dict",
                "options": {
                    "kind": {"type": "str", "required": True, "choices": ["user", "service_account"]},
                    "name": {"type": "str", "required": True},
                },
            },
            "spec_tenant": {"type": "str"},
            "roles": {"type": "list", "elements": "str"},
            "actions": {"type": "list", "elements": "str"},
            "expires_at": {"type": "str"},
            "description": {"type": "str"},
        },
        ["subject", "spec_tenant", "roles", "actions", "expires_at", "description"],
    )


if __name__ == "__main__":
    main()
