"""What can be recorded of meetings and decisions: a row for each kind.

Each row: summary, needed details, command, and what it is called in a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, get_args

from model import events as e
from node import commands, deciding, gathering, governing
from node.choosing import choice
from node.recording import Context, Receipt

if TYPE_CHECKING:
    from node.records import RecordRequest

Row = tuple[str, tuple[str, ...], "Callable[[Context, RecordRequest], Receipt]", str]


def _attendance(at: Context, r: RecordRequest) -> Receipt:
    status = choice(r.status, get_args(e.Attendance), "attendance")
    return commands.mark_attendance(at, r.member, status, r.at, r.left, r.instead, r.reason)


def _count(at: Context, r: RecordRequest) -> Receipt:
    moment = choice(r.moment, get_args(e.Moment), "moment of counting")
    pocket: e.Channel = choice(r.channel or "box", get_args(e.Channel), "pocket")
    return commands.count_cash(at, pocket, r.amount, moment, r.coins, r.counted_by, r.reason)


def _close(at: Context, r: RecordRequest) -> Receipt:
    return commands.close_meetings(at) if r.every else commands.close_meeting(at)


def _schedule(at: Context, r: RecordRequest) -> Receipt:
    kind: e.MeetingKind = choice(r.code or "regular", get_args(e.MeetingKind), "kind of meeting")
    return gathering.schedule(at, r.date, r.at, r.place, kind, r.agenda)


def _variance(at: Context, r: RecordRequest) -> Receipt:
    moment: e.Moment = choice(
        r.moment if r.moment != "spot" else "close", get_args(e.Moment), "moment of counting"
    )
    pocket: e.Channel = choice(r.channel or "box", get_args(e.Channel), "pocket")
    return gathering.post_variance(at, pocket, moment, r.amount, r.reason)


def _resolution(at: Context, r: RecordRequest) -> Receipt:
    return gathering.record_resolution(at, r.code, r.text or r.reason, r.votes, r.receipt, r.number)


def _profile(at: Context, r: RecordRequest) -> Receipt:
    place = (r.place, r.district, r.county, r.country)
    return governing.set_profile(at, r.name, r.text or r.reason, place, r.timezone)


ROWS: Final[Mapping[str, Row]] = {
    "meeting": (
        "A meeting begins",
        (),
        lambda at, r: commands.open_meeting(
            at, r.date, r.cycle, r.session, r.code, r.place, r.keys
        ),
        "",
    ),
    "attendance": (
        "A member was there, or not",
        ("member", "status"),
        _attendance,
        "attendance",
    ),
    "count": ("Cash is counted", (), _count, ""),
    "close": ("A meeting is closed", (), _close, ""),
    "reversal": (
        "An entry is taken back; it stays visible",
        ("receipt",),
        lambda at, r: commands.reverse(at, r.receipt, r.reason),
        "",
    ),
    "schedule": ("A meeting is planned", ("date",), _schedule, "a plan"),
    "agenda": (
        "The meeting comes to an item of its agenda",
        ("code",),
        lambda at, r: gathering.reach_item(at, r.code),
        "an item of the agenda",
    ),
    "resolution": ("The meeting decides something", ("text", "votes"), _resolution, "a resolution"),
    "ballot": (
        "A member votes on a resolution: for, against, abstain",
        ("member", "status"),
        lambda at, r: gathering.cast_ballot(at, r.member, r.status, r.number),
        "a vote",
    ),
    "action": (
        "A member or the group is asked to do something",
        ("text",),
        lambda at, r: gathering.assign_action(at, r.text, r.member, r.until),
        "what somebody is asked to do",
    ),
    "action-done": (
        "What was asked is done, or dropped",
        ("receipt",),
        lambda at, r: gathering.end_action(at, r.receipt, r.status == "dropped", r.reason),
        "that something is done",
    ),
    "minutes": (
        "The minutes of a meeting",
        ("text",),
        lambda at, r: gathering.record_minutes(at, r.text, r.member),
        "minutes",
    ),
    "variance": (
        "A difference between count and books, when officers agree",
        ("reason",),
        _variance,
        "a difference",
    ),
    "reopening": (
        "A closed meeting is opened again, when officers agree",
        ("reason",),
        lambda at, r: deciding.reopen(at, r.reason),
        "the opening of a closed meeting",
    ),
    "approval": (
        "An officer agrees to an entry",
        ("receipt",),
        lambda at, r: deciding.approve(at, r.receipt),
        "an approval",
    ),
    "decline": (
        "An officer says no to what waits",
        ("receipt",),
        lambda at, r: deciding.decline(at, r.receipt, r.reason),
        "a no",
    ),
    "withdrawn-approval": (
        "An officer takes his or her word back",
        ("receipt",),
        lambda at, r: deciding.withdraw(at, r.receipt, r.reason),
        "a word that is taken back",
    ),
    "choice": (
        "Which of several entries is right, when officers agree",
        ("receipt",),
        lambda at, r: deciding.resolve(at, r.receipt, r.reason),
        "a choice",
    ),
    "late-accepted": (
        "What came too late is let in, when officers agree",
        ("receipt",),
        lambda at, r: deciding.judge_late(at, r.receipt, True, r.reason),
        "what is let in",
    ),
    "late-rejected": (
        "What came too late is left out, when officers agree",
        ("receipt",),
        lambda at, r: deciding.judge_late(at, r.receipt, False, r.reason),
        "what is left out",
    ),
    "objection": (
        "Somebody objects to an entry",
        ("receipt", "reason"),
        lambda at, r: deciding.dispute(at, r.receipt, r.reason, r.member),
        "an objection",
    ),
    "rules": (
        "New rules are proposed, each as --set name=value",
        ("rules",),
        lambda at, r: governing.propose_constitution(at, r.rules, r.reason),
        "new rules",
    ),
    "group-profile": ("The group's name, place and description", (), _profile, "a profile"),
    "group-status": (
        "The group rests, or works again",
        ("status",),
        lambda at, r: governing.set_status(at, r.status, r.reason),
        "the state of the group",
    ),
}
