#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: bgp_peer
short_description: Manage bgp peers of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - A router outside, to which hosts announce by BGP the addresses that live on them. It is operators'
    alone to see.
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.bgp_peer_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the bgp peer.
    type: str
    required: true
  tenant:
    description:
      - Has no effect, for bgp peers are in no tenant. So it can be a default of all modules.
    type: str
  state:
    description:
      - Whether the bgp peer is to be there, and as the options say, or not to be there.
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
      - password
  address:
    description:
      - The router's own.
      - Needed when the object is made.
      - Cannot change in place; see O(replace).
    type: str
  peer_as:
    description:
      - Its autonomous system.
      - Needed when the object is made.
      - From 1 to 4294967294.
    type: int
  local_as:
    description:
      - That of the hosts. With the router's own, sessions are internal ones.
      - Needed when the object is made.
      - From 1 to 4294967294.
      - Cannot change in place; see O(replace).
    type: int
  host_labels:
    description:
      - Labels of the hosts that have a session with it, those of its rack, say; without any, every host
        on which FRR runs.
    type: dict
  announce:
    description:
      - Pools whose addresses are announced, one by one, each by the host on which it lives.
      - At most 16.
      - Names an address pool.
    type: list
    elements: str
  announce_networks:
    description:
      - Ranges within which tenants' networks are announced, too, whose router goes out to one of these
        pools and does not translate.
      - At most 16.
    type: list
    elements: str
  accept:
    description:
      - What hosts take from it; nothing by default.
      - At most 64.
    type: list
    elements: dict
    suboptions:
      prefix:
        description:
          - The range, IPv4 or IPv6, without host bits.
        type: str
        required: true
      le:
        description:
          - The longest prefix within the range that is taken; without it, the range itself alone.
          - From 0 to 128.
        type: int
  maximum_prefixes:
    description:
      - When it sends more of what is accepted, the session is closed for five minutes.
      - A new object has V(100).
      - From 1 to 1000000.
    type: int
  password:
    description:
      - Of the session's TCP segments (MD5, RFC 2385).
      - Is stored encrypted and never read back; the same value again changes nothing.
      - To remove it, name it in O(unset).
    type: str
  hold_s:
    description:
      - After how long a silence a session is over, and what was announced in it is forgotten.
      - A new object has V(9).
      - From 3 to 3600.
    type: int
  bfd:
    description:
      - Whether silence is noticed within a second, by BFD; the router has to do it, too.
      - A new object has V(false).
    type: bool
  hops:
    description:
      - 'How many routers away it may be, where it is of another autonomous system; 1: it is on a network
        of the hosts.'
      - A new object has V(1).
      - From 1 to 64.
    type: int
  description:
    description:
      - What it is.
    type: str
"""

EXAMPLES = r"""
---
- name: Make sure that there is a bgp peer
  pextra.cloud.bgp_peer:
    name: rack1-leaf
    address: 192.0.2.1
    peer_as: 65000
    local_as: 65001
    announce:
      - public
    labels:
      made-by: ansible

- name: Change the labels of the bgp peer, and nothing else
  pextra.cloud.bgp_peer:
    name: rack1-leaf
    labels:
      stage: test

- name: Make sure that there is no such bgp peer
  pextra.cloud.bgp_peer:
    name: rack1-leaf
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The bgp peer as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: bgp_peer
    metadata:
      name: rack1-leaf
    spec:
      address: 192.0.2.1
      peer_as: 65000
      local_as: 65001
      announce:
        - public
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: rack1-leaf
    fields: []
"""

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.objects import manage


def main() -> None:
    manage(
        Kind("bgp_peer", "bgp_peers", in_tenant=False, secrets=["password"]),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "unset": {"type": "list", "elements": "str", "choices": ["password"]},
            "address": {"type": "str"},
            "peer_as": {"type": "int"},
            "local_as": {"type": "int"},
            "host_labels": {"type": "dict"},
            "announce": {"type": "list", "elements": "str"},
            "announce_networks": {"type": "list", "elements": "str"},
            "accept": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "prefix": {"type": "str", "required": True},
                    "le": {"type": "int"},
                },
            },
            "maximum_prefixes": {"type": "int"},
            "password": {"type": "str", "no_log": True},
            "hold_s": {"type": "int"},
            "bfd": {"type": "bool"},
            "hops": {"type": "int"},
            "description": {"type": "str"},
        },
        [
            "address",
            "peer_as",
            "local_as",
            "host_labels",
            "announce",
            "announce_networks",
            "accept",
            "maximum_prefixes",
            "password",
            "hold_s",
            "bfd",
            "hops",
            "description",
        ],
    )


if __name__ == "__main__":
    main()
