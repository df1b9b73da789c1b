"""No address of a subnet is given twice, none that is reserved at all, and every other one can be had."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pextra.errors import PextraError
from pextra.store import addresses
from pextra.store.addresses import Given
from pextra.store.database import Database

CIDR = "10.0.0.0/28"
USABLE = {f"10.0.0.{n}" for n in range(2, 15)}


class Subnet:
    """A subnet of one tenant, and guests that ask for addresses in it."""

    def __init__(self, database: Database, cidr: str = CIDR, gateway: str | None = None) -> None:
        self.database = database
        self.uid, self.network, self.tenant = database.new_uid(), database.new_uid(), database.new_uid()
        self.cidr, self.gateway = cidr, gateway

    def take(
        self,
        wanted: str | None = None,
        guest: str | None = None,
        card: int = 0,
        process: Database | None = None,
    ) -> Given:
        consumer = guest or self.database.new_uid()
        return (process or self.database).write(
            lambda tx: addresses.take(
                tx,
                self.network,
                self.uid,
                self.cidr,
                self.gateway,
                tenant_uid=self.tenant,
                consumer_uid=consumer,
                card=card,
                wanted=wanted,
            )
        )

    def take_all(self) -> list[str]:
        """Take addresses until there are none."""
        taken: list[str] = []
        while True:
            try:
                taken.append(self.take().address)
            except PextraError as error:
                if error.code != "address.exhausted":
                    raise
                return taken


def test_every_address_but_the_reserved_ones_is_given_once_and_then_none(database: Database) -> None:
    taken = Subnet(database).take_all()
    assert sorted(taken) == sorted(USABLE)


def test_a_gateway_elsewhere_leaves_the_first_address_to_guests(database: Database) -> None:
    assert set(Subnet(database, gateway="10.0.0.9").take_all()) == USABLE - {"10.0.0.9"} | {"10.0.0.1"}


def test_ipv6_addresses_are_given_out_of_ranges_larger_than_any_number_of_the_database(database: Database) -> None:
    subnet = Subnet(database, "fd00:1::/64")
    assert [subnet.take().address for _ in range(2)] == ["fd00:1::2", "fd00:1::3"]
    high = "fd00:1::ffff:ffff:ffff:fffe"
    assert subnet.take(wanted=high).address == high
    assert subnet.take().address == "fd00:1::4"


@pytest.mark.parametrize("wanted", ["10.0.0.0", "10.0.0.1", "10.0.0.15"])
def test_a_reserved_address_is_not_given_even_when_wanted(sqlite_database: Database, wanted: str) -> None:
    with pytest.raises(PextraError, match="is taken") as caught:
        Subnet(sqlite_database).take(wanted=wanted)
    assert caught.value.code == "object.conflict"


def test_a_wanted_address_is_given_once(database: Database) -> None:
    subnet = Subnet(database)
    assert subnet.take(wanted="10.0.0.7").address == "10.0.0.7"
    with pytest.raises(PextraError, match="is taken"):
        subnet.take(wanted="10.0.0.7")


def test_two_subnets_may_give_the_same_address(database: Database) -> None:
    assert Subnet(database).take().address == Subnet(database).take().address


def test_a_guest_has_its_addresses_by_card_until_they_are_taken_back(database: Database) -> None:
    subnet, guest = Subnet(database), database.new_uid()
    second, first = subnet.take(guest=guest, card=1), subnet.take(guest=guest, card=0)
    assert database.read(lambda tx: addresses.of(tx, subnet.tenant, guest)) == [first, second]
    database.write(lambda tx: addresses.release_one(tx, first))
    assert database.read(lambda tx: addresses.of(tx, subnet.tenant, guest)) == [second]
    database.write(lambda tx: addresses.release(tx, subnet.tenant, guest))
    assert database.read(lambda tx: addresses.of(tx, subnet.tenant, guest)) == []


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(st.one_of(st.just("take"), st.sampled_from(sorted(USABLE))), max_size=40))
def test_whatever_comes_and_goes_a_free_address_is_found_exactly_when_there_is_one(
    sqlite_database: Database, steps: list[str]
) -> None:
    """A step is to take any address, or to give one back if it is held and to want it if it is not."""
    subnet, held = Subnet(sqlite_database), dict[str, Given]()
    for step in steps:
        if step in held:
            back = held.pop(step)
            sqlite_database.write(lambda tx, g=back: addresses.release_one(tx, g))
        elif step != "take":
            held[step] = subnet.take(wanted=step)
        elif len(held) < len(USABLE):
            given_ = subnet.take()
            assert given_.address in USABLE - set(held)
            held[given_.address] = given_
        else:
            with pytest.raises(PextraError, match="no free address"):
                subnet.take()


def test_guests_that_ask_at_once_get_different_addresses_until_all_are_given(processes: list[Database]) -> None:
    subnet = Subnet(processes[0])

    def ask(number: int) -> str:
        while True:
            try:
                return subnet.take(process=processes[number % 4]).address
            except PextraError as error:
                if error.code != "store.contention":
                    return error.code

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(len(USABLE) + 3)))
    assert sorted(a for a in answers if a != "address.exhausted") == sorted(USABLE)
    assert answers.count("address.exhausted") == 3


def test_an_address_that_many_want_at_once_goes_to_one(processes: list[Database]) -> None:
    subnet = Subnet(processes[0])

    def want(number: int) -> bool:
        try:
            subnet.take(wanted="10.0.0.5", process=processes[number % 4])
        except PextraError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(want, range(6))).count(True) == 1
