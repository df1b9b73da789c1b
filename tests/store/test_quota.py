"""Used equals the sum of live charges and never exceeds the limit, whatever is asked for in whatever order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from pextra.errors import PextraError
from pextra.store import quota
from pextra.store.database import Database
from pextra.store.quota import Usage

COUNTABLES = ("instances", "vcpus")
AMOUNTS = st.fixed_dictionaries({"instances": st.integers(0, 3)}, optional={"vcpus": st.integers(0, 5)})
CEILINGS = st.dictionaries(st.sampled_from(COUNTABLES), st.one_of(st.none(), st.integers(0, 12)), min_size=1)


class QuotaMachine(RuleBasedStateMachine):
    """A parent and its child, charged, released, granted and limited at random, beside a model in plain numbers."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database
        self.uids = {name: database.new_uid() for name in ("parent", "child")}
        self.live: dict[str, list[dict[str, int]]] = {"parent": [], "child": []}
        self.ceilings: dict[str, dict[str, int | None]] = {"parent": {}, "child": {}}
        self.granted: dict[str, int] = dict.fromkeys(map(str, COUNTABLES), 0)

    def used(self, tenant: str, countable: str) -> int:
        return sum(charge.get(countable, 0) for charge in self.live[tenant])

    def granted_by(self, tenant: str, countable: str) -> int:
        return self.granted[countable] if tenant == "parent" else 0

    def room(self, tenant: str, countable: str) -> float:
        ceiling = self.ceilings[tenant].get(countable, 0)
        if ceiling is None:
            return float("inf")
        return ceiling - self.used(tenant, countable) - self.granted_by(tenant, countable)

    def attempt(self, fits: bool, code: str, work: Any) -> bool:
        """Run `work`, which must succeed exactly when the model says so."""
        if fits:
            self.database.write(work)
        else:
            with pytest.raises(PextraError) as caught:
                self.database.write(work)
            assert caught.value.code == code
        return fits

    @rule(tenant=st.sampled_from(["parent", "child"]), amounts=AMOUNTS)
    def charge(self, tenant: str, amounts: dict[str, int]) -> None:
        fits = all(amount <= self.room(tenant, c) or amount == 0 for c, amount in amounts.items())
        uid = self.uids[tenant]
        if self.attempt(
            fits, "quota.exceeded", lambda tx: quota.charge(tx, uid, tenant, amounts, unlisted=lambda _: 0)
        ):
            self.live[tenant].append(amounts)

    @precondition(lambda self: any(self.live.values()))
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        tenant = data.draw(st.sampled_from([name for name, charges in self.live.items() if charges]))
        amounts = self.live[tenant].pop(data.draw(st.integers(0, len(self.live[tenant]) - 1)))
        back = {countable: -amount for countable, amount in amounts.items()}
        self.database.write(lambda tx: quota.charge(tx, self.uids[tenant], tenant, back, unlisted=lambda _: 0))

    @rule(tenant=st.sampled_from(["parent", "child"]), ceilings=CEILINGS)
    def limit(self, tenant: str, ceilings: dict[str, int | None]) -> None:
        fits = all(
            ceiling is None or self.used(tenant, c) + self.granted_by(tenant, c) <= ceiling
            for c, ceiling in ceilings.items()
        )
        uid = self.uids[tenant]
        if self.attempt(fits, "quota.below_use", lambda tx: quota.set_ceilings(tx, uid, tenant, ceilings)):
            self.ceilings[tenant] |= ceilings

    @rule(countable=st.sampled_from(COUNTABLES), amount=st.integers(-3, 5))
    def grant(self, countable: str, amount: int) -> None:
        amount = max(amount, -self.granted[countable])
        fits = amount <= 0 or amount <= self.room("parent", countable)
        uid = self.uids["parent"]
        if self.attempt(
            fits,
            "quota.exceeded",
            lambda tx: quota.grant(tx, uid, "parent", {countable: amount}, unlisted=lambda _: 0),
        ):
            self.granted[countable] += amount

    @invariant()
    def counters_say_what_the_model_says(self) -> None:
        for tenant, uid in self.uids.items():
            stored = self.database.read(lambda tx, u=uid: quota.usage(tx, u))
            for countable in COUNTABLES:
                expected = Usage(
                    self.ceilings[tenant].get(countable, 0),
                    self.used(tenant, countable),
                    self.granted_by(tenant, countable),
                )
                assert stored.get(countable, Usage(0, 0, 0)) == expected

    @invariant()
    def nobody_has_more_than_the_limit(self) -> None:
        for tenant, uid in self.uids.items():
            for usage in self.database.read(lambda tx, u=uid: quota.usage(tx, u)).values():
                assert usage.used >= 0, tenant
                assert usage.ceiling is None or usage.used + usage.granted <= usage.ceiling


def test_counters_follow_every_sequence_of_charges_releases_limits_and_grants(sqlite_database: Database) -> None:
    run_state_machine_as_test(
        lambda: QuotaMachine(sqlite_database),  # pyright: ignore[reportArgumentType] - any factory does
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


def test_every_database_counts_alike(database: Database) -> None:
    run_state_machine_as_test(
        lambda: QuotaMachine(database),  # pyright: ignore[reportArgumentType] - any factory does
        settings=settings(
            max_examples=5,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


def test_a_refusal_says_what_the_limit_is_and_what_is_in_use(sqlite_database: Database) -> None:
    uid = sqlite_database.new_uid()
    sqlite_database.write(lambda tx: quota.set_ceilings(tx, uid, "acme", {"vcpus": 5}))
    sqlite_database.write(lambda tx: quota.charge(tx, uid, "acme", {"vcpus": 4}, unlisted=lambda _: 0))
    with pytest.raises(PextraError) as caught:
        sqlite_database.write(lambda tx: quota.charge(tx, uid, "acme", {"vcpus": 2}, unlisted=lambda _: 0))
    facts = {"tenant": "acme", "countable": "vcpus", "limit": 5, "used": 4, "granted": 0, "requested": 2}
    assert caught.value.facts == facts


def test_a_countable_without_a_counter_has_the_limit_of_what_is_not_listed(sqlite_database: Database) -> None:
    uid = sqlite_database.new_uid()
    sqlite_database.write(lambda tx: quota.charge(tx, uid, "acme", {"vcpus": 7}, unlisted=lambda _: None))
    assert sqlite_database.read(lambda tx: quota.usage(tx, uid)) == {"vcpus": Usage(None, 7, 0)}


def test_a_tenant_that_has_gone_leaves_no_counters(sqlite_database: Database) -> None:
    uid = sqlite_database.new_uid()
    sqlite_database.write(lambda tx: quota.set_ceilings(tx, uid, "acme", {"vcpus": 5}))
    sqlite_database.write(lambda tx: quota.forget(tx, uid))
    assert sqlite_database.read(lambda tx: quota.usage(tx, uid)) == {}


def test_the_tenant_without_limit_is_found_among_many(sqlite_database: Database) -> None:
    uids = [sqlite_database.new_uid() for _ in range(600)]
    sqlite_database.write(lambda tx: quota.set_ceilings(tx, uids[599], "last", {"vcpus": None, "instances": 3}))
    find = sqlite_database.read
    assert find(lambda tx: quota.first_unlimited(tx, uids, ["instances", "vcpus"])) == (uids[599], "vcpus")
    assert find(lambda tx: quota.first_unlimited(tx, uids, ["instances"])) is None
    assert find(lambda tx: quota.first_unlimited(tx, uids[:599], ["vcpus"])) is None
