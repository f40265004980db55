"""Pages of the group's own money: partners, funding, investments, receipts, requests to pay out.

Each is worked out anew from the entries that count; nothing here is a decision of its own.
"""

from __future__ import annotations

from model.pages import Page


class PartnerPage(Page, frozen=True):
    """An organisation; `heads`: the newest facts about it, several when written apart."""

    name: str
    kind: str
    contact: str = ""
    country: str = ""
    verified: bool = False
    inactive: bool = False
    heads: tuple[str, ...] = ()


class FundingPage(Page, frozen=True):
    """Money from outside: what was promised, came, went back, and was given up.

    `kind` and `promised_minor` are empty while no promise counts. Amounts are sums of what counts.
    """

    entry: str
    party: str = ""
    partner: str = ""
    kind: str = ""
    promised_minor: int = 0
    purpose: str = ""
    expected_return_ppm: int = 0
    due_on: str = ""
    received_minor: int = 0
    repaid_minor: int = 0
    interest_minor: int = 0
    released_minor: int = 0


class InvestmentPage(Page, frozen=True):
    """Something that the group bought to keep; cost, income and proceeds of all that counts.

    `value_minor`: what it was last thought to be worth, on `valued_on`; nothing when never valued.
    """

    entry: str
    kind: str = ""
    title: str = ""
    risk: str = ""
    matures_on: str = ""
    channel: str = ""
    cycle: int = 0
    session: int = 0
    cost_minor: int = 0
    sold_cost_minor: int = 0
    proceeds_minor: int = 0
    income_minor: int = 0
    value_minor: int = 0
    valued_on: str = ""
    valued_days: tuple[str, ...] = ()


class ReceiptPage(Page, frozen=True):
    """Money that a provider told of, by provider and reference.

    `state`: `unmatched` (in 2070), `recorded` (an entry by hand holds the cash), `matched` (an
    entry was paid from it), `contested` (officers name different purposes), `waiting` (late or
    taken back: no entry counts). `left_minor`: of it, what nobody said the purpose of.
    """

    entry: str
    provider: str
    reference: str
    channel: str = ""
    amount_minor: int = 0
    fee_minor: int = 0
    received_on: str = ""
    payer_tag: str = ""
    state: str = ""
    target: str = ""
    left_minor: int = 0
    cycle: int = 0
    session: int = 0


class WithdrawalPage(Page, frozen=True):
    """A request to pay out, and every payment for it that counts (entry and day are in those).

    `state`: `waiting`, `approved`, `declined`, `cancelled`, `reversed` (or late), `paid`.
    """

    entry: str
    purpose: str = ""
    member: str = ""
    payee: str = ""
    amount_minor: int = 0
    pocket: str = ""
    expires_on: str = ""
    state: str = ""
    payments: tuple[str, ...] = ()
    attempts: tuple[str, ...] = ()


class AttemptPage(Page, frozen=True):
    """One attempt to pay by a provider, under our own reference.

    `heads`: the newest facts about it that are no success, several when written apart; `paid`: the
    entry of the success that counts. `state`: `attempted`, `unknown`, `failed` or `success`.
    `answers`: how many others there were.
    """

    request: str
    provider: str = ""
    channel: str = ""
    heads: tuple[str, ...] = ()
    state: str = ""
    paid: str = ""
    answers: int = 0
