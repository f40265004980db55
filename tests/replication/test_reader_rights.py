"""A reader writes nothing and is given what its scope says: a table of scopes and actions.

The table is written from what is promised to a group, not from the code: a reader's own change is
taken by nobody, over the wire or out of a relay's log; the log is given to who reads the ledger;
member keys are given to officers' phones alone; and nothing that a reader says decides anything.
"""

from collections.abc import Callable

import pytest

from replication import admission
from replication.bundle import encode_bundle
from replication.change import Change
from replication.control import (
    CardsIssued,
    DeviceEnrolled,
    DeviceReinstated,
    DeviceRevoked,
    DeviceSuspended,
    EpochBegun,
    FoundingEnded,
    QuorumSet,
    RelayChosen,
    VoteCast,
    encode_record,
)
from replication.epochs import readers
from replication.errors import LocalError
from replication.wire import KEY_BYTES, PersonKey
from tests.replication.forger import Forger, give, listen
from tests.replication.phones import KEYS, PERSONS, Phone, found_with, ledger_event, sync

NGO = KEYS["ngo"].public
KEY = bytes(32)
SCOPES = {"summary": "pull", "ledger": "read", "people": "read", "": "read"}
"""Each scope with its right; "" is a reader that was let in without a word on it."""

WRITES: dict[str, Callable[[bytes], bytes]] = {
    "an entry": lambda _: ledger_event(7),
    "a vote": lambda asked: encode_record(VoteCast(asked, approve=True)),
    "an enrolment": lambda _: encode_record(_of("officer 3", "write")),
    "a grant to itself": lambda _: encode_record(
        DeviceEnrolled(NGO, PERSONS["ngo"], "read", "ngo", "people")
    ),
    "a suspension": lambda _: encode_record(DeviceSuspended(KEYS["sec"].public, "lost")),
    "a revocation": lambda _: encode_record(DeviceRevoked(KEYS["tre"].public, "")),
    "a lifting": lambda _: encode_record(DeviceReinstated(NGO)),
    "a quorum": lambda _: encode_record(QuorumSet(2)),
    "cards": lambda _: encode_record(CardsIssued(bytes([1]) * 32, bytes([2]) * 32, KEY)),
    "the end of the founding": lambda _: encode_record(FoundingEnded()),
    "a relay": lambda _: encode_record(
        RelayChosen(KEY, "wss://evil.example", KEY, bytes([1]) * 32, bytes([2]) * 32, KEY, True)
    ),
    "an epoch": lambda _: encode_record(EpochBegun("ledger", bytes(16), "2026-01-01")),
}


def _of(name: str, right: str, scope: str = "", until: str = "") -> DeviceEnrolled:
    return DeviceEnrolled(KEYS[name].public, PERSONS[name], right, name, scope, until)


def group_with_reader(scope: str, until: str = "") -> tuple[Phone, Phone, bytes]:
    """Two officers' phones with a reader let in, and something that officers were asked."""
    secretary, treasurer = found_with("tre")
    secretary.control(_of("ngo", SCOPES[scope], scope, until))
    asked = secretary.control(QuorumSet(2)).change.change_hash
    sync(secretary, treasurer)
    return secretary, treasurer, asked


def said_by_reader(phone: Phone, event: bytes) -> Change:
    """What a modified device with the reader's key signs on top of all that a phone knows: it fits
    in everything but the right."""
    forger = Forger(phone, "ngo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(admission, "may_write", lambda _device: True)
        return forger.sign(None, [forger.newest()], event, salt=9).change


@pytest.mark.parametrize("what", WRITES)
@pytest.mark.parametrize("scope", SCOPES)
def test_what_a_reader_signs_is_taken_by_nobody(scope: str, what: str) -> None:
    secretary, treasurer, asked = group_with_reader(scope)
    before, decided = secretary.hashes(), secretary.replica.roster
    change = said_by_reader(secretary, WRITES[what](asked))
    delivered = secretary.replica.deliver(encode_bundle([change]), NGO, {})
    secretary.step(delivered.outcome)
    assert delivered.refusal == "no_right"
    for by in (NGO, KEYS["tre"].public):  # a relay that plays along, and an officer that passes on
        assert not treasurer.replica.deliver(encode_bundle([change]), by, {}).outcome.admitted
    listen(secretary, "tre")
    outcome = give(secretary, "tre", [change])
    assert [one.code for one in outcome.refused] == ["no_right"]
    assert (secretary.hashes(), secretary.replica.roster) == (before, decided)


@pytest.mark.parametrize("scope", SCOPES)
def test_a_reader_s_own_phone_signs_nothing(scope: str) -> None:
    secretary, _, asked = group_with_reader(scope)
    reader = Phone("ngo", secretary.group)
    reader.history.add(secretary.in_order_of_admission())
    reader.restart()
    for what in WRITES.values():
        with pytest.raises(LocalError, match="no_right"):
            reader.replica.append([what(asked)], 5)


@pytest.mark.parametrize("scope", SCOPES)
def test_a_reader_on_the_network_is_given_what_its_scope_says(scope: str) -> None:
    secretary, _, _ = group_with_reader(scope)
    key = PersonKey(b"k" * 16, bytes(KEY_BYTES))
    secretary.replica.key_box[key.key_id] = key.key
    reader = Phone("ngo", secretary.group)
    outcome = reader.step(reader.replica.connect("sec", KEYS["sec"].public, True))
    secretary.step(secretary.replica.connect("ngo", NGO, False))
    if scope == "summary":
        (_, have) = outcome.send[0]
        assert not secretary.replica.receive("ngo", have).send
        assert not secretary.replica.roster.may_read(NGO)
        return
    secretary.replica.disconnect("ngo")
    reader.replica.disconnect("sec")
    sync(reader, secretary)
    assert reader.hashes() == secretary.hashes()
    assert reader.key_box == {}  # names come from the mailbox of people alone, by scope


GIVEN = {  # scope: (series ledger, series summary, names)
    "summary": (False, True, False),
    "ledger": (True, True, False),
    "people": (True, True, True),
    "": (True, True, False),
}


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("day", ["2026-12-30", "2026-12-31", "2027-01-01"])
@pytest.mark.parametrize("until", ["", "2026-12-31"])
def test_keys_are_given_by_scope_and_until_the_last_day(scope: str, day: str, until: str) -> None:
    if until and not scope:
        return  # an end is said of a scope
    secretary, _, _ = group_with_reader(scope, until)
    roster = secretary.replica.roster
    runs = not until or day <= until
    ledger, summary, names = GIVEN[scope]
    assert (NGO in readers(roster, "ledger", day)) == (ledger and runs)
    assert (NGO in readers(roster, "summary", day)) == (summary and runs)
    assert (roster.devices[NGO].reads_on(day) == "people") == (names and runs)


@pytest.mark.parametrize("scope", ["summary", "ledger", "people"])
def test_a_reader_that_was_shut_out_reads_again_only_when_officers_who_knew_let_it_in(
    scope: str,
) -> None:
    secretary, treasurer, _ = group_with_reader(scope)
    right = SCOPES[scope]
    secretary.control(DeviceRevoked(NGO, ""))
    assert secretary.replica.roster.devices[NGO].state == "revoked"
    secretary.control(_of("ngo", right))  # without a scope, as for an officer's phone: it stays
    assert secretary.replica.roster.devices[NGO].state == "revoked"
    secretary.control(_of("ngo", right, scope, "2027-12-31"))
    now = secretary.replica.roster.devices[NGO]
    assert (now.state, now.right, now.scope, now.until) == ("active", right, scope, "2027-12-31")
    sync(secretary, treasurer)
    assert treasurer.replica.roster == secretary.replica.roster


def test_a_grant_that_did_not_know_the_end_does_not_undo_it() -> None:
    """Of two phones apart one ends the grant and the other gives a longer one: it has ended."""
    secretary, treasurer, _ = group_with_reader("ledger")
    one = Forger(secretary, "sec")
    ends = one.sign(one.own_last(), [one.newest()], encode_record(DeviceRevoked(NGO, "")))
    secretary.control(_of("ngo", "read", "ledger", "2030-01-01"))
    again = secretary.replica.deliver(encode_bundle([ends.change]), KEYS["sec"].public, {})
    secretary.step(again.outcome)
    assert secretary.replica.roster.devices[NGO].state == "revoked"
    assert treasurer.replica.roster.devices[NGO].state == "active"


def test_a_phone_that_was_shut_out_and_may_only_read_now_writes_no_more() -> None:
    """What it wrote before stays in suspense, and its owner is no officer any more."""
    secretary, treasurer, _chair = found_with("tre", "cha")
    wrote = treasurer.write(ledger_event(1))
    secretary.control(DeviceRevoked(KEYS["tre"].public, ""))
    secretary.control(_of("tre", "read", "ledger"))
    roster = secretary.replica.roster
    assert roster.devices[KEYS["tre"].public].state == "active"
    assert not roster.may_write(KEYS["tre"].public)
    assert PERSONS["tre"] not in roster.officers
    sync(secretary, treasurer)
    lane = next(iter(secretary.replica.limits()))
    assert secretary.replica.lane_devices[lane] == KEYS["tre"].public
    assert secretary.replica.limits()[lane] < wrote.change.n
    with pytest.raises(LocalError, match="no_right"):
        treasurer.write(ledger_event(2))
