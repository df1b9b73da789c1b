"""Look-ups of objects that the program does not make, one function a kind, asked by the plugin.

Generated from the API's declarations by scripts/generate.py; do not edit.
"""

from __future__ import annotations

import pulumi
from pulumi import Input

from pulumi_pextra.native.looking import Found, look, look_output


def get_tenant(name: str, *, opts: pulumi.InvokeOptions | None = None) -> Found:
    """A tenant that is there already."""
    return look("tenant", name, tenant=None, opts=opts)


def get_tenant_output(name: Input[str], *, opts: pulumi.InvokeOptions | None = None) -> pulumi.Output[Found]:
    """A tenant that is there already, by names that are not known yet."""
    return look_output("tenant", name, tenant=None, opts=opts)


def get_quota(name: str, *, tenant: str | None = None, opts: pulumi.InvokeOptions | None = None) -> Found:
    """A quota that is there already."""
    return look("quota", name, tenant=tenant, opts=opts)


def get_quota_output(
    name: Input[str], *, tenant: Input[str | None] = None, opts: pulumi.InvokeOptions | None = None
) -> pulumi.Output[Found]:
    """A quota that is there already, by names that are not known yet."""
    return look_output("quota", name, tenant=tenant, opts=opts)


def get_group(name: str, *, tenant: str | None = None, opts: pulumi.InvokeOptions | None = None) -> Found:
    """A group that is there already."""
    return look("group", name, tenant=tenant, opts=opts)


def get_group_output(
    name: Input[str], *, tenant: Input[str | None] = None, opts: pulumi.InvokeOptions | None = None
) -> pulumi.Output[Found]:
    """A group that is there already, by names that are not known yet."""
    return look_output("group", name, tenant=tenant, opts=opts)


def get_identity_provider(name: str, *, tenant: str | None = None, opts: pulumi.InvokeOptions | None = None) -> Found:
    """An identity provider that is there already."""
    return look("identity_provider", name, tenant=tenant, opts=opts)


def get_identity_provider_output(
    name: Input[str], *, tenant: Input[str | None] = None, opts: pulumi.InvokeOptions | None = None
) -> pulumi.Output[Found]:
    """An identity provider that is there already, by names that are not known yet."""
    return look_output("identity_provider", name, tenant=tenant, opts=opts)


def get_user(name: str, *, tenant: str | None = None, opts: pulumi.InvokeOptions | None = None) -> Found:
    """A user that is there already."""
    return look("user", name, tenant=tenant, opts=opts)


def get_user_output(
    name: Input[str], *, tenant: Input[str | None] = None, opts: pulumi.InvokeOptions | None = None
) -> pulumi.Output[Found]:
    """A user that is there already, by names that are not known yet."""
    return look_output("user", name, tenant=tenant, opts=opts)


def get_service_account(name: str, *, tenant: str | None = None, opts: pulumi.InvokeOptions | None = None) -> Found:
    """A service account that is there already."""
    return look("service_account", name, tenant=tenant, opts=opts)


def get_service_account_output(
    name: Input[str], *, tenant: Input[str | None] = None, opts: pulumi.InvokeOptions | None = None
) -> pulumi.Output[Found]:
    """A service account that is there already, by names that are not known yet."""
    return look_output("service_account", name, tenant=tenant, opts=opts)


def get_role(name: str, *, tenant: str | None = None, opts: pulumi.InvokeOptions | None = None) -> Found:
    """A role that is there already."""
    return look("role", name, tenant=tenant, opts=opts)


def get_role_output(
    name: Input[str], *, tenant: Input[str | None] = None, opts: pulumi.InvokeOptions | None = None
) -> pulumi.Output[Found]:
    """A role that is there already, by names that are not known yet."""
    return look_output("role", name, tenant=tenant, opts=opts)


def get_role_binding(name: str, *, tenant: str | None = None, opts: pulumi.InvokeOptions | None = None) -> Found:
    """A role binding that is there already."""
    return look("role_binding", name, tenant=tenant, opts=opts)


def get_role_binding_output(
    name: Input[str], *, tenant: Input[str | None] = None, opts: pulumi.InvokeOptions | None = None
) -> pulumi.Output[Found]:
    """A role binding that is there already, by names that are not known yet."""
    return look_output("role_binding", name, tenant=tenant, opts=opts)


def get_policy(name: str, *, tenant: str | None = None, opts: pulumi.InvokeOptions | None = None) -> Found:
    """A policy that is there already."""
    return look("policy", name, tenant=tenant, opts=opts)


def get_policy_output(
    name: Input[str], *, tenant: Input[str | None] = None, opts: pulumi.InvokeOptions | None = None
) -> pulumi.Output[Found]:
    """A policy that is there already, by names that are not known yet."""
    return look_output("policy", name, tenant=tenant, opts=opts)


def get_api_token(name: str, *, tenant: str | None = None, opts: pulumi.InvokeOptions | None = None) -> Found:
    """An api token that is there already."""
    return look("api_token", name, tenant=tenant, opts=opts)


def get_api_token_output(
    name: Input[str], *, tenant: Input[str | None] = None, opts: pulumi.InvokeOptions | None = None
) -> pulumi.Output[Found]:
    """An api token that is there already, by names that are not known yet."""
    return look_output("api_token", name, tenant=tenant, opts=opts)


def get_application_credential(
    name: str, *, tenant: str | None = None, opts: pulumi.InvokeOptions | None = None
) -> Found:
    """An application credential that is there already."""
    return look("application_credential", name, tenant=tenant, opts=opts)


def get_application_credential_output(
    name: Input[str], *, tenant: Input[str | None] = None, opts: pulumi.InvokeOptions | None = None
) -> pulumi.Output[Found]:
    """An application credential that is there already, by names that are not known yet."""
    return look_output("application_credential", name, tenant=tenant, opts=opts)


def get_share(name: str, *, tenant: str | None = None, opts: pulumi.InvokeOptions | None = None) -> Found:
    """A share that is there already."""
    return look("share", name, tenant=tenant, opts=opts)


def get_share_output(
    name: Input[str], *, tenant: Input[str | None] = None, opts: pulumi.InvokeOptions | None = None
) -> pulumi.Output[Found]:
    """A share that is there already, by names that are not known yet."""
    return look_output("share", name, tenant=tenant, opts=opts)


def get_host(name: str, *, opts: pulumi.InvokeOptions | None = None) -> Found:
    """A host that is there already."""
    return look("host", name, tenant=None, opts=opts)


def get_host_output(name: Input[str], *, opts: pulumi.InvokeOptions | None = None) -> pulumi.Output[Found]:
    """A host that is there already, by names that are not known yet."""
    return look_output("host", name, tenant=None, opts=opts)


def get_join_token(name: str, *, opts: pulumi.InvokeOptions | None = None) -> Found:
    """A join token that is there already."""
    return look("join_token", name, tenant=None, opts=opts)


def get_join_token_output(name: Input[str], *, opts: pulumi.InvokeOptions | None = None) -> pulumi.Output[Found]:
    """A join token that is there already, by names that are not known yet."""
    return look_output("join_token", name, tenant=None, opts=opts)


def get_flavor(name: str, *, opts: pulumi.InvokeOptions | None = None) -> Found:
    """A flavor that is there already."""
    return look("flavor", name, tenant=None, opts=opts)


def get_flavor_output(name: Input[str], *, opts: pulumi.InvokeOptions | None = None) -> pulumi.Output[Found]:
    """A flavor that is there already, by names that are not known yet."""
    return look_output("flavor", name, tenant=None, opts=opts)


def get_gpu_profile(name: str, *, opts: pulumi.InvokeOptions | None = None) -> Found:
    """A gpu profile that is there already."""
    return look("gpu_profile", name, tenant=None, opts=opts)


def get_gpu_profile_output(name: Input[str], *, opts: pulumi.InvokeOptions | None = None) -> pulumi.Output[Found]:
    """A gpu profile that is there already, by names that are not known yet."""
    return look_output("gpu_profile", name, tenant=None, opts=opts)


def get_address_pool(name: str, *, opts: pulumi.InvokeOptions | None = None) -> Found:
    """An address pool that is there already."""
    return look("address_pool", name, tenant=None, opts=opts)


def get_address_pool_output(name: Input[str], *, opts: pulumi.InvokeOptions | None = None) -> pulumi.Output[Found]:
    """An address pool that is there already, by names that are not known yet."""
    return look_output("address_pool", name, tenant=None, opts=opts)


def get_bgp_peer(name: str, *, opts: pulumi.InvokeOptions | None = None) -> Found:
    """A bgp peer that is there already."""
    return look("bgp_peer", name, tenant=None, opts=opts)


def get_bgp_peer_output(name: Input[str], *, opts: pulumi.InvokeOptions | None = None) -> pulumi.Output[Found]:
    """A bgp peer that is there already, by names that are not known yet."""
    return look_output("bgp_peer", name, tenant=None, opts=opts)


def get_image(name: str, *, tenant: str | None = None, opts: pulumi.InvokeOptions | None = None) -> Found:
    """An image that is there already."""
    return look("image", name, tenant=tenant, opts=opts)


def get_image_output(
    name: Input[str], *, tenant: Input[str | None] = None, opts: pulumi.InvokeOptions | None = None
) -> pulumi.Output[Found]:
    """An image that is there already, by names that are not known yet."""
    return look_output("image", name, tenant=tenant, opts=opts)


def get_ssh_key(name: str, *, tenant: str | None = None, opts: pulumi.InvokeOptions | None = None) -> Found:
    """A ssh key that is there already."""
    return look("ssh_key", name, tenant=tenant, opts=opts)


def get_ssh_key_output(
    name: Input[str], *, tenant: Input[str | None] = None, opts: pulumi.InvokeOptions | None = None
) -> pulumi.Output[Found]:
    """A ssh key that is there already, by names that are not known yet."""
    return look_output("ssh_key", name, tenant=tenant, opts=opts)


def get_secret(name: str, *, tenant: str | None = None, opts: pulumi.InvokeOptions | None = None) -> Found:
    """A secret that is there already."""
    return look("secret", name, tenant=tenant, opts=opts)


def get_secret_output(
    name: Input[str], *, tenant: Input[str | None] = None, opts: pulumi.InvokeOptions | None = None
) -> pulumi.Output[Found]:
    """A secret that is there already, by names that are not known yet."""
    return look_output("secret", name, tenant=tenant, opts=opts)


def get_network(name: str, *, tenant: str | None = None, opts: pulumi.InvokeOptions | None = None) -> Found:
    """A network that is there already."""
    return look("network", name, tenant=tenant, opts=opts)


def get_network_output(
    name: Input[str], *, tenant: Input[str | None] = None, opts: pulumi.InvokeOptions | None = None
) -> pulumi.Output[Found]:
    """A network that is there already, by names that are not known yet."""
    return look_output("network", name, tenant=tenant, opts=opts)


def get_subnet(name: str, *, tenant: str | None = None, opts: pulumi.InvokeOptions | None = None) -> Found:
    """A subnet that is there already."""
    return look("subnet", name, tenant=tenant, opts=opts)


def get_subnet_output(
    name: Input[str], *, tenant: Input[str | None] = None, opts: pulumi.InvokeOptions | None = None
) -> pulumi.Output[Found]:
    """A subnet that is there already, by names that are not known yet."""
    return look_output("subnet", name, tenant=tenant, opts=opts)


def get_router(name: str, *, tenant: str | None = None, opts: pulumi.InvokeOptions | None = None) -> Found:
    """A router that is there already."""
    return look("router", name, tenant=tenant, opts=opts)


def get_router_output(
    name: Input[str], *, tenant: Input[str | None] = None, opts: pulumi.InvokeOptions | None = None
) -> pulumi.Output[Found]:
    """A router that is there already, by names that are not known yet."""
    return look_output("router", name, tenant=tenant, opts=opts)


def get_address_group(name: str, *, tenant: str | None = None, opts: pulumi.InvokeOptions | None = None) -> Found:
    """An address group that is there already."""
    return look("address_group", name, tenant=tenant, opts=opts)


def get_address_group_output(
    name: Input[str], *, tenant: Input[str | None] = None, opts: pulumi.InvokeOptions | None = None
) -> pulumi.Output[Found]:
    """An address group that is there already, by names that are not known yet."""
    return look_output("address_group", name, tenant=tenant, opts=opts)


def get_security_group(name: str, *, tenant: str | None = None, opts: pulumi.InvokeOptions | None = None) -> Found:
    """A security group that is there already."""
    return look("security_group", name, tenant=tenant, opts=opts)


def get_security_group_output(
    name: Input[str], *, tenant: Input[str | None] = None, opts: pulumi.InvokeOptions | None = None
) -> pulumi.Output[Found]:
    """A security group that is there already, by names that are not known yet."""
    return look_output("security_group", name, tenant=tenant, opts=opts)


def get_volume(name: str, *, tenant: str | None = None, opts: pulumi.InvokeOptions | None = None) -> Found:
    """A volume that is there already."""
    return look("volume", name, tenant=tenant, opts=opts)


def get_volume_output(
    name: Input[str], *, tenant: Input[str | None] = None, opts: pulumi.InvokeOptions | None = None
) -> pulumi.Output[Found]:
    """A volume that is there already, by names that are not known yet."""
    return look_output("volume", name, tenant=tenant, opts=opts)


def get_placement_group(name: str, *, tenant: str | None = None, opts: pulumi.InvokeOptions | None = None) -> Found:
    """A placement group that is there already."""
    return look("placement_group", name, tenant=tenant, opts=opts)


def get_placement_group_output(
    name: Input[str], *, tenant: Input[str | None] = None, opts: pulumi.InvokeOptions | None = None
) -> pulumi.Output[Found]:
    """A placement group that is there already, by names that are not known yet."""
    return look_output("placement_group", name, tenant=tenant, opts=opts)


def get_instance(name: str, *, tenant: str | None = None, opts: pulumi.InvokeOptions | None = None) -> Found:
    """An instance that is there already."""
    return look("instance", name, tenant=tenant, opts=opts)


def get_instance_output(
    name: Input[str], *, tenant: Input[str | None] = None, opts: pulumi.InvokeOptions | None = None
) -> pulumi.Output[Found]:
    """An instance that is there already, by names that are not known yet."""
    return look_output("instance", name, tenant=tenant, opts=opts)


def get_floating_ip(name: str, *, tenant: str | None = None, opts: pulumi.InvokeOptions | None = None) -> Found:
    """A floating ip that is there already."""
    return look("floating_ip", name, tenant=tenant, opts=opts)


def get_floating_ip_output(
    name: Input[str], *, tenant: Input[str | None] = None, opts: pulumi.InvokeOptions | None = None
) -> pulumi.Output[Found]:
    """A floating ip that is there already, by names that are not known yet."""
    return look_output("floating_ip", name, tenant=tenant, opts=opts)


def get_load_balancer(name: str, *, tenant: str | None = None, opts: pulumi.InvokeOptions | None = None) -> Found:
    """A load balancer that is there already."""
    return look("load_balancer", name, tenant=tenant, opts=opts)


def get_load_balancer_output(
    name: Input[str], *, tenant: Input[str | None] = None, opts: pulumi.InvokeOptions | None = None
) -> pulumi.Output[Found]:
    """A load balancer that is there already, by names that are not known yet."""
    return look_output("load_balancer", name, tenant=tenant, opts=opts)


__all__ = [
    "get_address_group",
    "get_address_group_output",
    "get_address_pool",
    "get_address_pool_output",
    "get_api_token",
    "get_api_token_output",
    "get_application_credential",
    "get_application_credential_output",
    "get_bgp_peer",
    "get_bgp_peer_output",
    "get_flavor",
    "get_flavor_output",
    "get_floating_ip",
    "get_floating_ip_output",
    "get_gpu_profile",
    "get_gpu_profile_output",
    "get_group",
    "get_group_output",
    "get_host",
    "get_host_output",
    "get_identity_provider",
    "get_identity_provider_output",
    "get_image",
    "get_image_output",
    "get_instance",
    "get_instance_output",
    "get_join_token",
    "get_join_token_output",
    "get_load_balancer",
    "get_load_balancer_output",
    "get_network",
    "get_network_output",
    "get_placement_group",
    "get_placement_group_output",
    "get_policy",
    "get_policy_output",
    "get_quota",
    "get_quota_output",
    "get_role",
    "get_role_binding",
    "get_role_binding_output",
    "get_role_output",
    "get_router",
    "get_router_output",
    "get_secret",
    "get_secret_output",
    "get_security_group",
    "get_security_group_output",
    "get_service_account",
    "get_service_account_output",
    "get_share",
    "get_share_output",
    "get_ssh_key",
    "get_ssh_key_output",
    "get_subnet",
    "get_subnet_output",
    "get_tenant",
    "get_tenant_output",
    "get_user",
    "get_user_output",
    "get_volume",
    "get_volume_output",
]
