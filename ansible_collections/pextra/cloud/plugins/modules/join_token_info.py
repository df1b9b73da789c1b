#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: join_token_info
short_description: Read join tokens of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - Reads join tokens.
  - 'Lets the agent of one machine join as a host, once: C(pextra-agent join). The token itself is shown
    once, in the answer that made it; it is used up by the first machine that joins, which shuts out any
    that joined as this host before. Deleting the object revokes it.'
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.reading
seealso:
  - module: pextra.cloud.join_token
options:
  name:
    description:
      - Reads the join token of this name only.
    type: str
  label_selector:
    description:
      - Reads only what has these labels, such as V(app=web,tier!=db,env in (a,b\),owner,!old).
    type: str
  filters:
    description:
      - Reads only what has these values, by the paths of fields that the API declares filterable, such
        as C(spec.size_gib).
    type: dict
  tenant:
    description:
      - Has no effect, for join tokens are in no tenant. So it can be a default of all modules.
    type: str
"""

EXAMPLES = r"""
---
- name: Read all join tokens
  pextra.cloud.join_token_info: {}
  register: found

- name: Read one join token
  pextra.cloud.join_token_info:
    name: rack1-node3
  register: found

- name: Read what has a label
  pextra.cloud.join_token_info:
    label_selector: stage=test
"""

RETURN = r"""
---
objects:
  description:
    - The join tokens, in the order of tenants and names, each with C(metadata), C(spec), C(resolved)
      and C(status).
    - Empty when O(name) names none that may be seen.
  returned: success
  type: list
  elements: dict
  sample:
    - kind: join_token
      metadata:
        name: rack1-node3
      spec:
        host: rack1-node3
"""

from ansible_collections.pextra.cloud.plugins.module_utils.info import read
from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind


def main() -> None:
    read(Kind("join_token", "join_tokens", in_tenant=False))


if __name__ == "__main__":
    main()
