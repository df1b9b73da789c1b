#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: image
short_description: Manage images of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - Immutable content from which disks are made.
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.image_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the image.
    type: str
    required: true
  tenant:
    description:
      - The tenant that it belongs to, by its path from the root, such as V(acme.dev).
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  state:
    description:
      - Whether the image is to be there, and as the options say, or not to be there.
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
      - url
      - upload
  url:
    description:
      - 'Where the content is fetched from: C(https://), C(file://) below a folder that the operator allows,
        or C(sim://). An image has this or C(upload).'
      - Cannot change in place; see O(replace).
      - To remove it, name it in O(unset).
    type: str
  upload:
    description:
      - The content is uploaded, as C(pextra upload) does it; until it has come whole, what uses the image
        waits.
      - Cannot change in place; see O(replace).
      - To remove it, name it in O(unset).
    type: dict
    suboptions:
      size_bytes:
        description:
          - How many bytes the file has; the upload is over when they have come.
          - From 1 to 70368744177664.
        type: int
        required: true
  sha256:
    description:
      - 'Digest of the content; anything else is refused. An upload has one too, though the server could
        compute it: the uploader has the bytes, so that what is declared names one content from the beginning,
        may be used before it has come, and cannot be damaged on its way.'
      - Needed when the object is made.
      - Cannot change in place; see O(replace).
    type: str
  format:
    description:
      - How the content is encoded; a C(vmdk) is one file that holds the whole disk.
      - A new object has V(qcow2).
      - Cannot change in place; see O(replace).
    type: str
    choices:
      - qcow2
      - raw
      - vmdk
  size_gib:
    description:
      - The most that the image may occupy; charged to its owner.
      - A new object has V(1).
      - From 1 to 65536.
      - Cannot change in place; see O(replace).
    type: int
  description:
    description:
      - What the image holds.
    type: str
"""

EXAMPLES = r"""
---
- name: Make sure that there is an image
  pextra.cloud.image:
    name: debian-12
    tenant: acme
    url: https://images.example.com/debian-12.qcow2
    sha256: '0000000000000000000000000000000000000000000000000000000000000000'
    size_gib: 2
    labels:
      made-by: ansible

- name: Change the labels of the image, and nothing else
  pextra.cloud.image:
    name: debian-12
    tenant: acme
    labels:
      stage: test

- name: Make sure that there is no such image
  pextra.cloud.image:
    name: debian-12
    tenant: acme
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The image as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: image
    metadata:
      name: debian-12
    spec:
      url: https://images.example.com/debian-12.qcow2
      sha256: '0000000000000000000000000000000000000000000000000000000000000000'
      size_gib: 2
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
        Kind("image", "images"),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "unset": {"type": "list", "elements": "str", "choices": ["url", "upload"]},
            "url": {"type": "str"},
            "upload": {
                "type": "dict",
                "options": {
                    "size_bytes": {"type": "int", "required": True},
                },
            },
            "sha256": {"type": "str"},
            "format": {"type": "str", "choices": ["qcow2", "raw", "vmdk"]},
            "size_gib": {"type": "int"},
            "description": {"type": "str"},
        },
        ["url", "upload", "sha256", "format", "size_gib", "description"],
    )


if __name__ == "__main__":
    main()
