"""What a meeting decides: resolutions with their votes, and members' open votes.

One member, one vote: a later vote by who knew the earlier one takes its place, and of votes that
did not know of each other and differ none counts. Where members' votes were written down the count
is theirs. A resolution is carried when more voted for it than against; abstaining decides nothing.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from model import events as e
from model import listing
from model.agreement import claimants
from model.book import Book
from model.entry import Entry
from model.journal import entry_page, reversed_by
from model.members import kept_member, member_named
from model.notes import void
from model.pages import EntryPage
from model.sheets import claims_on
from model.standing import enter

Key = tuple[int, int]
"""Cycle and session."""
RESOLUTIONS: Final = "resolutions"


class Resolution(NamedTuple):
    """A resolution as it stands: hex id, number in the meeting, code, text, votes; ids are hex."""

    name: str
    line: int
    kind: str
    text: str
    votes_for: int
    votes_against: int
    abstained: int
    target: str
    by_ballot: bool

    @property
    def carried(self) -> bool:
        """Did more vote for it than against?"""
        return self.votes_for > self.votes_against

    @property
    def votes(self) -> int:
        """How many voted or abstained."""
        return self.votes_for + self.votes_against + self.abstained


def record_resolution(book: Book, entry: Entry, event: e.ResolutionRecorded, keeper: bool) -> None:
    """Record what the meeting decided; officers who record it alike agree."""
    target = event.target.hex()
    votes = f"{event.votes_for} for, {event.votes_against} against, {event.abstained} abstained"
    # The text is part of what officers must agree on; of a long one its mark will do.
    mark = hashlib.sha256(event.text.encode()).hexdigest()[:8]
    enter(
        book, entry, keeper, "resolution.recorded", event.cycle, event.session, RESOLUTIONS,
        event.line, 0, f"{event.kind}; {votes}; {mark}; {target}", (), (), text=event.text,
    )  # fmt: skip


def cast_ballot(book: Book, entry: Entry, event: e.BallotCast, keeper: bool) -> None:
    """Count one member's vote on a resolution."""
    member = member_named(book, event.member)
    resolution = book.hexed[event.resolution]
    page = book.entries.find(resolution)
    if not member or page is None or page.kind != "resolution.recorded" or not page.subject:
        void(book, entry, "ballot.cast", "unknown_reference")
        return
    thing = _first_alike(book, resolution, page)
    listing.add(book, _ballots_on(thing), entry.id.hex())
    enter(
        book, entry, keeper, "ballot.cast", event.cycle, event.session, member, 1, 0,
        event.choice, (), (), once=f"ballot {thing} {member}",
    )  # fmt: skip


def _first_alike(book: Book, name: str, page: EntryPage) -> str:
    """Of entries that record one resolution, the first: a vote on any of them is on all."""
    for other in claimants(book, name):
        if entry_page(book, other).detail == page.detail:
            return other
    return name


def _ballots_on(thing: str) -> str:
    return f"ballots {thing}"


def tally(book: Book, name: str) -> Counter[str]:
    """Votes that members cast on a resolution, by choice; empty when none were written down."""
    votes: dict[str, str] = {}
    thing = _first_alike(book, name, entry_page(book, name))
    for ballot in listing.every(book, _ballots_on(thing)):
        page = entry_page(book, ballot)
        if page.status == "counted" and not reversed_by(book, page):
            votes[kept_member(book, page.subject)] = page.detail
    return Counter(votes.values())


def resolutions_of(book: Book, key: Key) -> Iterator[Resolution]:
    """The resolutions of a meeting that stand, by number."""
    recorded = (claim for claim in claims_on(book, *key, RESOLUTIONS) if claim[1])
    for _, line, name in sorted(recorded, key=lambda claim: claim[1]):
        page = entry_page(book, name)
        if page.status == "counted" and not reversed_by(book, page):
            yield _read(book, name, line, page)


def _read(book: Book, name: str, line: int, page: EntryPage) -> Resolution:
    kind, votes, _, target = page.detail.split("; ", 3)
    in_favour, against, abstained = (int(part.split(" ")[0]) for part in votes.split(", "))
    cast = tally(book, name)
    if cast:
        in_favour, against, abstained = cast["for"], cast["against"], cast["abstain"]
    return Resolution(
        name, line, kind, page.text, in_favour, against, abstained, target, bool(cast)
    )


RULES: Final = {e.ResolutionRecorded: record_resolution, e.BallotCast: cast_ballot}
