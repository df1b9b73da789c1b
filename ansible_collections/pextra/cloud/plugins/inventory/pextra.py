# Copyright (c) 2026 Pextra
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: pextra
short_description: Instances and hosts of a Pextra cloud as inventory
version_added: 0.1.0
author:
  - Pextra (@pextra)
description:
  - Makes a host of each instance, and on demand of each host of the cloud, and groups them.
  - The file's name ends in C(pextra.yml) or C(pextra.yaml).
  - Every host has the variable C(pextra), with C(kind), C(name), C(tenant), C(uid), C(labels), C(annotations),
    C(zone), C(flavor), C(image), C(host), C(status), C(ready), C(addresses), C(gpu_models), and with C(spec) and
    C(object_status) as the API has them.
  - Groups are C(pextra_instances), C(pextra_hosts), C(tenant_<tenant>), C(zone_<zone>), C(flavor_<flavor>),
    C(status_<status>) (C(running), C(off), C(paused), C(pending); hosts are C(ready) or C(not_ready)),
    C(gpu_<model>) of what has GPUs, and C(label_<label>_<value>). Characters that group names cannot have become
    C(_).
  - An instance's zone is that of its host where the caller may read hosts, else the one that it asks for.
extends_documentation_fragment:
  - pextra.cloud.connection.plugin
  - constructed
  - inventory_cache
options:
  plugin:
    description:
      - Names this plugin.
    type: str
    required: true
    choices:
      - pextra.cloud.pextra
  tenants:
    description:
      - The tenants whose instances are shown, by their paths. Without it, E(PEXTRA_TENANT) or the profile's tenant.
    type: list
    elements: str
    default: []
  recursive:
    description:
      - Whether instances of the tenants below are shown, too.
    type: bool
    default: false
  instances:
    description:
      - Whether instances are shown.
    type: bool
    default: true
  hosts:
    description:
      - Whether the cloud's hosts are shown. They are seen by those who may read them in the tenant C(system).
    type: bool
    default: false
  label_selector:
    description:
      - Shows only what has these labels, such as V(app=web,tier!=db).
    type: str
  hostname:
    description:
      - What an instance is called. V(name) is its name, V(qualified) is C(<name>.<tenant>).
      - Without it, V(name) of one tenant's instances, and V(qualified) of several's.
    type: str
    choices:
      - name
      - qualified
  address:
    description:
      - Which address becomes C(ansible_host), the first that there is. V(floating_ip) is one that leads to
        O(ssh_port), with its port as C(ansible_port); V(ipv4) and V(ipv6) are the instance's own.
    type: list
    elements: str
    choices:
      - floating_ip
      - ipv4
      - ipv6
    default:
      - floating_ip
      - ipv4
      - ipv6
  ssh_port:
    description:
      - The port of the instance to which a floating IP has to lead to be used.
    type: int
    default: 22
"""

EXAMPLES = r"""
---
# shop.pextra.yml: the instances of a tenant, and groups of them by a label
plugin: pextra.cloud.pextra
tenants:
  - acme
keyed_groups:
  - key: pextra.labels.app
    prefix: app
compose:
  ansible_user: "'debian'"
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: /tmp/pextra-inventory
cache_timeout: 60
"""

import ipaddress
from typing import Any, Iterator, Mapping

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.pextra.cloud.plugins.module_utils.client import Client, is_ready
from ansible_collections.pextra.cloud.plugins.module_utils.errors import ApiError, PextraError
from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Kind
from ansible_collections.pextra.cloud.plugins.module_utils.settings import resolve

INSTANCE = Kind("instance", "instances")
HOST = Kind("host", "hosts", in_tenant=False)
FLOATING_IP = Kind("floating_ip", "floating_ips")

_DENIED = frozenset({"auth.denied", "object.not_found"})


# Its bases declare the same internal variable differently.
class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):  # pyright: ignore[reportIncompatibleVariableOverride]
    """Instances and hosts."""

    NAME = "pextra.cloud.pextra"

    def verify_file(self, path: str) -> bool:
        """Whether the file is meant for this plugin."""
        return super().verify_file(path) and path.endswith(("pextra.yml", "pextra.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Reads the cloud, or what the cache has of it.

        Raises:
            AnsibleParserError: the cloud cannot be read.
        """
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        key = self.get_cache_key(path)
        wants_cache = self.get_option("cache")
        found: dict[str, Any] | None = None
        if cache and wants_cache:
            try:
                found = self._cache[key]
            except KeyError:
                found = None
        if found is None:
            found = self._read_cloud()
            if wants_cache:
                self._cache[key] = found
        for entry in found["entries"]:
            self._add(entry)

    # --- reading the cloud -------------------------------------------------------------------------

    def _read_cloud(self) -> dict[str, Any]:
        names = ("endpoints", "token", "profile", "ca", "api_timeout")
        try:
            settings = resolve({name: self.get_option(name) for name in names})
            tenants = self.get_option("tenants") or ([settings.tenant] if settings.tenant else [])
            if self.get_option("instances") and not tenants:
                raise PextraError("no tenant is known: give tenants, set PEXTRA_TENANT, or use a profile's")
            return {"entries": list(self._entries(Client(settings), tenants))}
        except PextraError as error:
            raise AnsibleParserError(f"pextra.cloud.pextra: {error}") from error

    def _entries(self, client: Client, tenants: list[str]) -> Iterator[dict[str, Any]]:
        if self.get_option("hosts"):
            yield from map(_host_entry, client.objects(HOST, None, self.get_option("label_selector")))
        if not self.get_option("instances"):
            return
        recursive = self.get_option("recursive")
        qualified = (
            self.get_option("hostname") or ("qualified" if recursive or len(tenants) > 1 else "name")
        ) != "name"
        zones = self._zones(client)
        seen: set[str] = set()
        for tenant in tenants:
            ways = _ways_in(client.objects(FLOATING_IP, tenant, recursive=recursive), self.get_option("ssh_port"))
            for each in client.objects(INSTANCE, tenant, self.get_option("label_selector"), recursive=recursive):
                if each["metadata"]["uid"] not in seen:
                    seen.add(each["metadata"]["uid"])
                    yield _instance_entry(each, zones, ways, self.get_option("address"), qualified=qualified)

    def _zones(self, client: Client) -> dict[str, Any]:
        """The zones of the cloud's hosts by their names; none where the caller may not read hosts."""
        try:
            return {each["metadata"]["name"]: each["spec"].get("zone") for each in client.objects(HOST, None)}
        except ApiError as error:
            if error.code not in _DENIED:
                raise
            return {}

    # --- telling Ansible ---------------------------------------------------------------------------

    def _add(self, entry: Mapping[str, Any]) -> None:
        name, facts = entry["hostname"], entry["facts"]
        known: Any = self.inventory
        known.add_host(name)
        known.set_variable(name, "pextra", facts)
        for variable, value in entry["variables"].items():
            known.set_variable(name, variable, value)
        for group in _groups(facts):
            known.add_child(known.add_group(self._sanitize_group_name(group)), name)
        variables = dict(entry["variables"], pextra=facts)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)


def _groups(facts: Mapping[str, Any]) -> Iterator[str]:
    yield f"pextra_{facts['kind']}s"
    for prefix in ("tenant", "zone", "flavor", "status"):
        if facts.get(prefix):
            yield f"{prefix}_{facts[prefix]}"
    for model in facts["gpu_models"]:
        yield f"gpu_{model}"
    for label, value in sorted(facts["labels"].items()):
        yield f"label_{label}_{value}" if value else f"label_{label}"


def _facts(obj: Mapping[str, Any]) -> dict[str, Any]:
    metadata = obj["metadata"]
    return {
        "kind": obj["kind"],
        "name": metadata["name"],
        "tenant": metadata.get("tenant"),
        "uid": metadata["uid"],
        "labels": metadata.get("labels") or {},
        "annotations": metadata.get("annotations") or {},
        "ready": is_ready(obj),
        "gpu_models": sorted({gpu["model"] for gpu in (obj.get("status") or {}).get("gpus") or []}),
        "spec": obj["spec"],
        "object_status": obj.get("status") or {},
    }


def _host_entry(obj: Mapping[str, Any]) -> dict[str, Any]:
    facts = _facts(obj)
    facts.update(
        zone=obj["spec"].get("zone"),
        flavor=None,
        image=None,
        host=None,
        status="ready" if facts["ready"] else "not_ready",
        addresses=[],
    )
    # The API knows no address of a host but its name: resolving it is the network's.
    return {"hostname": facts["name"], "facts": facts, "variables": {}}


def _instance_entry(
    obj: Mapping[str, Any],
    zones: Mapping[str, Any],
    ways: Mapping[tuple[str, str], tuple[str, int]],
    preferred: list[str],
    qualified: bool,
) -> dict[str, Any]:
    facts = _facts(obj)
    status, spec = facts["object_status"], obj["spec"]
    host = status.get("host") or None
    addresses = list(status.get("addresses") or [])
    facts.update(
        zone=(zones.get(host) if host else None) or spec.get("zone"),
        flavor=spec.get("flavor"),
        image=spec.get("image"),
        host=host,
        status=status.get("power") or "pending",
        addresses=addresses,
    )
    variables = _address(preferred, ways.get((facts["tenant"], facts["name"])), addresses)
    hostname = f"{facts['name']}.{facts['tenant']}" if qualified else facts["name"]
    return {"hostname": hostname, "facts": facts, "variables": variables}


def _address(preferred: list[str], way: tuple[str, int] | None, addresses: list[str]) -> dict[str, Any]:
    """Where Ansible reaches it: the first of the preferred sorts of address that there is."""
    for sort in preferred:
        if sort == "floating_ip":
            if way is not None:
                return {"ansible_host": way[0], "ansible_port": way[1]}
            continue
        version = 4 if sort == "ipv4" else 6
        for address in addresses:
            if ipaddress.ip_address(address).version == version:
                return {"ansible_host": address}
    return {}


def _ways_in(floating_ips: Iterator[dict[str, Any]], port: int) -> dict[tuple[str, str], tuple[str, int]]:
    """Address and port outside through which a port of an instance is reached, by tenant and name.

    An endpoint reads C(tcp 127.0.0.1:30022 -> 22).
    """
    found: dict[tuple[str, str], tuple[str, int]] = {}
    for each in floating_ips:
        for endpoint in (each.get("status") or {}).get("endpoints") or []:
            outside, _arrow, inside = endpoint.partition(" -> ")
            protocol, _space, reached = outside.partition(" ")
            address, _colon, outer = reached.rpartition(":")
            if protocol == "tcp" and inside.strip() == str(port) and outer.isdecimal():
                key = each["metadata"]["tenant"], each["spec"]["instance"].rpartition("/")[2]
                found.setdefault(key, (address.strip("[]"), int(outer)))
    return found
