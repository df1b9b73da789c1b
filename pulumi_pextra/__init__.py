"""Pextra's objects as Pulumi resources: `pip install` is all it takes.

Generated from the API's declarations by scripts/generate.py; do not edit.
"""

from pulumi_pextra.kinds.address_group import *
from pulumi_pextra.kinds.address_pool import *
from pulumi_pextra.kinds.api_token import *
from pulumi_pextra.kinds.application_credential import *
from pulumi_pextra.kinds.bgp_peer import *
from pulumi_pextra.kinds.flavor import *
from pulumi_pextra.kinds.floating_ip import *
from pulumi_pextra.kinds.gpu_profile import *
from pulumi_pextra.kinds.group import *
from pulumi_pextra.kinds.host import *
from pulumi_pextra.kinds.identity_provider import *
from pulumi_pextra.kinds.image import *
from pulumi_pextra.kinds.instance import *
from pulumi_pextra.kinds.join_token import *
from pulumi_pextra.kinds.load_balancer import *
from pulumi_pextra.kinds.network import *
from pulumi_pextra.kinds.placement_group import *
from pulumi_pextra.kinds.policy import *
from pulumi_pextra.kinds.quota import *
from pulumi_pextra.kinds.role import *
from pulumi_pextra.kinds.role_binding import *
from pulumi_pextra.kinds.router import *
from pulumi_pextra.kinds.secret import *
from pulumi_pextra.kinds.security_group import *
from pulumi_pextra.kinds.service_account import *
from pulumi_pextra.kinds.share import *
from pulumi_pextra.kinds.ssh_key import *
from pulumi_pextra.kinds.subnet import *
from pulumi_pextra.kinds.tenant import *
from pulumi_pextra.kinds.user import *
from pulumi_pextra.kinds.volume import *
from pulumi_pextra.lookups import *
from pulumi_pextra.resources import *
