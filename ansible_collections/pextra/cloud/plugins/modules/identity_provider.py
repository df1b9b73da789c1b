#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: identity_provider
short_description: Manage identity providers of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - 'Whom a tenant believes in who somebody is: an OpenID Connect issuer, whose access tokens are bearer
    tokens for the tenant''s users that name it in their C(identity).'
  - Options that are not given stay as they are; of a new object they have the API's defaults.
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.object
seealso:
  - module: pextra.cloud.identity_provider_info
  - module: pextra.cloud.apply
options:
  name:
    description:
      - The name of the identity provider.
    type: str
    required: true
  tenant:
    description:
      - The tenant that it belongs to, by its path from the root, such as V(acme.dev).
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  state:
    description:
      - Whether the identity provider is to be there, and as the options say, or not to be there.
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
      - oidc
  enabled:
    description:
      - Whether it is believed; switching it off takes effect at once.
      - A new object has V(true).
    type: bool
  oidc:
    description:
      - An OpenID Connect issuer.
      - To remove it, name it in O(unset).
    type: dict
    suboptions:
      issuer:
        description:
          - The issuer, exactly as its tokens and its discovery document write it; https.
        type: str
        required: true
      audiences:
        description:
          - A token is taken when it is for one of these. Have the issuer know this cloud by an audience
            of its own.
          - At most 20.
        type: list
        elements: str
        required: true
      algorithms:
        description:
          - How tokens may be signed.
          - Without it, V(RS256, PS256, ES256, EdDSA) holds.
          - At most 4.
        type: list
        elements: str
        choices:
          - RS256
          - PS256
          - ES256
          - EdDSA
      authorized_parties:
        description:
          - 'Only tokens that one of these clients got (C(azp), C(client_id)) are taken; empty: any client''s.'
          - At most 20.
        type: list
        elements: str
      accept_id_tokens:
        description:
          - Whether ID tokens are taken, too, for issuers whose access tokens say nothing. An ID token
            tells a client who has signed in there; whoever runs that client could use it here.
          - Without it, V(false) holds.
        type: bool
      leeway_s:
        description:
          - By how much the issuer's clock may differ.
          - Without it, V(60) holds.
          - From 0 to 300.
        type: int
      username_claim:
        description:
          - 'Where a token says what somebody is called: users that are made are named after it. Who they
            are is C(sub).'
          - Without it, V(preferred_username) holds.
        type: str
      groups_claim:
        description:
          - Where a token names groups.
          - Without it, V(groups) holds.
        type: str
      authorities:
        description:
          - PEM of the certificate authorities of the issuer; without it, those that the server's system
            knows.
        type: str
  groups:
    description:
      - Which groups there are which groups here.
      - At most 200.
    type: list
    elements: dict
    suboptions:
      theirs:
        description:
          - What the provider calls it.
        type: str
        required: true
      group:
        description:
          - The group of this tenant that its members are in, while the provider says so.
          - Names a group.
        type: str
        required: true
  provision:
    description:
      - Whether somebody whom no user names is made a user when they first come; else they are refused.
      - A new object has V(false).
    type: bool
"""

EXAMPLES = r"""
---
- name: Make sure that there is an identity provider
  pextra.cloud.identity_provider:
    name: company
    tenant: acme
    oidc:
      issuer: https://login.example.com
      audiences:
        - pextra-acme
    labels:
      made-by: ansible

- name: Change the labels of the identity provider, and nothing else
  pextra.cloud.identity_provider:
    name: company
    tenant: acme
    labels:
      stage: test

- name: Make sure that there is no such identity provider
  pextra.cloud.identity_provider:
    name: company
    tenant: acme
    state: absent
"""

RETURN = r"""
---
object:
  description:
    - 'The identity provider as it is after the task: C(metadata), C(spec), C(resolved) and C(status).'
    - In check mode, as it would be. Null when it is absent.
  returned: success
  type: dict
  sample:
    kind: identity_provider
    metadata:
      name: company
    spec:
      oidc:
        issuer: https://login.example.com
        audiences:
          - pextra-acme
change:
  description:
    - 'What the API''s dry run answered: C(action), C(fields) with C(path), C(before), C(after) and C(effect),
      the effect on C(quota), C(placement), C(preconditions).'
    - Null when nothing changes.
  returned: success
  type: dict
  sample:
    action: create
    name: company
    fields: []
"""

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.objects import manage


def main() -> None:
    manage(
        Kind("identity_provider", "identity_providers", short_names=["idp"]),
        {
            "name": {"type": "str", "required": True},
            "tenant": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "unset": {"type": "list", "elements": "str", "choices": ["oidc"]},
            "enabled": {"type": "bool"},
            "oidc": {
                "type": "dict",
                "options": {
                    "issuer": {"type": "str", "required": True},
                    "audiences": {"type": "list", "elements": "str", "required": True},
                    "algorithms": {"type": "list", "elements": "str", "choices": ["RS256", "PS256", "ES256", "EdDSA"]},
                    "authorized_parties": {"type": "list", "elements": "str"},
                    "accept_id_tokens": {"type": "bool", "no_log": False},
                    "leeway_s": {"type": "int"},
                    "username_claim": {"type": "str"},
                    "groups_claim": {"type": "str"},
                    "authorities": {"type": "str"},
                },
            },
            "groups": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "theirs": {"type": "str", "required": True},
                    "group": {"type": "str", "required": True},
                },
            },
            "provision": {"type": "bool"},
        },
        ["enabled", "oidc", "groups", "provision"],
    )


if __name__ == "__main__":
    main()
