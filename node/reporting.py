"""Reports, statements of members, and messages: what the command line and the API ask for.

A report is worked out when it is asked for and never stored. A message counts as sent when this
phone says so; how it travels (an SMS from the phone, a printed slip) is up to the person.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta

from model import events as e
from model.days import DayError
from model.findings import who
from model.notices import shared_reports_view
from model.reports.member import holdings, member_statement
from model.reports.notices import GROUP, KINDS, NoticeKind, Wishes, notices_due, wants_messages
from model.reports.notices import Notice as Message
from model.reports.periods import PeriodError, ReportPeriod, between, parse_period, period_holding
from model.reports.reading import currency_of, read
from model.reports.report import (
    REPORT_KINDS,
    Asked,
    ReportError,
    ReportKind,
    make_report,
    report_digest,
)
from model.reports.summary import Scope, partner_summary
from model.reports.tables import report_tables, tables_csv
from node import desk
from node.answers import Answer, GroupRequest, choose_group
from node.errors import CommandRefused
from node.node import Group, Node
from node.plan import Plan
from node.recording import Context, done

Word = Annotated[str, Meta(max_length=200)]
NOTICES_AT_ONCE = 64
"""Messages that one signed change can say were sent."""


class ReportRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which report, and what it is about."""

    kind: Literal[
        "meeting", "monthly", "quarterly", "annual", "member", "loan", "impact", "audit", "partner"
    ]
    period: Word = ""
    """2026, 2026-q1, 2026-03 or 2026-01-05..2026-02-10; else the newest meeting's."""
    from_day: Word = ""
    to_day: Word = ""
    cycle: Annotated[int, Meta(ge=0, le=10_000)] = 0
    """Of a meeting; 0: the newest meeting. Of any other report: the days of that cycle."""
    session: Annotated[int, Meta(ge=0, le=10_000)] = 0
    member: Word = ""
    loan: Word = ""
    """Receipt of a loan."""
    scope: Literal["aggregate", "pseudonym"] = "aggregate"
    csv: bool = False


class ShareRequest(ReportRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A report that leaves the group, and to whom."""

    recipient: Annotated[str, Meta(min_length=1, max_length=200)]


class StatementRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A member's statement over some days."""

    member: Annotated[str, Meta(min_length=1, max_length=200)]
    period: Word = ""
    from_day: Word = ""
    to_day: Word = ""


class NoticesRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which messages."""

    kinds: Word = ""
    """Kinds with commas between them; empty: summary, nudge and security."""
    masked: bool = False
    language: Literal["en", "sw"] = "en"
    unasked: bool = False
    """To members whom nobody asked, too; never to those who said no."""
    every: bool = False
    """Those that were sent, too."""


class SentRequest(NoticesRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Messages that this phone sent."""

    channel: Literal["sms", "app", "email", "print"] = "sms"
    ids: Word = ""
    """First letters of ids with commas between them; empty: all that are due."""


def report(node: Node, asked: ReportRequest, now_ms: int) -> Answer:
    """A report as plain data, or as CSV."""
    group = choose_group(node, asked.group)
    found = _report(group, asked)
    if asked.csv:
        money = currency_of(group.book)
        text = tables_csv(report_tables(found), money["exponent"])
        return Answer({"report": asked.kind, "text": text})
    return Answer(found)


def share_report(node: Node, asked: ShareRequest, now_ms: int) -> Answer:
    """A report, and a note in the books that it left the group."""
    group = choose_group(node, asked.group)
    found = _report(group, asked)
    digest = report_digest(found)
    first, last = _days_of(found)
    event = e.ReportShared(asked.kind, first, last, asked.recipient, digest)
    plan = Plan(group)
    plan.add(event)
    receipt = done(Context(node, group, now_ms), plan, f"The report is for {asked.recipient}.")
    shared = {"receipt": receipt.code, "digest": digest.hex(), "recipient": asked.recipient}
    return Answer({**found, "shared": shared}, receipt.step)


def _days_of(found: dict[str, Any]) -> tuple[str, str]:
    days = found.get("parameters", found)
    return days["from"], days["to"]


def _report(group: Group, asked: ReportRequest) -> dict[str, Any]:
    desk.described(group.book)
    reading = read(group.book)
    period = _period(group, asked)
    if asked.kind == "partner":
        scope: Scope = asked.scope
        return partner_summary(reading, period, scope)
    member = desk.member(group, asked.member).id.hex() if asked.member else ""
    loan = desk.entry(group, asked.loan)[0].hex() if asked.loan else ""
    kind: ReportKind = asked.kind
    meeting = _meeting(group, asked) if kind == "meeting" else None
    wanted = Asked(kind, period, meeting, member, loan, group.people.name_by_hex)
    try:
        return make_report(reading, wanted)
    except ReportError as error:
        raise CommandRefused(f"{error} Add --member NUMBER.", "bad_report") from error
    except LookupError as error:
        raise CommandRefused(str(error), "not_found") from error


def _meeting(group: Group, asked: ReportRequest) -> tuple[int, int]:
    newest = group.book.latest.find("meeting")
    key = (asked.cycle or (newest[0] if newest else 1), asked.session) if asked.session else newest
    if key is None or group.book.meetings.find(key) is None:
        raise CommandRefused("There is no such meeting in these books.", "no_meeting")
    return key


def _period(group: Group, asked: ReportRequest | StatementRequest) -> ReportPeriod:
    """The days that were asked for, else those of the kind of report around the newest meeting."""
    try:
        if asked.period:
            return parse_period(asked.period)
        newest = _newest_day(group)
        if asked.from_day or asked.to_day:
            return between(asked.from_day or _first_day(group), asked.to_day or newest)
        if isinstance(asked, ReportRequest) and asked.cycle and asked.kind != "meeting":
            return _cycle(group, asked.cycle)
        kind = asked.kind if isinstance(asked, ReportRequest) else "statement"
        if kind in ("monthly", "quarterly"):
            return period_holding("month" if kind == "monthly" else "quarter", newest)
        if kind in ("annual", "impact", "partner"):
            return period_holding("year", newest)
        return between(min(_first_day(group), newest), newest)
    except (PeriodError, DayError) as error:
        raise CommandRefused(str(error), "bad_period") from error


def _cycle(group: Group, number: int) -> ReportPeriod:
    page = group.book.cycles.find(str(number))
    if page is None:
        raise CommandRefused(f"There is no cycle {number} in these books.", "no_cycle")
    return between(page.starts_on, max(page.starts_on, page.ends_on))


def _newest_day(group: Group) -> str:
    days = [page.held_on for _, page in group.book.meetings.rows() if page.held_on]
    if days:
        return max(days)
    starts = [page.starts_on for _, page in group.book.cycles.rows()]
    if starts:
        return max(starts)
    raise CommandRefused(
        "No meeting was held yet, so say which days: --from 2026-01-01 --to 2026-03-31",
        "bad_period",
    )


def _first_day(group: Group) -> str:
    days = [page.held_on for _, page in group.book.meetings.rows() if page.held_on]
    days += [page.starts_on for _, page in group.book.cycles.rows()]
    return min(days, default="1900-01-01")


def statement(node: Node, asked: StatementRequest, now_ms: int) -> Answer:
    """A member's statement with running balances, and what the member holds and owes now."""
    group = choose_group(node, asked.group)
    desk.described(group.book)
    one = desk.member(group, asked.member)
    reading = read(group.book)
    found = member_statement(reading, one.id.hex(), _period(group, asked))
    return Answer({"name": one.name, **found, "now": holdings(reading, one.id.hex())})


def shared_reports(node: Node, asked: GroupRequest, now_ms: int) -> Answer:
    """Reports that left the group: which, of which days, to whom."""
    group = choose_group(node, asked.group)
    return Answer({"reports": shared_reports_view(group.book)})


def notices(node: Node, asked: NoticesRequest, now_ms: int) -> Answer:
    """Messages that are due, with the phone numbers that this phone may know."""
    group = choose_group(node, asked.group)
    rows = [_shown(group, one) for one in _due(group, asked)]
    silent = sum(
        wants_messages(group.book, name) is None
        for name, page in group.book.members.rows()
        if page.status == "active" and not page.exited and not page.merged_into
    )
    sms = sum(len(row["phones"]) for row in rows)
    return Answer({"notices": rows, "count": len(rows), "sms": sms, "not_asked": silent})


def _due(group: Group, asked: NoticesRequest) -> list[Message]:
    kinds: list[NoticeKind] = []
    for word in filter(None, (part.strip() for part in asked.kinds.split(","))):
        known = next((kind for kind in KINDS if kind == word), None)
        if known is None:
            raise CommandRefused(
                f"There are no messages of the kind “{word[:40]}”. Kinds: {', '.join(KINDS)}.",
                "bad_kind",
            )
        kinds.append(known)
    wishes = Wishes(
        masked=asked.masked, language_of=lambda _: asked.language, unasked=asked.unasked
    )
    if kinds:
        wishes = wishes._replace(kinds=tuple(kinds))
    return notices_due(group.book, wishes, with_sent=asked.every)


def _shown(group: Group, one: Message) -> dict[str, Any]:
    """A message with whom it is for, and the phones of theirs that this phone may know."""
    to = "the group"
    members = [one.recipient]
    if one.recipient == GROUP:
        rows = group.book.members.rows()
        members = [
            name
            for name, page in rows
            if page.status == "active"
            and not page.exited
            and wants_messages(group.book, name) is not False
        ]
    else:
        to = who(group.book, one.recipient, group.people.name_by_hex)
    details = group.people.names()
    known = [details.get(bytes.fromhex(member)) for member in members]
    phones = sorted({person.phone for person in known if person and person.phone})
    return {**one._asdict(), "to": to, "phones": phones}


def send_notices(node: Node, asked: SentRequest, now_ms: int) -> Answer:
    """Note that messages were sent, so that no other phone sends them too."""
    group = choose_group(node, asked.group)
    wanted = [part.strip() for part in asked.ids.split(",") if part.strip()]
    due = [
        one
        for one in _due(group, asked)
        if not one.sent and (not wanted or any(one.id.startswith(part) for part in wanted))
    ]
    if not due:
        raise CommandRefused("No message is due that was not sent yet.", "no_notice")
    told = due[:NOTICES_AT_ONCE]
    plan = Plan(group)
    for one in told:
        plan.add(e.NoticeSent(bytes.fromhex(one.id), asked.channel))
    receipt = done(Context(node, group, now_ms), plan, f"{len(told)} messages are sent.")
    rows = [_shown(group, one) for one in told]
    left = len(due) - len(told)
    return Answer({"notices": rows, "receipt": receipt.code, "left": left}, receipt.step)


__all__ = [
    "REPORT_KINDS",
    "NoticesRequest",
    "ReportRequest",
    "SentRequest",
    "ShareRequest",
    "StatementRequest",
    "notices",
    "report",
    "send_notices",
    "share_report",
    "shared_reports",
    "statement",
]
