"""The controller of each kind that needs one."""

from __future__ import annotations

from pextra.controllers.address_pools import AddressPoolController
from pextra.controllers.bgp_peers import BgpPeerController
from pextra.controllers.fleet import Fleet
from pextra.controllers.floating_ips import FloatingIpController
from pextra.controllers.hosts import HostController
from pextra.controllers.images import ImageController
from pextra.controllers.instances import InstanceController
from pextra.controllers.load_balancers import LoadBalancerController
from pextra.controllers.operations import OperationController
from pextra.controllers.outcome import Controller
from pextra.controllers.routers import RouterController
from pextra.controllers.tenants import TenantController
from pextra.controllers.volumes import VolumeController


def controllers_of(fleet: Fleet) -> dict[str, Controller]:
    """Those of one process, by kind."""
    return {
        "tenant": TenantController(),
        "host": HostController(fleet),
        "address_pool": AddressPoolController(fleet),
        "bgp_peer": BgpPeerController(fleet),
        "image": ImageController(fleet),
        "volume": VolumeController(fleet),
        "router": RouterController(fleet),
        "instance": InstanceController(fleet),
        "operation": OperationController(fleet),
        "floating_ip": FloatingIpController(fleet),
        "load_balancer": LoadBalancerController(fleet),
    }
