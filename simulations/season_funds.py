"""What the group's own money does: expenses, transfers, funding, investments, receipts, payouts."""

from __future__ import annotations

from typing import Any, Final

from model import events as e
from simulations.reckoning_claims import Name, name_of
from simulations.season_deeds import Deed
from simulations.season_table import Table


def _expense(table: Table) -> e.Event:
    category = table.pick(("stationery", "transport"))
    line = table.line(e.ExpensePaid, category=category)
    fund: e.Fund = "social_fund" if table.happens(20) else "loan_fund"
    pocket = table.pocket()
    return e.ExpensePaid(*table.at, category, table.amount(200), pocket, line, fund=fund)


def _transfer(table: Table) -> e.Event:
    source, target = table.chance.sample(("box", "social", "bank", "mobile"), 2)
    ends: Any = {"source": source, "target": target}
    line = table.line(e.TransferMade, **ends)
    slip = f"SLIP/{table.chance.randrange(20)}" if table.happens(20) else ""
    return e.TransferMade(*table.at, **ends, amount_minor=table.amount(), line=line, reference=slip)


def _promise(table: Table) -> e.Event:
    promised: Any = table.pick(("grant", "conditional_grant", "loan", "returnable"))
    line = len(table.phone.heard(e.FundingPromised)) + 1
    return e.FundingPromised(b"", "Amani Trust", promised, table.amount(5000), line=line)


def _funding(table: Table) -> bytes | None:
    return table.newest([identity for identity, _ in table.phone.heard(e.FundingPromised)])


def _funds_in(table: Table) -> e.Event | None:
    funding = _funding(table)
    if funding is None:
        return None
    line = table.line(e.FundingReceived, funding=funding)
    return e.FundingReceived(funding, *table.at, table.amount(), line, table.pocket())


def _funds_back(table: Table) -> e.Event | None:
    lent = [
        identity
        for identity, event in table.phone.heard(e.FundingPromised)
        if event.kind in ("loan", "returnable")
    ]
    funding = table.newest(lent)
    if funding is None:
        return None
    line = table.line(e.FundingRepaid, funding=funding)
    principal, interest = table.amount(400), table.chance.randint(0, 60)
    return e.FundingRepaid(funding, *table.at, principal, interest, line, table.pocket())


def _release(table: Table) -> e.Event | None:
    """The partner gives up what it is owed, or a condition is met."""
    promised = [
        (identity, event)
        for identity, event in table.phone.heard(e.FundingPromised)
        if event.kind != "grant"
    ]
    funding = table.newest(promised)
    if funding is None:
        return None
    identity, event = funding
    outcome: Any = "condition_met" if event.kind == "conditional_grant" else "written_off"
    line = table.line(e.FundingReleased, funding=identity)
    return e.FundingReleased(identity, *table.at, outcome, table.amount(200), line)


def _purchase(table: Table) -> e.Event:
    line = table.line(e.InvestmentBought)
    cost, pocket = table.amount(900), table.pocket()
    return e.InvestmentBought(*table.at, "business", "A maize mill", cost, line, pocket)


def _investment(table: Table) -> bytes | None:
    return table.newest([identity for identity, _ in table.phone.heard(e.InvestmentBought)])


def _yield(table: Table) -> e.Event | None:
    investment = _investment(table)
    if investment is None:
        return None
    line = table.line(e.InvestmentPaid, investment=investment)
    return e.InvestmentPaid(investment, *table.at, table.amount(90), line, table.pocket())


def _sale(table: Table) -> e.Event | None:
    investment = _investment(table)
    if investment is None:
        return None
    line = table.line(e.InvestmentSold, investment=investment)
    cost, proceeds = table.amount(200), table.chance.randint(0, 300)
    return e.InvestmentSold(investment, *table.at, cost, proceeds, line, table.pocket())


def _receipt(table: Table) -> e.Event:
    """What a statement says: of a payment that nobody wrote down, or of one that somebody did."""
    reference = f"MP{table.chance.randrange(1000)}"
    amount = table.amount()
    by_hand = [
        event
        for _, event in table.phone.heard_any(e.SharePurchased, e.SavingsDeposited, e.LoanRepaid)
        if event.channel == "mobile" and not event.source
    ]
    told = table.newest(by_hand)
    if told is not None and table.happens(60):
        amount = told.amount_minor
        reference = getattr(told, "provider_ref", "") or reference
    fee = 3 if reference[-1] in "05" else 0
    return e.PaymentReceived("mpesa", reference, amount, "2026-02-03", *table.at, fee_minor=fee)


def _match(table: Table) -> e.Event | None:
    """A receipt and a payment of the same amount, taken to be one."""

    def thing(identity: bytes) -> Name:
        event: Any = table.phone.known[identity].event
        return name_of(identity, event)

    taken = {event.payment for _, event in table.phone.heard(e.PaymentMatched)}
    by_hand = {event.provider_ref for _, event in table.phone.heard(e.LoanRepaid)}
    told = {thing(event.target) for _, event in table.phone.heard(e.PaymentMatched)}
    pairs = [
        (receipt, target)
        for receipt, received in table.phone.heard(e.PaymentReceived)
        for target, event in table.phone.heard_any(e.SharePurchased, e.SavingsDeposited)
        if event.amount_minor == received.amount_minor
        and received.provider_ref not in by_hand
        and (event.channel == "mobile" or event.source == "receipts")
        and receipt not in taken
        and thing(target) not in told
    ]
    pair = table.newest(pairs)
    return e.PaymentMatched(*pair, *table.at) if pair else None


def _from_receipts(table: Table) -> e.Event | None:
    """Money that came without a purpose becomes a member's savings."""
    received = table.newest(table.phone.heard(e.PaymentReceived))
    if received is None:
        return None
    member = table.member()
    line = table.line(e.SavingsDeposited, member=member)
    amount = received[1].amount_minor
    return e.SavingsDeposited(*table.at, member, amount, line, source="receipts")


def _attempt(table: Table) -> e.Event | None:
    request = table.newest([identity for identity, _ in table.phone.heard(e.WithdrawalRequested)])
    if request is None:
        return None
    client_ref = f"{table.phone.name} {len(table.phone.heard(e.PayoutAttempted))}"
    channel: Any = table.pick(("mobile", "bank"))
    return e.PayoutAttempted(request, client_ref, "mpesa", *table.at, channel)


def _result(table: Table) -> e.Event | None:
    """What the provider says; later perhaps something else, and yes outweighs no."""
    attempted = table.newest(table.phone.heard(e.PayoutAttempted))
    if attempted is None:
        return None
    _, attempt = attempted
    status: Any = table.pick(("success", "success", "failed", "unknown"))
    fee = 2 if status == "success" else 0
    return e.PayoutResult(attempt.request, attempt.client_ref, status, *table.at, fee_minor=fee)


def _count(table: Table) -> e.Event:
    moment: e.Moment = table.pick(("open", "close", "spot"))
    return e.CashCounted(*table.at, moment, table.pocket(), table.amount(5000))


def _variance(table: Table) -> e.Event:
    moment: e.Moment = table.pick(("open", "close"))
    direction: Any = table.pick(("over", "short"))
    amount = table.amount(40)
    return e.VariancePosted(*table.at, moment, table.pocket(), direction, amount, "counted twice")


def _request(table: Table) -> e.Event:
    purpose: Any = table.pick(("savings", "social", "expense", "overpayment"))
    member = b"" if purpose == "expense" else table.member()
    line = table.line(e.WithdrawalRequested)
    amount, pocket = table.amount(300), table.pocket()
    return e.WithdrawalRequested(*table.at, amount, purpose, member, line=line, pocket=pocket)


def _handed_over(table: Table) -> e.Event | None:
    paid = {event.request for _, event in table.phone.heard(e.WithdrawalPaid)}
    asked = [
        identity for identity, _ in table.phone.heard(e.WithdrawalRequested) if identity not in paid
    ]
    request = table.newest(asked)
    return e.WithdrawalPaid(request, *table.at, table.pocket()) if request else None


def _claim(table: Table) -> e.Event:
    member = table.member()
    account: Any = table.pick(("overpayment", "shareout", "former_member"))
    line = table.line(e.ClaimPaid, member=member)
    return e.ClaimPaid(*table.at, member, account, table.amount(60), line, table.pocket())


def _debt(table: Table) -> e.Event:
    member = table.member()
    line = table.line(e.DebtCollected, member=member)
    return e.DebtCollected(*table.at, member, table.amount(60), line, table.pocket())


_PAYS: Final[tuple[e.Title, ...]] = ("treasurer",)

FUND_DEEDS: Final[tuple[Deed, ...]] = (
    Deed(_PAYS, 4, e.ExpensePaid, _expense),
    Deed(_PAYS, 4, e.TransferMade, _transfer),
    Deed(_PAYS, 2, e.FundingPromised, _promise),
    Deed(_PAYS, 3, e.FundingReceived, _funds_in),
    Deed(_PAYS, 2, e.FundingRepaid, _funds_back),
    Deed(_PAYS, 2, e.FundingReleased, _release),
    Deed(_PAYS, 2, e.InvestmentBought, _purchase),
    Deed(_PAYS, 2, e.InvestmentPaid, _yield),
    Deed(_PAYS, 2, e.InvestmentSold, _sale),
    Deed(_PAYS, 5, e.PaymentReceived, _receipt),
    Deed(_PAYS, 4, e.PaymentMatched, _match),
    Deed(_PAYS, 2, e.SavingsDeposited, _from_receipts),
    Deed(_PAYS, 1, e.PayoutAttempted, _attempt),
    Deed(_PAYS, 2, e.PayoutResult, _result),
    Deed(_PAYS, 2, e.CashCounted, _count),
    Deed(_PAYS, 2, e.VariancePosted, _variance),
    Deed(_PAYS, 2, e.WithdrawalRequested, _request),
    Deed(_PAYS, 2, e.WithdrawalPaid, _handed_over),
    Deed(_PAYS, 2, e.ClaimPaid, _claim),
    Deed(_PAYS, 1, e.DebtCollected, _debt),
)
"""Money of the group leaves by the treasurer's hand."""
