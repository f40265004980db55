"""A member leaves by a settlement that officers agree to: what is given back, kept, paid, owed.

    Dr shares, voluntary savings, part of the surplus
    Cr exit fee, what pays the member's loans and fines (2080), cash, the rest owed (2060)

The sums are those that were read out (reckoning/settlement.py). Loans and fines are then paid by
facts of their own from what is owed to the member, so that each loan shows how it was repaid. Sums
that are not what the books have are pointed out before officers agree. What else turns up of a
member who left (a repayment or a share that was recorded apart) changes no sum that was read out:
the exit moves it to what is owed to the former member (2060) or owed by (1170), follows every
later correction, and it is pointed out until it is paid or collected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from msgspec.structs import replace

from model import events as e
from model.accounts import (
    DUE_FROM_MEMBERS,
    DUE_TO_FORMER_MEMBERS,
    FEES,
    LOANS,
    MEMBER_SAVINGS,
    MEMBER_SHARES,
    OVERPAYMENTS,
    POCKETS,
    RETAINED_SURPLUS,
    SHAREOUT_PAYABLE,
)
from model.agreement import known_outcome
from model.approvals import propose
from model.book import Book, Left
from model.derived import Work
from model.entry import Entry, Past
from model.journal import FINES_DUE, SHARES, balance, entry_page, restate, reversed_by
from model.members import kept_member, loans_of, member_named, names_of
from model.notes import void
from model.pages import EntryPage, FindingPage, Posting
from model.sheets import claims_once


def exit_member(book: Book, entry: Entry, event: e.MemberExited, keeper: bool) -> None:
    """Ask officers to agree to a member's leaving, and post the settlement when they do."""
    member = member_named(book, event.member)
    refused = _refusal(book, entry, event, member)
    if refused:
        void(book, entry, "member.exited", refused, text=event.nominee)
        return
    propose(
        book, entry, keeper, "member.exited", event.cycle, event.session, member, 1,
        event.paid_minor, _said(event), _lines(event, member), count=event.shares,
        beneficiary=member, once=once_of(member), text=event.nominee,
    )  # fmt: skip


def once_of(member: str) -> str:
    """The thing that happens once to a member."""
    return f"exit {member}"


def rest_minor(event: e.MemberExited) -> int:
    """What stays owed to the former member; below zero the sums make no sense."""
    given = event.savings_minor + event.voluntary_minor + event.profit_minor
    return given - event.fee_minor - event.netted_minor - event.paid_minor


def _said(event: e.MemberExited) -> str:
    """What two officers must agree on beside the cash."""
    sums = (
        event.savings_minor,
        event.voluntary_minor,
        event.profit_minor,
        event.netted_minor,
        event.fee_minor,
    )
    return f"{event.reason} {event.channel} {'/'.join(map(str, sums))}"


def _refusal(book: Book, entry: Entry, event: e.MemberExited, member: str) -> str:
    if not member:
        return "unknown_reference"
    if rest_minor(event) < 0:
        return "exit_arithmetic"
    if _known_gone(book, member, entry.past):
        return "already_left"
    return ""


def _known_gone(book: Book, member: str, past: Past) -> bool:
    """Had the member left, as far as the author knew?"""
    return any(
        bytes.fromhex(name) in past and known_outcome(book, name, past) == "approved"
        for _, _, name in claims_once(book, once_of(member))
    )


def _lines(event: e.MemberExited, member: str) -> tuple[Posting, ...]:
    lines: tuple[Posting, ...] = (
        (MEMBER_SHARES, member, event.savings_minor),
        (MEMBER_SAVINGS, member, event.voluntary_minor),
        (RETAINED_SURPLUS, "", event.profit_minor),
        (FEES, "", -event.fee_minor),
        (SHAREOUT_PAYABLE, member, -event.netted_minor),
        (POCKETS[event.channel], "", -event.paid_minor),
        (DUE_TO_FORMER_MEMBERS, member, -rest_minor(event)),
        (SHARES, member, -event.shares),
    )
    return tuple(line for line in lines if line[2])


LEFT: Final = "all"
"""The row of `book.left`."""
_LEFT_OVER: Final = (MEMBER_SHARES, MEMBER_SAVINGS, OVERPAYMENTS, SHARES)
"""What a former member has no longer; the share-out's 2080 stays until loans are paid out of it."""


def _derive_exit(book: Book, member: str) -> None:
    """Whether a person has left, under whatever name, and by which entry."""
    names = names_of(book, member)
    said = [name for one in names for _, _, name in claims_once(book, once_of(one))]
    holding = []
    for name in said:
        page = entry_page(book, name)
        if _moved(page):  # who is kept may be another one now
            restate(book, name, replace(page, lines=page.held))
        if page.status == "counted" and not reversed_by(book, page):
            holding.append(name)
    exited = min(holding, default="")
    for one in names:
        person = book.members.find(one)
        if person is not None and exited != person.exited:
            book.members.put(one, replace(person, exited=exited))
    before = book.left.find(LEFT) or ()
    rows = [row for row in before if row[1] not in said]
    after = tuple(sorted([*rows, (names[0], exited)] if exited else rows))
    if after != before:
        book.left.put(LEFT, after or None)
        book.follows = None


def _moved(page: EntryPage) -> tuple[Posting, ...]:
    """What a settlement moves beside the sums that were read out."""
    return page.lines[len(page.held) :]


def follow_exits(book: Book) -> None:
    """At the end of a step: let each exit move what turned up of a member who left."""
    left = book.left.find(LEFT) or ()
    if not any(map(book.accounts.find, _emptied(left))):
        return
    for person, name in left:
        if any(balance(book, account, person) for account in _LEFT_OVER):
            _move(book, (person, name))


@lru_cache(maxsize=64)  # looked at in every step once somebody has left
def _emptied(left: tuple[Left, ...]) -> tuple[tuple[str, str], ...]:
    """The accounts in which nothing stands at the end of a step."""
    return tuple((account, person) for person, _ in left for account in _LEFT_OVER)


def _move(book: Book, left: Left) -> None:
    """Post what stands in a former member's accounts, apart from what the exit moved before."""
    person, name = left
    page = entry_page(book, name)
    before = dict.fromkeys(_LEFT_OVER, 0)
    before |= {account: amount for account, _, amount in _moved(page) if account in before}
    lines: tuple[Posting, ...] = ()
    owed = 0
    for account in _LEFT_OVER:
        own = balance(book, account, person) - before[account]
        if own:
            lines += ((account, person, -own),)
            owed += own if account != SHARES else 0
    if owed:
        lines += ((DUE_FROM_MEMBERS if owed > 0 else DUE_TO_FORMER_MEMBERS, person, owed),)
    restate(book, name, replace(page, lines=page.held + lines))


def watch_settlements(book: Book) -> Iterator[tuple[str, str, FindingPage]]:
    """Settlements that wait for officers and have other sums than the books."""
    for name, kind in book.waiting.rows():
        if kind != "member.exited":
            continue
        page = entry_page(book, name)
        stated = {(account, subject): amount for account, subject, amount in page.held}
        for account in (MEMBER_SHARES, MEMBER_SAVINGS):
            given = stated.get((account, page.subject), 0)
            there = -balance(book, account, kept_member(book, page.subject))
            if page.status == "suspense" and given != there:
                where = (page.cycle, page.session)
                finding = FindingPage((name,), page.subject, *where, (given, abs(there)), account)
                code = "exit_differs" if there >= 0 else "exit_overdrawn"
                yield code, f"{name}.{account}", finding


def watch_exits(book: Book) -> Iterator[tuple[str, str, FindingPage]]:
    """Money of members who left, that turned up after the settlement or was not netted yet."""
    for member, name in book.left.find(LEFT) or ():
        moved = {account: amount for account, _, amount in _moved(entry_page(book, name))}
        owed_to = (
            -moved.get(DUE_TO_FORMER_MEMBERS, 0),
            -balance(book, DUE_TO_FORMER_MEMBERS, member),
        )
        owed_by = moved.get(DUE_FROM_MEMBERS, 0), balance(book, DUE_FROM_MEMBERS, member)
        to_net = balance(book, SHAREOUT_PAYABLE, member)
        give = max(0, min(owed_to)) + max(0, -to_net)  # as far as it was not paid since
        take = max(0, min(owed_by)) + max(0, to_net)
        take += max(0, balance(book, FINES_DUE, member))
        take += sum(
            balance(book, LOANS, loan)
            for loan in loans_of(book, member)
            if book.open_loans.find(loan)
        )
        if give or take:
            yield "post_exit_item", member, FindingPage((name,), member, amounts=(give, take))


RULES: Final = {e.MemberExited: exit_member}
WORK: Final[Mapping[str, Work]] = {"member.exited": _derive_exit}
