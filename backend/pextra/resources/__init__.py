"""The kinds of this cloud, one file each.

A new kind is one declaration here and, when something must be made true, one controller.
"""

from __future__ import annotations

from pextra.declaration.registry import Registry
from pextra.resources.address_group import ADDRESS_GROUP
from pextra.resources.address_pool import ADDRESS_POOL
from pextra.resources.api_token import API_TOKEN
from pextra.resources.application_credential import APPLICATION_CREDENTIAL
from pextra.resources.bgp_peer import BGP_PEER
from pextra.resources.flavor import FLAVOR
from pextra.resources.floating_ip import FLOATING_IP
from pextra.resources.gpu_profile import GPU_PROFILE
from pextra.resources.group import GROUP
from pextra.resources.host import HOST
from pextra.resources.identity_provider import IDENTITY_PROVIDER
from pextra.resources.image import IMAGE
from pextra.resources.instance import INSTANCE
from pextra.resources.join_token import JOIN_TOKEN
from pextra.resources.load_balancer import LOAD_BALANCER
from pextra.resources.network import NETWORK
from pextra.resources.operation import OPERATION
from pextra.resources.placement_group import PLACEMENT_GROUP
from pextra.resources.policy import POLICY
from pextra.resources.quota import QUOTA
from pextra.resources.role import ROLE
from pextra.resources.role_binding import ROLE_BINDING
from pextra.resources.router import ROUTER
from pextra.resources.secret import SECRET
from pextra.resources.security_group import SECURITY_GROUP
from pextra.resources.service_account import SERVICE_ACCOUNT
from pextra.resources.session import SESSION
from pextra.resources.share import SHARE
from pextra.resources.ssh_key import SSH_KEY
from pextra.resources.subnet import SUBNET
from pextra.resources.tenant import TENANT
from pextra.resources.user import USER
from pextra.resources.volume import VOLUME

REGISTRY = Registry(
    [
        TENANT, QUOTA, GROUP, IDENTITY_PROVIDER, USER, SERVICE_ACCOUNT, ROLE, ROLE_BINDING, POLICY, API_TOKEN,
        APPLICATION_CREDENTIAL, SESSION, SHARE,
        HOST, JOIN_TOKEN, FLAVOR, GPU_PROFILE, ADDRESS_POOL, BGP_PEER, IMAGE, SSH_KEY, SECRET,
        NETWORK, SUBNET, ROUTER, ADDRESS_GROUP, SECURITY_GROUP, VOLUME, PLACEMENT_GROUP, INSTANCE, FLOATING_IP,
        LOAD_BALANCER,
        OPERATION,
    ]
)  # fmt: skip
"""Every kind, in the order in which documents list them."""
