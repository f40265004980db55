"""A member's own statement: every posting with the balance before and after it, and what is left.

A member *holds* shares, voluntary savings and whatever the group owes the member; a member *owes*
the principal of loans, fines and debts that a share-out left. Interest is income when it is paid
and stands beside what is owed until then. Rows come by day; on one day, in the order of recording.
"""

from __future__ import annotations

from typing import Any, Final

from model.accounts import ACCOUNTS, SOCIAL_FUND
from model.findings import receipt
from model.history import FIRST_DAY
from model.journal import FINES_DUE, SHARES
from model.members import kept_member
from model.reports.periods import ReportPeriod
from model.reports.portfolio import loan_plain, loans_on
from model.reports.reading import Plain, Reading, Told, currency_of, withheld_if
from model.statements import subjects_owned
from model.views import members_view
from model.wording import KINDS

_MEMOS: Final = {SHARES: "Shares", FINES_DUE: "Fines due"}
_SOCIAL: Final = frozenset({"social.contributed", "social.paid_out"})


class _Running:
    """Balances of one member, as the rows go by; every amount above 0 in its usual sense."""

    def __init__(self) -> None:
        self.balances: dict[tuple[str, str], int] = {}
        self.social_minor = 0

    def post(self, account: str, subject: str, amount: int) -> Plain:
        """Add one line; what it changed."""
        usual = -amount if _held(account) else amount
        before = self.balances.get((account, subject), 0)
        self.balances[account, subject] = before + usual
        unit = "" if account == SHARES else "_minor"
        return {
            "account": account,
            "name": _MEMOS.get(account) or ACCOUNTS[account].name,
            "subject": subject,
            f"before{unit}": before,
            f"after{unit}": before + usual,
        }

    def totals(self) -> tuple[int, int]:
        """What the member holds, and what the member owes."""
        holds = owes = 0
        for (account, _), amount in self.balances.items():
            if account == SHARES:
                continue
            if _held(account):
                holds += amount
            else:
                owes += amount
        return holds, owes

    def plain(self) -> list[Plain]:
        """Every balance that is not zero."""
        rows = []
        for (account, subject), amount in sorted(self.balances.items()):
            if amount:
                unit = "shares" if account == SHARES else "balance_minor"
                name = _MEMOS.get(account) or ACCOUNTS[account].name
                rows.append({"account": account, "name": name, "subject": subject, unit: amount})
        return rows


def _held(account: str) -> bool:
    known = ACCOUNTS.get(account)
    return known is not None and known.normal_side == "credit"


def member_statement(reading: Reading, member: str, period: ReportPeriod) -> Plain:
    """The statement of one member (hex id) over a period; LookupError for a stranger.

    `opening` and `closing`: what the member holds and owes, account by account. Every row has the
    totals before and after it; `social_minor` is what the member has given to the social fund,
    less what the member received from it.
    """
    book = reading.book
    if book.members.find(member) is None:
        raise LookupError("There is no such member in this group.")
    owned = frozenset(subjects_owned(book, member))
    running = _Running()
    opening: Plain | None = None
    rows = []
    for told in sorted(reading.told, key=lambda one: (one.day, one.place)):
        if told.day > period.last_day:
            break
        if opening is None and told.day >= period.first_day:
            opening = _state(running)
        row = _row(running, told, owned, member)
        if row is not None and told.day >= period.first_day:
            rows.append(row)
    figures = next(row for row in members_view(book) if row["id"] == member)
    return withheld_if(
        reading.withheld,
        {
            "member": figures,
            **currency_of(book),
            "from": period.first_day,
            "to": period.last_day,
            "opening": opening or _state(running),
            "rows": rows,
            "closing": _state(running),
            "withheld": reading.withheld,
        },
    )


def _state(running: _Running) -> Plain:
    holds, owes = running.totals()
    return {
        "holds_minor": holds,
        "owes_minor": owes,
        "net_minor": holds - owes,
        "social_minor": running.social_minor,
        "accounts": running.plain(),
    }


def _row(running: _Running, told: Told, owned: frozenset[str], member: str) -> Plain | None:
    """What one entry changed for the member; None when it is none of this statement."""
    page = told.page
    holds, owes = running.totals()
    changes = [
        running.post(account, subject, amount)
        for account, subject, amount in page.lines
        if subject in owned
    ]
    social = 0
    if (page.member or page.subject) == member:
        social = -sum(amount for account, _, amount in page.lines if account == SOCIAL_FUND)
        running.social_minor += social
    concerns = page.subject in owned or page.member == member
    if not changes and not social and not (concerns and page.status == "suspense" and page.held):
        return None
    after, then = running.totals()
    return {
        "day": told.day,
        "meeting": f"{told.key[0]}/{told.key[1]}" if told.meeting else "",
        "id": told.name,
        "receipt": receipt(told.name),
        "kind": page.kind,
        "what": _what(told),
        "amount_minor": page.amount or None,
        "status": page.status,
        "reasons": list(page.reasons),
        "changes": changes,
        "social_change_minor": social,
        "holds_before_minor": holds,
        "holds_after_minor": after,
        "owes_before_minor": owes,
        "owes_after_minor": then,
        "net_before_minor": holds - owes,
        "net_after_minor": after - then,
    }


def _what(told: Told) -> str:
    """The kind of entry in words: `repayment`, or `reversal of the share purchase`."""
    words = KINDS.get(told.page.kind) or told.page.kind.replace(".", " ").replace("_", " ")
    if told.page.kind == "entry.reversed" and told.page.detail:
        of = KINDS.get(told.page.detail) or told.page.detail.replace(".", " ").replace("_", " ")
        return f"reversal of {of}"
    return words.removeprefix("the ")


def holdings(reading: Reading, member: str) -> dict[str, Any]:
    """What a member holds and owes now; LookupError for a stranger.

    Beside the balances: `loans` to the newest meeting's day with what is still to pay on each,
    interest included, `to_pay_minor` (all of it, with fines and debts) and `guarantees` given for
    loans of others that are not repaid.
    """
    book = reading.book
    if book.members.find(member) is None:
        raise LookupError("There is no such member in this group.")
    owned = frozenset(subjects_owned(book, member))
    running = _Running()
    for told in reading.told:
        _row(running, told, owned, member)
    state = _state(running)
    loans = [
        loan_plain(loan)
        for loan in loans_on(reading, newest_day(reading))
        if loan.member == member and loan.standing.outstanding_minor
    ]
    left = sum(loan["outstanding_minor"] - loan["principal_outstanding_minor"] for loan in loans)
    guarantees = [
        {"loan": name, "receipt": receipt(name), "for": loan.member, "amount_minor": amount}
        for name, loan in book.loans.rows()
        for guarantor, amount in loan.guarantors
        if kept_member(book, guarantor) == member and book.open_loans.find(name)
    ]
    return withheld_if(
        reading.withheld,
        {
            **state,
            "to_pay_minor": state["owes_minor"] + left,
            "loans": loans,
            "guarantees": guarantees,
        },
    )


def newest_day(reading: Reading) -> str:
    """The day of the newest meeting, or of the newest entry where there was none."""
    held = [page.held_on for _, page in reading.book.meetings.rows() if page.held_on]
    return max(held) if held else max((told.day for told in reading.told), default=FIRST_DAY)
