"""What a secretary or treasurer can do, by name: look up, plan, try on the rules, sign.

Each command takes words as people say them (a member by number or name, "1,500" for an amount)
and answers with a receipt. It refuses with a sentence before anything is signed; what really
happened although it breaks a rule of the group can be recorded with `anyway`, and is then shown
as a finding. Lines are chosen so that a second payment is never taken for the first.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from model import events as e
from model.days import parse_day
from model.statements import meeting_view
from node import desk
from node.errors import CommandRefused
from node.importing import Imported, import_sheet
from node.lending import apply_for_loan, approve_loan, give_loan, hand_over_loan, repay_loan
from node.membership import (
    Terms,
    add_member,
    elect,
    found_group,
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
from replication.frontier import Tip

DAYS_AHEAD_MAX = timedelta(days=366)
"""A meeting that is so much later than the one before it is asked about."""
COVERS_MAX = 128
"""Chain heads that a close can name; a group has far fewer phones."""

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


def open_meeting(at: Context, held_on: str, cycle: int = 0, session: int = 0) -> Receipt:
    """Open a meeting: the next session of the newest cycle unless said otherwise."""
    newest = at.group.book.latest.find("meeting") or (1, 0)
    cycle = cycle or newest[0]
    session = session or (newest[1] + 1 if cycle == newest[0] else 1)
    page = at.group.book.meetings.find((cycle, session))
    if page is not None and page.opened:
        raise CommandRefused(
            f"Meeting {session} of cycle {cycle} was opened already, for {page.held_on}.",
            "already_open",
        )
    event = e.MeetingOpened(cycle, session, desk.day(held_on))
    if not at.anyway:
        _ask_about_day(at, event)
    return record(at, event, f"Meeting {session} of cycle {cycle} is open ({event.held_on}).")


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


def mark_attendance(at: Context, member: str, status: e.Attendance) -> Receipt:
    """Mark a member in the register."""
    where, one = desk.meeting(at.group, at.meeting), desk.member(at.group, member)
    event = e.AttendanceMarked(*where, one.id, status)
    return record(at, event, f"{desk.called(one)}: {status}{in_meeting(where)}.")


def close_meeting(at: Context) -> Receipt:
    """Close a meeting over everything that this device knows of it."""
    where = desk.meeting(at.group, at.meeting)
    page = at.group.book.meetings.find(where)
    if page is not None and page.closes:
        raise CommandRefused(
            f"Meeting {where[1]} of cycle {where[0]} is closed already.", "already_closed"
        )
    totals = meeting_view(at.group.book, *where)["totals"]
    event = e.MeetingClosed(
        *where,
        tuple(e.CoveredTip(*tip) for tip in covered(at.group.replica.tips)),
        **{field: max(0, totals[shown] or 0) for field, shown in _READ_OUT.items()},
    )
    return record(at, event, f"Meeting {where[1]} of cycle {where[0]} is closed.")


_READ_OUT = {
    "shares_minor": "savings_minor",
    "social_minor": "social_minor",
    "fines_minor": "fines_paid_minor",
    "repaid_minor": "repaid_minor",
    "lent_minor": "lent_minor",
    "spent_minor": "help_minor",
}
"""The totals that a close reads out, and what the meeting's page calls them."""


def covered(tips: Sequence[Tip]) -> list[Tip]:
    """The chain heads that a close names: as many as fit, the longest chains first."""
    named = [tip for tip in tips if tip.n]  # position 0 sums up a device that forked often
    return sorted(sorted(named, key=lambda tip: -tip.n)[:COVERS_MAX])
