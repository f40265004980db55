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

from model.agreement import (
    agreeing,
    choose_among,
    chosen_of,
    claimants,
    is_waiting,
    most_wanted,
    note_decision,
    passed_over,
    resolution_of,
    verdict_on,
    weightiest,
)
from model.aside import FOLLOW, OF_SUSPENSE, keep_apart, restate_noted
from model.book import Book
from model.claims import DISPUTES, REPLACING, Row, finding_code
from model.decisions import DECISIONS, outcome, waits
from model.derived import derive
from model.entry import Entry
from model.journal import ACCEPTED_LATE, entry_page, parked, post, remirror, restate, reversed_by
from model.limits import TOO_MANY, move_flood, note_flood, said_enough
from model.pages import NO_MEETING, Claim, EntryPage, FindingPage, MeetingPage, Posting, Status
from model.share_limit import check_share_limit
from model.sheets import claims_on, claims_once, enrol, has_claim, list_entry
from model.stopped import RATIFIED, place_of

CLAIMS_EACH: Final = 8  # entries of one person about one thing; who floods gains nothing by it,
CLAIMS_MAX: Final = 128  # and silences no other: the limit of all is far above that of one

# Decisions, not money of the meeting's totals: a close does not take them out. A request for a loan
# only names it, and a refusal only holds money back; an approval changes what repayments pay.
UNGATED: Final = frozenset(
    {"loan.applied", "loan.refused", "meeting.reopened", "meeting.scheduled"}
    | {"minutes.recorded", "action.assigned", "late_entry.accepted", "late_entry.rejected"}
    | {"suspense.ratified", "suspense.rejected"}
    | {"member.merged", "approval.given", "approval.withdrawn", "request.declined"}
    | {"conflict.resolved", "entry.disputed", "agenda.reached", "action.done"}
)
_SET_HERE: Final = frozenset(
    {"late_entry", "accepted_late", "rejected_late", "corroborated", "recorded_twice", "reversed"}
    | {"replaced", "not_chosen", "waits_for_approval", "declined", *DISPUTES.values()}
    | {"disputed_amount", *OF_SUSPENSE}
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
    identity, lamport, device, person, time_ms, _, _, is_held, _, behind = entry
    name = identity.hex()
    hexed = book.hexed
    slot = slot or kind
    late = False
    if cycle != NO_MEETING:
        meeting = book.meetings.find((cycle, session))
        if meeting is None:
            if not is_held:  # a stopped device opens no meeting, not even by what it records
                open_unannounced(book, cycle, session)
        elif meeting.closes and kind not in UNGATED:
            late = True
    key = (NO_MEETING, NO_MEETING, once) if once else (cycle, session, subject)
    sheets = book.sheets
    sheet = sheets.find(key)
    alone = (
        not late
        and not is_held
        and (sheet is None or slot not in sheet or not has_claim(sheet, slot, line))
    )
    page = EntryPage(
        kind, lamport, hexed[device], hexed[person], time_ms, cycle, session, subject, line, amount,
        detail, "counted", lines, held, keeper, count, member, once, reasons, late,
        (), (), (), text,
    )
    if behind:
        page = replace(page, behind=behind)
    if not alone:
        page = replace(page, status="void", lines=(), stopped=place_of(book, entry))
        claims = claims_once(book, once) if once else claims_on(book, cycle, session, subject)
        _contend(book, entry, name, page, slot, claims)
        return False
    if once:
        list_entry(book, name, page, slot)
        if once.startswith("ref "):  # money that a provider may tell of too, see receipts.py
            derive(book, "reference", once)
    elif sheet is None:
        sheets[key] = (enrol(book, cycle, session, subject), slot, line, name)
    else:
        sheets[key] = (*sheet, slot, line, name)
    book.entries[name] = page
    if lines:
        post(book, lines)
    return True
# fmt: on


def open_unannounced(book: Book, cycle: int, session: int) -> MeetingPage:
    """Keep a meeting that something was recorded in before anybody opened it, and say so."""
    # Its day is known, if a stopped device opened it and others went by that.
    page = MeetingPage(book.offered_days.find((cycle, session)) or "")
    book.meetings.put((cycle, session), page)
    about = f"{cycle}/{session}"
    book.findings.put(("meeting_not_opened", about), FindingPage(cycle=cycle, session=session))
    return page


def _contend(
    book: Book,
    entry: Entry,
    name: str,
    page: EntryPage,
    slot: str,
    claims: tuple[Claim, ...],
) -> None:
    """Enter an entry that is late, of a stopped device or has rivals among `claims`.

    When there are too many of them it is kept in the history alone. Whoever has a stolen phone
    uses up nothing of what its owner may write on another.
    """
    rivals = [other for kind, line, other in claims if (kind, line) == (slot, page.line)]
    pages = [entry_page(book, rival) for rival in rivals]
    mine = (
        rival
        for rival, one in zip(rivals, pages, strict=True)
        if one.person == page.person and bool(one.stopped) == bool(page.stopped)
    )
    if said_enough(mine, entry.past, CLAIMS_EACH) or len(rivals) >= CLAIMS_MAX:
        book.entries.put(name, replace(page, reasons=(*page.reasons, TOO_MANY)))
        if not page.stopped:
            note_flood(book, rivals)
        return
    list_entry(book, name, page, slot)
    knew = tuple(rival for rival in rivals if bytes.fromhex(rival) in entry.past)
    book.entries.put(name, replace(page, knew=knew))
    move_flood(book, rivals, name)
    settle(book, [*rivals, name])


def settle(book: Book, names: Sequence[str]) -> None:
    """Decide anew which of the entries about one thing counts, and let the others stand by."""
    pages = everyone = [(name, entry_page(book, name)) for name in names]
    moved = False
    if book.holds is not False and any(page.stopped for _, page in pages):
        pages, moved = keep_apart(book, pages, _SET_HERE)
    if pages:
        moved |= _stand(book, names, pages)
    else:
        _finding(book, names, ())
    note_decision(book, names)
    if moved:
        _derive_from(book, names, everyone)


def _stand(book: Book, names: Sequence[str], pages: Sequence[Row]) -> bool:
    """Let each of these, the ones about a thing that stand at all, stand as it should; did any
    that counted cease to, or the other way round?"""
    open_ones = [(name, page) for name, page in pages if not reversed_by(book, page)]
    inside = [row for row in open_ones if not row[1].late]
    if pages[0][1].once:
        inside = _sealed(book, inside) or inside
    in_time = [row for row in pages if not row[1].late]
    resolution = resolution_of(book, names[0]) if len(open_ones) > 1 else None
    chosen = chosen_of(book, resolution[1], open_ones) if resolution is not None else ""
    winner = chosen or choose_among(book, inside or most_wanted(book, open_ones))
    unwanted = passed_over(book, chosen, resolution)
    verdict = verdict_on(book, winner) if winner and not inside else None
    accepted = verdict is not None and verdict[1].detail != "rejected"
    code = _finding(book, names, [row for row in open_ones if row[0] not in unwanted])
    moved = False
    for name, page in pages:
        rivals = in_time if page.reversals else ()
        status, lines, reason = _place(book, name, page, winner, rivals, pages)
        if name in unwanted and reason not in ("reversed", "replaced"):
            status, lines, reason = "void", (), "not_chosen"
        reasons = [own for own in page.reasons if own not in _SET_HERE]
        reasons += [reason] if reason else []
        if page.stopped:
            reasons.append(RATIFIED)
            _hold_meeting(book, page)
        told = reason in _JUDGED or reason == "not_chosen"
        if page.late and not told:
            reasons.append("late_entry")
        # The meeting holds the same thing already: agreed or in dispute, and that is said.
        _note_late(book, name, page, told=bool(inside) or told or accepted)
        if code and len(open_ones) > 1 and reason not in ("reversed", "replaced", "not_chosen"):
            reasons.append(code)
        moved |= _counts(page.status, page.reasons) != _counts(status, reasons)
        stands = (page.status, page.reasons) == (status, tuple(reasons))
        moved |= page.kind in _TOLD_TOGETHER and not stands
        restate(book, name, replace(page, status=status, lines=lines, reasons=tuple(reasons)))
    return moved


def _hold_meeting(book: Book, page: EntryPage) -> None:
    """What officers brought in belongs to a meeting, even if nobody opened it."""
    key = (page.cycle, page.session)
    if page.cycle != NO_MEETING and book.meetings.find(key) is None:
        open_unannounced(book, *key)


def _derive_from(book: Book, names: Sequence[str], pages: Sequence[Row]) -> None:
    """Let what follows from these be worked out anew."""
    # One provider's reference may have been given for two loans.
    for kind, subject in dict.fromkeys((page.kind, page.subject) for _, page in pages):
        derive(book, kind, subject)
    if pages[0][1].once.startswith("ref "):
        derive(book, "reference", pages[0][1].once)
    for name in names:
        if book.matched.find(name):  # a receipt was said to be this entry
            derive(book, "target", name)
    if pages[0][1].kind == "share.purchased":
        page = pages[0][1]
        check_share_limit(book, page.cycle, page.session, page.subject)


def _sealed(book: Book, rows: Sequence[Row]) -> list[Row]:
    """Of entries about what can happen only once, those that a seal covers: what was written in
    another meeting changes them no more than what comes too late for theirs."""
    if rows and rows[0][1].kind in (REPLACING | UNGATED):
        return []
    found = []
    for name, page in rows:
        meeting = book.meetings.find((page.cycle, page.session))
        if meeting is not None and meeting.sealed and not is_waiting(book, name):
            found.append((name, page))
    return found


_TOLD_TOGETHER: Final = frozenset(
    {*DECISIONS, "payment.received", "fine.levied", "opening_balance.set"}
)
"""Of these, what follows looks at every entry, not only at the one that counts."""
_JUDGED: Final = ("accepted_late", "rejected_late")


def _counts(status: Status, reasons: Sequence[str]) -> bool:
    return status == "counted" and "reversed" not in reasons


def _place(
    book: Book,
    name: str,
    page: EntryPage,
    winner: str,
    rivals: Sequence[Row],
    rows: Sequence[Row],
) -> tuple[Status, tuple[Posting, ...], str]:
    """Status, lines and reason of one claimant, given which one counts.

    `rivals`: of one that may be reversed, all about the same thing in the meeting, reversed too.
    `rows`: all about it that stand at all.
    """
    if reversed_by(book, page):
        # What it posted stays, if it is the one of them all that counts, and the reversal beside it
        # posts the opposite. Late cash that was taken back needs no place in suspense.
        posted = not page.late and not is_waiting(book, name) and choose_among(book, rivals) == name
        lines = (page.lines or page.held) if posted else ()
        return ("counted" if lines else "void"), lines, "reversed"
    if page.late:
        return _place_late(book, name, page, mine=name == winner)
    if is_waiting(book, name):
        declined = outcome(book, agreeing(book, name)) == "declined"
        return ("void", (), "declined") if declined else ("suspense", (), "waits_for_approval")
    if name == winner:
        # A payment that counts already keeps the split that it has.
        return "counted", page.lines if page.status == "counted" else page.held, ""
    if page.kind in REPLACING and _known_to_another(book, name, rows):
        return "void", (), "replaced"
    return "corroborating", (), ""


def _place_late(
    book: Book, name: str, page: EntryPage, *, mine: bool
) -> tuple[Status, tuple[Posting, ...], str]:
    """In suspense until officers accept it, for the meeting in which they do, or reject it."""
    verdict = verdict_on(book, name)
    if verdict is not None and verdict[1].detail == "rejected":
        return "void", (), "rejected_late"
    asked = is_waiting(book, name)  # what officers did not agree to moved no money
    if verdict is not None and mine:
        if asked:
            return "suspense", (), "waits_for_approval"
        return "counted", page.lines if page.status == "counted" else page.held, "accepted_late"
    return "suspense", parked(page.held) if mine and not asked else (), ""


def _known_to_another(book: Book, name: str, rows: Sequence[Row]) -> bool:
    """Did the author of one that takes its place know of it? What still waits takes no place."""
    return any(name in page.knew and not is_waiting(book, rival) for rival, page in rows)


def _finding(book: Book, names: Sequence[str], rows: Sequence[Row]) -> str:
    """Note agreement or dispute among the entries about one thing; the code, or empty.

    It is noted under the lowest of their names, and names them by amount: neither tells which of
    them stands first in the order.
    """
    about = min(names)
    kind = min(page.kind for _, page in rows) if rows else entry_page(book, about).kind
    rows = sorted(weightiest(book, rows), key=lambda row: (row[1].amount, row[0]))
    code = finding_code(kind, rows)
    codes = {"corroborated", "recorded_twice", DISPUTES.get(kind, "disputed_amount")}
    stale = [(other, about) for other in codes - {code}]
    if names[-1] == about and len(names) > 1:  # the newest of them has just become the lowest
        stale += [(other, min(names[:-1])) for other in codes]
    for key in stale:
        if book.findings.find(key) is not None:
            book.findings.put(key, None)
    if code:
        page = min((page for _, page in rows), key=lambda page: (page.cycle, page.session))
        named = tuple(name for name, _ in rows)
        amounts = tuple(page.amount for _, page in rows)
        subject = page.member or page.subject
        finding = FindingPage(named, subject, page.cycle, page.session, amounts, kind)
        book.findings.put((code, about), finding)
    return code


def _note_late(book: Book, name: str, page: EntryPage, *, told: bool = False) -> None:
    noted = book.findings.find(("late_entry", name)) is not None
    is_new = page.late and not told
    if is_new and not noted:
        subject = page.member or page.subject
        finding = FindingPage((name,), subject, page.cycle, page.session, (page.amount,), page.kind)
        book.findings.put(("late_entry", name), finding)
    elif noted and not is_new:
        book.findings.put(("late_entry", name), None)


def is_gated(book: Book, page: EntryPage) -> bool:
    """Does a close take an entry out that it does not cover? Of a reversal: as its target."""
    while page.kind == "entry.reversed" and page.targets:
        page = entry_page(book, page.targets[0])
    return page.kind not in UNGATED


def set_late(book: Book, moves: Mapping[str, bool]) -> None:
    """Take entries of one sheet out of their meeting (True), or back in (False)."""
    settled: set[str] = set()
    moved = []
    for name, late in moves.items():
        page = entry_page(book, name)
        if page.late != late:
            book.entries.put(name, replace(page, late=late))
            moved.append((name, page))
    sheet = claims_on(book, *_meeting_sheet(moved[0][1])) if moved else ()
    slot_of = {name: (kind, line) for kind, line, name in sheet}
    together: dict[tuple[str, int], list[str]] = {}
    for kind, line, name in sheet:
        together.setdefault((kind, line), []).append(name)
    for name, page in moved:
        if page.once or page.line == 0:
            settle_any(book, name)
        elif name not in settled:
            names = together[slot_of[name]]
            settled.update(names)
            settle(book, names)


def _meeting_sheet(page: EntryPage) -> tuple[int, int, str]:
    return page.cycle, page.session, page.subject


def resettle_reversal(book: Book, name: str) -> None:
    """Let a reversal act or cease to act on what it takes back, down to what is no reversal.

    One may take back several that take back the same: each is looked at once, however many ways
    lead to it.
    """
    reversals, taken = _reached(book, name)
    for reversal in reversals:
        _judge_reversal(book, reversal)
    acting: dict[str, bool] = {}  # whether a reversal acts does not change from here on
    rivals = {rival: None for target in taken for rival in entry_page(book, target).reversals}
    for rival in rivals:
        _restate_reversal(book, rival, acting)
    for target in taken:
        if entry_page(book, target).kind != "entry.reversed":
            settle_any(book, target)
    for rival in reversed(rivals):
        remirror(book, rival, acting)


def _reached(book: Book, name: str) -> tuple[list[str], list[str]]:
    """A reversal and those that it takes back, and all that these take back; the newest first."""
    reversals, taken = {name: None}, dict.fromkeys(entry_page(book, name).targets)
    level = list(taken)
    while level := [one for one in level if entry_page(book, one).kind == "entry.reversed"]:
        reversals |= dict.fromkeys(level)
        level = [target for one in level for target in entry_page(book, one).targets]
        level = [target for target in dict.fromkeys(level) if target not in taken]
        taken |= dict.fromkeys(level)
    return list(reversals), list(taken)


def _judge_reversal(book: Book, name: str) -> None:
    """Let a reversal that came too late act when officers accepted it; `reversed_by` reads that."""
    page = entry_page(book, name)
    verdict = verdict_on(book, name) if page.late or page.stopped else None
    accepted = verdict is not None and verdict[1].detail == "accepted"
    if accepted != (ACCEPTED_LATE in page.reasons):
        reasons = tuple(reason for reason in page.reasons if reason != ACCEPTED_LATE)
        reasons += (ACCEPTED_LATE,) if accepted else ()
        book.entries.put(name, replace(page, reasons=reasons))


def _restate_reversal(book: Book, name: str, acting: dict[str, bool]) -> None:
    page = entry_page(book, name)
    if page.stopped and ACCEPTED_LATE not in page.reasons:
        keep_apart(book, [(name, page)], _SET_HERE)
        return
    taken = (entry_page(book, target) for target in page.targets)
    acts = any(reversed_by(book, one, acting) == name for one in taken)
    reasons = [own for own in page.reasons if own not in _SET_HERE]
    status: Status = "counted" if acts else "corroborating"
    if waits(book, (name,)):
        declined = outcome(book, (name,)) == "declined"
        status = "void" if declined else "suspense"
        reasons.append("declined" if declined else "waits_for_approval")
    elif reversed_by(book, page, acting):
        status = "void"  # what it took back stands again by itself
        reasons.append("reversed")
    elif page.late and ACCEPTED_LATE not in page.reasons:
        verdict = verdict_on(book, name)
        rejected = verdict is not None and verdict[1].detail == "rejected"
        status = "void" if rejected else "suspense"
        reasons.append("rejected_late" if rejected else "late_entry")
    elif page.late or page.stopped:
        reasons.append(ACCEPTED_LATE)
    if page.stopped:
        reasons.append(RATIFIED)
        derive(book, FOLLOW, name)
    _note_late(book, name, page, told="late_entry" not in reasons)
    restate(book, name, replace(page, status=status, reasons=tuple(reasons)))
    note_decision(book, (name,))


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
    elif page.stopped:
        restate_noted(book, name, page)
