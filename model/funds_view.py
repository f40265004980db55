"""The group's own money as data: partners, funding, investments, receipts, requests, promises.

Plain values that become JSON; amounts in minor units, ids in hex. None where this phone can't read
an entry that could change totals is not needed here: who shows it asks `is_withheld` first.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from model.accounts import POCKETS, UNALLOCATED_RECEIPTS
from model.book import Book
from model.findings import receipt
from model.fund_pages import FundingPage, InvestmentPage, WithdrawalPage
from model.funding import is_owed, outstanding_minor, owed_minor, party_of
from model.investments import cost_left_minor
from model.journal import balance
from model.money import divide
from model.reckoning.investments import (
    InvestmentError,
    return_on_investment,
    unrealised_gain,
)
from model.reconciling import reconciliations
from model.reserves import reserves
from model.views import is_withheld

Plain = dict[str, Any]
_PPM = 1_000_000


def funds_view(book: Book) -> Plain:
    """Everything about the group's own money that is not in the boxes."""
    return {
        "withheld": is_withheld(book),
        "partners": partners_view(book),
        "funding": [_funding(book, page) for _, page in book.fundings.rows()],
        "investments": [_investment(page) for _, page in book.investments.rows()],
        "receipts": receipts_view(book),
        "withdrawals": [_withdrawal(book, page) for _, page in book.withdrawals.rows()],
        "promised": promised_view(book),
        "reconciled": reconciled_view(book),
    }


def partners_view(book: Book) -> list[Plain]:
    """Every partner; `state` is registered, verified or inactive."""
    return [
        {
            "id": partner,
            "receipt": receipt(partner),
            "name": page.name,
            "kind": page.kind,
            "contact": page.contact,
            "country": page.country,
            "state": "inactive" if page.inactive else "verified" if page.verified else "registered",
        }
        for partner, page in book.partners.rows()
    ]


def _funding(book: Book, page: FundingPage) -> Plain:
    """Promised, received, still to come, paid back, given up, and what is expected in return.

    `expected_return_minor`: the promised rate of what was received, rounded half to even.
    """
    expected = divide(page.received_minor * page.expected_return_ppm, _PPM, "half_even")
    return {
        "id": page.entry,
        "receipt": receipt(page.entry),
        "partner": page.partner,
        "party": party_of(book, page),
        "kind": page.kind,
        "purpose": page.purpose,
        "due_on": page.due_on or None,
        "state": funding_state(page),
        "promised_minor": page.promised_minor,
        "received_minor": page.received_minor,
        "to_come_minor": max(0, page.promised_minor - page.received_minor),
        "repaid_minor": page.repaid_minor,
        "interest_minor": page.interest_minor,
        "released_minor": page.released_minor,
        "owed_minor": owed_minor(page),
        "expected_return_ppm": page.expected_return_ppm,
        "expected_return_minor": expected,
    }


def funding_state(page: FundingPage) -> str:
    """`promised`, `disbursed`, `returned` or `written_off` (given up, or its conditions met)."""
    if not page.received_minor:
        return "promised"
    if page.kind == "grant" or outstanding_minor(page) > 0:
        return "disbursed"
    if is_owed(page.kind) and page.released_minor:
        return "written_off"
    return "released" if page.released_minor else "returned"


def _investment(page: InvestmentPage) -> Plain:
    """Cost, value beside it, gain so far and to come, and the return on what was paid."""
    left = cost_left_minor(page)
    worth = page.value_minor if page.valued_on else left
    earned = page.proceeds_minor - page.sold_cost_minor
    total = _return(page, worth if left > 0 else 0)
    return {
        "id": page.entry,
        "receipt": receipt(page.entry),
        "kind": page.kind,
        "title": page.title,
        "risk": page.risk,
        "matures_on": page.matures_on or None,
        "cost_minor": page.cost_minor,
        "cost_left_minor": left,
        "value_minor": page.value_minor if page.valued_on else None,
        "valued_on": page.valued_on or None,
        "unrealised_minor": unrealised_gain(left, worth) if page.valued_on and left > 0 else None,
        "income_minor": page.income_minor,
        "proceeds_minor": page.proceeds_minor,
        "gain_minor": earned,
        "return": [total.numerator, total.denominator] if total is not None else None,
    }


def _return(page: InvestmentPage, left_minor: int) -> Fraction | None:
    try:
        return return_on_investment(
            page.cost_minor, page.income_minor, page.proceeds_minor, left_minor
        )
    except InvestmentError:
        return None


def receipts_view(book: Book) -> Plain:
    """Receipts whose purpose is not known or contested, and what stands in 2070 for all of them."""
    rows = []
    for thing, page in book.receipts.rows():
        if page.state not in ("unmatched", "contested", "waiting") and not page.left_minor:
            continue
        rows.append(
            {
                "id": page.entry,
                "receipt": receipt(page.entry),
                "provider": page.provider,
                "reference": page.reference,
                "channel": page.channel,
                "amount_minor": page.amount_minor,
                "left_minor": page.left_minor,
                "received_on": page.received_on,
                "state": page.state,
                "member": _payer(book, page.payer_tag),
                "thing": thing,
            }
        )
    return {"unallocated_minor": -balance(book, UNALLOCATED_RECEIPTS), "open": rows}


def _payer(book: Book, tag: str) -> str:
    """The one member whose phone has this keyed hash; empty when none or several."""
    alike = (book.tags.find(("phone", tag)) or ()) if tag else ()
    return alike[0] if len(alike) == 1 else ""


def _withdrawal(book: Book, page: WithdrawalPage) -> Plain:
    """A request, how officers decided, and every attempt to pay it."""
    return {
        "id": page.entry,
        "receipt": receipt(page.entry),
        "purpose": page.purpose,
        "member": page.member,
        "payee": page.payee,
        "amount_minor": page.amount_minor,
        "pocket": page.pocket,
        "expires_on": page.expires_on or None,
        "state": page.state,
        "payments": [receipt(name) for name in page.payments],
        "attempts": list(_attempts(book, page)),
    }


def _attempts(book: Book, page: WithdrawalPage) -> Iterator[Plain]:
    for client_ref in page.attempts:
        attempt = book.attempts.find(client_ref)
        if attempt is not None:
            yield {
                "client_ref": client_ref,
                "provider": attempt.provider,
                "channel": attempt.channel,
                "state": attempt.state,
                "retry": attempt.state == "failed" and page.state == "approved",
            }


def promised_view(book: Book) -> list[Plain]:
    """Each pocket with what it holds, what of it is promised and what is free."""
    promised = dict.fromkeys(POCKETS, 0)
    for one in reserves(book):
        promised[one.pocket] += one.amount_minor
    return [
        {
            "pocket": pocket,
            "held_minor": balance(book, account),
            "promised_minor": promised[pocket],
            "free_minor": balance(book, account) - promised[pocket],
        }
        for pocket, account in POCKETS.items()
    ]


def reconciled_view(book: Book) -> list[Plain]:
    """The newest statement of every pocket that was stated, beside the books."""
    return [{**one._asdict(), "reconciled": one.is_reconciled} for one in reconciliations(book)]
