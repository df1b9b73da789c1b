# Copyright (c) 2026 Pextra
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# Generated from the kind's declaration by scripts/generate.py; do not edit.
"""The kinds that there were when the collection was made; a server may have further ones."""

from __future__ import annotations

from ansible_collections.pextra.cloud.plugins.module_utils.kinds import Catalog, Kind

KNOWN = Catalog(
    [
        Kind("tenant", "tenants", in_tenant=False),
        Kind("quota", "quotas", singleton="default"),
        Kind("group", "groups"),
        Kind("identity_provider", "identity_providers", short_names=["idp"]),
        Kind("user", "users"),
        Kind("service_account", "service_accounts"),
        Kind("role", "roles"),
        Kind("role_binding", "role_bindings", short_names=["binding"]),
        Kind("policy", "policies"),
        Kind("api_token", "api_tokens", short_names=["token"]),
        Kind("application_credential", "application_credentials", short_names=["appcred"]),
        Kind("session", "sessions"),
        Kind("share", "shares"),
        Kind("host", "hosts", in_tenant=False),
        Kind("join_token", "join_tokens", in_tenant=False),
        Kind("flavor", "flavors", in_tenant=False),
        Kind("gpu_profile", "gpu_profiles", in_tenant=False),
        Kind("address_pool", "address_pools", in_tenant=False),
        Kind("bgp_peer", "bgp_peers", in_tenant=False, secrets=["password"]),
        Kind("image", "images"),
        Kind("ssh_key", "ssh_keys"),
        Kind("secret", "secrets", secrets=["data"]),
        Kind("network", "networks", short_names=["net"]),
        Kind("subnet", "subnets"),
        Kind("router", "routers"),
        Kind("address_group", "address_groups", short_names=["ag"]),
        Kind("security_group", "security_groups", short_names=["sg"]),
        Kind("volume", "volumes", short_names=["vol"]),
        Kind("placement_group", "placement_groups", short_names=["pg"]),
        Kind("instance", "instances", short_names=["vm", "inst"], secrets=["user_data"]),
        Kind("floating_ip", "floating_ips", short_names=["fip"]),
        Kind("load_balancer", "load_balancers", short_names=["lb"]),
        Kind("operation", "operations", short_names=["op"]),
    ]
)
