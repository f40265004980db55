"""The market day: every phone shows the same, and what it shows can be read aloud to a village."""

from __future__ import annotations

import random
import re
from functools import cache

import pytest

from model import events as e
from model.findings import Finding, list_findings
from model.journal import balance
from model.reducer import fold
from model.timeline import Timeline
from simulations.handsets import meet
from simulations.market_day import MarketDay, market_day, read_aloud, replica
from simulations.seasons import Season
from simulations.second_reckoning import reckon

SENTENCE_CHARACTERS_MAX = 300
HEX = re.compile(r"\b[0-9a-f]{8,}\b")
JARGON = re.compile(
    r"[a-z]_[a-z]|[a-z]\.[a-z]|\{|\}|\bNone\b|\bnull\b|\b(reducer|digest|replica|lamport|hash|"
    r"payload|node|sync|posting|subject|suspense|void|tuple|struct)\b"
)
COMMAND = re.compile(r"mkutano [a-z-]+( [A-Za-z0-9-]+)*$")
DOES_SOMETHING = re.compile(
    r"mkutano [a-z]|\b(accept|add|agree|ask|bring|choose|close|collect|correct|count|decide|"
    r"decline|find|elect|give|hand|let|look|lower|make|match|merge|must|name another|open|pay|read|"
    r"record|refuse|resolve|reverse|settle|tell|update|withdraw|write)\b",
    re.IGNORECASE,
)


@cache
def day() -> MarketDay:
    return market_day()


def shown() -> list[Finding]:
    return read_aloud(fold(day().entries), day())


def test_every_replica_lists_the_same_findings() -> None:
    expected = [finding.sentence for finding in shown()]
    for phone in day().phones:
        for seed in range(10):
            book = replica(phone, seed)
            assert book.digest() == fold(day().entries).digest()
            assert [finding.sentence for finding in read_aloud(book, day())] == expected


def test_a_phone_that_learns_bit_by_bit_lists_the_same() -> None:
    timeline = Timeline()
    for entry in reversed(day().entries):
        timeline.advance([entry])
    assert read_aloud(timeline.book, day()) == shown()


def test_what_went_wrong_is_found() -> None:
    codes = {finding.code for finding in shown()}
    assert {"corroborated", "disputed_amount"} <= codes, "Amina and Baraka were recorded twice"
    assert "overdrawn" in codes, "two loans were more than the box held"
    assert "late_entry" in codes, "the meeting was closed without the treasurer"
    assert "receipt_reversed" in codes, "a payment was taken back"


def test_the_money_is_what_was_really_paid() -> None:
    """Reckoned on paper: what the secretary closed over counts, the rest is kept aside."""
    book = fold(day().entries)
    assert dict(book.accounts.rows()) == reckon(day().entries)
    members = {name: identity.hex() for name, identity in day().members.items()}
    assert balance(book, "2010", members["Amina"]) == -700_00
    assert balance(book, "2010", members["Baraka"]) == -800_00, "the secretary keeps the records"
    assert balance(book, "2010", members["Chebet"]) == 0


def test_what_a_former_member_paid_elsewhere_is_owed_to_her() -> None:
    """The treasurer took 100 of Chebet, whose loan the settlement had paid: account 2060."""
    played = market_day()
    paid = [
        identity
        for identity, event in played.treasurer.heard(e.LoanRepaid)
        if event.loan == played.loans["Chebet"] and not event.source
    ]
    played.secretary.record(e.MeetingOpened(1, 3, "2026-01-21"))
    meet(*played.phones)
    accepted = played.secretary.record(e.LateEntryAccepted(paid[0], 1, 3, "the money is here"))
    meet(*played.phones)
    played.chairperson.record(e.ApprovalGiven(accepted, 1, 3))
    book = fold([*played.entries, *played.chairperson.known.values()])
    chebet = played.members["Chebet"].hex()
    assert balance(book, "2060", chebet) == -100_00
    assert "post_exit_item" in {finding.code for finding in list_findings(book)}


def complaints(finding: Finding) -> list[str]:
    """Why a sentence can't be read aloud to a village."""
    sentence = finding.sentence
    wrong = []
    if not sentence[:1].isupper():
        wrong.append("does not start with a capital")
    if not sentence.endswith(".") and not COMMAND.search(sentence):
        wrong.append("ends neither with a full stop nor with a command")
    if len(sentence) > SENTENCE_CHARACTERS_MAX:
        wrong.append(f"has {len(sentence)} characters")
    if HEX.search(sentence):
        wrong.append("names an id")
    if found := JARGON.search(sentence):
        wrong.append(f"says {found.group()!r}")
    if re.search(r"[A-Z]{3} -\d", sentence):
        wrong.append("reads a negative amount")
    if finding.weight == "task" and not DOES_SOMETHING.search(sentence):
        wrong.append("does not say what to do")
    return wrong


def test_every_sentence_of_the_day_can_be_read_aloud() -> None:
    read = [finding for finding in shown() if complaints(finding)]
    assert [(f.code, complaints(f), f.sentence) for f in read] == []


@pytest.mark.parametrize("seed", range(12))
def test_every_sentence_of_a_season_can_be_read_aloud(seed: int) -> None:
    entries = Season(random.Random(seed), mess=40, meetings=3, deeds_a_meeting=25).play()
    read = [finding for finding in read_aloud(fold(entries), day()) if complaints(finding)]
    assert sorted({(f.code, *complaints(f), f.sentence) for f in read}) == []


def test_a_complaint_is_made_about_what_nobody_can_read() -> None:
    finding = shown()[0]
    for sentence in (
        "member 1 paid.",
        "Entry 0123456789abcdef is wrong. Record it again.",
        "Entry W1 (conflict.resolved) waits. Record it.",
        "The waits_for_approval is open. Record it.",
        "No end. Record it",
        "A" * 300 + ". Record it.",
        "The box holds KES -3.00. Record it.",
    ):
        assert complaints(finding._replace(sentence=sentence)), sentence
    assert complaints(finding._replace(weight="task", sentence="The box is empty."))
    assert not complaints(finding._replace(sentence="Agree with: mkutano approve W1VAWPN62G"))
