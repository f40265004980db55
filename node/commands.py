"""What a secretary or treasurer can do, by name: look up, plan, try on the rules, sign.

Each command takes words as people say them (a member by number or name, "1,500" for an amount)
and answers with a receipt. It refuses with a sentence before anything is signed; what really
happened although it breaks a rule of the group can be recorded with `anyway`, and is then shown
as a finding. Lines are chosen so that a second payment is never taken for the first.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from msgspec.structs import replace

from model import events as e
from model.counts import closing_counts
from model.cycles import open_cycles
from model.days import parse_day
from model.meeting_watch import disputes_in
from model.reducer import REDUCER_VERSION
from model.sealing import journal_digest
from model.statements import meeting_view
from node import desk
from node.choosing import choice
from node.covers import COVERS_MAX
from node.errors import CommandRefused
from node.founding import Terms, found_group
from node.importing import Imported, import_sheet
from node.lending import apply_for_loan, approve_loan, give_loan, hand_over_loan, repay_loan
from node.membership import (
    add_member,
    elect,
    open_cycle,
    set_details,
    set_member_status,
)
from node.payments import (
    buy_shares,
    count_cash,
    help_from_social,
    levy_fine,
    pay_expense,
    pay_fine,
    pay_social,
    reverse,
    set_opening_balance,
    transfer,
)
from node.recording import Context, Receipt, in_meeting, record
from node.seal_check import TOTALS
from node.sealing import state_told
from replication.frontier import Tip

DAYS_AHEAD_MAX = timedelta(days=366)
"""A meeting that is so much later than the one before it is asked about."""
__all__ = [
    "Context",
    "Imported",
    "Receipt",
    "Terms",
    "add_member",
    "apply_for_loan",
    "approve_loan",
    "buy_shares",
    "close_meeting",
    "close_meetings",
    "count_cash",
    "elect",
    "found_group",
    "give_loan",
    "hand_over_loan",
    "help_from_social",
    "import_sheet",
    "levy_fine",
    "mark_attendance",
    "open_cycle",
    "open_meeting",
    "pay_expense",
    "pay_fine",
    "pay_social",
    "repay_loan",
    "reverse",
    "set_details",
    "set_member_status",
    "set_opening_balance",
    "transfer",
]


def open_meeting(
    at: Context,
    held_on: str,
    cycle: int = 0,
    session: int = 0,
    kind: str = "",
    place: str = "",
    keys: str = "",
) -> Receipt:
    """Open a meeting: the next session of the newest cycle unless said otherwise.

    With keys, a meeting that is open already is opened on this phone, too: the keys are joined.
    It is the newest one, when no day is said.
    """
    newest = at.group.book.latest.find("meeting") or (1, 0)
    page = at.group.book.meetings.find(newest)
    if keys and not (held_on or cycle or session) and page is not None and not page.closes:
        held_on, (cycle, session) = page.held_on, newest
    if not held_on:
        raise CommandRefused("To record a meeting, --date is needed.", "incomplete")
    cycle = cycle or _cycle_now(at, newest[0])
    session = session or (newest[1] + 1 if cycle == newest[0] else 1)
    page = at.group.book.meetings.find((cycle, session))
    if page is not None and page.opened and not keys:
        raise CommandRefused(
            f"Meeting {session} of cycle {cycle} was opened already, for {page.held_on}.",
            "already_open",
        )
    word = choice(kind or "regular", get_args(e.MeetingKind), "kind of meeting")
    brought = tuple(dict.fromkeys(one.id for one in desk.several(at.group, keys)))
    event = e.MeetingOpened(cycle, session, desk.day(held_on), word, place, brought)
    if not at.anyway and (page is None or not page.opened):
        _ask_about_day(at, event)
    keys = "1 key" if len(brought) == 1 else f"{len(brought)} keys"
    told = f" with {keys}" if brought else ""
    return record(at, event, f"Meeting {session} of cycle {cycle} is open ({event.held_on}){told}.")


def _cycle_now(at: Context, newest: int) -> int:
    """The cycle of the newest meeting, or the next one when that has ended."""
    known = at.group.book.cycles.find(str(newest))
    if known is None or not known.closed or at.anyway:
        return newest
    later = [cycle for cycle in open_cycles(at.group.book) if cycle > newest]
    if not later:
        raise CommandRefused(
            f"Cycle {newest} has ended. Begin the next one first: mkutano record cycle --cycle "
            f"{newest + 1} --date FIRST-DAY --until LAST-DAY",
            "cycle_closed",
        )
    return later[0]


def _ask_about_day(at: Context, event: e.MeetingOpened) -> None:
    """Refuse a day that is likely a slip: no clock and no order decides, `anyway` records it."""
    opened = [(key, page.held_on) for key, page in at.group.book.meetings.rows() if page.opened]
    key, day = (event.cycle, event.session), event.held_on
    before = max((row for row in opened if row[0] < key), default=None)
    after = min((row for row in opened if row[0] > key), default=None)
    today = datetime.fromtimestamp(at.now_ms / 1000, UTC).date().isoformat()
    since, held = before[1] if before else today, parse_day(day)
    if before is not None and day < since:
        why = f"{_called(before[0], after is None)} was on {since}, and {day} is before it."
    elif before is not None and day == since and before[0] in desk.open_meetings(at.group):
        why = f"Meeting {before[0][1]} of cycle {before[0][0]} is open on that day already."
    elif after is not None and day > after[1]:
        why = f"{_called(after[0], False)} was on {after[1]}, and {day} is after it."
    elif held - parse_day(since) <= DAYS_AHEAD_MAX:
        return
    elif before is not None:
        why = f"{_called(before[0], after is None)} was on {since}. {day} is over a year later."
    else:
        why = f"This phone's clock says {since}. {day} is over a year later."
    raise CommandRefused(
        f"{why} Nothing was recorded. If the day is right, record it again with --anyway.",
        "day_out_of_line",
    )


def _called(key: desk.Meeting, is_last: bool) -> str:
    return "The last meeting" if is_last else f"Meeting {key[1]} of cycle {key[0]}"


def mark_attendance(
    at: Context,
    member: str,
    status: e.Attendance,
    arrived_at: str = "",
    left_at: str = "",
    representative: str = "",
    remark: str = "",
) -> Receipt:
    """Mark a member in the register; times as 14:30."""
    where, one = desk.meeting(at.group, at.meeting), desk.member(at.group, member)
    event = e.AttendanceMarked(*where, one.id, status, arrived_at, left_at, remark, representative)
    return record(at, event, f"{desk.called(one)}: {status}{in_meeting(where)}.")


def close_meeting(at: Context) -> Receipt:
    """Close a meeting over everything that this device knows of it."""
    where = desk.meeting(at.group, at.meeting)
    book = at.group.book
    page = book.meetings.find(where)
    contested = book.findings.find(("contested_close", f"{where[0]}/{where[1]}")) is not None
    if page is not None and page.closes and not contested:
        raise CommandRefused(
            f"Meeting {where[1]} of cycle {where[0]} is closed already. See who signed it with: "
            "mkutano seal",
            "already_closed",
        )
    if not at.anyway:
        _ask_about_disputes(at, where)
    totals = meeting_view(book, *where)["totals"]
    unread = any(totals[shown] is None for shown in TOTALS.values())
    if unread and not at.anyway:
        raise CommandRefused(
            "The books hold entries that this phone can't read, so it knows no totals. Update "
            "Mkutano on this phone and close the meeting then, or close it on another phone.",
            "unknown_kind",
        )
    counted: list[Any] = sorted(closing_counts(book, where).items())
    event = e.MeetingClosed(
        *where,
        tuple(e.CoveredTip(*tip) for tip in covered(at.group.replica.tips)),
        counted=tuple(e.CountedPocket(*row) for row in counted),
        reducer_version=REDUCER_VERSION,
        journal_digest=b"" if unread else journal_digest(book, where),
    )
    read_out = {field: max(0, totals[shown] or 0) for field, shown in TOTALS.items()}
    event = replace(event, **read_out)
    given = record(at, event, f"Meeting {where[1]} of cycle {where[0]} is closed.")
    return given._replace(
        sentence=f"{given.sentence} {state_told(at.group, given.entries[0].hex())}"
    )


def close_meetings(at: Context) -> Receipt:
    """Close every meeting that is open, such as those that a sheet brought; the last receipt."""
    still_open = desk.open_meetings(at.group)
    if not still_open:
        raise CommandRefused("No meeting is open.", "no_meeting")
    given = [close_meeting(at._replace(meeting=where)) for where in still_open]
    if len(given) == 1:
        return given[0]
    return given[-1]._replace(
        sentence=f"{len(given)} meetings are closed, the last of them meeting {still_open[-1][1]} "
        f"of cycle {still_open[-1][0]}."
    )


def _ask_about_disputes(at: Context, where: desk.Meeting) -> None:
    """Refuse to close over entries that officers recorded differently, or a count that differs."""
    open_ones = disputes_in(at.group.book, where)
    if open_ones:
        raise CommandRefused(
            f"Meeting {where[1]} of cycle {where[0]} has {open_ones} disputed entries or counts "
            "that differ. See them with: mkutano findings. Settle them first, or close it with "
            "--anyway.",
            "open_disputes",
        )


def covered(tips: Sequence[Tip]) -> list[Tip]:
    """The chain heads that a close names: as many as fit, the longest chains first."""
    named = [tip for tip in tips if tip.n]  # position 0 sums up a device that forked often
    return sorted(sorted(named, key=lambda tip: -tip.n)[:COVERS_MAX])
