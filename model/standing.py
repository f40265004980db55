"""How an entry stands among others that tell of the same thing, and what that changes.

Two entries tell of the same thing when they have the same natural key: meeting, member (or loan,
pocket, category), kind and line; or when it can happen only once. It counts once, whoever wrote
first. Officers who agree corroborate each other; officers who differ are in dispute, and meanwhile
the record keeper's amount counts if exactly one amount is the record keeper's, else the lowest.
A meeting that is closed holds exactly what its closes cover: anything else is late, and its cash
is parked in suspense. No rule here asks which of two concurrent entries is first in the order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from model.book import Book
from model.claims import DISPUTES, REPLACING, Row, choose, finding_code
from model.derived import derive, is_derived
from model.entry import Entry
from model.journal import entry_page, parked, post, remirror, restate, reversed_by
from model.pages import NO_MEETING, Claim, EntryPage, FindingPage, MeetingPage, Posting, Status
from model.share_limit import check_share_limit

CLAIMS_EACH: Final = 8  # entries of one person about one thing; who floods gains nothing by it,
CLAIMS_MAX: Final = 128  # and silences no other: the limit of all is far above that of one

# Decisions, not money of the meeting's totals: a close does not take them out.
_UNGATED: Final = frozenset({"loan.applied", "loan.approved"})
_SET_HERE: Final = frozenset(
    {"late_entry", "corroborated", "recorded_twice", "disputed_amount", "disputed_attendance"}
    | {"disputed_count", "reversed", "replaced"}
)


# fmt: off
def enter(  # on every entry's path, hence plain arguments
    book: Book, entry: Entry, keeper: bool, kind: str, cycle: int, session: int, subject: str,
    line: int, amount: int, detail: str, held: tuple[Posting, ...], lines: tuple[Posting, ...],
    *, slot: str = "", count: int = 0, member: str = "", once: str = "",
    reasons: tuple[str, ...] = (), text: str = "",
) -> bool:
    """Put a permitted entry of a meeting into the book; True when it simply counts.

    `held` is what it posts by itself, `lines` what it posts now that the rest of the book is
    known (they differ for repayments and fines). `slot` names the kind of thing, when one kind
    of entry tells of several.
    """
    identity, lamport, device, person, time_ms, _, _ = entry
    name = identity.hex()
    hexed = book.hexed
    slot = slot or kind
    late = False
    key = (cycle, session, subject)
    sheet = book.sheets.find(key)
    if cycle != NO_MEETING:
        meeting = book.meetings.find((cycle, session))
        if meeting is None:
            open_unannounced(book, cycle, session)
        elif meeting.closes and kind not in _UNGATED:
            late = True
        if sheet is None:
            roll = book.roll.find((cycle, session)) or ()
            book.roll.put((cycle, session), (*roll, subject))
    if sheet is None:
        sheet = ()
    home, claims = key, sheet
    if once:
        home = (NO_MEETING, NO_MEETING, once)
        claims = book.sheets.find(home) or ()
    alone = not late
    for claim in claims:
        if claim[1] == line and claim[0] == slot:
            alone = False
    page = EntryPage(
        kind, lamport, hexed[device], hexed[person], time_ms, cycle, session, subject, line, amount,
        detail, "counted", lines, held, keeper, count, member, once, reasons, late,
        (), (), (), text,
    )
    if not alone:
        page = replace(page, status="void", lines=())
        if _contend(book, entry, name, page, (slot, line, name), home, claims) and once:
            book.sheets.put(key, (*sheet, (slot, 0, name)))
        return False
    if once:
        book.sheets.put(key, (*sheet, (slot, 0, name)))
    book.sheets.put(home, (*claims, (slot, line, name)))
    book.entries.put(name, page)
    if lines:
        post(book, name, lines)
    return True
# fmt: on


def open_unannounced(book: Book, cycle: int, session: int) -> MeetingPage:
    """Keep a meeting that something was recorded in before anybody opened it, and say so."""
    page = MeetingPage("")
    book.meetings.put((cycle, session), page)
    about = f"{cycle}/{session}"
    book.findings.put(("meeting_not_opened", about), FindingPage(cycle=cycle, session=session))
    return page


def _contend(
    book: Book,
    entry: Entry,
    name: str,
    page: EntryPage,
    claim: Claim,
    home: tuple[int, int, str],
    claims: tuple[Claim, ...],
) -> bool:
    """Enter an entry that is late or has rivals; `claims` are those on the sheet `home`.

    False when there are too many of them: it is kept in the history alone.
    """
    rivals = [other for kind, line, other in claims if (kind, line) == claim[:2]]
    mine = sum(entry_page(book, rival).person == page.person for rival in rivals)
    if mine >= CLAIMS_EACH or len(rivals) >= CLAIMS_MAX:
        book.entries.put(name, replace(page, reasons=(*page.reasons, "too_many")))
        if book.findings.find(("too_many", rivals[0])) is None:
            book.findings.put(("too_many", rivals[0]), FindingPage((rivals[0],), page.subject))
        return False
    book.sheets.put(home, (*claims, claim))
    knew = tuple(rival for rival in rivals if bytes.fromhex(rival) in entry.past)
    book.entries.put(name, replace(page, knew=knew))
    settle(book, [*rivals, name])
    return True


def claimants(book: Book, name: str) -> list[str]:
    """Every entry that tells of the same thing as this one, itself included, in shared order."""
    page = entry_page(book, name)
    if page.once:
        sheet = book.sheets.find((NO_MEETING, NO_MEETING, page.once)) or ()
    else:
        sheet = book.sheets.find((page.cycle, page.session, page.subject)) or ()
    slots = {(claim[0], claim[1]) for claim in sheet if claim[2] == name and claim[1]}
    return [claim[2] for claim in sheet if (claim[0], claim[1]) in slots]


def settle(book: Book, names: Sequence[str]) -> None:
    """Decide anew which of the entries about one thing counts, and let the others stand by."""
    pages = [(name, entry_page(book, name)) for name in names]
    open_ones = [(name, page) for name, page in pages if not reversed_by(book, page)]
    inside = [row for row in open_ones if not row[1].late]
    winner = choose(inside or open_ones)
    code = _finding(book, names[0], open_ones)
    moved = False
    for name, page in pages:
        status, lines, reason = _place(book, name, page, winner, bool(inside))
        reasons = [own for own in page.reasons if own not in _SET_HERE]
        reasons += [reason] if reason else []
        if page.late:
            reasons.append("late_entry")
        # The meeting holds the same thing already: agreed or in dispute, and that is said.
        _note_late(book, name, page, said=bool(inside))
        if code and len(open_ones) > 1 and reason not in ("reversed", "replaced"):
            reasons.append(code)
        moved |= _counts(page.status, page.reasons) != _counts(status, reasons)
        restate(book, name, replace(page, status=status, lines=lines, reasons=tuple(reasons)))
    if not moved:
        return
    if is_derived(pages[0][1].kind):
        # One provider's reference may have been given for two loans.
        for subject in dict.fromkeys(page.subject for _, page in pages):
            derive(book, pages[0][1].kind, subject)
    elif pages[0][1].kind == "share.purchased":
        page = pages[0][1]
        check_share_limit(book, page.cycle, page.session, page.subject)


def _counts(status: Status, reasons: Sequence[str]) -> bool:
    return status == "counted" and "reversed" not in reasons


def _place(
    book: Book, name: str, page: EntryPage, winner: str, any_inside: bool
) -> tuple[Status, tuple[Posting, ...], str]:
    """Status, lines and reason of one claimant, given which one counts."""
    if reversed_by(book, page):
        # What was posted stays, and the reversal beside it posts the opposite. Late cash that was
        # taken back needs no place in suspense.
        lines = () if page.late else page.lines
        return ("counted" if lines else "void"), lines, "reversed"
    if page.late:
        mine = name == winner and not any_inside
        return "suspense", parked(page.held) if mine else (), ""
    if name == winner:
        # A payment that counts already keeps the split that it has.
        return "counted", page.lines if page.status == "counted" else page.held, ""
    if page.kind in REPLACING and _known_to_another(book, name, page):
        return "void", (), "replaced"
    return "corroborating", (), ""


def _known_to_another(book: Book, name: str, page: EntryPage) -> bool:
    return any(name in entry_page(book, rival).knew for rival in claimants(book, name))


def _finding(book: Book, first: str, rows: Sequence[Row]) -> str:
    """Note agreement or dispute among the entries about one thing; the code, or empty."""
    kind = entry_page(book, first).kind
    code = finding_code(kind, rows)
    dispute = DISPUTES.get(kind, "disputed_amount")
    for other in {"corroborated", "recorded_twice", dispute} - {code}:
        if book.findings.find((other, first)) is not None:
            book.findings.put((other, first), None)
    if code:
        page = rows[0][1]
        names = tuple(name for name, _ in rows)
        amounts = tuple(page.amount for _, page in rows)
        subject = page.member or page.subject
        finding = FindingPage(names, subject, page.cycle, page.session, amounts, kind)
        book.findings.put((code, first), finding)
    return code


def _note_late(book: Book, name: str, page: EntryPage, *, said: bool = False) -> None:
    noted = book.findings.find(("late_entry", name)) is not None
    is_new = page.late and not said
    if is_new and not noted:
        subject = page.member or page.subject
        finding = FindingPage((name,), subject, page.cycle, page.session, (page.amount,), page.kind)
        book.findings.put(("late_entry", name), finding)
    elif noted and not is_new:
        book.findings.put(("late_entry", name), None)


def set_late(book: Book, moves: Mapping[str, bool]) -> None:
    """Take entries of one sheet out of their meeting (True), or back in (False)."""
    settled: set[str] = set()
    moved = []
    for name, late in moves.items():
        page = entry_page(book, name)
        if page.late != late and page.kind not in _UNGATED and "too_many" not in page.reasons:
            book.entries.put(name, replace(page, late=late))
            moved.append((name, page))
    slots = _slots(book, moved[0][1]) if moved else {}
    for name, page in moved:
        if page.once or page.line == 0:
            settle_any(book, name)
        elif name not in settled:
            names = slots[_slot(page)]
            settled.update(names)
            settle(book, names)


def _slots(book: Book, page: EntryPage) -> dict[tuple[str, int], list[str]]:
    """The entries on one sheet, by the thing that they tell of."""
    found: dict[tuple[str, int], list[str]] = {}
    for kind, line, name in book.sheets.find((page.cycle, page.session, page.subject)) or ():
        found.setdefault((kind, line), []).append(name)
    return found


def _slot(page: EntryPage) -> tuple[str, int]:
    kind = f"{page.kind}.{page.detail}" if page.kind == "fine.levied" else page.kind
    return kind, page.line


def resettle_reversal(book: Book, name: str) -> None:
    """Let a reversal act or cease to act on what it takes back."""
    page = entry_page(book, name)
    for target in page.targets:
        rivals = entry_page(book, target).reversals
        for rival in rivals:
            _restate_reversal(book, rival)
        settle_any(book, target)
    for target in page.targets:
        for rival in entry_page(book, target).reversals:
            remirror(book, rival)


def _restate_reversal(book: Book, name: str) -> None:
    page = entry_page(book, name)
    acts = any(reversed_by(book, entry_page(book, target)) == name for target in page.targets)
    reasons = [own for own in page.reasons if own not in _SET_HERE]
    status: Status = "counted" if acts else "corroborating"
    if page.late:
        status = "suspense"
        reasons.append("late_entry")
    elif reversed_by(book, page):
        status = "void"  # what it took back stands again by itself
        reasons.append("reversed")
    _note_late(book, name, page)
    restate(book, name, replace(page, status=status, reasons=tuple(reasons)))


def settle_any(book: Book, name: str) -> None:
    """Decide anew about an entry of any kind that a reversal can reach."""
    page = entry_page(book, name)
    if page.kind == "entry.reversed":
        resettle_reversal(book, name)
    elif "unknown_kind" in page.reasons:
        taken_back = reversed_by(book, page)
        finding = None if taken_back else FindingPage((name,), detail=page.kind)
        book.findings.put(("unknown_kind", name), finding)
    elif names := claimants(book, name):
        settle(book, names)
