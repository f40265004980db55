"""What is known of a member beside money: one person under two numbers, details, goals, consent.

Two members are merged only when officers agree; what is told first is what would move. A goal is
named by its title, so that nobody needs a receipt to end it.
"""

from datetime import UTC, datetime
from typing import get_args

from model import events as e
from model.events.members import Gender, GoalKind, GoalOutcome
from model.goals import goals_view
from model.journal import FINES_DUE, SHARES, balance
from model.payables import owed_to
from model.views import members_view
from node import desk
from node.choosing import choice
from node.errors import CommandRefused
from node.people import name_form
from node.recording import Context, Receipt, decided, record

OLDEST = 1900  # birth year of a member


def merge(at: Context, member: str, keep: str, reason: str = "") -> Receipt:
    """Propose that a member is the same person as another, who is kept."""
    dropped, kept = desk.member(at.group, member), desk.member(at.group, keep)
    if dropped.id == kept.id:
        raise CommandRefused(
            f"{desk.called(kept)} can't be merged with himself or herself. Nothing was recorded. "
            "Name two members, with --member and --keep.",
            "same_member",
        )
    where = desk.meeting(at.group, at.meeting)
    event = e.MemberMerged(kept.id, dropped.id, *where, reason)
    what = f"Member {dropped.number} is the same person as member {kept.number}, {kept.name}"
    return decided(at, event, f"{what.rstrip(', ')}; {_moves(at, dropped)}.")


def _moves(at: Context, one: desk.Member) -> str:
    """What stands under a member and would follow."""
    book, name = at.group.book, one.id.hex()
    row = next(row for row in members_view(book) if row["id"] == name)
    money = {
        "shares": -balance(book, "2010", name),
        "savings": -balance(book, "2020", name),
        "loans": row["outstanding_loan"] or 0,
        "fines due": balance(book, FINES_DUE, name),
        "overpaid": owed_to(book, name, "overpayment"),
    }
    told = [f"{what} {desk.money(at.group, amount)}" for what, amount in money.items() if amount]
    count = balance(book, SHARES, name)
    return f"{', '.join(told)} ({count} shares) follow" if told else "no money stands there"


def set_profile(
    at: Context, member: str, number: int = 0, gender: str = "", born: int = 0, role: str = ""
) -> Receipt:
    """Correct a member's number, or note gender, birth year and role for partners who count."""
    one = desk.member(at.group, member)
    if not (number or gender or born or role):
        raise CommandRefused(
            "Say what to note: --number, --gender, --born or --role. Nothing was recorded.",
            "incomplete",
        )
    told_gender: Gender = choice(gender, get_args(Gender)[1:], "gender") if gender else ""
    this_year = datetime.fromtimestamp(at.now_ms / 1000, UTC).year
    if born and not at.anyway and not OLDEST <= born <= this_year:
        raise CommandRefused(
            f"{born} is no year in which a member was born. Nothing was recorded. If it is "
            "right, record it again with --anyway.",
            "born_when",
        )
    taken = [other for other in desk.members(at.group) if other.number == number]
    if number and any(other.id != one.id for other in taken):
        raise CommandRefused(
            f"Number {number} is {desk.called(taken[0])} already. Choose another.", "number_taken"
        )
    told = {"number": number, "gender": told_gender, "born in": born, "role": role}
    what = ", ".join(f"{name} {value}" for name, value in told.items() if value)
    event = e.MemberProfileSet(one.id, number, told_gender, born, role)
    return record(at, event, f"{desk.called(one)}: {what}.")


def set_goal(
    at: Context,
    title: str,
    target: str,
    member: str = "",
    kind: GoalKind = "savings",
    each: str = "",
    until: str = "",
) -> Receipt:
    """What a member, or the group when none is named, wants to reach."""
    one = desk.member(at.group, member) if member else None
    if kind == "membership":
        wanted = _people(target)
        shown = f"{wanted} members"
    else:
        wanted = desk.amount(at.group, target)
        shown = desk.money(at.group, wanted)
    each_minor = desk.amount(at.group, each) if each else 0
    last = desk.day(until) if until else ""
    title = " ".join(title.split())
    event = e.GoalSet(one.id if one else b"", kind, title, wanted, each_minor, last)
    by = f" by {last}" if last else ""
    return record(at, event, f"{_whose(one)} goal “{title}”: {shown}{by}.")


def _people(said: str) -> int:
    if not said.strip().isdigit() or int(said) == 0:
        raise CommandRefused(f"“{said}” is no number of members.", "bad_amount")
    return int(said)


def _whose(one: desk.Member | None) -> str:
    return f"{desk.called(one)}'s" if one else "The group's"


def end_goal(at: Context, title: str, member: str, outcome: GoalOutcome) -> Receipt:
    """A goal was reached, or is given up."""
    one = desk.member(at.group, member) if member else None
    book = at.group.book
    rows = [row for row in goals_view(book, one.id.hex() if one else "") if row["state"] == "open"]
    found = [row for row in rows if name_form(row["title"]) == name_form(title)]
    if not found:
        titles = ", ".join(f"“{row['title']}”" for row in rows) or "none"
        raise CommandRefused(
            f"There is no open goal “{title}”. Open are: {titles}. Nothing was recorded.",
            "unknown_goal",
        )
    event = e.GoalEnded(bytes.fromhex(found[0]["id"]), outcome)
    return record(at, event, f"{_whose(one)} goal “{found[0]['title']}” is {outcome}.")


def record_consent(
    at: Context, member: str, purpose: str, allowed: bool, witness: str = ""
) -> Receipt:
    """A member allows a use of personal details, or no longer allows it."""
    one = desk.member(at.group, member)
    by = desk.member(at.group, witness).id if witness else b""
    if by == one.id:
        raise CommandRefused("A witness is another member than the one who speaks.", "own_witness")
    event = e.ConsentRecorded(one.id, purpose, allowed, by)
    word = "allows" if allowed else "does not allow"
    return record(at, event, f"{desk.called(one)} {word} this use: {purpose.replace('_', ' ')}.")


def goal_line(at: Context, one: desk.Member) -> str:
    """How far a member's open savings goals are, to be said while saving; empty without any."""
    told = [
        f"“{row['title']}”: {desk.money(at.group, row['progress'])} of "
        f"{desk.money(at.group, row['target'])}"
        + (
            f", {desk.money(at.group, row['each_meeting'])} at each meeting"
            if row["each_meeting"]
            else ""
        )
        for row in goals_view(at.group.book, one.id.hex())
        if row["kind"] == "savings" and row["state"] == "open"
    ]
    return f" Goal {'; '.join(told)}." if told else ""
