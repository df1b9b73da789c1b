"""Fifty tenants in a loop, each with a quota, a network and a pipeline's credential."""

import pulumi

import pulumi_pextra as pextra

prefix, count = pulumi.Config().get("prefix") or "team", pulumi.Config().get_int("count") or 50
tokens: dict[str, pulumi.Output[str]] = {}

for number in range(count):
    tenant = pextra.Tenant(f"{prefix}-{number}", name=f"{prefix}-{number}")
    quota = pextra.Quota(
        f"{prefix}-{number}",
        tenant=tenant.name,
        limits={"instances": 5, "vcpus": 10, "networks": 1, "subnets": 1, "service_accounts": 1,
                "application_credentials": 1, "role_bindings": 1},
    )  # fmt: skip
    after = pulumi.ResourceOptions(depends_on=[quota])
    network = pextra.Network(f"{prefix}-{number}", name="main", tenant=tenant.name, opts=after)
    pextra.Subnet(f"{prefix}-{number}", name="main", tenant=tenant.name, network=network.name, cidr="10.0.0.0/24")
    pipeline = pextra.ServiceAccount(f"{prefix}-{number}", name="pipeline", tenant=tenant.name, opts=after)
    credential = pextra.ApplicationCredential(
        f"{prefix}-{number}",
        name="pipeline",
        tenant=tenant.name,
        subject={"kind": "service_account", "name": pipeline.name},
    )
    tokens[f"{prefix}-{number}"] = credential.token

pulumi.export("tokens", pulumi.Output.secret(tokens))
