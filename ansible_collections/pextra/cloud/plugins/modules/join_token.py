#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: join_token
short_description: Manage join tokens of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - 'Lets the agent of one machine join as a host, once: C(pextra-agent join). The token itself is shown
    once, in the answer that made it; it is used up by the first machine that joins, which shuts out any
    that joined as this host before. Deleting the object revokes it.'
  - Options that are not given stay as they are; of a new object they have the API's defaults.
  - 'What is minted is returned once, in RV(minted), and cannot be read again: register the result, keep
    it, and set C(no_log=true) on the task, or the credential is shown in the output and in callbacks.'
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.join_token_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the join token.
    type: str
    required: true
  tenant:
    description:
      - Has no effect, for join tokens are in no tenant. So it can be a default of all modules.
    type: str
  state:
    description:
      - Whether the join token is to be there, and as the options say, or not to be there.
    type: str
    choices:
      - present
      - absent
    default: present
  host:
    description:
      - The host that the machine becomes.
      - Needed when the object is made.
      - Names a host.
      - Cannot change in place; see O(replace).
    type: str
  valid_for_s:
    description:
      - How long it may be used after it was made.
      - A new object has V(3600).
      - From 60 to 604800.
      - Cannot change in place; see O(replace).
    type: int
"""

EXAMPLES = r"""
---
- name: Make sure that there is a join token
  pextra.cloud.join_token:
    name: rack1-node3
    host: rack1-node3
    labels:
      made-by: ansible

- name: Change the labels of the join token, and nothing else
  pextra.cloud.join_token:
    name: rack1-node3
    labels:
      stage: test

- name: Make sure that there is no such join token
  pextra.cloud.join_token:
    name: rack1-node3
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The join token as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: join_token
    metadata:
      name: rack1-node3
    spec:
      host: rack1-node3
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: rack1-node3
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
        Kind("join_token", "join_tokens", in_tenant=False),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "host": {"type": "str"},
            "valid_for_s": {"type": "int"},
        },
        ["host", "valid_for_s"],
    )


if __name__ == "__main__":
    main()
