# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: field
short_description: A field of an object of a Pextra cloud
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - Reads objects, and returns a field of each.
  - It runs on the controller. Secrets are never readable; of a secret field this returns what the API shows of it.
extends_documentation_fragment:
  - pextra.cloud.connection.plugin
options:
  _terms:
    description:
      - Objects as C(kind/name), such as V(instance/web-1).
    type: list
    elements: str
    required: true
  field:
    description:
      - The path of the field, such as V(status.addresses.0) or V(metadata.uid). Without it, the whole object is
        returned.
    type: str
  tenant:
    description:
      - The tenant of the objects. Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: str
    env:
      - name: PEXTRA_TENANT
  default:
    description:
      - What is returned for an object that is not there, and for a field that it has not. Without it, both are errors.
    type: raw
"""

EXAMPLES = r"""
---
- name: Show the address of an instance
  ansible.builtin.debug:
    msg: "{{ lookup('pextra.cloud.field', 'instance/web-1', field='status.addresses.0', tenant='acme') }}"

- name: Show where a service is reached from outside
  ansible.builtin.debug:
    msg: "{{ lookup('pextra.cloud.field', 'floating_ip/web', field='status.endpoints', tenant='acme', default=[]) }}"
"""

RETURN = r"""
---
_raw:
  description:
    - The field of each object.
  type: list
  elements: raw
"""

from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.pextra.cloud.plugins.module_utils.client import Client
from ansible_collections.pextra.cloud.plugins.module_utils.errors import PextraError
from ansible_collections.pextra.cloud.plugins.module_utils.known_kinds import KNOWN
from ansible_collections.pextra.cloud.plugins.module_utils.manifests import finder
from ansible_collections.pextra.cloud.plugins.module_utils.settings import resolve

_CONNECTION = ("endpoints", "token", "profile", "ca", "api_timeout", "tenant")


class LookupModule(LookupBase):
    """Fields of objects."""

    def run(self, terms: list[str], variables: Any = None, **kwargs: Any) -> Any:
        """A field of each object.

        Raises:
            AnsibleLookupError: there is no such object or field, and no default; or the cloud does not answer.
        """
        self.set_options(var_options=variables, direct=kwargs)
        try:
            client = Client(resolve({name: self.get_option(name) for name in _CONNECTION}))
            return [self._field(client, str(term)) for term in terms]
        except PextraError as error:
            raise AnsibleLookupError(f"pextra.cloud.field: {error}") from error

    def _field(self, client: Client, term: str) -> Any:
        word, _slash, name = term.partition("/")
        kind = finder(KNOWN, client.kinds)(word)
        if kind is None or not name:
            raise PextraError(f"{term!r} is no object: write kind/name, with one of {', '.join(KNOWN.names())}")
        tenant = client.settings.tenant if kind.in_tenant else None
        obj = client.find(kind, name, tenant)
        path, default = self.get_option("field"), self.get_option("default")
        if obj is None:
            if default is None:
                raise PextraError(f"there is no {kind.label(name, tenant)}")
            return default
        if path is None:
            return obj
        value = at(obj, path)
        if value is not None:
            return value
        if default is None:
            raise PextraError(f"{kind.label(name, tenant)} has no {path}")
        return default


def at(obj: Any, path: str) -> Any:
    """What stands at a dotted path, in which numbers count in lists; None when there is nothing."""
    for part in path.split("."):
        if isinstance(obj, list) and part.isdecimal() and int(part) < len(obj):
            obj = obj[int(part)]
        elif isinstance(obj, dict) and part in obj:
            obj = obj[part]
        else:
            return None
    return obj
