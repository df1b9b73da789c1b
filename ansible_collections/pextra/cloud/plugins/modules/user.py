#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: user
short_description: Manage users of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - A person who acts by tokens, or logs in with a password. What a user may do is said by role bindings
    and policies.
  - Options that are not given stay as they are; of a new object they have the API's defaults.
  - 'What is minted is returned once, in RV(minted), and cannot be read again: register the result, keep
    it, and set C(no_log=true) on the task, or the credential is shown in the output and in callbacks.'
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.user_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the user.
    type: str
    required: true
  tenant:
    description:
      - The tenant that it belongs to, by its path from the root, such as V(acme.dev).
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  state:
    description:
      - Whether the user is to be there, and as the options say, or not to be there.
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
      - email
      - identity
  action:
    description:
      - An act to carry out once the user is as the options say.
      - 'An act is no desired state: each run of the task carries it out. It has no dry run, so check
        mode says that it would be carried out and cannot say whether it would be refused.'
      - 'V(set_password): Set the password by which the user logs in; it ends the user''s sessions.'
    type: str
    choices:
      - set_password
  arguments:
    description:
      - Arguments of O(action).
    type: dict
    suboptions:
      password:
        description:
          - Of O(action=set_password).
          - 'The new password: 12 to 128 characters of any kind, and none of those that are tried first.'
          - Is stored encrypted and never read back; the same value again changes nothing.
        type: str
      current:
        description:
          - Of O(action=set_password).
          - The present one; users must give it to set their own.
          - Is stored encrypted and never read back; the same value again changes nothing.
        type: str
      generate:
        description:
          - Of O(action=set_password).
          - Make a password up, show it once, and have it changed at the first login, within 7 days.
          - Without it, V(false) holds.
        type: bool
  display_name:
    description:
      - The name that people see.
    type: str
  email:
    description:
      - Where to reach the user.
      - To remove it, name it in O(unset).
    type: str
  enabled:
    description:
      - Whether the user's tokens are accepted; switching it off takes effect at once.
      - A new object has V(true).
    type: bool
  groups:
    description:
      - The groups that the user is a member of.
      - At most 100.
      - Names a group.
    type: list
    elements: str
  identity:
    description:
      - Who the user is at an identity provider, whose tokens then are the user's; the user of a directory
        logs in with the directory's password and no other. Whoever says so must hold what the user holds
        and what the provider's groups give.
      - To remove it, name it in O(unset).
    type: dict
    suboptions:
      provider:
        description:
          - The provider, in the same tenant.
          - Names an identity provider.
        type: str
        required: true
      subject:
        description:
          - 'What the provider knows the user by: C(sub) of its tokens, or the directory''s C(subject_attribute)
            (what is no text, such as C(objectGUID), in hexadecimal). No two users have the same.'
        type: str
        required: true
"""

EXAMPLES = r"""
---
- name: Make sure that there is a user
  pextra.cloud.user:
    name: ada
    tenant: acme
    display_name: Ada
    email: ada@example.com
    labels:
      made-by: ansible

- name: Change the labels of the user, and nothing else
  pextra.cloud.user:
    name: ada
    tenant: acme
    labels:
      stage: test

- name: Make sure that there is no such user
  pextra.cloud.user:
    name: ada
    tenant: acme
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The user as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: user
    metadata:
      name: ada
    spec:
      display_name: Ada
      email: ada@example.com
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
        Kind("user", "users"),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "unset": {"type": "list", "elements": "str", "choices": ["email", "identity"]},
            "action": {"type": "str", "choices": ["set_password"]},
            "arguments": {
                "type": "dict",
                "options": {
                    "password": {"type": "str", "no_log": True},
                    "current": {"type": "str", "no_log": True},
                    "generate": {"type": "bool"},
                },
            },
            "display_name": {"type": "str"},
            "email": {"type": "str"},
            "enabled": {"type": "bool"},
            "groups": {"type": "list", "elements": "str"},
            "identity": {
                "type": "dict",
                "options": {
                    "provider": {"type": "str", "required": True},
                    "subject": {"type": "str", "required": True},
                },
            },
        },
        ["display_name", "email", "enabled", "groups", "identity"],
    )


if __name__ == "__main__":
    main()
