"""Which entries say the same, and what officers decided about entries that tell of one thing.

Officers agree to what is said, not to who wrote it: words on entries that say the same are counted
together. A request that was declined is asked for anew apart from the old one. What an author knew
of all this is a matter of the author's past alone, so that no order of writing changes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from model.book import Book
from model.claims import REPLACING, Row, choose, heads, said
from model.decisions import Outcome, agreed, decision, outcome, waits
from model.entry import Past
from model.journal import entry_page, reversed_by
from model.pages import EntryPage, FindingPage
from model.sheets import claims_on, claims_once
from model.stopped import is_apart, verdicts_reaching

ACCEPT_WINS: Final = 3  # officers who want a late entry in, where others rejected it meanwhile
_VERDICTS: Final = frozenset({"late_entry.accepted", "late_entry.rejected"})


def claimants(book: Book, name: str) -> list[str]:
    """Every entry that tells of the same thing as this one, itself included, in shared order."""
    page = entry_page(book, name)
    if page.once:
        sheet = claims_once(book, page.once)
    else:
        sheet = claims_on(book, page.cycle, page.session, page.subject)
    slots = {(claim[0], claim[1]) for claim in sheet if claim[2] == name and claim[1]}
    return [claim[2] for claim in sheet if (claim[0], claim[1]) in slots]


def agreeing(book: Book, name: str) -> list[str]:
    """Entries about the same thing that say the same and stand; the first is this one."""
    alike = saying_the_same(book, name)
    return [name, *(other for other in alike if not reversed_by(book, entry_page(book, other)))]


def saying_the_same(book: Book, name: str) -> list[str]:
    """Other entries about the same thing that say the same; what was asked anew stays apart."""
    page = entry_page(book, name)
    asked = book.decisions.find(name)
    alike = []
    for other in claimants(book, name):
        if other == name or said(entry_page(book, other)) != said(page):
            continue
        if asked is not None and (other in asked.after or name in decision(book, other).after):
            continue
        alike.append(other)
    return alike


def known_outcome(book: Book, name: str, past: Past) -> Outcome:
    """How officers had decided about an entry, as far as an author with this past knew."""
    return outcome(book, _known_alike(book, name, past), past)


def known_agreed(book: Book, name: str, past: Past) -> frozenset[str]:
    """The people who had agreed to an entry, as far as an author with this past knew."""
    return agreed(book, _known_alike(book, name, past), past)


def _known_alike(book: Book, name: str, past: Past) -> list[str]:
    """It and the entries that say the same, of which the author knew and that stood."""
    taken: dict[str, bool] = {}
    return [
        other
        for other in (name, *saying_the_same(book, name))
        if bytes.fromhex(other) in past and not _known_reversed(book, other, past, taken)
    ]


def _known_reversed(book: Book, name: str, past: Past, taken: dict[str, bool]) -> bool:
    """Was it taken back, as far as an author knew? `taken`: what was looked at on the way."""
    if name not in taken:
        taken[name] = any(
            bytes.fromhex(reversal) in past
            and (not decision(book, reversal).binding or _approved(book, reversal, past))
            and not _known_reversed(book, reversal, past, taken)
            for reversal in entry_page(book, name).reversals
        )
    return taken[name]


def _approved(book: Book, reversal: str, past: Past) -> bool:
    return outcome(book, (reversal,), past) == "approved"


def known_choice(book: Book, name: str, past: Past) -> bool:
    """Had officers chosen what this entry says, as far as an author with this past knew?"""
    rivals = claimants(book, name)
    known = [
        (choice, entry_page(book, choice))
        for _, _, choice in (claims_once(book, f"choice {rivals[0]}") if rivals else ())
        if bytes.fromhex(choice) in past and known_outcome(book, choice, past) == "approved"
    ]
    right = said(entry_page(book, name))
    chosen = {said(entry_page(book, page.targets[0])) for _, page in heads(known)}
    return chosen == {right}


def resolution_of(book: Book, thing: str) -> tuple[str, EntryPage] | None:
    """What officers decided about entries that differ, and the entry that says so."""
    for _, _, resolution in claims_once(book, f"choice {thing}"):
        page = entry_page(book, resolution)
        if page.status == "counted" and not reversed_by(book, page):
            return resolution, page
    return None


def chosen_of(book: Book, resolution: EntryPage, rows: Sequence[Row]) -> str:
    """The entry that officers chose among these; empty when it does not stand any more."""
    wanted = said(entry_page(book, resolution.targets[0]))
    rows = heads(rows) if rows and rows[0][1].kind in REPLACING else rows
    same = [row for row in rows if said(row[1]) == wanted]
    return min(same, key=lambda row: (row[1].late, row[1].held, row[0]))[0] if same else ""


def choose_among(book: Book, rows: Sequence[Row]) -> str:
    """The entry that counts: of those that officers agreed to, if they were asked."""
    return choose(weightiest(book, rows))


def weightiest(book: Book, rows: Sequence[Row]) -> Sequence[Row]:
    """Of requests: the approved ones, else those that wait, else all; of other entries, all."""
    if not any(book.decisions.find(name) for name, _ in rows):
        return rows
    standing: dict[str, list[Row]] = {"approved": [], "waiting": [], "declined": []}
    for name, page in rows:
        alike = agreeing(book, name)
        state = outcome(book, alike) if decision(book, name).binding else "approved"
        standing[state].append((name, page))
    best = standing["approved"] or standing["waiting"] or standing["declined"]
    return _last_verdicts(book, best) if best[0][1].kind in _VERDICTS else best


def _last_verdicts(book: Book, rows: Sequence[Row]) -> Sequence[Row]:
    """Of verdicts those that no contrary one knew of, whichever officer of several wrote it.

    What came too late is left out while they differ, unless more than usual want it in.
    """
    last = [
        (name, page)
        for name, page in rows
        if not any(name in other.knew and other.detail != page.detail for _, other in rows)
    ]
    wanted = [
        row
        for row in last
        if row[1].detail == "accepted" and len(agreed(book, agreeing(book, row[0]))) >= ACCEPT_WINS
    ]
    return wanted or last


def first_alike(book: Book, name: str) -> str:
    """Of the entries that say the same as this one, the first: a verdict on any is on all."""
    right = said(entry_page(book, name))
    alike = (other for other in claimants(book, name) if said(entry_page(book, other)) == right)
    return next(alike, name)


def verdict_on(book: Book, name: str) -> tuple[str, EntryPage] | None:
    """What officers decided about an entry that came too late, and the entry that says so.

    A verdict reaches every entry that says the same and that somebody who gave it knew of. What
    officers chose between entries that differ is accepted, whatever they said before. What a
    stopped device wrote is judged entry by entry (`judgement`).
    """
    page = entry_page(book, name)
    if page.stopped:
        return judgement(book, page)
    judged = _judged(book, name)
    if judged is not None and judged[1].detail == "accepted":
        return judged
    rivals = claimants(book, name)
    resolution = resolution_of(book, rivals[0]) if len(rivals) > 1 else None
    if resolution is not None and said(entry_page(book, resolution[1].targets[0])) == said(page):
        return resolution
    return judged


def judgement(book: Book, page: EntryPage, past: Past | None = None) -> Row | None:
    """What officers decided about an entry of a stopped device, and the entry that says so.

    Words that reach it are counted together, whichever else each of them reaches. A contrary one
    that knew another takes its place; of a yes and a no that did not know of each other the no
    holds, unless three officers want it in. With a `past`: as far as an author knew who has it.
    """
    groups: dict[bool, list[Row]] = {True: [], False: []}
    for name in verdicts_reaching(book, page):
        verdict = entry_page(book, name)
        if _is_open(book, name, verdict, past):
            groups[brings_in(verdict)].append((name, verdict))
    rows = [
        row
        for group in groups.values()
        if group and outcome(book, _saying_so(book, group), past) == "approved"
        for row in group
    ]
    last = _last_words(rows)
    accepting = [row for row in last if brings_in(row[1])]
    if len(accepting) < len(last):
        people = agreed(book, _saying_so(book, accepting), past)
        if len(people) < ACCEPT_WINS:
            last = [row for row in last if not brings_in(row[1])]
        else:
            last = accepting
    # They may have said so in different meetings: the last one has it.
    return max(last, key=lambda row: (row[1].cycle, row[1].session, row[0]), default=None)


def _saying_so(book: Book, rows: Sequence[Row]) -> list[str]:
    """Every entry that says the same as one of these."""
    return list(dict.fromkeys(alike for name, _ in rows for alike in agreeing(book, name)))


def brings_in(verdict: EntryPage) -> bool:
    """Does a verdict bring in what it reaches? A choice between entries does."""
    return verdict.detail != "rejected"


def _is_open(book: Book, name: str, verdict: EntryPage, past: Past | None) -> bool:
    """Does a verdict stand as far as nobody took it back or said no to it?"""
    if past is not None:
        return bytes.fromhex(name) in past and not _known_reversed(book, name, past, {})
    if verdict.kind == "conflict.resolved" and verdict.status not in ("counted", "corroborating"):
        return False
    if reversed_by(book, verdict):
        return False
    return outcome(book, agreeing(book, name)) != "declined"


def _last_words(rows: Sequence[Row]) -> list[Row]:
    """Verdicts that no contrary one knew of."""
    return [
        (name, page)
        for name, page in rows
        if not any(name in other.knew and brings_in(other) != brings_in(page) for _, other in rows)
    ]


def meeting_of(book: Book, name: str, page: EntryPage) -> tuple[int, int]:
    """Cycle and session of an entry; of a late one that was accepted, those that accepted it."""
    verdict = verdict_on(book, name) if page.late and page.status == "counted" else None
    told = page if verdict is None else verdict[1]
    return told.cycle, told.session


def _judged(book: Book, name: str) -> tuple[str, EntryPage] | None:
    for _, _, verdict in claims_once(book, f"late {first_alike(book, name)}"):
        page = entry_page(book, verdict)
        if page.status == "counted" and not reversed_by(book, page):
            alike = [(other, entry_page(book, other)) for other in agreeing(book, verdict)]
            if any(name in one.knew for _, one in alike):
                # They may have said so in different meetings: the last one has it.
                return max(alike, key=lambda row: (row[1].cycle, row[1].session))
    return None


def most_wanted(book: Book, rows: Sequence[Row]) -> Sequence[Row]:
    """Of entries that are late: the accepted ones, else those that nobody rejected, else all."""
    groups: dict[str, list[Row]] = {"accepted": [], "": [], "rejected": []}
    for row in rows:
        verdict = verdict_on(book, row[0])
        rejected = verdict is not None and verdict[1].detail == "rejected"
        groups["rejected" if rejected else "accepted" if verdict is not None else ""].append(row)
    return groups["accepted"] or groups[""] or groups["rejected"]


def passed_over(
    book: Book, chosen: str, resolution: tuple[str, EntryPage] | None
) -> frozenset[str]:
    """Entries that officers knew and did not choose; what came since is a new dispute."""
    if not chosen or resolution is None:
        return frozenset()
    right = said(entry_page(book, chosen))
    agreed_to = (entry_page(book, name) for name in agreeing(book, resolution[0]))
    known = {rival for page in agreed_to for rival in page.knew}
    return frozenset(rival for rival in known if said(entry_page(book, rival)) != right)


def note_decision(book: Book, names: Sequence[str]) -> None:
    """Note which of the entries about one thing still wait for officers, or were declined."""
    asked = [(name, one) for name in names if (one := book.decisions.find(name)) is not None]
    anew = {other for _, one in asked for other in one.after}
    for name, decided in asked:
        page = entry_page(book, name)
        ended = "reversed" if reversed_by(book, page) else "apart" if is_apart(page) else ""
        # Nobody is asked by a stopped device.
        state = ended or outcome(book, agreeing(book, name))
        if bool(book.waiting.find(name)) != (state == "waiting"):
            book.waiting.put(name, decided.kind if state == "waiting" else None)
        finding = None
        if state == "declined" and name not in anew:
            finding = FindingPage((name,), page.member or page.subject, detail=page.kind)
        if finding != book.findings.find(("declined", name)):
            book.findings.put(("declined", name), finding)


def is_waiting(book: Book, name: str) -> bool:
    """Is it a decision that officers have not agreed to?"""
    return book.decisions.find(name) is not None and waits(book, agreeing(book, name))
