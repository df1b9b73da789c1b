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
    tokens for the tenant''s users that name it in their C(identity); or a directory (LDAP), by whose
    passwords they log in.'
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
      - ldap
  enabled:
    description:
      - Whether it is believed; switching it off takes effect at once.
      - A new object has V(true).
    type: bool
  oidc:
    description:
      - An OpenID Connect issuer; without one, there is C(ldap).
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
  ldap:
    description:
      - A directory. Of a tenant, one at a time is enabled.
      - To remove it, name it in O(unset).
    type: dict
    suboptions:
      servers:
        description:
          - C(ldaps://) is spoken to over TLS, C(ldap://) over StartTLS. The next one is asked when one
            cannot be reached.
          - At most 4.
        type: list
        elements: str
        required: true
      authorities:
        description:
          - PEM of the certificate authorities of the servers; without it, those that this cloud's system
            knows.
        type: str
      clear_text:
        description:
          - Speak to C(ldap://) without TLS; for servers on loopback only.
          - Without it, V(false) holds.
        type: bool
      search:
        description:
          - How people are looked for; without it, there is C(user_dn).
        type: dict
        suboptions:
          base_dn:
            description:
              - They are at or below it.
            type: str
            required: true
          attribute:
            description:
              - 'The attribute that holds the name they log in with: C(uid), C(sAMAccountName), C(userPrincipalName),
                C(mail).'
              - Without it, V(uid) holds.
            type: str
          equal:
            description:
              - 'What else must hold of them, by attribute: C({objectClass: person}). Values are compared
                as they are.'
            type: dict
          account:
            description:
              - Who looks for them.
            type: dict
            required: true
            suboptions:
              dn:
                description:
                  - Its distinguished name. It needs to read no password.
                type: str
                required: true
              secret:
                description:
                  - The secret of this tenant that holds its password.
                  - Names a secret.
                type: str
                required: true
              entry:
                description:
                  - The name of the entry in the secret's C(data).
                  - Without it, V(password) holds.
                type: str
      user_dn:
        description:
          - The distinguished name of everybody, C({name}) standing for the name that they log in with.
            They read themselves and their groups.
        type: str
      subject_attribute:
        description:
          - 'Who somebody is: an attribute that never changes, and is never given to another.'
          - Without it, V(entryUUID) holds.
        type: str
        choices:
          - entryUUID
          - objectGUID
          - nsUniqueId
          - ipaUniqueID
          - GUID
      groups:
        description:
          - How groups are found, by name; without it they are what C(memberOf) says, by distinguished
            name.
        type: dict
        suboptions:
          base_dn:
            description:
              - They are at or below it.
            type: str
            required: true
          member_attribute:
            description:
              - Where a group names its members, by their distinguished names.
              - Without it, V(member) holds.
            type: str
          name_attribute:
            description:
              - How groups are called.
              - Without it, V(cn) holds.
            type: str
      timeout_s:
        description:
          - So long the servers have to answer one login, all together.
          - Without it, V(5) holds.
          - From 1 to 10.
        type: int
      attempts:
        description:
          - So many failed attempts on one name the directory is asked about, from places where its owner
            has not logged in before; then one each quarter of an hour. Keep it below the number at which
            the directory locks accounts.
          - Without it, V(3) holds.
          - From 1 to 10.
        type: int
      session_s:
        description:
          - How long a session lasts at most, and with it what the directory said of groups; without it,
            as others do.
          - From 900 to 2592000.
        type: int
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
            "unset": {"type": "list", "elements": "str", "choices": ["oidc", "ldap"]},
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
            "ldap": {
                "type": "dict",
                "options": {
                    "servers": {"type": "list", "elements": "str", "required": True},
                    "authorities": {"type": "str"},
                    "clear_text": {"type": "bool"},
                    "search": {
                        "type": "dict",
                        "options": {
                            "base_dn": {"type": "str", "required": True},
                            "attribute": {"type": "str"},
                            "equal": {"type": "dict"},
                            "account": {
                                "type": "dict",
                                "required": True,
                                "options": {
                                    "dn": {"type": "str", "required": True},
                                    "secret": {"type": "str", "required": True, "no_log": False},
                                    "entry": {"type": "str"},
                                },
                            },
                        },
                    },
                    "user_dn": {"type": "str"},
                    "subject_attribute": {
                        "type": "str",
                        "choices": ["entryUUID", "objectGUID", "nsUniqueId", "ipaUniqueID", "GUID"],
                    },
                    "groups": {
                        "type": "dict",
                        "options": {
                            "base_dn": {"type": "str", "required": True},
                            "member_attribute": {"type": "str"},
                            "name_attribute": {"type": "str"},
                        },
                    },
                    "timeout_s": {"type": "int"},
                    "attempts": {"type": "int"},
                    "session_s": {"type": "int"},
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
        ["enabled", "oidc", "ldap", "groups", "provision"],
    )


if __name__ == "__main__":
    main()
