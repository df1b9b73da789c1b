"""The resources, one class a kind, looked after by the dynamic provider.

Generated from the API's declarations by scripts/generate.py; do not edit.
"""

from __future__ import annotations

from pulumi_pextra.declared import DynamicObject
from pulumi_pextra.kinds.address_group import AddressGroupFields
from pulumi_pextra.kinds.address_pool import AddressPoolFields
from pulumi_pextra.kinds.api_token import ApiTokenFields
from pulumi_pextra.kinds.application_credential import ApplicationCredentialFields
from pulumi_pextra.kinds.bgp_peer import BgpPeerFields
from pulumi_pextra.kinds.flavor import FlavorFields
from pulumi_pextra.kinds.floating_ip import FloatingIpFields
from pulumi_pextra.kinds.gpu_profile import GpuProfileFields
from pulumi_pextra.kinds.group import GroupFields
from pulumi_pextra.kinds.host import HostFields
from pulumi_pextra.kinds.identity_provider import IdentityProviderFields
from pulumi_pextra.kinds.image import ImageFields
from pulumi_pextra.kinds.instance import InstanceFields
from pulumi_pextra.kinds.join_token import JoinTokenFields
from pulumi_pextra.kinds.load_balancer import LoadBalancerFields
from pulumi_pextra.kinds.network import NetworkFields
from pulumi_pextra.kinds.placement_group import PlacementGroupFields
from pulumi_pextra.kinds.policy import PolicyFields
from pulumi_pextra.kinds.quota import QuotaFields
from pulumi_pextra.kinds.role import RoleFields
from pulumi_pextra.kinds.role_binding import RoleBindingFields
from pulumi_pextra.kinds.router import RouterFields
from pulumi_pextra.kinds.secret import SecretFields
from pulumi_pextra.kinds.security_group import SecurityGroupFields
from pulumi_pextra.kinds.service_account import ServiceAccountFields
from pulumi_pextra.kinds.share import ShareFields
from pulumi_pextra.kinds.ssh_key import SshKeyFields
from pulumi_pextra.kinds.subnet import SubnetFields
from pulumi_pextra.kinds.tenant import TenantFields
from pulumi_pextra.kinds.user import UserFields
from pulumi_pextra.kinds.volume import VolumeFields


class Tenant(TenantFields, DynamicObject, module="pextra", name="Tenant"):
    """An owner of objects: a customer, a team or an environment. Tenants form a tree and cannot move."""


class Quota(QuotaFields, DynamicObject, module="pextra", name="Quota"):
    """What a tenant may use, carved out of its parent's. A new tenant may use nothing."""


class Group(GroupFields, DynamicObject, module="pextra", name="Group"):
    """Users and service accounts that have the same roles. Each member names the group in its own `groups`."""


class IdentityProvider(IdentityProviderFields, DynamicObject, module="pextra", name="IdentityProvider"):
    """Whom a tenant believes in who somebody is: an OpenID Connect issuer, whose access tokens are bearer tokens
    for the tenant's users that name it in their `identity`; or a directory (LDAP), by whose passwords they log
    in.
    """


class User(UserFields, DynamicObject, module="pextra", name="User"):
    """A person who acts by tokens, or logs in with a password. What a user may do is said by role bindings and
    policies.
    """


class ServiceAccount(ServiceAccountFields, DynamicObject, module="pextra", name="ServiceAccount"):
    """A program that acts in a tenant by application credentials; it has no password and signs in nowhere."""


class Role(RoleFields, DynamicObject, module="pextra", name="Role"):
    """A set of actions, for the tenant and those below. Every cloud has owner, admin, operator, member, reader,
    auditor and billing; these are a tenant's own beside them.
    """


class RoleBinding(RoleBindingFields, DynamicObject, module="pextra", name="RoleBinding"):
    """Gives a role to a user, a service account or a group, in this tenant and in all tenants below it. Deleting it
    takes the role away at once. Nobody can give more than they have.
    """


class Policy(PolicyFields, DynamicObject, module="pextra", name="Policy"):
    """Rules by attributes of who asks, of the object and of the request, for this tenant and all below it. They
    bind everybody but those who act from a tenant above.
    """


class ApiToken(ApiTokenFields, DynamicObject, module="pextra", name="ApiToken"):
    """A bearer token of a user. The token itself is shown once, in the answer that made it; deleting the object
    revokes it at once.
    """


class ApplicationCredential(ApplicationCredentialFields, DynamicObject, module="pextra", name="ApplicationCredential"):
    """A bearer token for a program, with less than its holder may do: limited to a tenant, to roles and to actions.
    It cannot make or change any credential, user or role. The token is shown once, in the answer that made it;
    deleting the object revokes it at once.
    """


class Share(ShareFields, DynamicObject, module="pextra", name="Share"):
    """Lets other tenants read and refer to one object. Deleting it stops new references; those that stand keep what
    they were resolved to.
    """


class Host(HostFields, DynamicObject, module="pextra", name="Host"):
    """A machine that runs guests."""


class JoinToken(JoinTokenFields, DynamicObject, module="pextra", name="JoinToken"):
    """Lets the agent of one machine join as a host, once: `pextra-agent join`. The token itself is shown once, in
    the answer that made it; it is used up by the first machine that joins, which shuts out any that joined as
    this host before. Deleting the object revokes it.
    """


class Flavor(FlavorFields, DynamicObject, module="pextra", name="Flavor"):
    """A size of instances, offered to every tenant."""


class GpuProfile(GpuProfileFields, DynamicObject, module="pextra", name="GpuProfile"):
    """A way in which GPUs are handed out, offered to every tenant."""


class AddressPool(AddressPoolFields, DynamicObject, module="pextra", name="AddressPool"):
    """Addresses of a network outside, offered to every tenant's routers and floating IPs. Hosts of OVN reach it by
    a bridge of their own.
    """


class BgpPeer(BgpPeerFields, DynamicObject, module="pextra", name="BgpPeer"):
    """A router outside, to which hosts announce by BGP the addresses that live on them. It is operators' alone to
    see.
    """


class Image(ImageFields, DynamicObject, module="pextra", name="Image"):
    """Immutable content from which disks are made."""


class SshKey(SshKeyFields, DynamicObject, module="pextra", name="SshKey"):
    """A public key that guests let in. It is copied into an instance when the instance is made."""


class Secret(SecretFields, DynamicObject, module="pextra", name="Secret"):
    """Named values that are stored encrypted and never read back. An instance may take its user data from one."""


class Network(NetworkFields, DynamicObject, module="pextra", name="Network"):
    """A tenant's own layer-2 segment; its addresses come from subnets."""


class Subnet(SubnetFields, DynamicObject, module="pextra", name="Subnet"):
    """An address range of a network."""


class Router(RouterFields, DynamicObject, module="pextra", name="Router"):
    """Joins networks of a tenant that span hosts: a packet between two of them passes on the sender's host."""


class AddressGroup(AddressGroupFields, DynamicObject, module="pextra", name="AddressGroup"):
    """Addresses that rules of security groups name together; a change counts for instances that run."""


class SecurityGroup(SecurityGroupFields, DynamicObject, module="pextra", name="SecurityGroup"):
    """What may reach the instances of the group, and what they may reach."""


class Volume(VolumeFields, DynamicObject, module="pextra", name="Volume"):
    """A disk that outlives the instances that use it."""


class PlacementGroup(PlacementGroupFields, DynamicObject, module="pextra", name="PlacementGroup"):
    """Instances that are to be together, or apart. Those that have a host stay there, whatever joins or leaves the
    group.
    """


class Instance(InstanceFields, DynamicObject, module="pextra", name="Instance"):
    """A virtual machine."""


class FloatingIp(FloatingIpFields, DynamicObject, module="pextra", name="FloatingIp"):
    """An address outside a tenant's networks that leads to an instance: one of an address pool, on hosts of OVN, or
    the host's own, of which ports are forwarded.
    """


class LoadBalancer(LoadBalancerFields, DynamicObject, module="pextra", name="LoadBalancer"):
    """One address behind which several instances serve, on hosts of OVN: every host spreads the connections of its
    own guests.
    """


__all__ = [
    "AddressGroup",
    "AddressPool",
    "ApiToken",
    "ApplicationCredential",
    "BgpPeer",
    "Flavor",
    "FloatingIp",
    "GpuProfile",
    "Group",
    "Host",
    "IdentityProvider",
    "Image",
    "Instance",
    "JoinToken",
    "LoadBalancer",
    "Network",
    "PlacementGroup",
    "Policy",
    "Quota",
    "Role",
    "RoleBinding",
    "Router",
    "Secret",
    "SecurityGroup",
    "ServiceAccount",
    "Share",
    "SshKey",
    "Subnet",
    "Tenant",
    "User",
    "Volume",
]
