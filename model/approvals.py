"""Officers ask, agree, take back, decline: one cycle for all that needs more than one person.

`propose` enters a decision that waits; its effect follows from what counts, so that it begins when
the last officer needed agrees and never depends on who wrote first. An approval that came after a
decision took effect changes nothing, and neither does a no.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from model import events as e
from model.agreement import claimants, known_outcome, note_decision, saying_the_same
from model.book import Book
from model.decisions import (
    DECISIONS,
    VOICES_EACH,
    VOICES_MAX,
    decision,
    needed,
    open_decision,
)
from model.derived import Work, derive
from model.entry import Entry, Past
from model.identifiers import CHANGE_PREFIX_BYTES
from model.journal import entry_page
from model.limits import said_enough
from model.notes import note, void
from model.pages import NO_MEETING, DecisionPage, Posting, Voice
from model.permissions import is_member
from model.sheets import add_claim
from model.standing import enter, settle, settle_any


# fmt: off
def propose(
    book: Book, entry: Entry, keeper: bool, kind: str, cycle: int, session: int, subject: str,
    line: int, amount: int, detail: str, lines: tuple[Posting, ...] = (),
    *, slot: str = "", count: int = 0, member: str = "", beneficiary: str = "",
    expires_on: str = "", once: str = "", reasons: tuple[str, ...] = (), text: str = "",
    targets: tuple[str, ...] = (),
) -> None:
    """Enter a decision; arguments as `enter`, and who gains by it.

    It posts `lines` from when enough officers agree. What else it does is the work that its topic
    registers for `kind` and `subject`, done whenever its standing changes.
    """
    open_decision(book, entry, kind, beneficiary, expires_on, amount)
    enter(
        book, entry, keeper, kind, cycle, session, subject, line, amount, detail, lines, (),
        slot=slot, count=count, member=member, once=once, reasons=reasons, text=text,
    )
    name = entry.id.hex()
    page = entry_page(book, name)
    if page.status == "counted":  # not before officers agree, were it only the author
        page = replace(page, status="suspense")
    book.entries.put(name, replace(page, targets=targets))
    asked = claimants(book, name)
    if not asked:  # too many: nobody is asked
        book.decisions.put(name, None)
        book.waiting.put(name, None)
        return
    _ask_anew(book, entry.past, name, asked)
    _change_mind(book, entry, name)
    settle(book, asked)
    derive(book, kind, subject)
# fmt: on


def _ask_anew(book: Book, past: Past, name: str, asked: Sequence[str]) -> None:
    """Keep apart from a request what its author knew to be declined: it is asked once more."""
    after = tuple(
        other
        for other in asked
        if other != name
        and bytes.fromhex(other) in past
        and known_outcome(book, other, past) == "declined"
    )
    if after:
        book.decisions.put(name, replace(decision(book, name), after=after))


def _change_mind(book: Book, entry: Entry, name: str) -> None:
    """Let a request take the place of what its author said on others that say the same."""
    page = decision(book, name)
    cancels = _taken_back(book, entry, name, "for") if page.author and page.electors else ()
    if cancels:
        voice = Voice(page.author, name, "for", cancels=cancels)
        book.decisions.put(name, replace(page, voices=(*page.voices, voice)))


def ask(book: Book, entry: Entry, kind: str, amount_minor: int, member: str = "") -> None:
    """Ask officers' word on money that was paid out, where the constitution wants it.

    The money counts meanwhile: it is gone.
    """
    if not entry.held and needed(book, kind, entry.past, member, amount_minor) > 1:
        open_decision(book, entry, kind, member, "", amount_minor)
        note_decision(book, claimants(book, entry.id.hex()))  # another may have recorded the same


def give_approval(book: Book, entry: Entry, event: e.ApprovalGiven, _keeper: bool) -> None:
    """Count an officer's word for an entry, or the paper card that was shown for it."""
    _speak(book, entry, event, "card" if event.card else "for", event.cycle, event.session)


def decline_request(book: Book, entry: Entry, event: e.RequestDeclined, _keeper: bool) -> None:
    """Count an officer's no, unless the decision had taken effect as far as the officer knew."""
    _speak(book, entry, event, "against", event.cycle, event.session, event.reason)


def withdraw_approval(book: Book, entry: Entry, event: e.ApprovalWithdrawn, _keeper: bool) -> None:
    """Take one's own words back, before the decision took effect."""
    _speak(book, entry, event, "back", NO_MEETING, NO_MEETING, event.reason)


def _speak(
    book: Book,
    entry: Entry,
    event: e.ApprovalGiven | e.ApprovalWithdrawn | e.RequestDeclined,
    word: str,
    cycle: int,
    session: int,
    text: str = "",
) -> None:
    kind = _KINDS[type(event)]
    target, person = event.target.hex(), entry.person.hex()
    about = book.entries.find(target)
    if about is None:
        void(book, entry, kind, "unknown_reference", text=text)
        return
    refused = _refusal(book, entry, target, word)
    if refused:
        void(book, entry, kind, refused, text=text)
        return
    name, page = entry.id.hex(), decision(book, target)
    voice = Voice(person, name, word, cycle, session, _taken_back(book, entry, target, word))
    book.decisions.put(target, replace(page, voices=(*page.voices, voice)))
    note(
        book, entry, kind, "counted", cycle, session,
        subject=target, amount=about.amount, detail=about.kind, text=text,
    )  # fmt: skip
    if cycle != NO_MEETING:
        add_claim(book, cycle, session, target, (kind, 0, name))
    reweigh(book, target)


def _taken_back(book: Book, entry: Entry, target: str, word: str) -> tuple[str, ...]:
    """One's own words that a word takes the place of, on whichever entry that says the same."""
    person = entry.person.hex()
    cancels: list[str] = []
    for name in (target, *saying_the_same(book, target)):
        page = decision(book, name)
        own = (voice for voice in page.voices if voice.person == person)
        cancels += [
            voice.entry
            for voice in own
            if bytes.fromhex(voice.entry) in entry.past and _replaces(word, voice.word)
        ]
        takes_back = word in ("against", "back")
        if page.author == person and takes_back and bytes.fromhex(name) in entry.past:
            cancels.append(name)
    return tuple(cancels)


def _replaces(word: str, earlier: str) -> bool:
    """Does a word take the place of an earlier one? A card and an own yes stand side by side."""
    return {word, earlier} != {"card", "for"}


_KINDS = {
    e.ApprovalGiven: "approval.given",
    e.ApprovalWithdrawn: "approval.withdrawn",
    e.RequestDeclined: "request.declined",
}


def _refusal(book: Book, entry: Entry, target: str, word: str) -> str:
    """Code of why a word has no effect; empty when it has."""
    page = decision(book, target)
    person = entry.person.hex()
    if is_member(book, person, page.member, entry.past):
        return "own_benefit"
    takes_back = word in ("against", "back")
    if takes_back and page.kind == "meeting.closed":
        return "signed_for_good"
    if takes_back and known_outcome(book, target, entry.past) == "approved":
        return "already_decided"
    if word == "against" and not page.binding and page.kind not in DECISIONS:
        return "already_happened"
    if page.electors and word != "card" and person not in page.electors:
        return "not_asked"
    if word == "card" and (refused := _card_refusal(page, entry, target)):
        return refused
    own = (voice.entry for voice in page.voices if voice.person == person)
    flood = said_enough(own, entry.past, VOICES_EACH) or len(page.voices) >= VOICES_MAX
    return "too_many" if flood else ""


def _card_refusal(page: DecisionPage, entry: Entry, target: str) -> str:
    """Why a paper card has no effect: one may stand in for one officer, where it is shown."""
    if not page.electors:
        return "no_card_here"
    if bytes.fromhex(target)[:CHANGE_PREFIX_BYTES] not in entry.cards:
        return "card_not_shown"
    known = [voice for voice in page.voices if bytes.fromhex(voice.entry) in entry.past]
    gone = {name for voice in known for name in voice.cancels}
    shown = any(voice.word == "card" and voice.entry not in gone for voice in known)
    return "second_card" if shown else ""


def reweigh(book: Book, name: str) -> None:
    """Let a decision take effect, or cease to, after what officers said of it."""
    page = entry_page(book, name)
    settle_any(book, name)
    if not claimants(book, name):
        note_decision(book, (name,))
    if page.subject:  # nothing follows from what had no effect
        derive(book, page.kind, page.subject)


RULES: Final = {
    e.ApprovalGiven: give_approval,
    e.ApprovalWithdrawn: withdraw_approval,
    e.RequestDeclined: decline_request,
}
WORK: Final[Mapping[str, Work]] = {"approval.given": reweigh}  # a meeting got another day
