"""A share-out is declared in a meeting, agreed to by officers, and then owed to each member.

The fact states the pool and each member's part as they were read out. It counts only if the parts
are what the reckoning gives for them (reckoning/shareout.py); who types a wrong sum changes
nothing. Agreed, it gives the shares back at what they cost, takes the gain from the retained
surplus (or puts the loss there), and owes every member the whole: account 2080. Loans and fines are
then paid out of that account, and the rest in cash, each by a fact of its own.

That the shares and the pool are what the books have is watched (shareout_watch.py) and stops
nobody: the officers may know better. A cycle has one share-out. Of two that did not know of each
other one counts until officers choose, as with any other amount in dispute; one that came after an
agreed one has no effect.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from model import events as e
from model.accounts import (
    MEMBER_SHARES,
    RETAINED_SURPLUS,
    SHAREOUT_PAYABLE,
    SOCIAL_FUND,
)
from model.agreement import known_outcome
from model.approvals import propose
from model.book import Book
from model.entry import Entry, Past
from model.journal import SHARES, entry_page, reversed_by
from model.members import member_named
from model.notes import void
from model.pages import Posting
from model.reckoning.shareout import ShareOut, share_out
from model.reckoning.shareout_terms import Fund, Saver, ShareOutError, ShareOutRules
from model.reckoning.splitting import SplitError
from model.sheets import claims_once


def confirm_shareout(book: Book, entry: Entry, event: e.ShareoutConfirmed, keeper: bool) -> None:
    """Ask officers to agree to a share-out; Dr shares and surplus, Cr what is owed to members."""
    members = [member_named(book, row.member) for row in event.rows]
    refused = _refusal(book, entry, event, members)
    if refused:
        void(book, entry, "shareout.confirmed", refused)
        return
    propose(
        book, entry, keeper, "shareout.confirmed", event.cycle, event.session,
        f"shareout {event.cycle}", 1, max(0, event.pool_minor), _said(event, members),
        _lines(event, members), once=once_of(event.cycle), count=len(event.rows),
        text=event.input_digest.hex(),
    )  # fmt: skip


def once_of(cycle: int) -> str:
    """The thing that happens once in a cycle."""
    return f"shareout {cycle}"


def shareout_of(book: Book, cycle: int) -> str:
    """The share-out of a cycle that counts; empty when there is none."""
    for _, _, name in claims_once(book, once_of(cycle)):
        page = entry_page(book, name)
        if page.status == "counted" and not reversed_by(book, page):
            return name
    return ""


def _said(event: e.ShareoutConfirmed, members: list[str]) -> str:
    """What two officers must agree on: the pool and every row, in short."""
    rows = [
        f"{member}/{row.shares}/{row.savings_minor}/{row.gross_minor}/{row.social_minor}"
        for member, row in zip(members, event.rows, strict=True)
    ]
    return sha256("\n".join((str(event.pool_minor), *rows)).encode()).hexdigest()


def _refusal(book: Book, entry: Entry, event: e.ShareoutConfirmed, members: list[str]) -> str:
    """Code of why it has no effect; empty when it can be agreed to."""
    if "" in members:
        return "unknown_reference"
    if len(set(members)) < len(members):
        return "shareout_twice_in_rows"
    if _known_agreed(book, event.cycle, entry.past):
        return "already_shared_out"
    reckoned = reckoned_again(event)
    if reckoned is None or not _same(event, reckoned):
        return "shareout_arithmetic"
    return ""


def _known_agreed(book: Book, cycle: int, past: Past) -> bool:
    """Had officers agreed to a share-out of this cycle, as far as the author knew?"""
    return any(
        bytes.fromhex(name) in past and known_outcome(book, name, past) == "approved"
        for _, _, name in claims_once(book, once_of(cycle))
    )


def reckoned_again(event: e.ShareoutConfirmed) -> ShareOut | None:
    """The share-out that these inputs give; None when they give none."""
    savers = [
        Saver(place, "", row.shares, row.savings_minor, row.amount_time)
        for place, row in enumerate(event.rows)
    ]
    fund = Fund(0, welfare_minor=event.social_pool_minor, declared_pool_minor=event.pool_minor)
    try:
        return share_out(fund, savers, rules_of(event))
    except (ShareOutError, SplitError):
        return None


def rules_of(event: e.ShareoutConfirmed) -> ShareOutRules:
    """The rules of the reckoning that a fact names; debts are netted later, by their own facts."""
    return reckoning_rules(
        event.basis, event.capital, event.residue, event.step_minor, event.social
    )._replace(netting=False)


def reckoning_rules(
    basis: str, capital: str, residue: str, step_minor: int, social: str, netting: bool = True
) -> ShareOutRules:
    """A group's words as rules of the reckoning: `carry` rounds the value of one share down."""
    rules = ShareOutRules(
        basis=basis,  # type: ignore[arg-type]
        capital=capital,  # type: ignore[arg-type]
        welfare=social,  # type: ignore[arg-type]
        netting=netting,
    )
    if residue == "largest_remainder":
        return rules._replace(payout_step_minor=step_minor)
    if basis == "shares" and capital == "in_pool":
        return rules._replace(residue="floor", share_value_step=step_minor)
    return rules._replace(residue="floor", payout_step_minor=step_minor)


def _same(event: e.ShareoutConfirmed, reckoned: ShareOut) -> bool:
    if max(0, reckoned.residue_minor) != event.residue_minor:  # of a loss nothing is left
        return False
    return all(
        (row.gross_minor, row.social_minor) == (again.gross_minor, again.welfare_minor)
        for row, again in zip(event.rows, reckoned.rows, strict=True)
    )


def _lines(event: e.ShareoutConfirmed, members: list[str]) -> tuple[Posting, ...]:
    lines: list[Posting] = []
    gain = social = 0
    for member, row in zip(members, event.rows, strict=True):
        gain += row.gross_minor - row.savings_minor
        social += row.social_minor
        lines += (
            (MEMBER_SHARES, member, row.savings_minor),
            (SHAREOUT_PAYABLE, member, -row.gross_minor - row.social_minor),
            (SHARES, member, -row.shares),
        )
    lines += ((RETAINED_SURPLUS, "", gain), (SOCIAL_FUND, "", social))
    return tuple(line for line in lines if line[2])


RULES: Final = {e.ShareoutConfirmed: confirm_shareout}
