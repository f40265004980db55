"""What officers say in control changes: what is kept of it, and what says nothing."""

from __future__ import annotations

from itertools import permutations

import pytest

from replication import ancestry as ancestry_module
from replication import council as council_module
from replication import exchange
from replication.ancestry import Ancestry
from replication.control import (
    CardVoted,
    DeviceSuspended,
    EpochBegun,
    GroupFounded,
    MeetingSealed,
    OfficersRestored,
    RelayChosen,
    VoteCast,
    decode_record,
)
from replication.history import MemoryHistory
from replication.limits import RELAYS_MAX
from replication.motions import Seal
from replication.wire import Notes, Sorry, decode, encode
from tests.replication.councils import (
    CARDS,
    A,
    B,
    C,
    Council,
    X,
    enrolled,
    revoked,
    roster_everywhere,
    state,
)
from tests.replication.phones import (
    KEYS,
    PERSONS,
    Phone,
    Wire,
    found_group,
    found_with,
    ledger_event,
    sync,
)


def seals(council: Council) -> list[Seal]:
    """The seals that the founder's phone knows."""
    return [act for act in council[A].replica.decisions.acts if isinstance(act, Seal)]


# Votes


def test_a_vote_against_is_kept_once_a_person_and_stops_nothing() -> None:
    council = Council(3)
    asked = council.ask(A, enrolled(X))
    council.meet(A, B, C)
    council.vote(B, asked, approve=False)
    council.vote(B, asked, approve=False)
    council.meet(A, B, C)
    ballots = council[A].replica.decisions.ballots(asked)
    assert [mark.person for mark in ballots.against] == [PERSONS[B]]
    council.vote(C, asked)
    council.meet(A, B, C)
    assert state(council[A].replica.roster, X) == "active"


def test_who_votes_twice_for_is_counted_once() -> None:
    council = Council(3)
    asked = council.ask(A, enrolled(X))
    council.meet(A, B, C)
    for _ in range(3):
        council.vote(B, asked)
    council.meet(A, B, C)
    ballots = council[C].replica.decisions.ballots(asked)
    assert len(ballots.votes) + len(ballots.late) == 1


def test_a_vote_on_a_change_that_asks_nothing_says_nothing() -> None:
    council = Council(2)
    written = council[A].write(ledger_event(1)).change.change_hash
    council.meet(A, B)
    council.ask(B, VoteCast(written, True))
    council.ask(B, VoteCast(bytes(32), True))
    council.meet(A, B)
    assert not any(council[A].replica.decisions.ballots(written))


def test_a_stop_of_a_device_that_nobody_enrolled_stops_nobody() -> None:
    council = Council(2)
    before = council[A].replica.roster
    council.ask(A, DeviceSuspended(KEYS[X].public, "who is it"))
    assert council[A].replica.roster.devices == before.devices
    assert X not in {known.label for known in council[A].replica.roster.devices.values()}


def test_a_restoration_by_cards_that_do_not_fit_restores_nobody() -> None:
    council = Council(3)
    wrong = OfficersRestored(PERSONS[A], "new", 1, bytes(64), 2, bytes(64))
    council.ask(A, wrong)
    council.meet(A, B, C)
    officers = council[B].replica.roster.officers
    assert set(officers) == {PERSONS[name] for name in (A, B, C)}


def test_a_seal_is_of_a_close_that_its_author_knew_and_did_not_write() -> None:
    council = Council(2)
    close = council[A].write(ledger_event(1)).change.change_hash
    council.ask(A, MeetingSealed(close))  # one's own close
    council.ask(A, MeetingSealed(bytes(32)))  # nothing
    assert not seals(council)
    council.meet(A, B)
    council.ask(B, MeetingSealed(close))
    council.meet(A, B)
    (seal,) = seals(council)
    assert seal.closer == PERSONS[A]


def test_one_change_may_vote_and_seal_in_either_order() -> None:
    council = Council(2)
    asked = council.ask(A, enrolled(X))
    close = council[A].write(ledger_event(1)).change.change_hash
    council.meet(A, B)
    council.ask(B, VoteCast(asked, True), MeetingSealed(close))
    council.meet(A, B)
    assert state(council[A].replica.roster, X) == "active"
    (seal,) = seals(council)
    assert seal.closer == PERSONS[A]


def test_which_cards_were_shown_in_a_change() -> None:
    council = Council(2)
    asked = council.ask(A, revoked(B))
    replica = council[A].replica
    council.show_card(A, 1, asked)
    shown = council[A].everything()[-1]
    assert replica.decisions.cards_shown(shown) == (asked[:16],)
    council.ask(A, CardVoted(2, asked, bytes(64)), VoteCast(asked, False))
    assert replica.decisions.cards_shown(council[A].everything()[-1]) == ()
    plain = Council(2, cards=False)
    asked = plain.ask(A, revoked(B))
    plain.show_card(A, 1, asked)
    assert plain[A].replica.decisions.cards_shown(plain[A].everything()[-1]) == ()


def test_the_third_card_is_the_third_key() -> None:
    council = Council(2)
    asked = council.ask(A, revoked(B))
    for number in (1, 2, 3):
        council.show_card(A, number, asked)
        shown = council[A].everything()[-1]
        assert council[A].replica.decisions.cards_shown(shown) == (asked[:16],), number
    assert len(CARDS) == 3


def test_answers_that_are_not_kept_are_worked_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(council_module, "ANSWERS_KEPT", 1)
    council = Council(3)
    asked = council.ask(A, enrolled(X))
    council.meet(A, B, C)
    council.vote(B, asked)
    council.meet(A, B, C)
    assert state(roster_everywhere(council), X) == "active"


# Who may let others in


def test_one_officer_alone_enrols_alone_and_two_do_not() -> None:
    alone = found_group()
    assert alone.replica.roster.may_enrol(KEYS[A].public)
    assert not alone.replica.roster.may_enrol(KEYS[B].public)
    founding = Council(2, ended=False)
    assert founding[A].replica.roster.may_enrol(KEYS[A].public)
    assert not founding[A].replica.roster.may_enrol(KEYS[B].public)
    two = Council(2)
    for name in (A, B):
        assert not two[A].replica.roster.may_enrol(KEYS[name].public)
    founding[A].enrol("ngo", "read")
    assert not founding[A].replica.roster.may_enrol(KEYS["ngo"].public)


# Relays


def chosen(relay: int, place: int = 0, in_use: bool = True, url: str = "https://r") -> RelayChosen:
    """A relay, with mailboxes of its own for each place."""
    log, doors, people, summary = (bytes([relay, place, box]) + bytes(29) for box in range(4))
    return RelayChosen(bytes([relay]) * 32, url, log, doors, people, summary, in_use)


def test_the_newest_word_on_each_set_of_mailboxes_counts() -> None:
    phone = found_group()
    phone.control(chosen(1))
    assert phone.replica.relays() == (chosen(1),)
    phone.control(chosen(1, url="https://moved"))
    phone.control(EpochBegun("ledger", b"e" * 16, "2026-01-31"))
    phone.control(chosen(2))
    assert phone.replica.relays() == (chosen(1, url="https://moved"), chosen(2))
    phone.control(chosen(1, in_use=False))
    assert phone.replica.relays() == (chosen(2),)


def test_of_two_sets_at_one_relay_all_use_the_one_that_was_chosen_first() -> None:
    phone = found_group()
    for place in (1, 0):
        phone.control(chosen(1, place))
    assert phone.replica.relays() == (chosen(1, 1),)


def test_of_too_many_relays_those_that_were_chosen_first_stay() -> None:
    phone = found_group()
    for relay in range(RELAYS_MAX + 2):
        phone.control(chosen(relay))
    assert phone.replica.relays() == tuple(chosen(relay) for relay in range(RELAYS_MAX))


def test_words_on_a_relay_that_did_not_know_of_each_other_leave_it_in_use() -> None:
    """Whichever comes first in the shared order; as `in_use` is the safer of the two."""
    for one, other in permutations((A, B)):
        council = Council(2)
        council.ask(A, chosen(1))
        council.meet(A, B)
        council.ask(one, chosen(1, in_use=False))
        council.ask(other, chosen(1, url="https://moved"))
        council.meet(A, B)
        for name in (A, B):
            assert council[name].replica.relays() == (chosen(1, url="https://moved"),)


# Conversations


def test_what_relays_told_reaches_a_peer_once_and_again_when_it_changed() -> None:
    secretary, treasurer = found_with("tre")
    wire = Wire(secretary, treasurer)
    wire.deliver()
    said: list[Notes] = []

    def listen(_sender: str, data: bytes) -> tuple[bytes]:
        message = decode(data)
        if isinstance(message, Notes):
            said.append(message)
        return (data,)

    wire.tamper = listen
    for notes in ((b"one",), (b"one",), (b"one", b"two")):
        wire.put("sec", secretary.replica.tell(notes))
        wire.deliver()
    assert said == [Notes((b"one",)), Notes((b"one", b"two"))]
    outcome = treasurer.replica.receive("sec", encode(Notes((b"three",))))
    assert outcome.notes == (b"three",)
    wire.cut()


def test_a_stopped_phone_that_brought_all_it_may_is_hung_up_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exchange, "STOPPED_CHANGES_MAX", 2)
    council = Council(3)
    asked = council.ask(A, revoked(B))
    council.meet(A, C)
    council.vote(C, asked)
    council.meet(A, C)
    before = len(council[A].hashes())
    for number in range(4):
        council[B].write(ledger_event(number))
        wire = Wire(council[B], council[A])
        wire.deliver()
        wire.cut()
    assert len(council[A].hashes()) == before + 2
    assert {one.code for one in council[B].refused} == {"peer_revoked"}


def test_a_peer_that_is_sorry_is_hung_up_on_with_its_own_words() -> None:
    secretary, treasurer = found_with("tre")
    wire = Wire(secretary, treasurer)
    wire.deliver()
    outcome = secretary.replica.receive("tre", encode(Sorry("full", "no room here")))
    assert outcome.close == ("tre",)
    ((peer, code, text),) = outcome.refused
    assert (peer, code, text) == ("tre", "peer_full", "no room here")


def test_with_nobody_nothing_moved() -> None:
    phone = found_group()
    assert set(phone.replica.traffic("nobody")) == {0}
    assert not phone.replica.synced("nobody")


# What a device knows


def test_the_lanes_of_an_ancestry_are_those_of_its_history(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ancestry_module, "_RECENT_KEPT", 3)
    secretary, treasurer = found_with("tre")
    for number in range(6):
        treasurer.write(ledger_event(number))
    sync(treasurer, secretary)
    history = MemoryHistory()
    history.add(secretary.in_order_of_admission())
    ancestry = Ancestry(history)
    assert ancestry.lanes == list(history.lanes())
    assert len(history) == ancestry.count == len(secretary.everything())
    for admitted in secretary.everything():
        found = ancestry.find(admitted.change.change_hash)
        assert found == admitted


def test_a_group_is_founded_once_by_its_first_record() -> None:
    phone = found_group()
    (first,) = phone.everything()
    assert isinstance(decode_record(first.change.events[0]), GroupFounded)
    assert phone.group == first.change.change_hash


def test_a_phone_forgets_changes_that_it_can_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ancestry_module, "_RECENT_KEPT", 2)
    secretary, treasurer = found_with("tre")
    hashes = [secretary.write(ledger_event(number)).change.change_hash for number in range(8)]
    for change_hash in hashes:
        found = secretary.replica.find(change_hash)
        assert found is not None
        assert found.change.change_hash == change_hash
    fresh: Phone = treasurer
    sync(fresh, secretary)
    assert fresh.hashes() == secretary.hashes()


def test_an_officer_who_is_enrolled_again_goes_on() -> None:
    council = Council(3)
    asked = council.ask(A, enrolled(B))
    council.meet(A, B, C)
    council.vote(C, asked)
    council.meet(A, B, C)
    roster = roster_everywhere(council)
    assert state(roster, B) == "active"
    assert set(roster.officers) == {PERSONS[name] for name in (A, B, C)}
    council[B].write(ledger_event(1))
    council.meet(A, B, C)
    assert council[A].hashes() == council[B].hashes()


def test_who_was_let_in_again_can_be_stopped_again() -> None:
    """A second stop by the same officer counts, since the first one ended in between."""
    council = Council(3)
    council.ask(A, DeviceSuspended(KEYS[B].public, "lost"))
    council.meet(A, C)
    assert state(roster_everywhere(council), B) == "suspended"
    asked = council.ask(C, enrolled(B))
    council.meet(A, C)
    council.vote(A, asked)
    council.meet(A, C)
    assert state(council[A].replica.roster, B) == "active"
    council.ask(A, DeviceSuspended(KEYS[B].public, "lost again"))
    council.meet(A, C)
    assert state(roster_everywhere(council), B) == "suspended"
