"""A passbook sheet into the books: all of it or nothing, and the same sheet twice adds nothing.

Every cell becomes the fact that an officer would have recorded in that meeting, under its natural
key (meeting, member, kind, line 1). What the books hold already is skipped when it says the same
and named by its line when it doesn't; the books are never overwritten by a sheet. What the rules
find odd about facts on paper (a box below zero) is noted beside the result, for it did happen.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from model import events as e
from model.codec import kind_of
from model.members import loans_of
from model.pages import EntryPage
from node import desk
from node.errors import CommandRefused
from node.lending import approval
from node.membership import plan_member
from node.node import Step
from node.people import name_form
from node.plan import Plan
from node.recording import Context
from node.sheet import Problem, SheetError, SheetRow, read_sheet

NOTES_MAX = 50
"""Findings listed beside an import; the rest is in the books."""

DEFAULT_FINE = "fine"

_ATTENDANCE: Mapping[str, e.Attendance] = {
    "present": "present",
    "late": "late",
    "representative": "representative",
    "excused": "excused",
    "absent": "absent",
}


_MEMBER_ENTRIES = 2
"""A member is two entries: the number, and the sealed name."""


class Imported(NamedTuple):
    """What a sheet brought, or would bring. Imported again, its `added` are `known`."""

    rows: int
    added: int
    """Entries that are new to the books."""
    known: int
    """Entries that the books held already and that say the same."""
    notes: tuple[str, ...]
    """What the rules find odd about the new facts."""
    step: Step | None
    """What peers should hear of; None when nothing was recorded."""


def import_sheet(at: Context, path: Path, dry_run: bool = False) -> Imported:
    """Take a sheet into the books. Raises SheetError with every problem, CommandRefused."""
    group = desk.described(at.group.book)
    rules = desk.terms(at.group.book)
    sheet = read_sheet(path, group.exponent, rules.share_value_minor)
    reader = _Reader(at, rules)
    reader.read(sheet.rows)
    if reader.problems:
        raise SheetError(reader.problems)
    troubles = reader.plan.trial()
    final = [Problem(t.line, "", t.sentence) for t in troubles if t.final]
    if final:
        raise SheetError(final)
    notes = tuple(f"Line {t.line}: {t.sentence}" for t in troubles[:NOTES_MAX])
    added = len(reader.plan.events)
    step = None if dry_run or not added else reader.plan.record(at.node, at.now_ms)
    return Imported(len(sheet.rows), added, reader.known, notes, step)


class _Reader:
    """Turns rows into a plan, meeting by meeting."""

    def __init__(self, at: Context, rules: e.ConstitutionAdopted) -> None:
        self.plan = Plan(at.group)
        self.problems: list[Problem] = []
        self.known = 0
        self._at = at
        self._group = at.group
        self._book = at.group.book
        self._rules = rules
        self._members = {one.number: one for one in desk.members(at.group)}
        self._ids: dict[int, bytes] = {}
        self._loans: dict[int, bytes] = {}

    def read(self, rows: tuple[SheetRow, ...]) -> None:
        """Plan everything that the books don't hold yet, in the order of the meetings."""
        ordered = sorted(rows, key=lambda row: (row.cycle, row.session, row.line))
        for cycle, some in groupby(ordered, key=lambda row: row.cycle):
            self._cycle(cycle, list(some))
        self._people(ordered)
        for _, some in groupby(ordered, key=lambda row: (row.cycle, row.session)):
            meeting = list(some)
            self._meeting(meeting[0])
            for row in meeting:
                self._row(row)

    def _cycle(self, cycle: int, rows: list[SheetRow]) -> None:
        if self._book.cycles.find(str(cycle)) is None:
            days = [row.held_on for row in rows]
            self.plan.add(e.CycleOpened(cycle, min(days), max(days)), rows[0].line)
        else:
            self.known += 1

    def _people(self, rows: list[SheetRow]) -> None:
        """Members by number: known ones must be the same person, others are added."""
        for number, some in groupby(
            sorted(rows, key=lambda row: row.member_number), key=lambda row: row.member_number
        ):
            mine = list(some)
            name = next((row.name for row in mine if row.name), "")
            phone = next((row.phone for row in mine if row.phone), "")
            known = self._members.get(number)
            if known is None:
                self._add_member(mine[0], name, phone)
                continue
            self._ids[number] = known.id
            self.known += _MEMBER_ENTRIES
            if name and known.name and name_form(name) != name_form(known.name):
                self._problem(mine[0], "name", f"member {number} is {known.name} in the books.")

    def _add_member(self, row: SheetRow, name: str, phone: str) -> None:
        if not name:
            self._problem(row, "name", f"member {row.member_number} is new and has no name.")
            return
        place = len(self.plan.events)
        try:
            plan_member(self.plan, name, phone, row.member_number, row.held_on, row.line)
        except CommandRefused as error:
            self._problem(row, "member", str(error))
            return
        self._ids[row.member_number] = self.plan.events[place].draft_id

    def _meeting(self, row: SheetRow) -> None:
        page = self._book.meetings.find((row.cycle, row.session))
        if page is None or not page.opened:
            self.plan.add(e.MeetingOpened(row.cycle, row.session, row.held_on), row.line)
        elif page.held_on != row.held_on:
            self._problem(row, "date", f"the books have {page.held_on} for this meeting.")
        else:
            self.known += 1

    def _row(self, row: SheetRow) -> None:
        member = self._ids.get(row.member_number)
        if member is None:
            return
        for column, subject, event in self._facts(row, member):
            self._fact(row, column, subject, event)
        self._loan(row, member)

    def _facts(self, row: SheetRow, member: bytes) -> Iterator[tuple[str, bytes, e.Event]]:
        """Column, subject and event of every cell but those about loans."""
        at = (row.cycle, row.session)
        if row.attendance:
            yield "attendance", member, e.AttendanceMarked(*at, member, _ATTENDANCE[row.attendance])
        if row.shares:
            paid_minor = row.shares * self._rules.share_value_minor
            yield "shares", member, e.SharePurchased(*at, member, row.shares, paid_minor)
        if row.social_minor:
            yield "social", member, e.SocialContributed(*at, member, row.social_minor)
        if row.fine_levied_minor:
            code = fine_code(row.fine_reason)
            event = e.FineLevied(*at, member, code, row.fine_levied_minor)
            yield "fine_levied", member, event
        if row.fine_paid_minor:
            yield "fine_paid", member, e.FinePaid(*at, member, row.fine_paid_minor)

    def _loan(self, row: SheetRow, member: bytes) -> None:
        """Repayment first: who repays and borrows in one meeting repays the older loan."""
        at = (row.cycle, row.session)
        if row.loan_repaid_minor:
            loan = self._loans.get(row.member_number) or self._loan_in_books(row)
            if loan is None:
                self._problem(
                    row,
                    "loan_repaid",
                    f"member {row.member_number} owes no loan. Record the loan first, or its "
                    "opening balance.",
                )
            else:
                event = e.LoanRepaid(*at, loan, row.loan_repaid_minor)
                self._fact(row, "loan_repaid", loan, event)
        if row.loan_taken_minor:
            self._new_loan(row, member)

    def _new_loan(self, row: SheetRow, member: bytes) -> None:
        at, amount_minor = (row.cycle, row.session), row.loan_taken_minor
        periods = row.loan_periods or self._rules.loan_periods_max
        asked = e.LoanApplied(*at, member, amount_minor, row.notes, periods)
        draft = self._fact(row, "loan_taken", member, asked)
        if draft is None:
            held = desk.recorded(self._book, at, member.hex(), "loan.applied")
            self._loans[row.member_number] = bytes.fromhex(held[0].id) if held else member
            loan = self._book.loans.find(held[0].id) if held else None
            self.known += bool(loan and loan.approved) + bool(loan and loan.disbursed)
            return
        self.plan.add(approval(self._at, at, draft, amount_minor, periods), row.line)
        self.plan.add(e.LoanDisbursed(*at, draft, amount_minor), row.line)
        self._loans[row.member_number] = draft

    def _loan_in_books(self, row: SheetRow) -> bytes | None:
        """The loan that this repayment is recorded on already, or the oldest that is open."""
        known = self._members.get(row.member_number)
        if known is None:
            return None
        at = (row.cycle, row.session)
        for name in loans_of(self._book, known.id.hex()):
            if desk.recorded(self._book, at, name, "loan.repaid"):
                return bytes.fromhex(name)
        still_open = desk.loans_of(self._book, known)
        return bytes.fromhex(still_open[0][0]) if still_open else None

    def _fact(self, row: SheetRow, column: str, subject: bytes, event: e.Event) -> bytes | None:
        """Plan a fact; None when the books hold it already, or something else in its place."""
        held = [
            one.page
            for one in desk.recorded(
                self._book, (row.cycle, row.session), subject.hex(), kind_of(event)
            )
            if not one.page.reversals and _same_thing(one.page, event)
        ]
        if not held:
            return self.plan.add(event, row.line)
        said = _said(event)
        values = {_value(page) for page in held}
        if said in values or (isinstance(said, int) and sum(page.amount for page in held) == said):
            self.known += 1
        else:
            books = " and ".join(sorted(self._shown(value) for value in values))
            self._problem(
                row, column, f"the books say {books}, the sheet says {self._shown(said)}."
            )
        return None

    def _shown(self, value: int | str) -> str:
        return value if isinstance(value, str) else desk.money(self._group, value)

    def _problem(self, row: SheetRow, column: str, reason: str) -> None:
        self.problems.append(Problem(row.line, column, reason))


def fine_code(reason: str) -> str:
    """The code of a fine from what the sheet calls it: "Came late" is came_late."""
    return re.sub(r"[^a-z0-9]+", "_", name_form(reason)).strip("_")[:32] or DEFAULT_FINE


def _said(event: e.Event) -> int | str:
    if isinstance(event, e.AttendanceMarked):
        return event.status
    return int(event.amount_minor)  # type: ignore[attr-defined]  # every other column is money


def _value(page: EntryPage) -> int | str:
    return page.detail if page.kind == "attendance.marked" else page.amount


def _same_thing(page: EntryPage, event: e.Event) -> bool:
    """Fines of different codes stand beside each other; everything else is one thing a meeting."""
    return not isinstance(event, e.FineLevied) or page.detail == event.code
