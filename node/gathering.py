"""What a meeting does beside its money: planned, gone through, voted, asked, minuted, counted."""

from typing import Any

from model import events as e
from model.actions import NOBODY
from model.counts import compared_counts
from model.findings import amount_text
from model.meetings import plan_of, reached
from model.resolutions import RESOLUTIONS, resolutions_of
from node import desk
from node.deciding import meeting_of_words
from node.errors import CommandRefused
from node.recording import Context, Receipt, decided, in_meeting, record

AGENDA = ("opening", "minutes", "social_fund", "loan_repayments", "shares", "loan_requests",
          "resolutions", "closing")  # fmt: skip
"""The agenda of a plan that names none."""


def schedule(
    at: Context, day: str, starts_at: str, place: str, kind: e.MeetingKind, agenda: str
) -> Receipt:
    """Plan a meeting: the next session unless said otherwise."""
    newest = at.group.book.latest.find("meeting") or (1, 0)
    where = at.meeting or (newest[0], newest[1] + 1)
    items = tuple(_code(item) for item in agenda.split(",") if item.strip()) or AGENDA
    event = e.MeetingScheduled(*where, desk.day(day), starts_at, place, kind, items)
    at_time = f" at {starts_at}" if starts_at else ""
    when = f"{event.planned_on}{at_time}"
    return record(at, event, f"Meeting {where[1]} of cycle {where[0]} is planned for {when}.")


def _code(text: str) -> str:
    return "_".join(text.strip().lower().replace("-", " ").split())


def reach_item(at: Context, item: str) -> Receipt:
    """The meeting comes to an item of its agenda; jumping one is asked about."""
    where, code = desk.meeting(at.group, at.meeting), _code(item)
    plan = plan_of(at.group.book, where)
    if plan is not None and code not in plan.agenda and not at.anyway:
        items = ", ".join(one.replace("_", " ") for one in plan.agenda)
        raise CommandRefused(f"“{item}” is not on the agenda, which has: {items}.", "not_on_agenda")
    if plan is not None and code in plan.agenda and not at.anyway:
        come_to = reached(at.group.book, where)
        before = plan.agenda[: plan.agenda.index(code)]
        left = [one.replace("_", " ") for one in before if one not in come_to]
        if left:
            raise CommandRefused(
                f"The meeting has not come to {', '.join(left)} yet. Come to it first, or record "
                "it with --anyway.",
                "agenda_jumped",
            )
    event = e.AgendaReached(*where, code)
    return record(at, event, f"The meeting comes to {code.replace('_', ' ')}{in_meeting(where)}.")


def record_resolution(
    at: Context, code: str, text: str, votes: str, about: str = "", line: int = 0
) -> Receipt:
    """The meeting decided something: votes as “for, against, abstained”, such as 12, 3, 1."""
    where = desk.meeting(at.group, at.meeting)
    in_favour, against, abstained = _votes(votes)
    target = desk.entry(at.group, about)[0] if about else b""
    lines = [one.line for one in desk.recorded(at.group.book, where, RESOLUTIONS, _RESOLUTION)]
    line = line or 1 + max(lines, default=0)
    event = e.ResolutionRecorded(
        *where, line, code or "decision", text, in_favour, against, abstained, target
    )
    result = "is carried" if in_favour > against else "is not carried"
    told = f"Resolution {line} {result}: {in_favour} for, {against} against, {abstained} abstained"
    return record(at, event, f"{told}{in_meeting(where)}.")


_RESOLUTION = "resolution.recorded"


def _votes(text: str) -> tuple[int, int, int]:
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    if len(parts) > 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise CommandRefused(
            f"“{text}” are no votes. Write how many were for, against, and abstained: 12,3,1.",
            "votes",
        )
    counted = [int(part) for part in parts] + [0, 0, 0]
    return counted[0], counted[1], counted[2]


def cast_ballot(at: Context, member: str, choice: str, line: int = 0) -> Receipt:
    """One member's open vote on a resolution of the open meeting: the newest unless said."""
    where, one = desk.meeting(at.group, at.meeting), desk.member(at.group, member)
    found = list(resolutions_of(at.group.book, where))
    found = [resolution for resolution in found if line in (0, resolution.line)]
    if not found:
        raise CommandRefused("There is no such resolution in this meeting.", "no_resolution")
    resolution = found[-1]
    word: Any = {"yes": "for", "no": "against"}.get(choice.strip().lower(), choice.strip().lower())
    if word not in ("for", "against", "abstain"):
        raise CommandRefused(
            f"“{choice}” is no vote. It is one of: for, against, abstain.", "choice"
        )
    event = e.BallotCast(*where, bytes.fromhex(resolution.name), one.id, word)
    told = f"{desk.called(one)} votes “{word}” on resolution {resolution.line}"
    return record(at, event, f"{told}{in_meeting(where)}.")


def assign_action(at: Context, text: str, member: str = "", due: str = "") -> Receipt:
    """Ask a member, or the group, to do something."""
    where = desk.meeting(at.group, at.meeting)
    one = desk.member(at.group, member) if member else None
    subject = f"to do {where[0]}/{where[1]} {one.id.hex() if one else NOBODY}"
    lines = [found.line for found in desk.recorded(at.group.book, where, subject, _ACTION)]
    due_on = desk.day(due) if due else ""
    line = 1 + max(lines, default=0)
    event = e.ActionAssigned(*where, line, text, one.id if one else b"", due_on)
    whom = desk.called(one) if one else "The group"
    until = f", until {due_on}" if due_on else ""
    return record(at, event, f"{whom} is asked to do this{until}: {text.rstrip('.')}.")


_ACTION = "action.assigned"


def end_action(at: Context, said: str, dropped: bool = False, note: str = "") -> Receipt:
    """What was asked is done, or no longer wanted."""
    target, page = desk.entry(at.group, said)
    if page.kind != _ACTION:
        raise CommandRefused(f"{said} is nothing that somebody was asked to do.", "no_action")
    event = e.ActionDone(target, *meeting_of_words(at), "dropped" if dropped else "done", note)
    return record(at, event, f"“{page.text}” is {'no longer wanted' if dropped else 'done'}.")


def record_minutes(at: Context, text: str, facilitator: str = "") -> Receipt:
    """Keep the minutes of a meeting: the newest unless said otherwise."""
    where = meeting_of_words(at)
    one = desk.member(at.group, facilitator) if facilitator else None
    event = e.MinutesRecorded(*where, text, one.id if one else b"")
    return record(at, event, f"The minutes are kept{in_meeting(where)}.")


def post_variance(
    at: Context, pocket: e.Channel, moment: e.Moment, amount: str, comment: str
) -> Receipt:
    """Ask officers to accept a difference between count and books: all of it unless said."""
    where = desk.meeting(at.group, at.meeting)
    counted = [
        one
        for one in compared_counts(at.group.book)
        if (one.key, one.pocket, one.moment) == (where, pocket, moment) and one.name
    ]
    if not counted or not counted[0].difference_minor:
        raise CommandRefused(
            f"The count of “{pocket}” at that moment ({moment}) does not differ from what is "
            "expected. Count first with: mkutano record count",
            "no_difference",
        )
    difference = counted[0].difference_minor
    amount_minor = desk.amount(at.group, amount) if amount else abs(difference)
    direction: Any = "over" if difference > 0 else "short"
    event = e.VariancePosted(*where, moment, pocket, direction, amount_minor, comment)
    told = f"{amount_text(at.group.book, amount_minor)} {direction} in “{pocket}”"
    return decided(at, event, f"{told}{in_meeting(where)}.")
