"""Wishes about instances and volumes."""

from __future__ import annotations

from typing import Any, Final

from pextra.simulation.letters import Where, Wish
from pextra.simulation.wishes.mind import Mind, deleted, replaced

INSTANCES: Final = ("i1", "i2", "i3", "i4")
GPU_PROFILES: Final[dict[str, dict[str, Any]]] = {
    "whole": {},
    "half": {"mode": "share", "share_milli": 500},
    "function": {"mode": "vf"},
    "first": {"mode": "mig", "slice": "1g.10gb"},
    "third": {"mode": "mig", "slice": "3g.40gb"},
    "virtual": {"mode": "vgpu", "slice": "L40S-24Q"},
    "desk": {"mode": "vgpu", "slice": "L40S-12Q"},
}
VOLUMES: Final = ("v1", "v2", "v3")
FLAVORS: Final = ("small", "small", "big", "deep", "pinned", "pinned", "secure")
GROUPS: Final = {
    "apart": {"rule": "anti_affinity", "mode": "required"},
    "together": {"rule": "affinity", "mode": "required"},
    "even": {"rule": "spread", "mode": "preferred"},
    "level": {"rule": "spread", "mode": "required"},
    "racks": {"rule": "anti_affinity", "mode": "required", "topology": "rack"},
    "rack": {"rule": "affinity", "mode": "required", "topology": "rack"},
}
TAINTED: Final = ("gpu", "old")
"""The keys of taints."""
POLICIES: Final = ("on_failure", "on_failure", "always", "never")


def _instance(mind: Mind) -> Where:
    return Where(mind.place(), "instances", mind.rng.choice(INSTANCES))


def _known_instance(mind: Mind) -> Where | None:
    known = [w for w in mind.seen if w.plural == "instances"]
    return mind.rng.choice(known) if known else None


def put_instance(mind: Mind) -> Wish:
    """Make an instance, or change something of it."""
    where = _instance(mind)
    spec = mind.spec(where)
    return replaced(mind, where, _new(mind, where) if spec is None else _changed(mind, where, spec))


def put_placement_group(mind: Mind) -> Wish:
    """Make a placement group."""
    name = mind.rng.choice(list(GROUPS))
    return replaced(mind, Where(mind.place(), "placement_groups", name), GROUPS[name])


def delete_placement_group(mind: Mind) -> Wish | None:
    """Delete a placement group, which is refused while an instance is of it."""
    return deleted(mind, Where(mind.place(), "placement_groups", mind.rng.choice(list(GROUPS))))


def _new(mind: Mind, where: Where) -> dict[str, Any]:
    rng, tenant = mind.rng, where.tenant
    assert tenant is not None
    images = ["system/debian", *mind.known(tenant, "images")]
    spec: dict[str, Any] = {
        "flavor": rng.choice(FLAVORS),
        "image": rng.choice(images),
        "networks": _cards(mind, tenant),
        "volumes": _volumes(mind, where),
        "restart_policy": rng.choice(POLICIES),
        "power": rng.choice(("on", "on", "on", "off")),
    }
    groups = mind.known(tenant, "placement_groups")
    if groups and rng.random() < 0.5:
        spec["placement_group"] = rng.choice(groups)
    if rng.random() < 0.4:
        spec["gpus"] = _gpus(mind)
    if rng.random() < 0.3:
        spec["tolerations"] = [{"key": rng.choice(TAINTED)}]
    if rng.random() < 0.2:
        spec["user_data"] = f"#cloud-config\npassword: {rng.random()}\n"
    return spec


def _gpus(mind: Mind) -> dict[str, Any]:
    profile = mind.rng.choice(("whole", "whole", *GPU_PROFILES))
    wish: dict[str, Any] = {"profile": profile, "count": mind.rng.choice((1, 1, 2, 2, 4))}
    if profile == "whole":
        wish["nvlink"] = mind.rng.choice(("none", "preferred", "required"))
    return wish | {"numa": mind.rng.choice(("none", "preferred", "required"))}


def _changed(mind: Mind, where: Where, spec: dict[str, Any]) -> dict[str, Any]:
    assert where.tenant is not None
    change: dict[str, Any]
    match mind.rng.choice(("flavor", "volumes", "volumes", "networks", "power", "policy", "nothing")):
        case "flavor":
            change = {"flavor": mind.rng.choice(FLAVORS)}
        case "volumes":
            change = {"volumes": _volumes(mind, where)}
        case "networks":
            change = {"networks": _cards(mind, where.tenant)}
        case "power":
            change = {"power": mind.rng.choice(("on", "off"))}
        case "policy":
            change = {"restart_policy": mind.rng.choice(POLICIES)}
        case _:
            change = {}
    return spec | change


def _cards(mind: Mind, tenant: str) -> list[dict[str, str]]:
    return [{"network": name} for name in mind.some(mind.known(tenant, "networks"), 2)]


def _volumes(mind: Mind, where: Where) -> list[str]:
    """Some of the volumes; mostly those that no other instance is known to use."""
    assert where.tenant is not None
    taken: set[str] = set()
    if mind.rng.random() < 0.8:
        for other, seen in mind.seen.items():
            if other.plural == "instances" and other.tenant == where.tenant and other != where:
                taken.update(seen["spec"]["volumes"])
    return mind.some([v for v in mind.known(where.tenant, "volumes") if v not in taken], 2)


def switch_power(mind: Mind) -> Wish | None:
    """Switch a known instance on or off; sometimes only if nobody has changed it."""
    where = _known_instance(mind)
    if where is None:
        return None
    headers = {"If-Match": mind.seen[where]["metadata"]["etag"]} if mind.rng.random() < 0.3 else {}
    body = {"spec": {"power": mind.rng.choice(("on", "off"))}}
    return Wish("PATCH", where, body, mind.uid(where), headers)


def delete_instance(mind: Mind) -> Wish | None:
    """Delete a known instance."""
    where = _known_instance(mind)
    return deleted(mind, where) if where is not None else None


def reboot(mind: Mind) -> Wish | None:
    """Reboot a known instance."""
    where = _known_instance(mind)
    return Wish("POST", where, None, mind.uid(where), action="reboot") if where is not None else None


def cancel(mind: Mind) -> Wish | None:
    """Cancel the newest operation that is known; older ones have ended long ago."""
    known = [w for w in mind.seen if w.plural == "operations"]
    return Wish("POST", known[-1], None, action="cancel") if known else None


def put_volume(mind: Mind) -> Wish:
    """Make a volume, or grow it; seldom shrink it, which no pool can."""
    where = Where(mind.place(), "volumes", mind.rng.choice(VOLUMES))
    spec = mind.spec(where)
    if spec is None:
        return replaced(mind, where, {"size_gib": mind.rng.randint(1, 3)})
    grown = spec["size_gib"] + mind.rng.choice((0, 1, 1, 1, 1, 1, 1, -1))
    return replaced(mind, where, spec | {"size_gib": max(1, grown)})


def delete_volume(mind: Mind) -> Wish | None:
    """Delete a volume."""
    return deleted(mind, Where(mind.place(), "volumes", mind.rng.choice(VOLUMES)))
