#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: api_token
short_description: Manage api tokens of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - A bearer token of a user. The token itself is shown once, in the answer that made it; deleting the
    object revokes it at once.
  - Options that are not given stay as they are; of a new object they have the API's defaults.
  - 'What is minted is returned once, in RV(minted), and cannot be read again: register the result, keep
    it, and set C(no_log=true) on the task, or the credential is shown in the output and in callbacks.'
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.api_token_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the api token.
    type: str
    required: true
  tenant:
    description:
      - The tenant that it belongs to, by its path from the root, such as V(acme.dev).
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  state:
    description:
      - Whether the api token is to be there, and as the options say, or not to be there.
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
      - expires_at
  user:
    description:
      - The user who acts by this token.
      - Needed when the object is made.
      - Names a user.
      - Cannot change in place; see O(replace).
    type: str
  description:
    description:
      - What the token is for.
    type: str
  expires_at:
    description:
      - When the token stops being accepted; without it, never.
      - To remove it, name it in O(unset).
    type: str
"""

EXAMPLES = r"""
---
- name: Make sure that there is an api token
  pextra.cloud.api_token:
    name: ci
    tenant: acme
    user: ada
    description: continuous integration
    labels:
      made-by: ansible

- name: Change the labels of the api token, and nothing else
  pextra.cloud.api_token:
    name: ci
    tenant: acme
    labels:
      stage: test

- name: Make sure that there is no such api token
  pextra.cloud.api_token:
    name: ci
    tenant: acme
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The api token as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: api_token
    metadata:
      name: ci
    spec:
      user: ada
      description: continuous integration
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: ci
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
        Kind("api_token", "api_tokens", short_names=["token"]),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "unset": {"type": "list", "elements": "str", "choices": ["expires_at"]},
            "user": {"type": "str"},
            "description": {"type": "str"},
            "expires_at": {"type": "str"},
        },
        ["user", "description", "expires_at"],
    )


if __name__ == "__main__":
    main()
