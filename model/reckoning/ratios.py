"""Ratios of a savings group's members and money, each with one pinned definition, never a guess.

Where sources disagree, the docstring says which definition is ours and what the other one is, so
that a figure can be compared with a partner's. Those of loans and returns are in loan_ratios.py.
Sources, by short name:

- DreamSave: "DreamSave Insights Glossary", support.dreamstartlabs.com/portal/en/kb/articles/
  dreamsave-insights-glossary.
- SAVIX: the savings groups' information exchange (thesavix.org), whose sheet and formulas are read
  from a project that collects it: github.com/dimagi/dca-reports, dca/reports.py. The whole set is
  in savix.py.
- Waterfield: "The Challenges of Measuring Client Retention", SEEP Network, 2006.

Amounts are minor units, counts are whole. Negative counts and parts that are larger than their
whole raise `RatioError`.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final, Literal, NamedTuple

from model.money import Minor
from model.reckoning.ratio import Ratio, RatioError, average, part_of, ratio

ATTENDANCE_MEETINGS: Final = 4


class Attended(NamedTuple):
    """One meeting's register in counts. `late` is part of `in_person`, not beside it."""

    members: int
    in_person: int
    by_representative: int = 0


def total_assets(loan_fund_cash: Minor, loans_outstanding: Minor, social_fund: Minor) -> Ratio:
    """What the group has: loan-fund cash + loans outstanding + social fund (DreamSave "Assets").

    Loan-fund cash is what the loan fund holds in box, bank and mobile money together; SAVIX adds
    cash in other funds and property, see savix.py.
    """
    total = loan_fund_cash + loans_outstanding + social_fund
    return ratio(
        "assets",
        "Assets",
        "amount",
        ("loan fund + loans outstanding + social fund", total),
        ("groups", 1),
        "loan-fund cash + principal of loans outstanding + social fund",
    )


def _attendance(code: str, name: str, over: int, rates: Sequence[Fraction]) -> Ratio:
    return ratio(
        code,
        name,
        "percent",
        ("sum of the rates of these meetings", sum(rates, Fraction(0))),
        ("meetings", len(rates)),
        f"the mean of the rates of the last {over} meetings, or as many as there were; "
        "each rate is members who came / all members",
    )


def _last(meetings: Sequence[Attended], over: int) -> tuple[Attended, ...]:
    if over < 1:
        raise RatioError("Attendance is taken over one meeting or more.")
    for meeting in meetings:
        came = (meeting.in_person, meeting.by_representative)
        if min(came) < 0 or sum(came) > meeting.members:
            raise RatioError("Attendance: more members came than there are.")
    return tuple(meeting for meeting in meetings[-over:] if meeting.members)


def attendance_in_person(meetings: Sequence[Attended], over: int = ATTENDANCE_MEETINGS) -> Ratio:
    """Mean of members who came themselves / members, over the last four meetings (DreamSave).

    `meetings` come oldest first. Ours is the mean of the rates, so that each meeting weighs the
    same; SAVIX takes the one meeting of the visit (`over=1`). Somebody represented is not there.
    """
    last = _last(meetings, over)
    rates = [Fraction(meeting.in_person, meeting.members) for meeting in last]
    return _attendance("attendance_in_person", "Attendance in person", over, rates)


def attendance_by_representative(
    meetings: Sequence[Attended], over: int = ATTENDANCE_MEETINGS
) -> Ratio:
    """Mean of members who sent somebody with their money / members (DreamSave); as in person."""
    last = _last(meetings, over)
    rates = [Fraction(meeting.by_representative, meeting.members) for meeting in last]
    return _attendance("attendance_by_representative", "Attendance by representative", over, rates)


def members_who_borrowed(borrowers: int, members: int) -> Ratio:
    """Members who ever took a loan / members (DreamSave "% of Members who Have Taken a Loan")."""
    return part_of(
        "members_who_borrowed",
        "Members who took a loan",
        ("members who took one loan or more", borrowers),
        ("members", members),
        "members who ever took a loan / members",
    )


def members_with_loan(borrowers: int, members: int) -> Ratio:
    """Members with a loan outstanding / members.

    One edition of the DreamSave glossary prints it upside down (members / members with a loan);
    SAVIX divides the number of loans, not of members, by members. Ours counts members.
    """
    return part_of(
        "members_with_loan",
        "Members with a loan",
        ("members with a loan outstanding", borrowers),
        ("members", members),
        "members with a loan outstanding / members",
    )


def women(women_members: int, members: int) -> Ratio:
    """Women / members of whom it is known; nobody is taken for a man because nothing was said."""
    return part_of(
        "women",
        "Women",
        ("women", women_members),
        ("members whose gender is known", members),
        "women / members whose gender is known",
    )


def savings_per_member(savings: Minor, members: int) -> Ratio:
    """Savings that members hold now / members (SAVIX "Average savings per member").

    Savings are shares at what was paid for them in this cycle plus voluntary savings.
    """
    return average(
        "savings_per_member", "Savings per member", ("savings", savings), ("members", members)
    )


def equity_per_member(equity: Minor, members: int) -> Ratio:
    """What would be left if all debts were paid / members (SAVIX "Average member equity").

    Equity is assets less what is owed to others: savings, surplus and funds together.
    """
    return average(
        "equity_per_member", "Equity per member", ("equity", equity), ("members", members)
    )


def social_fund_per_member(social_fund: Minor, members: int) -> Ratio:
    """Social fund / members."""
    return average(
        "social_fund_per_member",
        "Social fund per member",
        ("social fund", social_fund),
        ("members", members),
    )


def profit_per_member(profit: Minor, members: int) -> Ratio:
    """Surplus of the cycle so far / members (SAVIX "Average profit per member to date")."""
    return average(
        "profit_per_member", "Profit per member", ("profit", profit), ("members", members)
    )


def share_out_per_share(pool: Minor, shares: int) -> Ratio:
    """What one share would bring if the group shared out now: pool / shares.

    The pool is savings in shares + surplus (loan-fund cash + loans outstanding - debts). The true
    share-out rounds to whole units and carries the rest, see shareout.py.
    """
    return average("share_out_per_share", "Share-out per share", ("pool", pool), ("shares", shares))


def share_out_per_member(pool: Minor, members: int) -> Ratio:
    """Pool / members (DreamSave "Average Member Share-out Projection")."""
    return average(
        "share_out_per_member", "Share-out per member", ("pool", pool), ("members", members)
    )


def members_per_group(members: int, groups: int) -> Ratio:
    """Members / groups (DreamSave "Average # of Members / Group")."""
    return ratio(
        "members_per_group",
        "Members per group",
        "number",
        ("members", members),
        ("groups", groups),
        "members / groups",
    )


def retention(members_at_start: int, stayed: int) -> Ratio:
    """Members at the start who are still members / members at the start.

    Ours follows people: who joined later is in neither. See `retention_of_all` and savix.py for
    two others that need no names.
    """
    return part_of(
        "retention",
        "Retention",
        ("members at the start who stayed", stayed),
        ("members at the start", members_at_start),
        "members at the start who are still members / members at the start",
    )


def dropout(members_at_start: int, left: int) -> Ratio:
    """Members at the start who left / members at the start: exactly 1 - `retention`."""
    return part_of(
        "dropout",
        "Dropout",
        ("members at the start who left", left),
        ("members at the start", members_at_start),
        "members at the start who left / members at the start",
    )


def retention_of_all(members_at_start: int, joined: int, members_at_end: int) -> Ratio:
    """Members at the end / (members at the start + who joined): Waterfield's simple formula."""
    return part_of(
        "retention_of_all",
        "Retention, with who joined",
        ("members at the end", members_at_end),
        ("members at the start + who joined", members_at_start + joined),
        "members at the end / (members at the start + members who joined)",
    )


def membership_growth(members_at_start: int, members_at_end: int) -> Ratio:
    """(Members at the end - at the start) / members at the start (SAVIX); may be below 0."""
    if min(members_at_start, members_at_end) < 0:
        raise RatioError("Membership growth: a count is below 0.")
    return ratio(
        "membership_growth",
        "Growth of membership",
        "percent",
        ("members at the end - at the start", members_at_end - members_at_start),
        ("members at the start", members_at_start),
        "(members at the end - members at the start) / members at the start",
    )


AgeBand = Literal["under_18", "18_34", "35_45", "46_and_over", "not_known"]
_BANDS: Final[tuple[tuple[int, AgeBand], ...]] = ((46, "46_and_over"), (35, "35_45"), (18, "18_34"))


def age_bands(ages: Sequence[int | None]) -> dict[AgeBand, int]:
    """How many members are in each age band; None is an age that nobody knows.

    DreamSave's bands are 18-34, 35-44 and 46 and over, so that 45 falls between: ours is 35-45.
    """
    counts: dict[AgeBand, int] = {
        "under_18": 0,
        "18_34": 0,
        "35_45": 0,
        "46_and_over": 0,
        "not_known": 0,
    }
    for age in ages:
        if age is None:
            counts["not_known"] += 1
        elif not 0 <= age <= 130:
            raise RatioError(f"Nobody is {age} years old.")
        else:
            counts[next((band for low, band in _BANDS if age >= low), "under_18")] += 1
    return counts
