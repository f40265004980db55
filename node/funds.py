"""The group's own money by name: partners and what they fund, investments, payments received.

A partner, a funding or an investment is said by its name or by the receipt of its entry. Lines are
chosen so that a second one is never taken for the first.
"""

from collections.abc import Callable
from typing import Literal

from model import events as e
from model.book import Book
from model.events import LINE_MAX
from model.fund_pages import FundingPage, InvestmentPage, PartnerPage
from model.funding import is_owed, outstanding_minor, party_of, promise_thing
from model.identifiers import receipt_code
from model.investments import cost_left_minor, purchase_thing
from model.money import AmountError, parse_amount
from model.references import plain
from model.sheets import claims_once
from node import desk
from node.errors import CommandRefused
from node.people import phone_form
from node.recording import Context, Receipt, decided, in_meeting, record
from replication.people import contact_tag

PartnerKind = Literal["ngo", "mfi", "bank", "government", "other"]
FundingKind = Literal["grant", "conditional_grant", "loan", "returnable"]
Outcome = Literal["written_off", "condition_met"]
InvestmentKind = Literal[
    "stocks", "bonds", "real_estate", "mutual_fund", "fixed_deposit", "business", "other"
]
Risk = Literal["", "low", "medium", "high"]
Provided = Literal["mobile", "bank"]
_PERCENT_DECIMALS = 4  # a percentage with four decimals is parts per million


def ppm(percent: str) -> int:
    """Parts per million of a percentage as people type it, at most 100 %."""
    try:
        parts = parse_amount(percent.strip().rstrip("%") or "0", _PERCENT_DECIMALS)
    except AmountError as error:
        raise CommandRefused(f"“{percent[:40]}” is no percentage.", "bad_amount") from error
    if parts > 1_000_000:
        raise CommandRefused("A percentage is at most 100.", "bad_amount")
    return parts


def free_line(book: Book, thing_of: Callable[[int], str]) -> int:
    """The first line on which nothing was recorded yet."""
    for line in range(1, LINE_MAX + 1):
        if not claims_once(book, thing_of(line)):
            return line
    raise CommandRefused("That is more entries than one meeting can hold.", "too_many")


def _is_meant(said: str, entry: str, name: str) -> bool:
    """Does a person mean this by its receipt or by its name?"""
    return said.strip().upper() == receipt_code(bytes.fromhex(entry)) or plain(said) == plain(name)


def _one(said: str, found: list[tuple[str, str]], what: str) -> str:
    """The only one that was found, as hex; rows are entry and name."""
    if len(found) == 1:
        return found[0][0]
    if not found:
        raise CommandRefused(
            f"There is no {what} “{said[:40]}”. See them with: mkutano funds", "unknown_fund"
        )
    several = ", ".join(f"{receipt_code(bytes.fromhex(at))} ({name})" for at, name in found[:8])
    raise CommandRefused(f"Several are meant: {several}. Give the receipt.", "which_fund")


def partner_said(book: Book, said: str) -> tuple[bytes, PartnerPage]:
    """The partner that a person means; an inactive one only by its receipt."""
    rows = [(name, page) for name, page in book.partners.rows() if _is_meant(said, name, page.name)]
    active = [row for row in rows if not row[1].inactive] or rows
    name = _one(said, [(at, page.name) for at, page in active], "partner")
    return bytes.fromhex(name), dict(active)[name]


def set_partner(
    at: Context,
    name: str,
    kind: PartnerKind = "ngo",
    contact: str = "",
    country: str = "",
    status: str = "",
    partner: str = "",
) -> Receipt:
    """Register an organisation; `partner`: describe a known one anew, keeping what is not said."""
    reference, known = b"", PartnerPage("", kind)
    if partner:
        reference, known = partner_said(at.group.book, partner)
        kind = known.kind  # type: ignore[assignment]  # a page holds what an event held
    verified = status == "verified" or (not status and known.verified)
    active = status != "inactive" if status else not known.inactive
    contact, country = contact or known.contact, country or known.country
    event = e.PartnerSet(reference, name, kind, contact, country, verified, active)
    state = "inactive" if not active else "verified" if verified else "registered"
    return record(at, event, f"The partner {name} is {state}.")


def promise_funding(
    at: Context,
    amount: str,
    kind: FundingKind = "grant",
    partner: str = "",
    party: str = "",
    purpose: str = "",
    percent: str = "",
    due_on: str = "",
) -> Receipt:
    """A partner, or a party by name, promises money."""
    book, reference, name = at.group.book, b"", party.strip()
    if partner:
        reference, page = partner_said(book, partner)
        name = page.name
    if not name:
        raise CommandRefused("Who promises it? Give --partner or --payee.", "incomplete")
    line = free_line(book, lambda n: promise_thing(n, reference.hex(), party))
    amount_minor = desk.amount(at.group, amount)
    day = desk.day(due_on) if due_on else ""
    event = e.FundingPromised(
        reference, party, kind, amount_minor, purpose, ppm(percent), day, line
    )
    what = f"{name} promises {desk.money(at.group, amount_minor)}"
    return record(at, event, f"{what} ({kind.replace('_', ' ')}).")


def funding_said(book: Book, said: str) -> tuple[bytes, str, FundingPage]:
    """The funding that a person means, or the only one: entry, what it is, and its page."""
    rows = [(thing, page) for thing, page in book.fundings.rows()]
    if said:
        rows = [row for row in rows if _is_meant(said, row[1].entry, party_of(book, row[1]))]
    entry = _one(said, [(page.entry, party_of(book, page)) for _, page in rows], "funding")
    thing, page = next(row for row in rows if row[1].entry == entry)
    return bytes.fromhex(entry), thing, page


def receive_funding(
    at: Context, funding: str, amount: str, channel: e.Channel = "bank", reference: str = ""
) -> Receipt:
    """Money that was promised arrives."""
    where = desk.meeting(at.group, at.meeting)
    entry, thing, page = funding_said(at.group.book, funding)
    amount_minor = desk.amount(at.group, amount)
    line = desk.next_line(at.group.book, where, thing, "funding.received")
    event = e.FundingReceived(entry, *where, amount_minor, line, channel, reference.strip())
    what = f"{desk.money(at.group, amount_minor)} came from {party_of(at.group.book, page)}"
    return record(at, event, f"{what}{in_meeting(where)}.")


def repay_funding(
    at: Context,
    funding: str,
    principal: str = "",
    interest: str = "",
    channel: e.Channel = "bank",
    reference: str = "",
) -> Receipt:
    """The group pays back what was lent to it."""
    where = desk.meeting(at.group, at.meeting)
    entry, thing, page = funding_said(at.group.book, funding)
    principal_minor = desk.amount_or_zero(at.group, principal) if principal else 0
    interest_minor = desk.amount_or_zero(at.group, interest) if interest else 0
    if not principal_minor and not interest_minor:
        raise CommandRefused(
            "How much goes back? Give --amount or --interest-amount.", "incomplete"
        )
    line = desk.next_line(at.group.book, where, thing, "funding.repaid")
    event = e.FundingRepaid(
        entry, *where, principal_minor, interest_minor, line, channel, reference.strip()
    )
    left = max(0, outstanding_minor(page) - principal_minor)
    total = desk.money(at.group, principal_minor + interest_minor)
    owes = f"; {desk.money(at.group, left)} are still owed" if is_owed(page.kind) else ""
    what = f"{total} went back to {party_of(at.group.book, page)}"
    return record(at, event, f"{what}{in_meeting(where)}{owes}.")


def release_funding(at: Context, funding: str, amount: str, outcome: Outcome) -> Receipt:
    """A partner gives up what it is owed, or a grant's conditions are met."""
    where = desk.meeting(at.group, at.meeting)
    entry, thing, page = funding_said(at.group.book, funding)
    amount_minor = desk.amount(at.group, amount)
    line = desk.next_line(at.group.book, where, thing, "funding.released")
    event = e.FundingReleased(entry, *where, outcome, amount_minor, line)
    money, party = desk.money(at.group, amount_minor), party_of(at.group.book, page)
    what = f"{party} gives up {money}" if outcome == "written_off" else f"{money} are earned"
    return decided(at, event, f"{what}.")


def buy_investment(
    at: Context,
    title: str,
    cost: str,
    kind: InvestmentKind = "other",
    channel: e.Channel = "bank",
    risk: Risk = "",
    matures_on: str = "",
) -> Receipt:
    """The group buys something to keep."""
    where = desk.meeting(at.group, at.meeting)
    cost_minor = desk.amount(at.group, cost)
    line = free_line(at.group.book, lambda n: purchase_thing(*where, n, kind))
    day = desk.day(matures_on) if matures_on else ""
    event = e.InvestmentBought(*where, kind, title, cost_minor, line, channel, risk, day)
    what = f"The group bought {title} for {desk.money(at.group, cost_minor)}"
    return record(at, event, f"{what}{in_meeting(where)}.")


def investment_said(book: Book, said: str) -> tuple[bytes, str, InvestmentPage]:
    """The investment that a person means, or the only one: entry, what it is, and its page."""
    rows = [(thing, page) for thing, page in book.investments.rows()]
    if said:
        rows = [row for row in rows if _is_meant(said, row[1].entry, row[1].title)]
    entry = _one(said, [(page.entry, page.title) for _, page in rows], "investment")
    thing, page = next(row for row in rows if row[1].entry == entry)
    return bytes.fromhex(entry), thing, page


def value_investment(
    at: Context, investment: str, value: str, valued_on: str = "", source: str = ""
) -> Receipt:
    """What an investment is worth on a day; nothing is posted."""
    entry, _, page = investment_said(at.group.book, investment)
    value_minor = desk.amount_or_zero(at.group, value)
    day = desk.day(valued_on) if valued_on else _day_of_meeting(at)
    event = e.InvestmentValued(entry, value_minor, day, source)
    what = f"{page.title} is worth {desk.money(at.group, value_minor)} on {day}"
    return record(at, event, f"{what}; it cost {desk.money(at.group, cost_left_minor(page))}.")


def _day_of_meeting(at: Context) -> str:
    page = at.group.book.meetings.find(desk.meeting(at.group, at.meeting))
    return page.held_on if page is not None else ""


def receive_income(
    at: Context, investment: str, amount: str, channel: e.Channel = "bank"
) -> Receipt:
    """An investment brings interest, a dividend or rent."""
    where = desk.meeting(at.group, at.meeting)
    entry, thing, page = investment_said(at.group.book, investment)
    amount_minor = desk.amount(at.group, amount)
    line = desk.next_line(at.group.book, where, thing, "investment.paid")
    event = e.InvestmentPaid(entry, *where, amount_minor, line, channel)
    what = f"{page.title} brought {desk.money(at.group, amount_minor)}"
    return record(at, event, f"{what}{in_meeting(where)}.")


def sell_investment(
    at: Context, investment: str, proceeds: str, cost: str = "", channel: e.Channel = "bank"
) -> Receipt:
    """All of an investment is sold, or the part of it that had cost so much."""
    where = desk.meeting(at.group, at.meeting)
    entry, thing, page = investment_said(at.group.book, investment)
    proceeds_minor = desk.amount_or_zero(at.group, proceeds)
    cost_minor = desk.amount(at.group, cost) if cost else cost_left_minor(page)
    if cost_minor <= 0:
        raise CommandRefused(f"Nothing is left of {page.title}. Give --cost.", "nothing_left")
    line = desk.next_line(at.group.book, where, thing, "investment.sold")
    event = e.InvestmentSold(entry, *where, cost_minor, proceeds_minor, line, channel)
    gain = proceeds_minor - cost_minor
    told = f"a {'gain' if gain > 0 else 'loss'} of {desk.money(at.group, abs(gain))}"
    what = f"{page.title} brought {desk.money(at.group, proceeds_minor)}"
    return record(at, event, f"{what}{in_meeting(where)}, {told if gain else 'what it had cost'}.")


def receive_payment(
    at: Context,
    provider: str,
    reference: str,
    amount: str,
    received_on: str = "",
    channel: Provided = "mobile",
    fee: str = "",
    phone: str = "",
) -> Receipt:
    """A payment that a provider told of, typed by hand."""
    where = desk.meeting(at.group, at.meeting)
    amount_minor = desk.amount(at.group, amount)
    fee_minor = desk.amount_or_zero(at.group, fee) if fee else 0
    day = desk.day(received_on) if received_on else _day_of_meeting(at)
    event = e.PaymentReceived(
        provider, reference.strip(), amount_minor, day, *where, channel,
        payer_tag(at, phone), fee_minor, origin="hand",
    )  # fmt: skip
    what = f"{desk.money(at.group, amount_minor)} came through {provider}"
    return record(at._replace(anyway=True), event, f"{what}, reference {reference.strip()}.")


def payer_tag(at: Context, phone: str) -> bytes:
    """The keyed hash by which a member's phone is known; empty when nobody's is known yet."""
    digits = phone_form(phone)
    key, fresh = at.group.people.tag_key()
    return contact_tag(key, "phone", digits) if len(digits) >= 9 and not fresh else b""


def match_payment(at: Context, receipt: str, entry: str) -> Receipt:
    """Say which entry a payment is that a provider told of."""
    where = desk.meeting(at.group, at.meeting)
    payment, _ = desk.entry(at.group, receipt)
    target, page = desk.entry(at.group, entry)
    event = e.PaymentMatched(payment, target, *where)
    what = f"Payment {receipt_code(payment)} is entry {receipt_code(target)}"
    return record(at, event, f"{what}, {desk.money(at.group, page.amount)}.")


def state_balance(
    at: Context, pocket: e.Channel, stated: str, as_of: str = "", comment: str = ""
) -> Receipt:
    """What a bank or provider says that a pocket holds at the end of a day."""
    where = desk.meeting(at.group, at.meeting)
    stated_minor = desk.amount_or_zero(at.group, stated)
    day = desk.day(as_of) if as_of else _day_of_meeting(at)
    event = e.Reconciled(pocket, day, stated_minor, *where, comment)
    what = f"The statement of {pocket} says {desk.money(at.group, stated_minor)} on {day}"
    return record(at._replace(anyway=True), event, f"{what}.")
