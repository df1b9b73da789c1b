#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: instance
short_description: Manage instances of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - A virtual machine.
  - Options that are not given stay as they are; of a new object they have the API's defaults.
  - 'What is minted is returned once, in RV(minted), and cannot be read again: register the result, keep
    it, and set C(no_log=true) on the task, or the credential is shown in the output and in callbacks.'
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.instance_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the instance.
    type: str
    required: true
  tenant:
    description:
      - The tenant that it belongs to, by its path from the root, such as V(acme.dev).
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  state:
    description:
      - Whether the instance is to be there, and as the options say, or not to be there.
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
      - user_data
      - user_data_from
      - rescue_image
      - zone
      - placement_group
      - gpus
  action:
    description:
      - An act to carry out once the instance is as the options say.
      - 'An act is no desired state: each run of the task carries it out. It has no dry run, so check
        mode says that it would be carried out and cannot say whether it would be refused.'
      - 'V(reboot): Restart the machine once.'
      - 'V(rebuild): Make the root disk anew from the image: what is on it is lost, further volumes stay.'
      - 'V(console_log): Read the end of the serial console; the text is the operation''s result.'
      - 'V(console): Open the serial console or the display; the answer shows a ticket for one connection.'
    type: str
    choices:
      - reboot
      - rebuild
      - console_log
      - console
  arguments:
    description:
      - Arguments of O(action).
    type: dict
    suboptions:
      tail_bytes:
        description:
          - Of O(action=console_log).
          - At most so many bytes from the end.
          - Without it, V(16384) holds.
          - From 1 to 65536.
        type: int
      device:
        description:
          - Of O(action=console).
          - Its serial console, or its display (RFB, as VNC speaks it).
          - Without it, V(serial) holds.
        type: str
        choices:
          - serial
          - display
  flavor:
    description:
      - Its size.
      - Needed when the object is made.
      - Names a flavor.
      - A change restarts what runs.
    type: str
  image:
    description:
      - What its root disk starts as.
      - Needed when the object is made.
      - Names an image.
      - Cannot change in place; see O(replace).
    type: str
  networks:
    description:
      - Its network cards, in order. Cards come to and go from an instance while it runs.
      - At most 16.
    type: list
    elements: dict
    suboptions:
      network:
        description:
          - The network that the card is on.
          - Names a network.
        type: str
        required: true
      address:
        description:
          - A wanted address in one of the network's subnets; without it, a free one of each address family.
        type: str
      security_groups:
        description:
          - What is let through; without one, nothing comes in and everything goes out.
          - At most 16.
          - Names a security group.
        type: list
        elements: str
  volumes:
    description:
      - Its further disks, in order. Disks come to and go from an instance while it runs; a guest that
        does not let go of one keeps it until it is restarted.
      - At most 24.
      - Names a volume.
    type: list
    elements: str
  ssh_keys:
    description:
      - Public keys that cloud-init lets in at the first boot.
      - At most 32.
      - Names an ssh key.
      - Cannot change in place; see O(replace).
    type: list
    elements: str
  user_data:
    description:
      - cloud-init user data for the first boot; never read back.
      - Cannot change in place; see O(replace).
      - Is stored encrypted and never read back; the same value again changes nothing.
      - To remove it, name it in O(unset).
    type: str
  user_data_from:
    description:
      - Takes the user data from a secret instead. The guest gets what the secret holds when its host
        is told of it; a later change reaches it with the next rebuild.
      - Cannot change in place; see O(replace).
      - To remove it, name it in O(unset).
    type: dict
    suboptions:
      secret:
        description:
          - The secret.
          - Names a secret.
        type: str
        required: true
      entry:
        description:
          - The name of the entry in its C(data).
        type: str
        required: true
  power:
    description:
      - Whether it should run. C(paused) holds its processors and keeps its memory.
      - A new object has V(on).
    type: str
    choices:
      - 'on'
      - 'off'
      - paused
  stop_timeout_s:
    description:
      - How long the guest may take to stop when it is asked to, before it is stopped by force.
      - A new object has V(30).
      - From 1 to 3600.
    type: int
  rescue_image:
    description:
      - Boots instead of the root disk, which comes second, so that the root disk can be mended; without
        it the root disk boots again. What is written to it is lost when it is removed; remove it before
        you name another one.
      - Names an image.
      - A change restarts what runs.
      - To remove it, name it in O(unset).
    type: str
  restart_policy:
    description:
      - When it is started again by itself. With C(on_failure) an instance that powered itself off stays
        off, one that crashed or lost its host is started.
      - A new object has V(on_failure).
    type: str
    choices:
      - always
      - on_failure
      - never
  zone:
    description:
      - The zone that its host must be in.
      - Cannot change in place; see O(replace).
      - To remove it, name it in O(unset).
    type: str
  host_labels:
    description:
      - Labels that its host must have.
      - Cannot change in place; see O(replace).
    type: dict
  placement_group:
    description:
      - The instances that it is to be with, or away from.
      - Names a placement group.
      - Cannot change in place; see O(replace).
      - To remove it, name it in O(unset).
    type: str
  tolerations:
    description:
      - Taints of hosts that it does not mind.
      - At most 16.
      - Cannot change in place; see O(replace).
    type: list
    elements: dict
    suboptions:
      key:
        description:
          - The taints' key.
        type: str
        required: true
      value:
        description:
          - Their value; without it, any.
        type: str
      effect:
        description:
          - Their effect; without it, any.
        type: str
        choices:
          - no_schedule
          - prefer_no_schedule
  gpus:
    description:
      - GPUs that it has for as long as it lives.
      - Cannot change in place; see O(replace).
      - To remove it, name it in O(unset).
    type: dict
    suboptions:
      profile:
        description:
          - Of which models, and how they are handed out.
          - Names a gpu profile.
        type: str
        required: true
      count:
        description:
          - 'How many: GPUs, or parts of them where the profile is of parts.'
          - Without it, V(1) holds.
          - From 1 to 16.
        type: int
      nvlink:
        description:
          - Whether all of them are to be linked to each other by NVLink, which only whole ones can be.
          - Without it, V(none) holds.
        type: str
        choices:
          - none
          - preferred
          - required
      numa:
        description:
          - Whether all of them are to be of one NUMA cell of the host.
          - Without it, V(none) holds.
        type: str
        choices:
          - none
          - preferred
          - required
  priority:
    description:
      - Among instances that wait for room the highest comes first, then the oldest. What is above 0 is
        charged to the quota C(priority); once the instance has a host it counts for nothing, and can
        be lowered.
      - A new object has V(0).
      - From -10 to 10.
    type: int
"""

EXAMPLES = r"""
---
- name: Make sure that there is an instance
  pextra.cloud.instance:
    name: web-1
    tenant: acme
    flavor: small
    image: system/debian-12
    networks:
      - network: front
        security_groups:
          - web
    labels:
      app: web

- name: Change the labels of the instance, and nothing else
  pextra.cloud.instance:
    name: web-1
    tenant: acme
    labels:
      stage: test

- name: Reboot the instance
  pextra.cloud.instance:
    name: web-1
    tenant: acme
    action: reboot

- name: Make sure that there is no such instance
  pextra.cloud.instance:
    name: web-1
    tenant: acme
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The instance as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: instance
    metadata:
      name: web-1
      labels:
        app: web
    spec:
      flavor: small
      image: system/debian-12
      networks:
        - network: front
          security_groups:
            - web
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: web-1
    fields: []
minted:
  description:
    - What was minted, such as C(token). It is shown this once.
  returned: when something was minted
  type: dict
operation:
  description:
    - The operation that carried out the act, with its C(status.result).
  returned: when O(action) made one
  type: dict
"""

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.objects import manage


def main() -> None:
    manage(
        Kind("instance", "instances", short_names=["vm", "inst"], secrets=["user_data"]),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "unset": {
                "type": "list",
                "elements": "str",
                "choices": ["user_data", "user_data_from", "rescue_image", "zone", "placement_group", "gpus"],
            },
            "action": {"type": "str", "choices": ["reboot", "rebuild", "console_log", "console"]},
            "arguments": {
                "type": "dict",
                "options": {
                    "tail_bytes": {"type": "int"},
                    "device": {"type": "str", "choices": ["serial", "display"]},
                },
            },
            "flavor": {"type": "str"},
            "image": {"type": "str"},
            "networks": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "network": {"type": "str", "required": True},
                    "address": {"type": "str"},
                    "security_groups": {"type": "list", "elements": "str"},
                },
            },
            "volumes": {"type": "list", "elements": "str"},
            "ssh_keys": {"type": "list", "elements": "str", "no_log": False},
            "user_data": {"type": "str", "no_log": True},
            "user_data_from": {
                "type": "dict",
                "options": {
                    "secret": {"type": "str", "required": True, "no_log": False},
                    "entry": {"type": "str", "required": True},
                },
            },
            "power": {"type": "str", "choices": ["on", "off", "paused"]},
            "stop_timeout_s": {"type": "int"},
            "rescue_image": {"type": "str"},
            "restart_policy": {"type": "str", "choices": ["always", "on_failure", "never"]},
            "zone": {"type": "str"},
            "host_labels": {"type": "dict"},
            "placement_group": {"type": "str"},
            "tolerations": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "key": {"type": "str", "required": True, "no_log": False},
                    "value": {"type": "str"},
                    "effect": {"type": "str", "choices": ["no_schedule", "prefer_no_schedule"]},
                },
            },
            "gpus": {
                "type": "dict",
                "options": {
                    "profile": {"type": "str", "required": True},
                    "count": {"type": "int"},
                    "nvlink": {"type": "str", "choices": ["none", "preferred", "required"]},
                    "numa": {"type": "str", "choices": ["none", "preferred", "required"]},
                },
            },
            "priority": {"type": "int"},
        },
        [
            "flavor",
            "image",
            "networks",
            "volumes",
            "ssh_keys",
            "user_data",
            "user_data_from",
            "power",
            "stop_timeout_s",
            "rescue_image",
            "restart_policy",
            "zone",
            "host_labels",
            "placement_group",
            "tolerations",
            "gpus",
            "priority",
        ],
    )


if __name__ == "__main__":
    main()
