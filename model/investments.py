"""What the group bought to keep: at cost in the books, its value beside it, never posted.

A sale takes the stated cost out of 1180; what it brought more or less is investment income (4050),
and so are interest, dividends and rent. More cost sold than was bought is counted, because it is
stated as a fact, and pointed out. Of several valuations the one of the latest day is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from model import events as e
from model import listing
from model.accounts import INVESTMENT_INCOME, INVESTMENTS, POCKETS
from model.approvals import ask
from model.book import Book
from model.derived import Work, derive
from model.entry import Entry
from model.fund_pages import InvestmentPage
from model.journal import entry_page, reversed_by
from model.money import format_amount
from model.notes import void
from model.pages import NO_MEETING, EntryPage, FindingPage, Posting
from model.reckoning.investments import gain_on_sale
from model.references import counted_one, first_teller, plain, thing_named
from model.standing import enter

DAYS_MAX: Final = 64  # newest days on which one investment was valued that are looked at


def buy_investment(book: Book, entry: Entry, event: e.InvestmentBought, keeper: bool) -> None:
    """Dr investments, Cr pocket."""
    where = (event.cycle, event.session)
    thing = purchase_thing(*where, event.line, event.kind)
    name, amount = entry.id.hex(), event.cost_minor
    book.purchases.put(
        name,
        InvestmentPage(
            name, event.kind, event.title, event.risk, event.matures_on, event.channel, *where,
            cost_minor=amount,
        ),
    )  # fmt: skip
    lines = ((INVESTMENTS, "", amount), (POCKETS[event.channel], "", -amount))
    enter(
        book, entry, keeper, "investment.bought", *where, thing, 1, amount,
        f"{event.channel}, {plain(event.title)}", lines, lines, once=thing, text=event.title,
    )  # fmt: skip
    derive(book, "investment.bought", thing)
    ask(book, entry, "investment.bought", amount)


def purchase_thing(cycle: int, session: int, line: int, kind: str) -> str:
    """What a purchase tells of: the `line`-th of a kind in a meeting."""
    return f"investment {cycle} {session} {line} {kind}"


def value_investment(book: Book, entry: Entry, event: e.InvestmentValued, keeper: bool) -> None:
    """Note what an investment is thought to be worth on a day; nothing is posted."""
    thing = thing_named(book, event.investment, "investment.bought")
    page = book.investments.find(thing) if thing else None
    if page is None:
        void(book, entry, "investment.valued", "unknown_reference")
        return
    days = tuple(sorted({*page.valued_days, event.valued_on})[-DAYS_MAX:])
    book.investments.put(thing, replace(page, valued_days=days))
    enter(
        book, entry, keeper, "investment.valued", NO_MEETING, NO_MEETING, thing, 1,
        event.value_minor, "", (), (), once=_valued(thing, event.valued_on), text=event.source,
    )  # fmt: skip
    derive(book, "investment.valued", thing)


def _valued(thing: str, day: str) -> str:
    return f"value {day} {thing}"


def receive_income(book: Book, entry: Entry, event: e.InvestmentPaid, keeper: bool) -> None:
    """Dr pocket, Cr investment income."""
    amount = event.amount_minor
    lines = ((POCKETS[event.channel], "", amount), (INVESTMENT_INCOME, "", -amount))
    _move(book, entry, event, keeper, "investment.paid", amount, event.channel, lines)


def sell_investment(book: Book, entry: Entry, event: e.InvestmentSold, keeper: bool) -> None:
    """Dr pocket with the proceeds, Cr investments with the cost; the difference is income."""
    proceeds, cost = event.proceeds_minor, event.cost_minor
    gain = gain_on_sale(cost, proceeds)
    lines: tuple[Posting, ...] = ((INVESTMENTS, "", -cost),)
    if proceeds:
        lines = ((POCKETS[event.channel], "", proceeds), *lines)
    if gain:
        lines += ((INVESTMENT_INCOME, "", -gain),)
    group = book.group.find("group")
    shown = format_amount(cost, group.exponent if group is not None else 0)
    detail = f"{event.channel}, cost {shown}"
    _move(book, entry, event, keeper, "investment.sold", proceeds, detail, lines)


def _move(
    book: Book,
    entry: Entry,
    event: e.InvestmentPaid | e.InvestmentSold,
    keeper: bool,
    kind: str,
    amount: int,
    detail: str,
    lines: tuple[Posting, ...],
) -> None:
    thing = thing_named(book, event.investment, "investment.bought")
    page = book.investments.find(thing) if thing else None
    if page is None:
        void(book, entry, kind, "unknown_reference")
        return
    listing.add(book, moves_topic(thing), entry.id.hex())
    alone = enter(
        book, entry, keeper, kind, event.cycle, event.session, thing, event.line, amount, detail,
        lines, lines,
    )  # fmt: skip
    if alone:
        _put(book, thing, _with(page, entry_page(book, entry.id.hex())))


def moves_topic(thing: str) -> str:
    """Topic of the list of every income and sale of an investment, counted or not."""
    return f"moves {thing}"


def derive_investment(book: Book, thing: str) -> None:
    """Add up cost, sales and income of what counts, and take the newest valuation."""
    page = _bought(book, thing)
    if page is None:
        return
    for name in listing.every(book, moves_topic(thing)):
        entry = entry_page(book, name)
        if entry.status == "counted" and not reversed_by(book, entry):
            page = _with(page, entry)
    known = book.investments.find(thing)
    page = replace(page, valued_days=known.valued_days if known is not None else ())
    _put(book, thing, _with_value(book, thing, page))


def _bought(book: Book, thing: str) -> InvestmentPage | None:
    """The purchase that counts; without one its cost is nothing."""
    first = first_teller(book, thing, "investment.bought")
    counted = counted_one(book, thing, "investment.bought")
    purchase = book.purchases.find(counted or first) if first else None
    if purchase is None:
        return None
    cost = purchase.cost_minor if counted else 0
    return replace(purchase, entry=first, cost_minor=cost)


def _with(page: InvestmentPage, entry: EntryPage) -> InvestmentPage:
    """The page with one more income or sale that counts."""
    if entry.kind == "investment.paid":
        return replace(page, income_minor=page.income_minor + entry.amount)
    cost = -sum(amount for account, _, amount in entry.held if account == INVESTMENTS)
    return replace(
        page,
        sold_cost_minor=page.sold_cost_minor + cost,
        proceeds_minor=page.proceeds_minor + entry.amount,
    )


def _with_value(book: Book, thing: str, page: InvestmentPage) -> InvestmentPage:
    for day in reversed(page.valued_days):
        name = counted_one(book, _valued(thing, day), "investment.valued")
        if name:
            return replace(page, value_minor=entry_page(book, name).amount, valued_on=day)
    return page


def cost_left_minor(page: InvestmentPage) -> int:
    """Cost of what is still held; below zero when more was sold than bought."""
    return page.cost_minor - page.sold_cost_minor


def _put(book: Book, thing: str, page: InvestmentPage) -> None:
    """Keep the page, and point out that more was sold than bought."""
    if page != book.investments.find(thing):
        book.investments.put(thing, page)
    excess = max(0, -cost_left_minor(page))
    finding = FindingPage((page.entry,), amounts=(excess, page.cost_minor), detail=page.title)
    wanted = finding if excess else None
    if wanted != book.findings.find(("investment_oversold", thing)):
        book.findings.put(("investment_oversold", thing), wanted)


def watch_investments(book: Book) -> Iterator[tuple[str, str, FindingPage]]:
    """What has matured by the newest meeting and is still in the books."""
    newest = book.latest.find("meeting")
    meeting = book.meetings.find(newest) if newest is not None else None
    today = meeting.held_on if meeting is not None else ""
    for thing, page in book.investments.rows():
        left = cost_left_minor(page)
        if page.matures_on and page.matures_on <= today and left > 0:
            finding = FindingPage((page.entry,), amounts=(left,), detail=page.title)
            yield "investment_matured", thing, finding


RULES: Final = {
    e.InvestmentBought: buy_investment,
    e.InvestmentValued: value_investment,
    e.InvestmentPaid: receive_income,
    e.InvestmentSold: sell_investment,
}
WORK: Final[Mapping[str, Work]] = dict.fromkeys(
    ("investment.bought", "investment.valued", "investment.paid", "investment.sold"),
    derive_investment,
)
