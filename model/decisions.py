"""Whether enough officers agree to an entry: counted by person, judged by who knew what.

A decision waits until so many officers agreed to it; its author's own word counts, that of the one
who gains by it never does, and a word counts once for a person, on however many phones it is given.
A person's later word takes the place of the earlier ones that it knew, on whichever of the entries
that say the same they were. A decision is declined when
an officer said no who did not know it approved: then it stays declined, whichever of the two was
written first. Nothing here asks a clock: a request that names its last day is compared with the
days of the meetings in which officers agreed.

Who holds an office, and the constitution, are decided by a strict majority of all officers, never
by fewer than two, as those were when it was proposed: the *electors*. A no is only a word that is
missing then, and one paper card may stand in for one missing word. A group that has one officer
decides by that one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

from model.book import Book
from model.entry import Entry, Past
from model.offices import OFFICERS_MIN, founded, officers, offices_of
from model.pages import DecisionPage, Voice
from model.permissions import constitution, is_member

Outcome = Literal["waiting", "approved", "declined"]

VOICES_EACH: Final = 16  # words of one person on one decision, however often the mind changes
VOICES_MAX: Final = 256  # words on one decision; a group has far fewer officers

DECISIONS: Final[dict[str, int]] = {
    "constitution.proposed": 2,
    "officer.proposed": 2,
    "conflict.resolved": 2,
    "late_entry.accepted": 2,
    "late_entry.rejected": 2,
    "suspense.ratified": 2,
    "suspense.rejected": 2,
    "meeting.reopened": 3,
    "cycle.closed": 3,
    "variance.posted": 2,
    "member.merged": 2,
    "person.erased": 2,
    "member.exited": 2,
    "fine.waived": 2,
    "loan.waived": 2,
    "loan.rescheduled": 2,
    "loan.defaulted": 2,
    "loan.written_off": 3,
    "guarantee.called": 2,
    "funding.released": 2,
    "withdrawal.requested": 2,
    "shareout.confirmed": 3,
    "dividend.declared": 3,
    "surplus.moved": 2,
    "rotation.started": 2,
}
"""Kinds that wait for officers, and how many, unless the constitution says otherwise. Every other
kind counts at once: it tells what happened; the constitution may ask for officers' word on it."""

FOR_GOOD: Final = frozenset({"person.erased"})
"""Kinds that can't be taken back: two officers decide as soon as there are two, though the group is
not founded yet, or one stolen phone could do it to everybody."""

BY_MAJORITY: Final = frozenset({"constitution.proposed", "officer.proposed"})
"""Kinds that need a strict majority of all officers; the constitution may ask for more of them."""


def needed(
    book: Book, kind: str, past: Past, member: str = "", amount_minor: int = 0, at_least: int = 0
) -> int:
    """How many officers must agree, as far as an author with this past knew.

    Never more than there are officers who do not gain by it, so that a group of two can decide;
    one (the author) while the group is being founded, but for what is for good. `at_least`:
    whatever its kind, because it undoes what so many decided.
    """
    if not founded(book, past) and kind not in FOR_GOOD:
        return 1
    rules = constitution(book, past)
    if kind in BY_MAJORITY:
        return _majority(
            len(officers(book, past)), rules.terms.approvals.get(kind, 0) if rules else 0
        )
    asked = DECISIONS.get(kind, 1)
    if rules is not None:
        asked = rules.terms.approvals.get(kind, asked)
        if kind not in DECISIONS and amount_minor < rules.terms.approval_limit_minor:
            asked = 1
    free = [person for person in officers(book, past) if not is_member(book, person, member, past)]
    return max(1, min(max(asked, at_least), len(free)))


def _majority(electors: int, asked: int) -> int:
    """How many of so many officers must agree: more than half, two at least, and all at most."""
    return max(1, min(max(electors // 2 + 1, OFFICERS_MIN, asked), electors))


def open_decision(
    book: Book,
    entry: Entry,
    kind: str,
    member: str = "",
    expires_on: str = "",
    amount_minor: int = 0,
    at_least: int = 0,
) -> None:
    """Ask officers about an entry; `member` is the one who gains by it, if anybody does.

    `at_least`, when above 0: it waits for so many, whatever its kind.
    """
    name, past = entry.id.hex(), entry.past
    person = entry.person.hex()
    author = "" if entry.held else person
    if is_member(book, person, member, past) or not (
        offices_of(book, person, past) or not founded(book, past)
    ):
        author = ""
    wanted = needed(book, kind, past, member, amount_minor, at_least)
    binding = kind in DECISIONS or at_least > 0
    asked = officers(book, past) if kind in BY_MAJORITY and founded(book, past) else ()
    page = DecisionPage(kind, wanted, author, member, expires_on, binding, electors=tuple(asked))
    book.decisions.put(name, page)
    if wanted > bool(author) and not entry.held:
        book.waiting.put(name, kind)


def decision(book: Book, name: str) -> DecisionPage:
    """What is known of the decision about an entry; of one that nobody was asked about, too."""
    page = book.decisions.find(name)
    if page is not None:
        return page
    about = book.entries.find(name)
    assert about is not None  # only what was folded before is asked about
    return DecisionPage(about.kind, 1, about.person, about.member or about.subject)


class _Count(NamedTuple):
    """Words on entries that say the same."""

    agreed: frozenset[str]
    left: int
    """How many words are missing."""
    declined: bool


def _count(book: Book, names: Iterable[str], past: Past | None) -> _Count:
    agreed: set[str] = set()
    against: set[str] = set()
    wanted, card = 1, False
    told = [
        (name, decision(book, name))
        for name in names
        if past is None or bytes.fromhex(name) in past
    ]
    gone = {
        cancelled
        for _, page in told
        for voice in page.voices
        if voice.cancels and (past is None or bytes.fromhex(voice.entry) in past)
        for cancelled in voice.cancels
    }
    for name, page in told:
        heard = [
            voice
            for voice in page.voices
            if voice.entry not in gone and (past is None or bytes.fromhex(voice.entry) in past)
        ]
        against.update(voice.person for voice in heard if voice.word == "against")
        agreed.update(voice.person for voice in heard if _in_time(book, page, voice, past))
        card |= any(voice.word == "card" for voice in heard)
        if page.author and name not in gone:
            agreed.add(page.author)
        wanted = max(wanted, page.needed)
    councils = [page for _, page in told if len(page.electors) >= OFFICERS_MIN]
    if councils:
        return _of_councils(councils, agreed, against, card)
    return _Count(frozenset(agreed), max(0, wanted - len(agreed)), bool(against))


def _of_councils(
    councils: Sequence[DecisionPage], agreed: set[str], against: set[str], card: bool
) -> _Count:
    """The words of those who decide by majority, on requests for one thing.

    Each request needs enough of its own electors; one that has them is enough. Who said yes and no
    apart said neither. A card counts as one word, where two officers at least must agree.
    """
    agreed = agreed - against
    left = min(page.needed - len(agreed & {*page.electors}) - card for page in councils)
    declined = all(
        len(page.electors) - len(against & {*page.electors}) + card < page.needed
        for page in councils
    )
    return _Count(frozenset(agreed), max(0, left), declined)


def outcome(book: Book, names: Iterable[str], past: Past | None = None) -> Outcome:
    """How officers decided about entries that say the same: their words are counted together.

    With a `past`: as far as an author knew who has it.
    """
    count = _count(book, names, past)
    if count.declined:
        return "declined"
    return "waiting" if count.left else "approved"


def agreed(book: Book, names: Iterable[str], past: Past | None = None) -> frozenset[str]:
    """The people who agree to entries that say the same; with a `past`, as far as it knew."""
    return _count(book, names, past).agreed


def missing(book: Book, names: Iterable[str]) -> int:
    """How many officers have still to agree to entries that say the same."""
    return _count(book, names, None).left


def _in_time(book: Book, page: DecisionPage, voice: Voice, past: Past | None) -> bool:
    """Was a yes said in a meeting no later than the request's last day?"""
    if voice.word != "for" or not page.expires_on:
        return voice.word == "for"
    held_on = known_day(book, (voice.cycle, voice.session), past)
    return not held_on or held_on <= page.expires_on


def known_day(book: Book, key: tuple[int, int], past: Past | None) -> str:
    """The day of a meeting, as far as an author with this past knew; empty when nobody said it."""
    page = book.meetings.find(key)
    if page is None or past is None:
        return page.held_on if page is not None else ""
    openings = [
        opening.text
        for name in page.opened
        if bytes.fromhex(name) in past and (opening := book.entries.find(name)) is not None
    ]
    return min(openings, default="")


def waits(book: Book, names: Sequence[str]) -> bool:
    """Are these, which say the same, a decision that officers have not agreed to, or declined?"""
    page = book.decisions.find(names[0])
    return page is not None and page.binding and outcome(book, names) != "approved"
