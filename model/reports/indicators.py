"""The figures of one group on one day, without any person: what a portfolio of groups is made of.

An officer's phone packs them into the signed summary of a sealed meeting; whoever holds the ledger
works them out from it. Both ways give the same figures, because both go through here. What each
figure means stands in indicator_shape.py. Equal books and an equal day give equal figures.

While the books hold an entry of a newer Mkutano, amounts and what is made of them are None, never
guessed, and `withheld` says so in a word. The ages of single loans (ages.py) are beside the
indicators and not in them: they are for those who may read the ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from model.accounts import (
    MEMBER_SAVINGS,
    MEMBER_SHARES,
    POCKETS,
    SOCIAL_FUND,
    SOCIAL_PAYOUTS,
)
from model.book import Book
from model.closing import state_of
from model.counts import compared_counts
from model.days import YEAR_MIN, add_days, parse_day
from model.findings import list_findings
from model.money import AMOUNT_MINOR_MAX
from model.pages import CyclePage
from model.reckoning.movements import Movement, movements
from model.reports.ages import Age, ages_of, at_risk
from model.reports.indicator_shape import (
    FINDING_CODES_MAX,
    INDICATORS_VERSION,
    MONEY,
    Indicators,
    Plain,
)
from model.reports.measures import Facts, gather, health_of
from model.reports.periods import ReportPeriod, between
from model.reports.portfolio import LoanOnDay, loans_on
from model.reports.reading import Reading, currency_of

YEAR_DAYS: Final = 365
FIRST_DAY: Final = f"{YEAR_MIN}-01-01"  # of the calendar of the books


class Reckoned(NamedTuple):
    """Indicators with the ages that carry them to later days."""

    indicators: Indicators
    ages: tuple[Age, ...]


def indicators(reading: Reading, day: str, period: ReportPeriod | None = None) -> Indicators:
    """The figures of a group at the end of an ISO day; see `reckon`."""
    return reckon(reading, day, period).indicators


def reckon(reading: Reading, day: str, period: ReportPeriod | None = None) -> Reckoned:
    """The figures of a group at the end of an ISO day (`DayError` when it is none), and the ages.

    `period`: of meetings, repayment and health; without one the cycle that the day is in, or a
    year where there is no cycle, up to the newest meeting: weeks of which nothing was heard are no
    missed meetings.
    """
    parse_day(day)
    span = period or usual_period(reading.book, day)
    facts, loans = gather(reading, span), loans_on(reading, day)
    ages = ages_of(reading, loans)
    found = Indicators(
        version=INDICATORS_VERSION,
        **_about(reading),
        day=day,
        first_day=span.first_day,
        last_day=facts.days.last_day,
        **_members(reading, facts),
        **_money(reading, day),
        **_lending(loans, facts),
        **_attendance(facts),
        **_counted(reading.book, day),
        **_meetings(reading.book, facts, day),
        **_cycle(reading.book, day),
        **_health(reading, facts),
        **_findings(reading.book),
    )
    return Reckoned(_withheld(on_day(found, ages, day), reading.withheld), ages)


def on_day(found: Indicators, ages: Sequence[Age], day: str) -> Indicators:
    """The same figures on another day, no earlier: loans that nobody repaid have grown older.

    They are what the books will say on that day if nothing more is recorded. Where amounts are
    withheld they stay so.
    """
    if found.withheld:
        return replace(found, day=day)
    any_day, month, quarter = (at_risk(ages, day, days) for days in (0, 30, 90))
    return replace(
        found,
        day=day,
        late_loans=any_day.loans,
        par0_minor=any_day.principal_minor,
        par30_minor=month.principal_minor,
        par90_minor=quarter.principal_minor,
    )


def next_day(reading: Reading, day: str) -> str:
    """The first day after an ISO day that anything in the books is dated; "" for none.

    Until then `on_day` says what `reckon` would, so that nobody need look at the books again.
    """
    book = reading.book
    days = [told.day for told in reading.told] + [entry.date for entry in reading.entries]
    days += [page.held_on for _, page in book.meetings.unsorted()]
    days += [page.starts_on for _, page in book.cycles.unsorted()]
    days += [page.starts_on for _, page in book.loans.unsorted()]
    days += [page.joined_on for _, page in book.members.unsorted()]
    return min((one for one in days if one > day), default="")


def usual_period(book: Book, day: str) -> ReportPeriod:
    """From the first day of the cycle that a day is in to the newest meeting that it knows.

    Where there is no cycle: the year up to that meeting. Before any meeting: a single day.
    """
    held = [page.held_on for _, page in book.meetings.unsorted() if page.held_on <= day]
    newest = max(held, default="")
    _, cycle = _cycle_on(book, day)
    if cycle is not None:
        return between(cycle.starts_on, max(cycle.starts_on, newest))
    last = newest or day
    return between(max(FIRST_DAY, add_days(last, 1 - YEAR_DAYS)), last)


def _cycle_on(book: Book, day: str) -> tuple[int, CyclePage | None]:
    """The newest cycle that had begun by a day."""
    begun = [(page.starts_on, int(key), page) for key, page in book.cycles.rows()]
    known = [row for row in begun if row[0] <= day]
    return max(known, key=lambda row: row[:2])[1:] if known else (0, None)


def _about(reading: Reading) -> Plain:
    group = reading.book.group.find("group")
    name, kind = (group.name, group.kind) if group is not None else ("", "")
    return {"group": name, "kind": kind, **currency_of(reading.book)}


def _members(reading: Reading, facts: Facts) -> Plain:
    genders = {name: page.gender for name, page in reading.book.members.rows()}
    return {
        "members": len(facts.members),
        "members_at_start": len(facts.members_at_start),
        "women": len(facts.women & facts.members),
        "men": sum(genders.get(member) == "male" for member in facts.members),
    }


def _money(reading: Reading, day: str) -> Plain:
    moved = movements(reading.entries, day, day)

    def closing(*codes: str) -> int:
        return sum(moved.get(code, Movement()).closing_minor for code in codes)

    return {
        "shares_minor": -closing(MEMBER_SHARES),
        "savings_minor": -closing(MEMBER_SAVINGS),
        "social_minor": -closing(SOCIAL_FUND, SOCIAL_PAYOUTS),
        "cash_minor": closing(*POCKETS.values()),
    }


def _lending(loans: Sequence[LoanOnDay], facts: Facts) -> Plain:
    standings = [loan.standing for loan in loans]
    owing = [one for one in standings if one.principal_outstanding_minor]
    return {
        "loans": len(owing),
        "loans_minor": sum(one.principal_outstanding_minor for one in owing),
        "written_off_loans": sum(one.written_off_minor > 0 for one in standings),
        "written_off_minor": sum(one.written_off_minor for one in standings),
        "collected_minor": facts.collected_minor,
        "due_minor": facts.due_minor,
    }


def _attendance(facts: Facts) -> Plain:
    marked = [meeting for meeting in facts.meetings if meeting.register]
    last = marked[-1] if marked else None
    return {
        "attended_last": last.in_person if last else None,
        "expected_last": len(last.expected) if last else None,
        "attended": sum(meeting.in_person for meeting in marked),
        "expected": sum(len(meeting.expected) for meeting in marked),
    }


def _counted(book: Book, day: str) -> Plain:
    closes = [one for one in compared_counts(book) if one.moment == "close" and one.name]
    held = {one.key: page.held_on for one in closes if (page := book.meetings.find(one.key))}
    newest = max((key for key, held_on in held.items() if held_on <= day), default=None)
    rows = [one for one in closes if one.key == newest]
    if newest is None or not rows:
        return {}
    return {
        "counted_on": held[newest],
        "counted_minor": sum(one.counted_minor for one in rows),
        "counted_expected_minor": sum(one.expected_minor for one in rows),
    }


def _meetings(book: Book, facts: Facts, day: str) -> Plain:
    told = sorted(
        ((page.held_on, key, page) for key, page in book.meetings.rows() if page.held_on <= day),
        key=lambda row: row[:2],
    )
    sealed = [row for row in told if state_of(row[2]) == "sealed"]
    of_period = {meeting.key for meeting in facts.meetings}
    found: Plain = {
        "meetings": len(facts.meetings),
        "meetings_closed": sum(meeting.closed for meeting in facts.meetings),
        "meetings_sealed": sum(key in of_period for _, key, _ in sealed),
    }
    if told:
        held_on, (cycle, session), page = told[-1]
        found |= {"met_on": held_on, "meeting_cycle": cycle, "meeting_session": session}
        found["meeting_state"] = state_of(page)
    if sealed:
        held_on, (cycle, session), _ = sealed[-1]
        found |= {"sealed_on": held_on, "sealed_cycle": cycle, "sealed_session": session}
    return found


def _cycle(book: Book, day: str) -> Plain:
    number, page = _cycle_on(book, day)
    if page is None:
        return {}
    return {
        "cycle": number,
        "cycle_starts_on": page.starts_on,
        "cycle_ends_on": page.ends_on,
        "cycle_closed": bool(page.closed),
    }


def _health(reading: Reading, facts: Facts) -> Plain:
    found = health_of(reading, facts)
    return {
        "health_version": found.version,
        "score": found.score,
        "band": found.band,
        "health_facts": tuple(int(fact) for fact in found.facts),
    }


def _findings(book: Book) -> Plain:
    counts: dict[str, int] = {}
    tasks = 0
    for finding in list_findings(book):  # tasks first, by weight
        counts[finding.code] = counts.get(finding.code, 0) + 1
        tasks += finding.weight == "task"
    shown = dict([*counts.items()][:FINDING_CODES_MAX])
    more = sum(counts.values()) - sum(shown.values())
    return {"tasks": tasks, "findings": dict(sorted(shown.items())), "findings_more": more}


def _withheld(found: Indicators, is_unreadable: bool) -> Indicators:
    """The same, without amounts where they can't be known or would not fit where they are read."""
    amounts = [getattr(found, name) for name in MONEY] + [*found.health_facts]
    too_large = any(abs(amount) > AMOUNT_MINOR_MAX for amount in amounts if amount is not None)
    if not is_unreadable and not too_large:
        return found
    nothing: Plain = dict.fromkeys(MONEY)
    return replace(
        found,
        **nothing,
        withheld="update" if is_unreadable else "too_large",
        score=None,
        band="",
        health_facts=(),
    )
