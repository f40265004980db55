"""Amounts are read one way or refused, printed exactly, and divided without losing a cent."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.money import (
    AMOUNT_MINOR_MAX,
    AMOUNT_TEXT_MAX,
    EXPONENTS,
    ROUNDINGS,
    AmountError,
    Rounding,
    divide,
    exponent_of,
    format_amount,
    parse_amount,
    round_to_step,
    split,
)

ISO_4217_EXPONENTS = {  # the active codes of ISO 4217, list one (2026), for the countries we name
    **dict.fromkeys(("BIF", "DJF", "GNF", "KMF", "RWF", "UGX", "VUV", "XAF", "XOF"), 0),
    **dict.fromkeys(("KES", "TZS", "NGN", "MWK", "ETB", "GHS", "ZMW", "MZN", "CDF", "SSP"), 2),
    **dict.fromkeys(("SLE", "USD", "EUR", "GBP", "INR", "MGA", "SOS", "ZAR"), 2),
    **dict.fromkeys(("KWD", "LYD", "TND"), 3),
}
DECIMAL_ROUNDING = {
    "half_even": ROUND_HALF_EVEN,
    "half_up": ROUND_HALF_UP,
    "ceiling": ROUND_CEILING,
    "floor": ROUND_FLOOR,
}
amounts = st.integers(0, AMOUNT_MINOR_MAX)
exponents = st.integers(0, 4)


@pytest.mark.parametrize(("currency", "exponent"), ISO_4217_EXPONENTS.items())
def test_exponents_are_those_of_iso_4217(currency: str, exponent: int) -> None:
    assert exponent_of(currency) == exponent


def test_every_currency_code_is_three_capitals() -> None:
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in EXPONENTS)


def test_an_unknown_currency_is_named() -> None:
    with pytest.raises(AmountError, match="“KSH” is not known"):
        exponent_of("KSH")


@pytest.mark.parametrize(
    ("text", "exponent", "amount_minor"),
    [
        ("0", 2, 0),
        ("1500", 2, 150_000),
        ("1,500", 2, 150_000),
        ("1 500", 2, 150_000),
        ("1\u00a0500", 2, 150_000),
        ("1\u202f234\u202f567.5", 2, 123_456_750),
        ("1'500", 2, 150_000),
        ("1500.50", 2, 150_050),
        ("1500.5", 2, 150_050),
        ("1,234,567.89", 2, 123_456_789),
        ("  20 ", 2, 2_000),
        ("1,500/=", 2, 150_000),
        ("1500 /-", 0, 1_500),
        ("1,500", 0, 1_500),
        ("1500.00", 0, 1_500),
        ("007", 0, 7),
        ("1.234", 3, 1_234),
        ("90071992547409.92", 2, AMOUNT_MINOR_MAX),
    ],
)
def test_amounts_as_people_type_them(text: str, exponent: int, amount_minor: int) -> None:
    assert parse_amount(text, exponent) == amount_minor


@pytest.mark.parametrize(
    ("text", "exponent", "reason"),
    [
        ("", 2, "is empty"),
        (" \t ", 2, "is empty"),
        ("1,50", 2, "more than one way"),
        ("1500,50", 2, "more than one way"),
        ("1,5000", 2, "more than one way"),
        ("0,500", 2, "more than one way"),
        ("1,00,000", 2, "more than one way"),
        ("1.500.000", 2, "more than one way"),
        ("1,500 000", 2, "more than one way"),
        ("1.500,50", 2, "more than one way"),
        ("1.500", 2, "too many decimals"),
        ("1.000", 2, "too many decimals"),
        ("1500.5", 0, "this currency has none"),
        ("1.000", 0, "this currency has none"),
        ("-5", 2, "is negative"),
        ("\u22125", 2, "is negative"),
        ("(500)", 2, "is negative"),
        (".50", 2, "is incomplete"),
        ("50.", 2, "is incomplete"),
        ("1e3", 2, "is not an amount"),
        ("KES 100", 2, "is not an amount"),
        ("=1+1", 2, "is not an amount"),
        ("/=", 2, "is not an amount"),
        ("+5", 2, "is not an amount"),
        ("nan", 2, "is not an amount"),
        ("\u0661\u0665", 2, "is not an amount"),  # Arabic digits: int() would take them
        ("90071992547409.93", 2, "too large"),
        ("9" * AMOUNT_TEXT_MAX, 2, "too large"),
        ("9" * 1_000_000, 2, "at most 40 characters"),
    ],
)
def test_what_can_be_misread_is_refused_with_its_reason(
    text: str, exponent: int, reason: str
) -> None:
    with pytest.raises(AmountError, match=reason) as refused:
        parse_amount(text, exponent)
    assert len(str(refused.value)) < 250


@given(st.text(max_size=60), exponents)
def test_no_text_makes_parsing_fail_otherwise(text: str, exponent: int) -> None:
    try:
        amount_minor = parse_amount(text, exponent)
    except AmountError:
        return
    assert 0 <= amount_minor <= AMOUNT_MINOR_MAX


@given(amounts, exponents, st.sampled_from([",", " ", "", "'"]))
def test_a_printed_amount_reads_back(amount_minor: int, exponent: int, grouping: str) -> None:
    text = format_amount(amount_minor, exponent, grouping)
    assert parse_amount(text, exponent) == amount_minor


@given(st.integers(-(10**20), 10**20), exponents)
def test_printing_is_exact(amount_minor: int, exponent: int) -> None:
    printed = Decimal(format_amount(amount_minor, exponent, ""))
    assert printed == Decimal(amount_minor).scaleb(-exponent, Context(prec=40))


@pytest.mark.parametrize(
    ("amount_minor", "exponent", "text"),
    [(150_050, 2, "1,500.50"), (5, 2, "0.05"), (-150_050, 2, "-1,500.50"), (1_500, 0, "1,500")],
)
def test_amounts_are_printed_with_groups(amount_minor: int, exponent: int, text: str) -> None:
    assert format_amount(amount_minor, exponent) == text


@given(st.integers(-(10**9), 10**9), st.integers(1, 1_000), st.sampled_from(ROUNDINGS))
def test_division_rounds_as_the_decimal_standard_does(
    numerator: int, denominator: int, rounding: Rounding
) -> None:
    # Twice the denominator as ticks: keeps every half exact and the rest on its side of it.
    floor, rest = divmod(numerator, denominator)
    side = Decimal((2 * rest > denominator) - (2 * rest < denominator)) / 4 if rest else None
    exact = Decimal(floor) + (Decimal("0.5") + side if side is not None else 0)
    expected = int(exact.quantize(Decimal(1), DECIMAL_ROUNDING[rounding]))
    assert divide(numerator, denominator, rounding) == expected


@pytest.mark.parametrize(
    ("numerator", "rounded"),
    [(5, (2, 3, 3, 2)), (7, (4, 4, 4, 3)), (-5, (-2, -3, -2, -3)), (4, (2, 2, 2, 2))],
)
def test_halves_go_where_the_rounding_says(numerator: int, rounded: tuple[int, ...]) -> None:
    assert tuple(divide(numerator, 2, rounding) for rounding in ROUNDINGS) == rounded


def test_a_wrong_division_is_the_callers_fault() -> None:
    with pytest.raises(ValueError, match="positive"):
        divide(1, 0, "floor")
    with pytest.raises(ValueError, match="unknown rounding"):
        divide(1, 2, "up")  # type: ignore[arg-type]


@given(amounts, st.integers(1, 10_000), st.sampled_from(ROUNDINGS))
def test_a_step_is_never_missed_by_more_than_itself(
    amount_minor: int, step_minor: int, rounding: Rounding
) -> None:
    rounded = round_to_step(amount_minor, step_minor, rounding)
    assert rounded % step_minor == 0
    assert abs(rounded - amount_minor) < step_minor


weights_lists = st.lists(st.integers(0, 10**6), min_size=1, max_size=40).filter(any)


@given(st.integers(-AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX), weights_lists)
def test_parts_add_up_and_miss_their_exact_share_by_less_than_one(
    total_minor: int, weights: list[int]
) -> None:
    parts = split(total_minor, weights)
    assert sum(parts) == total_minor
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total_minor * weight, sum(weights))) < 1
        assert weight or not part


@given(amounts, weights_lists)
def test_a_larger_weight_never_gets_less(total_minor: int, weights: list[int]) -> None:
    parts = split(total_minor, weights)
    ordered = sorted(zip(weights, parts, strict=True))
    assert [part for _, part in ordered] == sorted(parts)


@pytest.mark.parametrize(
    ("total_minor", "weights", "parts"),
    [
        (100, [1, 1, 1], (34, 33, 33)),  # ties: the earlier position
        (10, [1, 3], (2, 8)),  # remainders 1/2 and 1/2: the larger weight
        (-100, [1, 1, 1], (-34, -33, -33)),
        (0, [5, 0], (0, 0)),
    ],
)
def test_the_remainder_has_a_named_owner(
    total_minor: int, weights: list[int], parts: tuple[int, ...]
) -> None:
    assert split(total_minor, weights) == parts


@pytest.mark.parametrize("weights", [[], [0, 0], [3, -1]])
def test_a_split_needs_somebody_to_give_to(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        split(100, weights)
