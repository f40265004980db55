"""Principal and interest of each instalment, in whole numbers, rounded once per posted amount.

Rates come as numerators over one common denominator, so every figure before rounding is exact and
the work is bounded: at most 600 periods, powers of numbers of ordinary size. Principal always adds
up to what was lent (and what a grace capitalised); where rounding leaves something, the last
instalment takes it unless the terms say the first.

Sources: annuity formula P·r / (1 - (1+r)^-n) from any textbook; for periods of unequal length
Apache Fineract's progressive form E = P·Π(1+r_k) / f_n with f_1 = 1, f_k = f_(k-1)·(1+r_k) + 1, and
its evening-out of the last instalment (`EmiAdjustment`, EMICalculation features); a spreadsheet's
PMT with a future value; the sum of digits (Rule of 78) of lenders' handbooks: 2·(n - k + 1) /
(n·(n + 1)) of the interest is for period k.
"""

from typing import Final, TypeAlias

from model.money import Minor, divide
from model.reckoning.rates import PeriodRates
from model.reckoning.terms import COVER_SENTENCE, PERIODS_MAX, LoanTerms, TermsError

Row: TypeAlias = tuple[Minor, Minor]
"""Principal and interest of one instalment."""

_FIT_ROUNDS_MAX: Final = 3
"""Fineract evens out the last instalment at most this often."""


def rounded(terms: LoanTerms, numerator: int, denominator: int) -> Minor:
    """A fraction of the minor unit as a posted amount: rounded once, to the money step."""
    step = terms.rounding.money_step
    return divide(numerator, denominator * step, terms.rounding.mode) * step


def amortised(terms: LoanTerms, rates: PeriodRates) -> tuple[tuple[Row, ...], Minor]:
    """Rows of checked `terms`, one a period, and the interest of a grace that joined the principal.

    `rates` already have zeros for periods free of interest. Raises `TermsError` when the agreed
    instalment never repays the loan.
    """
    if terms.grace.interest and terms.grace.collected == "capitalised":
        return _capitalised(terms, rates)
    return _deferred(terms, _rows(terms, rates)), 0


def _rows(terms: LoanTerms, rates: PeriodRates) -> tuple[Row, ...]:
    if terms.method == "flat":
        return _flat(terms, rates)
    if terms.method == "reducing":
        return _reducing(terms, rates)
    if terms.method == "interest_only":
        return _on_balance(terms, rates, [0] * (len(rates.numerators) - 1))
    if terms.method == "fixed_instalment":
        return _level_rows(terms, rates, terms.instalment_minor, until_repaid=True)
    return _reducing_instalment(terms, rates)


class RunningInterest:
    """Interest of one period after the other, rounded each time or by the running total."""

    def __init__(self, terms: LoanTerms, rates: PeriodRates) -> None:
        self._terms = terms
        self._denominator = rates.denominator
        self._cumulative = terms.rounding.interest == "cumulative"
        self._exact = 0
        self._posted = 0

    def of(self, balance_minor: Minor, numerator: int) -> Minor:
        """Interest of the next period on a balance."""
        exact = balance_minor * numerator
        if not self._cumulative:
            return rounded(self._terms, exact, self._denominator)
        self._exact += exact
        interest = rounded(self._terms, self._exact, self._denominator) - self._posted
        self._posted += interest
        return interest


# Flat.


def _flat(terms: LoanTerms, rates: PeriodRates) -> tuple[Row, ...]:
    interests = flat_interests(terms, rates)
    grace = terms.grace.principal
    paid = interests if terms.grace.interest == 0 else _spread_late(terms, interests)
    step = terms.rounding.instalment_step
    level = terms.instalment_minor
    uneven = terms.grace.interest_free and terms.flat_interest == "equal"
    even = step > 1 or (terms.flat_interest == "sum_of_digits" and not terms.principal_minor_each)
    if not level and even and not uneven and terms.principal_due == "spread":
        level = _to_level(terms, terms.principal_minor + sum(paid[grace:]), len(paid) - grace)
    if level:
        shares = _shares_of_level(terms, paid, [level] * len(paid))
    elif step > 1 and terms.principal_due == "spread":
        count = len(paid) - grace
        each = [_to_level(terms, terms.principal_minor + due * count, count) for due in paid]
        shares = _shares_of_level(terms, paid, each)
    else:
        shares = principals(terms, len(paid), terms.principal_minor)
    return tuple(zip(shares, interests, strict=True))


def flat_interests(terms: LoanTerms, rates: PeriodRates) -> list[Minor]:
    """Flat interest by period; together the whole interest rounded once.

    The last bearing period (or the first, by the residue rule) takes what rounding left; rounding
    up may use up the whole early, so no period goes below zero.
    """
    lent, numerators = terms.principal_minor, rates.numerators
    bearing = [k for k, numerator in enumerate(numerators) if numerator]
    interests = [0] * len(numerators)
    if not bearing:
        return interests
    exact = lent * sum(numerators)
    left = rounded(terms, exact, rates.denominator)
    weights = _flat_weights(terms, rates, bearing)
    whole = rates.denominator * sum(weights.values())
    if terms.rounding.interest == "cumulative":
        so_far = posted = 0
        for k in bearing:
            so_far += weights[k]
            interests[k] = rounded(terms, exact * so_far, whole) - posted
            posted += interests[k]
        return interests
    if terms.rounding.residue == "first":
        bearing.reverse()
    for k in bearing[:-1]:
        interests[k] = min(rounded(terms, exact * weights[k], whole), left)
        left -= interests[k]
    interests[bearing[-1]] = left
    return interests


def _flat_weights(terms: LoanTerms, rates: PeriodRates, bearing: list[int]) -> dict[int, int]:
    """The part of each bearing period in the whole flat interest."""
    if terms.flat_interest == "equal":
        return dict.fromkeys(bearing, 1)
    if terms.flat_interest == "by_period":
        return {k: rates.numerators[k] for k in bearing}
    return {k: len(bearing) - place for place, k in enumerate(bearing)}


def _shares_of_level(
    terms: LoanTerms, interests: list[Minor], instalments: list[Minor]
) -> list[Minor]:
    """Principal that each of these instalments leaves after interest; the residue rule's takes the
    rest.

    They are level where interest is; a period free of interest asks for its part of the principal.
    """
    owed = terms.principal_minor
    shares = [0] * len(interests)
    order = list(range(terms.grace.principal, len(interests)))
    if terms.rounding.residue == "first":
        order.reverse()
    for k in order[:-1]:
        shares[k] = max(0, min(instalments[k] - interests[k], owed))
        owed -= shares[k]
    shares[order[-1]] = owed
    return shares


def principals(terms: LoanTerms, count: int, owed_minor: Minor) -> list[Minor]:
    """Equal (or agreed) principal after the grace, or all of it with the last instalment."""
    shares = [0] * count
    if terms.principal_due == "at_end":
        shares[-1] = owed_minor
        return shares
    order = list(range(terms.grace.principal, count))
    each = terms.principal_minor_each or rounded(terms, owed_minor, len(order))
    if terms.rounding.residue == "first":
        order.reverse()
    for k in order[:-1]:
        shares[k] = min(each, owed_minor)
        owed_minor -= shares[k]
    shares[order[-1]] = owed_minor
    return shares


# On the balance.


def _reducing(terms: LoanTerms, rates: PeriodRates) -> tuple[Row, ...]:
    step = terms.rounding.instalment_step
    if step > 1 and not terms.principal_minor_each:
        return _reducing_to_step(terms, rates, step)
    shares = principals(terms, len(rates.numerators), terms.principal_minor)
    return _on_balance(terms, rates, shares[:-1])


def _on_balance(terms: LoanTerms, rates: PeriodRates, shares: list[Minor]) -> tuple[Row, ...]:
    """Given principal for every instalment but the last, interest on what is owed before each."""
    owed, interest = terms.principal_minor, RunningInterest(terms, rates)
    rows = []
    for k, numerator in enumerate(rates.numerators):
        charged = interest.of(owed, numerator)
        share = shares[k] if k < len(shares) else owed
        rows.append((share, charged))
        owed -= share
    return tuple(rows)


def _reducing_to_step(terms: LoanTerms, rates: PeriodRates, step: int) -> tuple[Row, ...]:
    """Equal principal, each instalment then rounded to the step by moving its principal."""
    owed, interest = terms.principal_minor, RunningInterest(terms, rates)
    count = len(rates.numerators)
    repaying = count - terms.grace.principal
    rows = []
    for k, numerator in enumerate(rates.numerators):
        charged = interest.of(owed, numerator)
        exact = terms.principal_minor + charged * repaying
        wanted = divide(exact, repaying * step, terms.rounding.mode) * step - charged
        share = 0 if k < terms.grace.principal else max(0, min(wanted, owed))
        rows.append((owed if k == count - 1 else share, charged))
        owed -= rows[-1][0]
    return tuple(rows)


def _reducing_instalment(terms: LoanTerms, rates: PeriodRates) -> tuple[Row, ...]:
    if terms.instalment_minor:
        return _level_rows(terms, rates, terms.instalment_minor)
    if terms.rounding.residue == "first":
        raise TermsError("With equal instalments the last one takes what rounding leaves.")
    level = level_instalment(terms, rates)
    rows = _level_rows(terms, rates, level)
    if terms.level_fit == "formula" or terms.balloon_minor:
        return rows
    return _evened_out(terms, rates, level, rows)


def level_instalment(terms: LoanTerms, rates: PeriodRates) -> Minor:
    """The equal instalment of the periods after the principal grace, rounded to the step once.

    A balloon is taken off what the principal would have grown to; when it is the whole last
    payment, one instalment less is there to pay the rest.
    """
    after = rates.numerators[terms.grace.principal :]
    whole, count = rates.denominator, len(after)
    if len(set(after)) == 1 and after[0]:
        grown = (whole + after[0]) ** count
        times, denominator = after[0], whole * (grown - whole**count)
    else:
        grown, sums, scale = whole + after[0], 1, 1
        for part in after[1:]:
            scale *= whole
            sums = sums * (whole + part) + scale
            grown *= whole + part
        times, denominator = 1, whole * sums
    if terms.balloon_minor and terms.balloon == "whole":
        denominator -= times * whole**count
    left = terms.principal_minor * grown - terms.balloon_minor * whole**count
    return _to_level(terms, left * times, denominator)


def _to_level(terms: LoanTerms, numerator: int, denominator: int) -> Minor:
    rule = terms.rounding
    step = rule.instalment_step if rule.instalment_step > 1 else rule.money_step
    return divide(numerator, denominator * step, rule.mode) * step


def _level_rows(
    terms: LoanTerms, rates: PeriodRates, level: Minor, until_repaid: bool = False
) -> tuple[Row, ...]:
    """Instalments of `level` after the grace; the last takes what is left, or is smaller."""
    owed, interest = terms.principal_minor, RunningInterest(terms, rates)
    count = len(rates.numerators)
    rows: list[Row] = []
    for k, numerator in enumerate(rates.numerators):
        charged = interest.of(owed, numerator)
        share = 0
        if k >= terms.grace.principal:
            last = not until_repaid and k == count - 1
            if level < charged + (not terms.balloon_minor) and owed and not last:
                raise TermsError(COVER_SENTENCE)
            share = owed if last else min(level - charged, owed)
        rows.append((share, charged))
        owed -= share
        if until_repaid and not owed:
            return tuple(rows)
    if owed:
        raise TermsError(
            f"Paid like this the loan is not repaid within {PERIODS_MAX} instalments. "
            "Choose a larger instalment."
        )
    return tuple(rows)


def _evened_out(
    terms: LoanTerms, rates: PeriodRates, level: Minor, rows: tuple[Row, ...]
) -> tuple[Row, ...]:
    """Move the instalment by the last one's difference divided by the periods, while that helps.

    Only when the difference, in hundredths, is more than half the number of periods (Fineract).
    """
    count = len(rows) - terms.grace.principal
    for _ in range(_FIT_ROUNDS_MAX):
        difference = sum(rows[-1]) - level
        if abs(difference) <= count // 2 or count < 2:
            break
        moved = level + divide(difference, count, terms.rounding.mode)
        moved = _to_level(terms, moved, 1)
        if moved == level:
            break
        try:
            candidate = _level_rows(terms, rates, moved)
        except TermsError:
            break
        if abs(sum(candidate[-1]) - moved) >= abs(difference):
            break
        level, rows = moved, candidate
    return rows


# Graces on interest.


def _spread_late(terms: LoanTerms, interests: list[Minor]) -> list[Minor]:
    """Interest by the instalment it is collected with."""
    return [interest for _, interest in _deferred(terms, tuple((0, i) for i in interests))]


def _deferred(terms: LoanTerms, rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Interest of the grace, collected with the first instalment after it or spread over the rest.

    Principal is untouched: it was reckoned as if the interest had been paid.
    """
    grace = terms.grace.interest
    if not grace or grace >= len(rows):
        return rows
    late = sum(interest for _, interest in rows[:grace])
    rest = len(rows) - grace
    if terms.grace.collected == "at_end":
        shares = [late] + [0] * (rest - 1)
    else:
        each = rounded(terms, late, rest)
        shares = []
        for _ in range(rest - 1):
            shares.append(min(each, late))
            late -= shares[-1]
        shares.append(late)
    kept = tuple((principal, 0) for principal, _ in rows[:grace])
    return kept + tuple(
        (principal, interest + share)
        for (principal, interest), share in zip(rows[grace:], shares, strict=True)
    )


def _capitalised(terms: LoanTerms, rates: PeriodRates) -> tuple[tuple[Row, ...], Minor]:
    """Interest of the grace joins the principal; the rest of the loan starts from there."""
    grace, owed = terms.grace.interest, terms.principal_minor
    interest = RunningInterest(terms, rates)
    flat = terms.method == "flat"
    for numerator in rates.numerators[:grace]:
        owed += interest.of(terms.principal_minor if flat else owed, numerator)
    later = terms.grace._replace(
        principal=max(0, terms.grace.principal - grace), interest=0, interest_free=0
    )
    rest = terms._replace(principal_minor=owed, grace=later)
    rows = _rows(rest, PeriodRates(rates.numerators[grace:], rates.denominator))
    return ((0, 0),) * grace + rows, owed - terms.principal_minor
