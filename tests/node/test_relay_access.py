"""Who may use a mailbox follows from the roster; honest phones agree on the list, thieves can't."""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.relay_access import (
    LET_IN_MAX,
    Standing,
    cards_tag,
    founding_list,
    left_out,
    reader_tag,
    standing,
    wanted,
)
from node.relay_places import COMPARTMENTS, Compartment
from relay.facts import (
    Access,
    ProtocolError,
    SignedAccess,
    access_message,
    check_access,
    check_next,
)
from replication.identity import DeviceKeys
from replication.roster import Device, Roster

KEYS = [DeviceKeys(bytes([at + 1]) * 32) for at in range(12)]
BY_KEY = {one.public: one for one in KEYS}
CARDS = tuple(KEYS[at].public for at in (9, 10, 11))
CARD_KEYS = {KEYS[at].public: KEYS[at] for at in (9, 10, 11)}
TODAY = "2026-06-01"
CLOCKS = ("1970-01-01", TODAY, "2100-01-01")
MAILBOX = b"m" * 32
GRANTS = {"summary": "pull", "ledger": "read", "people": "read"}


def officer(at: int, person: int | None = None, state: Any = "active") -> Device:
    who = bytes([at if person is None else person]) * 16
    return Device(KEYS[at].public, who, "write", f"phone {at}", KEYS[0].public, state)


def reader(at: int, scope: str, until: str = "", state: Any = "active") -> Device:
    who = (100 + at).to_bytes(16, "big")
    key = KEYS[at].public if at < len(KEYS) else at.to_bytes(32, "big")
    return Device(key, who, GRANTS[scope], f"reader {at}", KEYS[0].public, state, scope, until)


def roster_of(*devices: Device, cards: tuple[bytes, ...] = CARDS) -> Roster:
    return Roster(KEYS[0].public, False, {one.key: one for one in devices}, cards)


def first(roster: Roster, compartment: Compartment = "log", day: str = TODAY) -> Access:
    found = founding_list(roster, compartment, day)
    assert found is not None
    check_access(found)
    return found


def look(
    roster: Roster,
    device: int,
    before: Access,
    pending: Iterable[SignedAccess] = (),
    compartment: Compartment = "log",
    day: str = TODAY,
    spent: Iterable[bytes] = (),
) -> Standing:
    own = KEYS[device].public
    return standing(roster, compartment, day, own, before, tuple(pending), frozenset(spent))


# What the roster says


def test_each_mailbox_is_read_by_whom_the_design_says() -> None:
    readers = [reader(3, "summary"), reader(4, "ledger"), reader(5, "people")]
    plain = Device(KEYS[6].public, b"p" * 16, "read", "no scope", KEYS[0].public)
    relay = Device(KEYS[7].public, b"q" * 16, "pull", "no scope", KEYS[0].public)
    roster = roster_of(officer(0), officer(1), *readers, plain, relay)
    may = {
        name: {at for at in range(8) if first(roster, name).may_read(KEYS[at].public)}
        for name in COMPARTMENTS
    }
    assert may == {
        "log": {0, 1, 4, 5, 6},
        "doors": {0, 1, 3, 4, 5, 6},
        "people": {0, 1, 5},
        "summary": {0, 1, 3, 4, 5, 6},
    }
    kinds = {name: first(roster, name).kind for name in COMPARTMENTS}
    assert kinds == {"log": "log", "doors": "box", "people": "box", "summary": "log"}
    assert all(first(roster, name).cards == CARDS for name in COMPARTMENTS)


def test_only_doors_can_be_found_by_readers_officers_and_every_two_cards() -> None:
    roster = roster_of(officer(0), reader(3, "summary"), reader(4, "people", "2020-01-01"))
    tags = {reader_tag(KEYS[at].public) for at in (0, 3)}
    tags |= {cards_tag(one, other) for one, other in combinations(CARDS, 2)}
    assert set(first(roster, "doors").tags) == tags
    assert len(tags) == 5
    assert not any(first(roster, name).tags for name in COMPARTMENTS if name != "doors")
    assert cards_tag(CARDS[0], CARDS[1]) == cards_tag(CARDS[1], CARDS[0])


def test_phones_of_one_officer_stand_together_and_count_once() -> None:
    roster = roster_of(officer(0), officer(1, person=0), officer(2))
    listed = first(roster)
    assert sorted(map(len, listed.writers)) == [1, 2]
    assert listed.needed == 2
    alone = first(roster_of(officer(0), officer(1, person=0)))
    assert alone.needed == 1
    assert len(alone.writers) == 1


@pytest.mark.parametrize("state", ["suspended", "displaced", "revoked"])
def test_a_stopped_phone_is_in_no_list(state: Any) -> None:
    roster = roster_of(officer(0), officer(1, state=state), reader(3, "people", state=state))
    for name in COMPARTMENTS:
        assert not first(roster, name).may_read(KEYS[1].public)
        assert not first(roster, name).may_read(KEYS[3].public)


def test_a_grant_ends_with_its_last_day_on_the_phones_own_clock() -> None:
    roster = roster_of(officer(0), reader(3, "ledger", TODAY))
    assert first(roster, day=TODAY).readers == (KEYS[3].public,)
    assert first(roster, day="2026-06-02").readers == ()


def test_a_group_without_a_phone_that_may_write_wants_no_list() -> None:
    roster = roster_of(officer(0, state="suspended"), reader(3, "ledger"))
    before = first(roster_of(officer(0)))
    assert founding_list(roster, "log", TODAY) is None
    assert wanted(roster, "log", TODAY, before) is None


def test_of_more_readers_than_fit_those_who_see_least_are_left_out() -> None:
    few = [reader(at, "people") for at in range(20, 25)]
    many = [reader(at, "summary") for at in range(1_000, 1_600)]
    roster = roster_of(officer(0), officer(1), *many, *few)
    listed = first(roster, "doors")
    assert {one.key for one in few} <= set(listed.readers)
    gone = {one.key for one in left_out(roster, TODAY)}
    assert len(listed.readers) == 507
    assert len(gone) == 98
    assert gone | set(listed.readers) == {one.key for one in (*few, *many)}
    assert gone.isdisjoint(listed.readers)
    assert not left_out(roster_of(officer(0), *few), TODAY)


# Who signs


def signed(access: Access, *who: int) -> SignedAccess:
    pairs = sorted((KEYS[at].public, KEYS[at].sign(access_message(MAILBOX, access))) for at in who)
    return SignedAccess(access, tuple(pairs))


def test_a_revoked_phone_leaves_when_two_others_signed() -> None:
    before = first(roster_of(officer(0), officer(1), officer(2)))
    roster = roster_of(officer(0), officer(1), officer(2, state="revoked"))
    one = look(roster, 0, before)
    assert one.signs is not None
    assert one.missing == 1
    assert not one.follows
    other = look(roster, 1, before, [signed(one.signs, 0)])
    assert other.signs == one.signs
    assert other.missing == 0
    check_next(MAILBOX, before, signed(one.signs, 0, 1))
    assert look(roster, 0, one.signs).follows
    again = look(roster, 0, before, [signed(one.signs, 0)])
    assert again.signs is None, "it signed already"
    assert again.missing == 1


def test_a_phone_signs_nothing_while_it_is_stopped_or_not_yet_listed() -> None:
    before = first(roster_of(officer(0), officer(1), officer(2)))
    stopped = roster_of(officer(0, state="suspended"), officer(1, state="suspended"), officer(2))
    assert look(stopped, 0, before).signs is None
    assert look(stopped, 1, before).signs is None
    thief = look(stopped, 2, before)
    assert thief.signs is not None
    assert thief.missing == 1
    assert thief.stuck
    came = roster_of(officer(0), officer(1), officer(2), officer(3))
    assert look(came, 3, before).signs is None
    assert look(came, 3, before).missing == 2


def test_two_officers_who_lost_one_phone_need_a_card_and_are_told() -> None:
    before = first(roster_of(officer(0), officer(1)))
    roster = roster_of(officer(0), officer(1, state="suspended"))
    left = look(roster, 0, before)
    assert left.stuck
    assert left.missing == 1
    assert left.signs is not None
    with pytest.raises(ProtocolError, match="too_few_signatures"):
        check_next(MAILBOX, before, signed(left.signs, 0))
    check_next(MAILBOX, before, signed(left.signs, 0, 9))


def test_two_cards_alone_give_a_restored_phone_the_mailbox() -> None:
    before = first(roster_of(officer(0), officer(1)))
    gone = [officer(at, state="displaced") for at in (0, 1)]
    roster = roster_of(*gone, officer(5))
    following = wanted(roster, "log", TODAY, before)
    assert following is not None
    assert following.writers == ((KEYS[5].public,),)
    assert look(roster, 5, before).stuck, "the new phone is in no list yet"
    check_next(MAILBOX, before, signed(following, 9, 10))


def test_clocks_apart_settle_what_must_change_and_nothing_goes_back_and_forth() -> None:
    dated = reader(4, "ledger", TODAY)
    before = first(roster_of(officer(0), officer(1), officer(2), dated))
    roster = roster_of(officer(0), officer(1), officer(2, state="revoked"), dated)
    relay = Relay(before)
    for _ in range(2):
        for at, day in ((0, "1970-01-01"), (1, "2100-01-01")):
            relay.visit(roster, at, day)
    assert relay.access.number == 2
    assert not relay.access.may_read(KEYS[2].public)
    for _ in range(6):
        for at, day in ((0, "1970-01-01"), (1, "2100-01-01")):
            relay.visit(roster, at, day)
    assert relay.access.number == 2, "whose grant has ended on which clock changes nothing more"


class Relay:
    """The lists of one mailbox as an honest relay keeps them: one proposal of each signer."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.proposed: dict[bytes, Access] = {}
        self.let_in: Counter[tuple[int, bytes]] = Counter()
        """(phone, reader) -> how often; the phones' own memory."""

    @property
    def pending(self) -> tuple[SignedAccess, ...]:
        lists: dict[Access, list[int]] = {}
        for key, access in self.proposed.items():
            lists.setdefault(access, []).append([one.public for one in KEYS].index(key))
        return tuple(signed(access, *who) for access, who in lists.items())

    def propose(self, at: int, access: Access) -> None:
        if self.access.officer_of(KEYS[at].public) < 0:
            return
        if access.number != self.access.number + 1:
            return
        self.proposed[KEYS[at].public] = access
        for one in self.pending:
            try:
                check_next(MAILBOX, self.access, one)
            except ProtocolError:
                continue
            self.access, self.proposed = one.access, {}
            return

    def visit(self, roster: Roster, at: int, day: str) -> None:
        spent = {key for (one, key), times in self.let_in.items()
                 if one == at and times >= LET_IN_MAX}  # fmt: skip
        found = look(roster, at, self.access, self.pending, day=day, spent=spent)
        if found.signs is not None:
            added = set(found.signs.readers) - set(self.access.readers)
            self.let_in.update((at, key) for key in added if roster.devices[key].until)
            self.propose(at, found.signs)


STATES: Any = st.sampled_from(["active", "active", "active", "suspended", "revoked"])
SCOPES = st.sampled_from(["summary", "ledger", "people"])
ENDS = st.sampled_from(["", "", "1999-01-01", TODAY, "2050-01-01"])
READERS = st.lists(st.tuples(SCOPES, ENDS, STATES), max_size=3)


@st.composite
def rosters(draw: st.DrawFn) -> tuple[Roster, Roster]:
    """A roster of up to five phones of up to four people, and one that came of it."""
    people = draw(st.lists(st.integers(0, 3), min_size=1, max_size=5))
    before = [officer(at, person) for at, person in enumerate(people)]
    states = draw(st.lists(STATES, min_size=len(people), max_size=len(people)))
    after = [one._replace(state=state) for one, state in zip(before, states, strict=True)]
    old = [reader(5 + at, *row) for at, row in enumerate(draw(READERS))]
    new = [reader(5 + at, *row) for at, row in enumerate(draw(READERS))]
    return roster_of(*before, *old), roster_of(*after, *new)


class Thief:
    """A stolen phone: what it proposes at each of its turns."""

    def __init__(self, at: int, choices: Iterable[int]) -> None:
        self.at = at
        self.choices = [*choices]

    def act(self, relay: Relay, roster: Roster) -> None:
        if not self.choices:
            return
        choice = self.choices.pop()
        lists = self._lists(relay.access, roster)
        relay.propose(self.at, lists[choice % len(lists)])

    def _lists(self, access: Access, roster: Roster) -> list[Access]:
        """Its own rule; a list without anybody else; with readers as it likes; the list as is."""
        own = KEYS[self.at].public
        number = access.number + 1
        alone = access._replace(number=number, writers=((own,),), needed=1, readers=())
        readers = [one.key for one in roster.devices.values() if one.right != "write"]
        lists = [alone, access._replace(number=number)]
        for count in range(len(readers) + 1):
            for some in combinations(sorted(readers), count):
                own_word = founding_list(roster, "log", TODAY)
                if own_word is not None:
                    lists.append(own_word._replace(number=number, readers=some))
        return lists


def honest_list(access: Access, before: Access, roster: Roster) -> bool:
    """Whether a list in force is what the roster says on some day of some clock."""
    if access == before:
        return True
    days = [day for one in roster.devices.values() if (day := one.until)] + [*CLOCKS]
    writers = {wanted.writers for day in days if (wanted := founding_list(roster, "log", day))}
    granted = {
        one.key for one in roster.devices.values()
        if one.state == "active" and one.reads in ("ledger", "people") and one.right != "write"
    }  # fmt: skip
    endless = {key for key in granted if not roster.devices[key].until}
    return access.writers in writers and endless <= set(access.readers) <= granted


@settings(max_examples=120, deadline=None)
@given(
    rosters(),
    st.lists(st.sampled_from(CLOCKS), min_size=5, max_size=5),
    st.lists(st.integers(0, 40), max_size=12),
    st.data(),
)
def test_honest_phones_agree_whatever_a_stolen_one_proposes(
    both: tuple[Roster, Roster], clocks: list[str], choices: list[int], data: st.DataObject
) -> None:
    earlier, roster = both
    relay = Relay(before := first(earlier))
    officers = [at for at in range(5) if earlier.devices.get(KEYS[at].public)]
    thief = Thief(data.draw(st.sampled_from(officers)), choices)
    honest = [at for at in officers if at != thief.at]
    stolen = before.officer_of(KEYS[thief.at].public)
    shares = [at for at in honest if before.officer_of(KEYS[at].public) == stolen]
    for _ in range(4):
        for at in data.draw(st.permutations(honest)):
            thief.act(relay, roster)
            if relay.access.needed > 1 or not shares:
                alone = (
                    relay.access.needed == 1 and relay.access.officer_of(KEYS[thief.at].public) >= 0
                )
                assert alone or honest_list(relay.access, before, roster)
            relay.visit(roster, at, clocks[at])
    thief.choices = []
    for _ in range(3):
        for at in honest:
            relay.visit(roster, at, clocks[at])
    settled(relay, roster, honest, clocks)


def settled(relay: Relay, roster: Roster, honest: list[int], clocks: list[str]) -> None:
    """What must change did, wherever honest phones are enough to change it."""
    left = {
        relay.access.officer_of(KEYS[at].public)
        for at in honest
        if roster.devices[KEYS[at].public].state == "active"
    } - {-1}
    if len(left) < relay.access.needed:
        return
    right = founding_list(roster, "log", TODAY)
    assert right is not None
    assert relay.access.writers == right.writers
    assert relay.access.needed == right.needed
    for _ in range(4 * LET_IN_MAX * len(honest)):
        for at in honest:
            relay.visit(roster, at, clocks[at])
    before = relay.access
    for _ in range(3):
        for at in honest:
            relay.visit(roster, at, clocks[at])
    assert relay.access == before, "no reader goes in and out for ever"


def test_two_phones_of_each_clock_do_not_send_a_reader_in_and_out_for_ever() -> None:
    roster = roster_of(*map(officer, range(4)), reader(5, "ledger", TODAY))
    relay = Relay(first(roster))
    for _ in range(100):
        for at, day in enumerate(("1970-01-01", "2100-01-01") * 2):
            relay.visit(roster, at, day)
    assert 3 <= relay.access.number <= 2 * 2 * LET_IN_MAX + 2


def test_a_stolen_phone_never_rotates_alone() -> None:
    """With one other officer at least it gets no list of its own through, whatever it tries."""
    roster = roster_of(officer(0), officer(1), reader(5, "ledger", TODAY))
    before = first(roster)
    mapping: Mapping[str, Access] = {
        "alone": before._replace(number=2, writers=((KEYS[0].public,),), needed=1),
        "less needed": before._replace(number=2, needed=1),
        "own key twice": before._replace(
            number=2, writers=tuple(sorted(((KEYS[0].public,), (KEYS[6].public,))))
        ),
        "no cards": before._replace(number=2, cards=()),
        "more tags": before._replace(number=2, tags=(b"t" * 32,)),
        "stranger reads": before._replace(number=2, readers=(KEYS[7].public,)),
    }
    for name, access in mapping.items():
        relay = Relay(before)
        relay.propose(0, access)
        for _ in range(3):
            relay.visit(roster, 1, TODAY)
            relay.propose(0, access)
        assert relay.access == before, name
