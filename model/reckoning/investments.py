"""What an investment brought, from plain amounts: gain on a sale, unrealised gain, return.

Amounts are minor units. A return is an exact fraction of the cost, never rounded here: what came
in (income and the proceeds of what was sold) and what is left, less what was paid, divided by what
was paid: the holding period return of textbooks, (income + change of the price) / first price.
"""

from __future__ import annotations

from fractions import Fraction

from model.money import Minor, divide


class InvestmentError(ValueError):
    """The figures contradict each other; the message says how."""


def gain_on_sale(cost_minor: Minor, proceeds_minor: Minor) -> Minor:
    """What a sale brought beyond what the sold part had cost; below zero: a loss."""
    return proceeds_minor - cost_minor


def cost_of_part(cost_minor: Minor, part: int, whole: int) -> Minor:
    """Cost of `part` of `whole` units (shares, acres), by average cost, rounded half to even.

    Raises `InvestmentError` unless 0 <= part <= whole and whole > 0. All of it costs all of it.
    """
    if whole <= 0 or not 0 <= part <= whole:
        raise InvestmentError("The part that is sold must lie between nothing and all of it.")
    return divide(cost_minor * part, whole, "half_even")


def unrealised_gain(cost_left_minor: Minor, value_minor: Minor) -> Minor:
    """What would be gained if the rest were sold at its value; shown beside the cost only."""
    return value_minor - cost_left_minor


def return_on_investment(
    cost_minor: Minor, income_minor: Minor, proceeds_minor: Minor, left_minor: Minor
) -> Fraction:
    """(income + proceeds + what is left - cost) / cost, exactly; -1 when all was lost.

    `left_minor`: value of what is still held, or its cost while nobody valued it. Fees paid at
    buying belong to the cost, fees at selling are taken off the proceeds. Raises `InvestmentError`
    when nothing was paid: then there is nothing to compare with.
    """
    if cost_minor <= 0:
        raise InvestmentError("The investment cost nothing, so there is no return on it.")
    return Fraction(income_minor + proceeds_minor + left_minor - cost_minor, cost_minor)


def return_a_year(total: Fraction, days: int, year_days: int = 365) -> Fraction:
    """A return over `days` as a year's, without compounding: total x year_days / days.

    Raises `InvestmentError` unless both are above zero.
    """
    if days <= 0 or year_days <= 0:
        raise InvestmentError("An investment is held for one day or more.")
    return total * Fraction(year_days, days)
