"""Splits, share-outs, dividends and journals that others published, with their own roundings."""

import pytest

from model.journal_entry import JournalEntry, Line
from model.money import divide
from model.reckoning.accounts_statements import balance_sheet, income_statement, trial_balance
from model.reckoning.auction import Auction, auction_round
from model.reckoning.dividends import (
    DividendTerms,
    Holding,
    appropriate,
    dividends_at_rate,
    interest_by_days,
)
from model.reckoning.rates import PPM
from model.reckoning.splitting import Deposit, split_by_value, split_equally, split_pool


@pytest.mark.parametrize(
    ("whole", "weights", "printed"),
    [
        # mathcentral.uregina.ca: 400 for 1, 1/2, 2, 1/3 and 2/3 of a share.
        (400_00, (6, 3, 12, 2, 4), (88_89, 44_44, 177_78, 29_63, 59_26)),
        # moneyphp.org, allocation: 5 by 70 and 30; 8.00 in three.
        (5, (70, 30), (4, 1)),
        (8_00, (1, 1, 1), (2_67, 2_67, 2_66)),
        # solvely.ai, Hamilton's method: 42 seats by population.
        (42, (247_000, 185_000, 459_000, 400_000, 413_000), (6, 5, 11, 10, 10)),
        # infinitelexicon.com, largest remainder: 7 seats by quotas of 3.5, 2.1 and 1.4.
        (7, (50, 30, 20), (4, 2, 1)),
        # The FairShares model's sheet: 28,512.00 by 45, 35 and 20 %; 3,200.00 by what was bought.
        (28_512_00, (45, 35, 20), (12_830_40, 9_979_20, 5_702_40)),
        (3_200_00, (50, 100, 2_000, 100_000), (1_57, 3_13, 62_65, 3_132_65)),
        # kuriloo.com, partners in the ratio of 3,000 and 4,500.
        (2_500, (3_000, 4_500), (1_000, 1_500)),
    ],
)
def test_published_splits(whole: int, weights: tuple[int, ...], printed: tuple[int, ...]) -> None:
    assert split_pool(whole, weights).parts == printed


def test_equal_parts_cut_off() -> None:
    # World Vision's report on a fund of 168,595 shared equally among 27: 6,244 each.
    found = split_equally(168_595, 27, residue="floor")
    assert set(found.parts) == {6_244}
    assert found.residue_minor == 7


def test_the_value_of_one_unit_rounded_first() -> None:
    # coursehero.com, investment clubs: 1,410.00 over 1,190 units are 1.18 a unit; 110 units are
    # worth 129.80 and 90 units 106.20. iclub.com: 400 over 30 units.
    weights = (110, 90, 990)
    found = split_by_value(1_410_00, weights, value_rounding="half_up")
    assert found.value == 1_18
    assert found.parts[:2] == (129_80, 106_20)
    assert split_by_value(400_00, (30,), value_rounding="half_up").value == 13_33
    # The FairShares model: 12,830.40 over 500 shares; 11,000 by 2 of 180.
    assert split_by_value(12_830_40, (500,), value_rounding="half_up").value == 25_66
    assert split_pool(11_000_00, (2, 178), residue="floor").parts[0] == 122_22


def test_an_old_rule_of_building_associations() -> None:
    # Ninth Annual Report of the Commissioner of Labor (1893), "Brooks' rule": 627.00 of profit
    # on four series of shares by what was paid in on each.
    shares = (500, 600, 400, 500)
    paid_in = (14_33, 13_52, 12_74, 12_00)
    weights = tuple(count * each for count, each in zip(shares, paid_in, strict=True))
    parts = split_pool(627_00, weights).parts
    each = [divide(part, count, "half_up") for part, count in zip(parts, shares, strict=True)]
    assert each == [34, 32, 30, 29]


@pytest.mark.parametrize(
    ("discount", "dividend", "dues"), [(35, 7_500, 17_500), (30, 6_250, 18_750)]
)
def test_a_chit_of_forty(discount: int, dividend: int, dues: int) -> None:
    # neeladrichitfund.com: 40 members of 25,000; 5 % of the chit is the organiser's.
    chit = Auction(25_000, tuple(f"m{n}" for n in range(40)), fee_ppm=50_000)
    found = auction_round(chit, 0, chit.pot_minor * discount // 100)
    assert found.prize_minor == 1_000_000 * (100 - discount) // 100
    assert set(found.dividends_minor) == {dividend}
    assert set(found.dues_minor) == {dues}


def test_monthly_savings_of_a_credit_union() -> None:
    # co-opnews.com: 10,000 a month at 13 %: 1,300, 1,191 and 1,083 for the first three, cut off
    # to whole shillings month by month.
    first = []
    for month in range(3):
        monthly = tuple(10_000 if place == month else 0 for place in range(12))
        terms = DividendTerms(deposit_rate_ppm=130_000, rounding="floor", round_each="month")
        holding = Holding(1, monthly_minor=monthly)
        first.append(dividends_at_rate([holding], terms).rows[0].interest_minor)
    assert first == [1_300, 1_191, 1_083]


def test_interest_on_daily_balances() -> None:
    # Loan Performer's manual, savings interest: 300,000 on 1 January 2012, 100,000 taken out on
    # the 15th and on the 20th, 10 % over 365 days: 1,753.42 for January.
    deposits = [
        Deposit("2012-01-01", 300_000_00),
        Deposit("2012-01-15", -100_000_00),
        Deposit("2012-01-20", -100_000_00),
    ]
    interest = interest_by_days(deposits, start="2012-01-01", end="2012-02-01", rate_ppm=100_000)
    assert interest == 1_753_42


def test_dues_of_old_associations_by_the_quarter() -> None:
    # Commissioner of Labor (1893), plan 11, at 6 %: 12.00 from before earn .72; 3.00 a quarter
    # earn for 9, 6, 3 and no months: .27 altogether.
    terms = DividendTerms(deposit_rate_ppm=60_000, first_month="next", months=4)
    before = Holding(1, opening_minor=12_00)
    quarters = Holding(2, monthly_minor=(3_00,) * 4)
    found = dividends_at_rate([before, quarters], terms)
    assert [row.interest_minor for row in found.rows] == [72, 27]


def test_reserves_come_first() -> None:
    # The FairShares model: 20 % of a surplus of 32,000 to the reserve, 25,600 left.
    assert appropriate(32_000, [PPM // 5]) == ((6_400,), 25_600)


def entry(name: str, *lines: tuple[str, int], day: str = "2026-01-01") -> JournalEntry:
    return JournalEntry(name, day, name, "", tuple(Line(code, None, n) for code, n in lines))


YEAR = ("2026-01-01", "2026-12-31")
CASH, BANK, LOANS, RECEIVABLE, INVENTORY, EQUIPMENT = "1010", "1030", "1100", "1150", "1170", "1180"
SHARES, NOTE, PAYABLE = "2010", "2040", "2060"
CAPITAL, RETAINED, OPENING = "3040", "3020", "3090"
REVENUE = "4010"
GROUP_EXPENSES, EXTERNAL_INTEREST, FEES = "5010", "5030", "5060"


def test_a_first_journal() -> None:
    # The acc crate's example 01-basics (docs.rs/acc): 5,000.00 to begin with, 58.20 of groceries,
    # 2,500.00 of salary: 7,441.80 in the bank.
    journal = [
        entry("opening", (BANK, 5_000_00), (OPENING, -5_000_00)),
        entry("groceries", (GROUP_EXPENSES, 58_20), (BANK, -58_20)),
        entry("salary", (BANK, 2_500_00), (REVENUE, -2_500_00)),
    ]
    balances = trial_balance(journal, *YEAR)
    closing = {row.account.code: row.closing_minor for row in balances.rows}
    assert closing == {
        BANK: 7_441_80,
        OPENING: -5_000_00,
        REVENUE: -2_500_00,
        GROUP_EXPENSES: 58_20,
    }
    assert income_statement(journal, *YEAR).result_minor == 2_500_00 - 58_20


def test_a_journal_of_borrowing() -> None:
    # github.com/simonmichael/hledger, examples/borrowing.journal: 1,000 borrowed and paid back in
    # three payments with 9 of interest and 15 of late fees; 6 are left of 30.
    journal = [
        entry("opening", (BANK, 30), (OPENING, -30)),
        entry("borrow", (BANK, 1_000), (NOTE, -1_000)),
        entry("pay", (NOTE, 97), (EXTERNAL_INTEREST, 3), (BANK, -100), day="2026-03-01"),
        entry("pay", (NOTE, 97), (EXTERNAL_INTEREST, 3), (BANK, -100), day="2026-04-15"),
        entry(
            "pay", (NOTE, 806), (EXTERNAL_INTEREST, 3), (FEES, 15), (BANK, -824), day="2026-05-01"
        ),
    ]
    owed = [
        next(row.closing_minor for row in balance_sheet(journal, YEAR[0], day).liabilities)
        for day in ("2026-03-01", "2026-04-15", "2026-05-01")
    ]
    assert owed == [903, 806, 0]
    found = income_statement(journal, *YEAR)
    assert {row.code: row.closing_minor for row in found.expense} == {
        EXTERNAL_INTEREST: 9,
        FEES: 15,
    }
    assert balance_sheet(journal, *YEAR).total_assets.closing_minor == 6


def test_a_trial_balance_of_a_text_book() -> None:
    # dwmbeancounter.com, ABC Mowing: debits and credits of 20,765.
    journal = [
        entry(
            "all",
            (CASH, 5_080),
            (RECEIVABLE, 1_600),
            (INVENTORY, 100),
            (EQUIPMENT, 12_500),
            (RETAINED, 1_100),  # what the owner took out
            (GROUP_EXPENSES, 160),
            (FEES, 225),
            (PAYABLE, -2_060),
            (NOTE, -10_000),
            (CAPITAL, -7_500),
            (REVENUE, -1_205),
        )
    ]
    assert trial_balance(journal, *YEAR).closing == (20_765, 20_765)


def test_the_balance_sheet_of_a_lending_programme() -> None:
    # Calmeadow's sample accounts (scribd.com/document/10327134): assets of 106,300 are debts of
    # 65,000 and equity of 41,300.
    journal = [
        entry("cash and deposits", (CASH, 5_000), (BANK, 8_000), (OPENING, -13_000)),
        entry("loans less reserve", (LOANS, 84_000 - 7_000), (OPENING, -77_000)),
        entry("other", (RECEIVABLE, 500), (INVENTORY, 12_500), (OPENING, -13_000)),
        entry("property", (EQUIPMENT, 3_300), (OPENING, -3_300)),
        entry("owed", (OPENING, 65_000), (SHARES, -18_000), (PAYABLE, -12_000), (NOTE, -35_000)),
        entry("equity", (OPENING, 41_100), (CAPITAL, -40_100), (RETAINED, -1_000)),
        entry("this year", (OPENING, 200), (REVENUE, -200)),
    ]
    found = balance_sheet(journal, *YEAR)
    assert found.total_assets.closing_minor == 106_300
    assert found.total_liabilities.closing_minor == 65_000
    assert found.total_funds.closing_minor == 41_300
    assert found.result.closing_minor == 200
