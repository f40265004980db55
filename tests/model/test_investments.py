"""Investments: at cost in the books, gains where they are made, value beside and never posted."""

import pytest

from model import events as e
from model.book import Book
from model.fund_pages import InvestmentPage
from model.investments import cost_left_minor, derive_investment
from model.journal import balance, entry_page
from tests.strategies import Phone, Village, findings


def bought(village: Village, cost: int = 10_000, matures_on: str = "") -> bytes:
    event = e.InvestmentBought(
        1, 1, "fixed_deposit", "Sacco deposit", cost, matures_on=matures_on, risk="low"
    )
    entry = village.treasurer.record(event)
    village.meet()
    return entry


def only(book: Book) -> InvestmentPage:
    ((_, page),) = book.investments.rows()
    return page


@pytest.mark.parametrize(("proceeds", "income"), [(6_500, -500), (5_000, 1_000), (6_000, 0)])
def test_a_part_is_sold_with_a_gain_or_a_loss(proceeds: int, income: int) -> None:
    village = Village()
    deposit = bought(village)
    village.treasurer.record(e.InvestmentSold(deposit, 1, 1, 6_000, proceeds))
    book = village.book
    assert (balance(book, "1180"), balance(book, "4050")) == (4_000, income)
    assert balance(book, "1030") == proceeds - 10_000
    page = only(book)
    assert (page.proceeds_minor, cost_left_minor(page)) == (proceeds, 4_000)


def test_what_became_worthless_is_a_loss_without_cash() -> None:
    village = Village()
    deposit = bought(village)
    sold = village.treasurer.record(e.InvestmentSold(deposit, 1, 1, 10_000, 0))
    book = village.book
    assert (balance(book, "1180"), balance(book, "4050")) == (0, 10_000)
    assert entry_page(book, sold.hex()).lines == (("1180", "", -10_000), ("4050", "", 10_000))


def test_interest_and_rent_are_income() -> None:
    village = Village()
    deposit = bought(village)
    village.treasurer.record(e.InvestmentPaid(deposit, 1, 1, 300, 1, "mobile"))
    village.treasurer.record(e.InvestmentPaid(deposit, 1, 1, 200, 2))
    book = village.book
    assert (balance(book, "4050"), balance(book, "1040")) == (-500, 300)
    assert only(book).income_minor == 500


def test_a_value_is_shown_beside_the_cost_and_posts_nothing() -> None:
    village = Village()
    deposit = bought(village)
    village.treasurer.record(e.InvestmentValued(deposit, 12_000, "2026-03-31", "bank letter"))
    village.treasurer.record(e.InvestmentValued(deposit, 11_000, "2026-02-28"))
    book = village.book
    assert balance(book, "1180") == 10_000
    page = only(book)
    assert (page.value_minor, page.valued_on) == (12_000, "2026-03-31")


def test_a_value_that_is_taken_back_gives_way_to_the_one_before() -> None:
    village = Village()
    deposit = bought(village)
    village.treasurer.record(e.InvestmentValued(deposit, 11_000, "2026-02-28"))
    wrong = village.treasurer.record(e.InvestmentValued(deposit, 99_000, "2026-03-31"))
    village.meet()
    village.chairperson.record(e.EntryReversed(1, 1, wrong, "no such letter"))
    assert only(village.book).value_minor == 11_000


@pytest.mark.parametrize("ahead", [0, 1])
def test_of_two_values_for_a_day_the_lower_is_shown_until_it_is_valued_again(ahead: int) -> None:
    village = Village()
    deposit = bought(village)
    old_phone = Phone("old phone", "Otieno")
    village.phones.append(old_phone)
    village.meet()
    (village.treasurer, old_phone)[ahead].lamport += 20
    village.treasurer.record(e.InvestmentValued(deposit, 12_000, "2026-03-31"))
    old_phone.record(e.InvestmentValued(deposit, 11_500, "2026-03-31"))
    assert only(village.book).value_minor == 11_500
    assert findings(village.book, "disputed_value")
    village.meet()
    village.treasurer.record(e.InvestmentValued(deposit, 12_000, "2026-03-31"))
    assert only(village.book).value_minor == 12_000
    assert not findings(village.book, "disputed_value")


@pytest.mark.parametrize("ahead", [0, 1])
def test_more_sold_than_bought_is_counted_and_told_whoever_sold_first(ahead: int) -> None:
    village = Village()
    deposit = bought(village)
    old_phone = Phone("old phone", "Otieno")
    village.phones.append(old_phone)
    village.meet()
    (village.treasurer, old_phone)[ahead].lamport += 20
    village.treasurer.record(e.InvestmentSold(deposit, 1, 1, 7_000, 7_000))
    sold = old_phone.record(e.InvestmentSold(deposit, 1, 1, 7_000, 8_000, 2))
    book = village.book
    assert balance(book, "1030") == 5_000
    (finding,) = findings(book, "investment_oversold")
    assert finding.amounts == (4_000, 10_000)
    village.meet()
    village.chairperson.record(e.EntryReversed(1, 1, sold, "same sale"))
    assert not findings(village.book, "investment_oversold")
    assert only(village.book).sold_cost_minor == 7_000


def test_two_officers_who_bought_the_same_bought_it_once() -> None:
    village = Village()
    old_phone = Phone("old phone", "Otieno")
    village.phones.append(old_phone)
    village.meet()
    village.treasurer.record(e.InvestmentBought(1, 1, "stocks", "KenGen", 5_000))
    twin = old_phone.record(e.InvestmentBought(1, 1, "stocks", "kengen ", 5_000))
    village.meet()
    village.treasurer.record(e.InvestmentPaid(twin, 1, 1, 100))
    book = village.book
    assert balance(book, "1180") == 5_000
    assert only(book).income_minor == 100


def test_what_has_matured_is_told_until_it_is_sold() -> None:
    village = Village()
    deposit = bought(village, matures_on="2026-01-07")
    (finding,) = findings(village.book, "investment_matured")
    assert finding.sentence.startswith(
        "The investment Sacco deposit, which cost KES 100.00, has matured."
    )
    village.treasurer.record(e.InvestmentSold(deposit, 1, 1, 10_000, 10_700))
    assert not findings(village.book, "investment_matured")
    assert not findings(Village().book, "investment_matured")


def test_a_purchase_that_is_taken_back_leaves_no_cost() -> None:
    village = Village()
    deposit = bought(village)
    village.chairperson.record(e.EntryReversed(1, 1, deposit, "not bought"))
    book = village.book
    assert (balance(book, "1180"), only(book).cost_minor) == (0, 0)


def test_what_is_added_up_along_the_way_is_what_reckoning_anew_gives() -> None:
    village = Village()
    deposit = bought(village)
    for line in range(1, 5):
        village.treasurer.record(e.InvestmentPaid(deposit, 1, 1, 10 * line, line))
        village.treasurer.record(e.InvestmentSold(deposit, 1, 1, 100, 120, line))
    book = village.book
    ((thing, page),) = book.investments.rows()
    derive_investment(book, thing)
    assert book.investments.find(thing) == page
    assert (page.income_minor, page.sold_cost_minor, page.proceeds_minor) == (100, 400, 480)
