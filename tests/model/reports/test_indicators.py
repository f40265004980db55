"""Indicators say what the books say, carry over to later days, and are read without trust."""

import json
import random
from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model import events as e
from model.book import Book
from model.codec import Unreadable
from model.days import add_days
from model.entry import Entry
from model.money import AMOUNT_MINOR_MAX
from model.reckoning.health import HealthFacts
from model.reckoning.portfolio import portfolio_quality
from model.reducer import fold
from model.reports.ages import Age, ages_of, at_risk
from model.reports.indicator_shape import (
    FINDING_CODES_MAX,
    INDICATORS_VERSION,
    MONEY,
    Indicators,
    IndicatorsError,
    from_plain,
    to_plain,
)
from model.reports.indicators import indicators, next_day, on_day, reckon
from model.reports.periods import between
from model.reports.portfolio import PAR_DEFINITIONS, loans_on
from model.reports.reading import read
from simulations.seasons import Season as Village
from tests.model.reports.season import Season
from tests.model.test_lending import Lender
from tests.model.test_loan_properties import lives
from tests.strategies import histories

LAST = "2026-12-31"
BYTES_MAX = 1536


def village(seed: int, **options: Any) -> Book:
    """A season of a village with mistakes, two cycles of it in every other one."""
    options = {"members": 6, "meetings": 4, "cycles": 1 + seed % 2, "mess": 25, **options}
    return fold(Village(random.Random(seed), **options).play())


def balance(book: Book, *codes: str) -> int:
    """The sum of accounts straight from the book's balances."""
    return sum(amount for (code, _), amount in book.accounts.rows() if code in codes)


def test_figures_of_a_small_season_by_hand() -> None:
    found = indicators(read(Season().book), "2026-02-28")
    assert (found.group, found.currency, found.exponent) == ("Umoja", "KES", 2)
    assert (found.shares_minor, found.savings_minor, found.social_minor) == (2_400, 0, 50)
    assert found.cash_minor == 2_035 + 50
    assert (found.meetings, found.met_on, found.last_day) == (2, "2026-02-11", "2026-02-11")
    assert (found.members, found.women, found.men) == (5, 0, 0)
    assert (found.attended_last, found.expected_last) == (2, 5)  # one present, one late
    assert (found.attended, found.expected) == (4 + 2, 10)
    assert (found.loans, found.loans_minor) == (1, 400)
    assert (found.collected_minor, found.due_minor) == (260, 260)
    assert (found.late_loans, found.par0_minor, found.par30_minor) == (0, 0, 0)
    assert found.withheld == ""


def test_a_loan_grows_old_by_hand() -> None:
    """Lent on 7 January in three months; the first is paid, the second falls due on 7 March."""
    found = reckon(read(Season().book), "2026-02-28")
    assert found.ages == (Age("2026-03-07", 1, 400),)
    late = {
        day: (one.late_loans, one.par0_minor, one.par30_minor, one.par90_minor)
        for day in ("2026-03-07", "2026-03-08", "2026-04-06", "2026-04-07", "2026-06-06")
        for one in [on_day(*found, day)]
    }
    assert late == {
        "2026-03-07": (0, 0, 0, 0),
        "2026-03-08": (1, 400, 0, 0),
        "2026-04-06": (1, 400, 0, 0),
        "2026-04-07": (1, 400, 400, 0),
        "2026-06-06": (1, 400, 400, 400),
    }


@pytest.mark.parametrize("seed", range(6))
def test_money_is_what_the_book_holds(seed: int) -> None:
    book = village(seed)
    found = indicators(read(book), "2099-12-31")
    assert found.shares_minor == -balance(book, "2010")
    assert found.savings_minor == -balance(book, "2020")
    assert found.social_minor == -balance(book, "3010", "5050")
    assert found.cash_minor == balance(book, "1010", "1020", "1030", "1040")
    assert found.loans_minor == balance(book, "1100")


@settings(max_examples=60, deadline=None)
@given(lives(), st.integers(0, 400), st.integers(0, 400))
def test_any_life_of_a_loan_ages_as_it_would_be_reckoned(
    entries: list[Entry], waited: int, more: int
) -> None:
    """Whatever interest and whatever was recorded: what is late later is known beforehand."""
    reading = read(fold(entries))
    first = add_days("2026-05-01", waited)
    ages = ages_of(reading, loans_on(reading, first))
    later = add_days(first, more)
    standings = [loan.standing for loan in loans_on(reading, later)]
    for par in portfolio_quality(standings, PAR_DEFINITIONS).par:
        found = at_risk(ages, later, par.definition.days)
        assert found == (par.loans_at_risk, par.numerator_minor)
    assert sum(age.principal_minor for age in ages) == sum(
        one.principal_outstanding_minor for one in standings
    )


def test_interest_that_is_still_to_come_makes_a_loan_late() -> None:
    """Only interest falls due in the first months, and it stands in the account from its day on."""
    rules = e.LoanRules(method="service_charge", rate_per="month", principal_at_end=True)
    reading = read(Lender(rules, "flat").lend().book)
    first = "2026-01-08"
    (loan,) = loans_on(reading, first)
    assert loan.account is not None
    assert [row.owed_minor for row in loan.account.instalments] == [0, 0, 900]
    assert [age.due_on for age in ages_of(reading, [loan])] == ["2026-02-07"]


@pytest.mark.parametrize("seed", range(4))
def test_figures_carry_over_to_later_days(seed: int) -> None:
    reading = read(village(seed))
    chance = random.Random(seed)
    day = "2026-01-20"
    while day < "2028-06-01":
        found = reckon(reading, day)
        until = next_day(reading, day) or "2028-12-31"
        later = min(add_days(day, chance.randrange(1, 120)), add_days(until, -1))
        assert on_day(*found, later) == indicators(reading, later)
        day = max(until, add_days(later, 1))


def test_the_next_day_is_when_more_begins_to_count() -> None:
    season = Season()
    reading = read(season.book)
    days = sorted(page.held_on for _, page in season.book.meetings.rows())
    assert next_day(reading, days[0]) <= days[1]
    assert next_day(reading, days[-1]) == ""
    found = reckon(reading, days[0])
    assert on_day(*found, days[1]) != indicators(reading, days[1])


def test_a_period_can_be_said() -> None:
    reading = read(village(1))
    whole = indicators(reading, LAST, between("2026-01-01", LAST))
    none = indicators(reading, LAST, between("2025-01-01", "2025-12-31"))
    assert whole.meetings > none.meetings == 0
    assert (none.due_minor, none.expected, none.score) == (0, 0, None)
    assert none.shares_minor == whole.shares_minor


@settings(max_examples=25, deadline=None)
@given(histories(), st.sampled_from(["1970-01-01", "2026-02-01", LAST, "2199-12-31"]))
def test_no_book_makes_it_fail_and_it_stays_small(entries: list[Entry], day: str) -> None:
    found = indicators(read(fold(entries)), day)
    plain = to_plain(found)
    assert len(cbor2.dumps(plain)) < BYTES_MAX
    assert from_plain(cbor2.loads(cbor2.dumps(plain))) == found
    assert found.par90_minor is None or (
        found.par90_minor <= (found.par30_minor or 0) <= (found.par0_minor or 0)
    )


def test_the_largest_that_it_can_be_is_small() -> None:
    """Every figure at its limit, the longest name, as many findings as are counted."""
    full: dict[str, Any] = dict.fromkeys(MONEY, -AMOUNT_MINOR_MAX)
    full |= dict.fromkeys(("members", "women", "men", "loans", "late_loans"), 1_000_000)
    full |= {name: "2026-12-31" for name in Indicators.__struct_fields__ if name.endswith("_on")}
    found = Indicators(
        version=INDICATORS_VERSION,
        group="\u1200" * 60 + "x" * 140,
        day=LAST,
        first_day=LAST,
        last_day=LAST,
        health_facts=(AMOUNT_MINOR_MAX,) * 2 + (1_000,) * 13,
        findings={f"a_finding_with_a_long_name_{n}"[:26]: 999 for n in range(FINDING_CODES_MAX)},
        **full,
    )
    assert len(cbor2.dumps(to_plain(found))) < 2 * BYTES_MAX


def test_nobody_is_named() -> None:
    book = village(2)
    told = json.dumps(to_plain(indicators(read(book), LAST)))
    assert not [name for name, _ in book.members.rows() if name[:12] in told]
    assert not [name for name, _ in book.loans.rows() if name[:12] in told]


def test_amounts_are_withheld_while_an_entry_cannot_be_read() -> None:
    season = Season()
    whole = indicators(read(season.book), LAST)
    season.secretary.record(Unreadable("dividend.invented", "unknown"))
    found = indicators(read(season.book), LAST)
    assert whole.withheld == ""
    assert found.withheld == "update"
    assert {getattr(found, name) for name in MONEY} == {None}
    assert (found.score, found.band, found.health_facts, found.health()) == (None, "", (), None)
    assert found.members == whole.members
    later = on_day(found, reckon(read(season.book), LAST).ages, "2027-12-31")
    assert {getattr(later, name) for name in MONEY} == {None}


def test_what_is_too_large_to_be_written_is_withheld() -> None:
    season = Season()
    for line in range(1, 4):
        deposit = e.SavingsDeposited(1, 3, season.members[0], AMOUNT_MINOR_MAX, line)
        season.treasurer.record(deposit)
    found = indicators(read(season.book), LAST)
    assert found.withheld == "too_large"
    assert found.savings_minor is None
    assert not found.newer


def test_the_score_is_worked_out_again_from_its_facts() -> None:
    found = indicators(read(village(3, meetings=8, cycles=1)), LAST)
    health = found.health()
    assert health is not None
    assert (health.score, health.band) == (found.score, found.band)
    assert all(factor.evidence for factor in health.factors)
    plain = to_plain(found)
    facts = HealthFacts(*plain["health_facts"])
    better = [*facts._replace(attended=facts.expected)]
    assert from_plain({**plain, "health_facts": better}).health() is None
    worse = [*facts._replace(attended=facts.expected + 1)]
    assert from_plain({**plain, "health_facts": worse}).health() is None
    assert from_plain({**plain, "health_version": 2}).health() is None


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    plain = to_plain(indicators(read(village(0)), LAST))
    later = from_plain({**plain, "version": 7, "women_in_office": 3, "meeting_state": "adjourned"})
    assert later.newer
    assert later.members == plain["members"]
    assert later.meeting_state == "adjourned"
    assert not from_plain(plain).newer
    bare = from_plain({"version": 1, "day": LAST})
    assert (bare.shares_minor, bare.score, bare.cycle_state) == (None, None, "none")


GOOD = {"version": 1, "day": "2026-12-31", "group": "Umoja"}


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        b"",
        {},
        {"version": 1},
        {**GOOD, "version": 0},
        {**GOOD, "version": True},
        {**GOOD, "day": "31.12.2026"},
        {**GOOD, "day": "2026-12-31\n"},
        {**GOOD, "group": "x" * 201},
        {**GOOD, "currency": "shillings"},
        {**GOOD, "exponent": 9},
        {**GOOD, "shares_minor": 2**53 + 1},
        {**GOOD, "shares_minor": 1.5},
        {**GOOD, "members": -1},
        {**GOOD, "members": 10**30},
        {**GOOD, "findings": {"x" * 33: 1}},
        {**GOOD, "findings": {f"code{n}": 1 for n in range(65)}},
        {**GOOD, "health_facts": [0] * 65},
        {**GOOD, "score": 101},
    ],
)  # fmt: skip
def test_what_is_no_set_of_indicators_is_refused(value: object) -> None:
    assert from_plain(GOOD).group == "Umoja"
    with pytest.raises(IndicatorsError):
        from_plain(value)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(Indicators.__struct_fields__) | st.text(max_size=4),
        st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.binary(max_size=4)
        | st.lists(st.integers(), max_size=3) | st.dictionaries(st.text(max_size=3), st.integers()),
    )
)  # fmt: skip
def test_anything_is_read_or_refused(drawn: dict[str, Any]) -> None:
    for value in (drawn, {**GOOD, **drawn}):
        try:
            found = from_plain(value)
        except IndicatorsError:
            continue
        found.health()
        assert found.cycle_state
        assert len(cbor2.dumps(to_plain(found))) < 65_536
