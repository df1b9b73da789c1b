"""Nodes to train on: each with linked GPUs, on different hosts as far as possible, on a network of their own.

The profile is the cloud's: who runs it makes it, with the models and the way in which GPUs are handed out.
"""

import pulumi

import pulumi_pextra as pextra

config = pulumi.Config()
nodes, gpus = config.get_int("nodes") or 2, config.get_int("gpus") or 4
profile, flavor = config.get("profile") or "h100", config.get("flavor") or "large"
image, cidr = config.get("image") or "system/debian-12", "10.30.0.0/24"

network = pextra.Network("training")
subnet = pextra.Subnet("training", network=network.name, cidr=cidr)
inside = pextra.SecurityGroup(
    "training",
    rules=[
        pextra.SecurityGroupRuleArgs(direction="ingress", remote_cidr=cidr),
        pextra.SecurityGroupRuleArgs(direction="egress"),
    ],
)
group = pextra.PlacementGroup("training", rule="spread", mode="preferred")
made = [
    pextra.Instance(
        f"node-{number}",
        flavor=flavor,
        image=image,
        gpus=pextra.InstanceGpusArgs(profile=profile, count=gpus, nvlink="required", numa="preferred"),
        networks=[pextra.InstanceNetworkArgs(network=network.name, security_groups=[inside.name])],
        placement_group=group.name,
        opts=pulumi.ResourceOptions(depends_on=[subnet]),
    )
    for number in range(nodes)
]

pulumi.export("nodes", [node.name for node in made])
pulumi.export("hosts", [node.status.apply(lambda status: status.host) for node in made])
