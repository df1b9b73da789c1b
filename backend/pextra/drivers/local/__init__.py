"""The network driver for one Linux host: bridges, router namespaces, dnsmasq and nftables.

Every network has a bridge without addresses in the host's namespace, on which a guest's port sees nothing but the
router, and a network namespace of its own that is this router: gateway, DHCP, DNS, security rules, translation
of addresses. Why so: `backend/adr/0010-one-router-namespace-a-network.md`.
"""
