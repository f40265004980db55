"""The end of the founding: signed once, at one place, and nothing that is backdated counts."""

from replication.agenda import founded_apart, proposals
from replication.control import FoundingEnded, GroupFounded, VoteCast, encode_record
from replication.founding import sign_end
from replication.identity import DeviceKeys
from replication.replica import found
from tests.replication.councils import A, B, C, Council, X, officers, orders, taken_in
from tests.replication.phones import KEYS, PERSONS, Phone, ledger_event, sync

FOUNDING = DeviceKeys(b"f" * 32)


def founded_with_key(*names: str) -> dict[str, Phone]:
    """A group that was founded with a one-time key, and its phones."""
    record = GroupFounded(1, 2, bytes(16), PERSONS[A], A, FOUNDING.public)
    group, first = found(KEYS[A], [encode_record(record)], b"founding", 1_000)
    phones = {A: Phone(A, group)}
    phones[A].history.add([first])
    phones[A].restart()
    for name in names:
        phones[A].enrol(name)
        phones[name] = Phone(name, group)
        sync(phones[name], phones[A])
    return phones


def copy_of(phone: Phone) -> Phone:
    """A backup of a phone, opened."""
    copy = Phone(phone.name, phone.group, salt=50)
    copy.history.add(phone.in_order_of_admission())
    copy.key_box = dict(phone.key_box)
    copy.restart()
    return copy


def rosters(*phones: Phone) -> list[tuple[set[str], bool]]:
    """The officers, and whether the founding goes on, in many orders of arrival."""
    held = {a.change.change_hash: a.change for phone in phones for a in phone.everything()}
    return [
        (officers(roster), roster.founding)
        for order in orders(list(held.values()), 12)
        for roster in [taken_in(phones[0].group, order).decisions.roster]
    ]


def test_only_the_one_time_key_ends_the_founding_and_only_at_its_place() -> None:
    phones = founded_with_key(B)
    founder = phones[A]
    here = founder.everything()[-1].change
    group = founder.group
    for record in (
        FoundingEnded(),
        FoundingEnded(bytes(64)),
        FoundingEnded(sign_end(KEYS[A], group, here.n + 2, here.chain_hash)),
        FoundingEnded(sign_end(FOUNDING, group, here.n, here.prev)),
        FoundingEnded(sign_end(FOUNDING, b"g" * 32, here.n + 2, here.chain_hash)),
    ):
        founder.control(record)
        assert founder.replica.roster.founding
    founder.step(founder.replica.end_founding(FOUNDING, 9))
    assert not founder.replica.roster.founding
    sync(phones[B], founder)
    assert rosters(*phones.values())[0] == ({A, B}, False)


def test_another_officer_can_not_end_it_even_with_the_key() -> None:
    phones = founded_with_key(B)
    phones[B].step(phones[B].replica.end_founding(FOUNDING, 9))
    assert phones[B].replica.roster.founding


def test_a_group_founded_without_a_key_ends_its_founding_by_its_founders_word() -> None:
    phone = Council(2, ended=False)[A]
    assert phone.replica.decisions.founding_key == b""
    phone.step(phone.replica.end_founding(None, 9))
    assert not phone.replica.roster.founding


def test_what_the_founders_phone_backdates_behind_the_end_waits_for_officers() -> None:
    phones = founded_with_key(B)
    founder, backup = phones[A], copy_of(phones[A])
    founder.step(founder.replica.end_founding(FOUNDING, 9))
    sync(phones[B], founder)
    backup.enrol(X)  # the thief's own phone, on a branch from before the end
    asked = backup.everything()[-1].change.change_hash
    assert officers(backup.replica.roster) == {A, B, X}, "as far as the branch knows"
    for place in rosters(backup, *phones.values()):
        assert place == ({A, B}, False)
    sync(phones[B], backup)
    (waits,) = proposals(phones[B].replica.decisions)
    assert (waits.change_hash, waits.state, waits.needed) == (asked, "open", 2)
    phones[B].control(VoteCast(asked, True))
    assert officers(phones[B].replica.roster) == {A, B, X}
    (waits,) = proposals(phones[B].replica.decisions)
    assert (waits.state, waits.agreed) == ("passed", (PERSONS[A], PERSONS[B]))


def test_what_the_founder_backdates_to_before_there_was_anybody_else_needs_two_as_well() -> None:
    first = founded_with_key()[A]
    backup = copy_of(first)
    first.enrol(B)
    other = Phone(B, first.group)
    sync(other, first)
    first.step(first.replica.end_founding(FOUNDING, 9))
    sync(other, first)
    backup.enrol(X)
    for place in rosters(backup, first, other):
        assert place == ({A, B}, False)
    held = {a.change.change_hash: a.change for a in (*other.everything(), *backup.everything())}
    for order in orders(list(held.values()), 4):
        (waits,) = proposals(taken_in(first.group, order).decisions)
        assert (waits.state, waits.needed) == ("open", 2)
        assert waits.electorate == frozenset({PERSONS[A]})


def test_a_phone_restored_from_the_founding_that_ends_it_again_changes_nothing() -> None:
    phones = founded_with_key(B, C)
    founder, backup = phones[A], copy_of(phones[A])
    founder.step(founder.replica.end_founding(FOUNDING, 9))
    sync(phones[B], founder)
    backup.write(ledger_event(1))
    backup.step(backup.replica.end_founding(FOUNDING, 9))
    for place in rosters(backup, *phones.values()):
        assert place == ({A, B, C}, False)


def test_who_ends_the_founding_twice_is_shown() -> None:
    phones = founded_with_key(B)
    founder = phones[A]
    copy = copy_of(founder)
    for phone in (founder, copy):
        phone.write(ledger_event(phone is copy))
        here = phone.everything()[-1].change
        signature = sign_end(FOUNDING, phone.group, here.n + 1, here.chain_hash)
        phone.control(FoundingEnded(signature))
        assert not phone.replica.roster.founding
    held = {a.change.change_hash: a.change for phone in (founder, copy) for a in phone.everything()}
    for order in orders(list(held.values()), 4):
        assert founded_apart(taken_in(founder.group, order).decisions)
    assert not founded_apart(founder.replica.decisions)
