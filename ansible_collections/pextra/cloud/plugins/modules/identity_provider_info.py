#!/usr/bin/python
# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Generated from the kind's declaration by scripts/generate.py; do not edit.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: identity_provider_info
short_description: Read identity providers of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - Reads identity providers.
  - 'Whom a tenant believes in who somebody is: an OpenID Connect issuer, whose access tokens are bearer
    tokens for the tenant''s users that name it in their C(identity); or a directory (LDAP), by whose
    passwords they log in.'
extends_documentation_fragment:
  - pextra.cloud.connection
  - pextra.cloud.reading
seealso:
  - module: pextra.cloud.identity_provider
options:
  name:
    description:
      - Reads the identity provider of this name only.
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
      - The tenant whose objects are read, by its path from the root.
      - Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
  recursive:
    description:
      - Reads the objects of the tenants below, too.
    type: bool
    default: false
"""

EXAMPLES = r"""
---
- name: Read all identity providers
  pextra.cloud.identity_provider_info:
    tenant: acme
  register: found

- name: Read one identity provider
  pextra.cloud.identity_provider_info:
    name: company
    tenant: acme
  register: found

- name: Read what has a label
  pextra.cloud.identity_provider_info:
    tenant: acme
    label_selector: stage=test
"""

RETURN = r"""
---
objects:
  description:
    - The identity providers, in the order of tenants and names, each with C(metadata), C(spec), C(resolved)
      and C(status).
    - Empty when O(name) names none that may be seen.
  returned: success
  type: list
  elements: dict
  sample:
    - kind: identity_provider
      metadata:
        name: company
      spec:
        oidc:
          issuer: https://login.example.com
          audiences:
            - pextra-acme
"""

from ansible_collections.pextra.cloud.plugins.module_utils.info import read
from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind


def main() -> None:
    read(Kind("identity_provider", "identity_providers", short_names=["idp"]))


if __name__ == "__main__":
    main()
