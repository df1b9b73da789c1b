"""A tenant with three tiers, of which each is reached by the one before it alone.

pulumi config set pextra:endpoint http://127.0.0.1:8440
pulumi config set --secret pextra:token "$(pextra admin-token)"
pulumi up
"""

import pulumi

import pulumi_pextra as pextra

config = pulumi.Config()
flavor, image = config.get("flavor") or "small", config.get("image") or "system/sim-linux"

shop = pextra.Tenant("shop", name=config.get("tenant") or "shop", display_name="The shop")
limits = {
    "instances": 10, "vcpus": 20, "memory_mib": 20_480, "volumes": 5, "volume_gib": 100, "networks": 3, "subnets": 3,
    "security_groups": 3, "placement_groups": 3, "secrets": 1,
}  # fmt: skip
quota = pextra.Quota("shop", tenant=shop.name, limits=limits)
in_shop = pulumi.ResourceOptions(depends_on=[quota])


def only_from(cidr: str, port: int) -> list[pextra.SecurityGroupRuleArgs]:
    """What a tier lets in: one port, from one network."""
    return [
        pextra.SecurityGroupRuleArgs(direction="ingress", protocol="tcp", port_min=port, remote_cidr=cidr),
        pextra.SecurityGroupRuleArgs(direction="egress"),
    ]


network = pextra.Network("shop", tenant=shop.name, opts=in_shop)
subnet = pextra.Subnet("shop", tenant=shop.name, network=network.name, cidr="10.20.0.0/24")
password = pextra.Secret(
    "database",
    tenant=shop.name,
    data={"user-data": config.get_secret("user-data") or "#cloud-config\n"},
    opts=in_shop,
)
disk = pextra.Volume("database", tenant=shop.name, size_gib=20, opts=in_shop)

tiers = {"web": ("0.0.0.0/0", 80, 2), "application": ("10.20.0.0/24", 8080, 2), "database": ("10.20.0.0/24", 5432, 1)}
for tier, (cidr, port, count) in tiers.items():
    group = pextra.SecurityGroup(tier, tenant=shop.name, rules=only_from(cidr, port), opts=in_shop)
    apart = pextra.PlacementGroup(tier, tenant=shop.name, rule="spread", mode="preferred", opts=in_shop)
    for number in range(count):
        database = tier == "database"
        pextra.Instance(
            f"{tier}-{number}",
            tenant=shop.name,
            flavor=flavor,
            image=image,
            labels={"tier": tier},
            networks=[pextra.InstanceNetworkArgs(network=network.name, security_groups=[group.name])],
            volumes=[disk.name] if database else [],
            user_data_from={"secret": password.name, "entry": "user-data"} if database else None,
            placement_group=apart.name,
            opts=pulumi.ResourceOptions(depends_on=[subnet]),
        )

pulumi.export("tenant", shop.name)
pulumi.export("network", network.name)
