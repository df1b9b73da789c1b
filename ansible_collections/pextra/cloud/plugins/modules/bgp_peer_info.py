#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: bgp_peer_info
short_description: Read bgp peers of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - Reads bgp peers.
  - A router outside, to which hosts announce by BGP the addresses that live on them. It is operators'
    alone to see.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.reading
seealso:
  - module: pextra.cloud.bgp_peer
options:
  name:
    description:
      - Reads the bgp peer of this name only.
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
      - Has no effect, for bgp peers are in no tenant. So it can be a default of all modules.
    type: str
"""

EXAMPLES = r"""
---
- name: Read all bgp peers
  pextra.cloud.bgp_peer_info: {}
  register: found

- name: Read one bgp peer
  pextra.cloud.bgp_peer_info:
    name: rack1-leaf
  register: found

- name: Read what has a label
  pextra.cloud.bgp_peer_info:
    label_selector: stage=test
"""

RETURN = r"""
---
objects:
  description:
    - The bgp peers, in the order of tenants and names, each with C(metadata), C(spec), C(resolved) and
      C(status).
    - Empty when O(name) names none that may be seen.
  returned: success
  type: list
  elements: dict
  sample:
    - kind: bgp_peer
      metadata:
        name: rack1-leaf
      spec:
        address: 192.0.2.1
        peer_as: 65000
        local_as: 65001
        announce:
          - public
"""

from ansible_collections.pextra.cloud.plugins.module_utils.info import read
from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind


def main() -> None:
    read(Kind("bgp_peer", "bgp_peers", in_tenant=False, secrets=["password"]))


if __name__ == "__main__":
    main()
