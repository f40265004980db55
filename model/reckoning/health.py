"""A group's health score: 0 to 100 from counted facts alone, the same wherever it is worked out.

Each factor is a share of facts that anyone can count again: good / total, times its weight,
rounded down, so that full points need every fact to be good. No evidence gives no points: a group
that never lent has no repayment points yet. Fewer than three meetings are too little to judge:
such a group is UNRATED and has no score, though its factors are shown. Every factor shows its
evidence and says in one sentence what would raise it. Whole numbers only.

The weights, the bands and the limit of three meetings are those of Intelli-Cash's group score
(github.com/Chrisphine10/intellicash-app): governance 40, compliance 60. How each factor is counted
is pinned here, under `HEALTH_VERSION`; a score is only compared with one of the same version.
"""

from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from model.money import Minor

HEALTH_VERSION: Final = 1
MEETINGS_MIN: Final = 3
OFFICES: Final = 5  # chairperson, secretary, treasurer, money counter, key holder
MATURE_MEETINGS: Final = 36  # three points of maturity: one for each 12 closed meetings

Pillar = Literal["governance", "compliance"]
Band = Literal["A", "B", "C", "D", "UNRATED"]
BANDS: Final[tuple[tuple[int, Band], ...]] = ((80, "A"), (65, "B"), (50, "C"), (0, "D"))


class HealthError(ValueError):
    """The facts contradict each other; the message names the one that does."""


class HealthFacts(NamedTuple):
    """What is counted, over the time that is judged (a cycle, or the last twelve months).

    Each pair is how many were good and how many there were. `offices_filled`: of five, without
    rivals. `keyed_meetings`: opened with three keys, of `meetings`. `constitution_in_force`: one
    that is not contested. `decisions_agreed`: decisions with all the votes they need, of
    `decisions`. `repaid_minor`: collected of what fell due, `due_minor` (payments ahead of their
    day are in neither). `saved`: members who saved in a meeting, of `expected`: members of each
    meeting, added up; `attended` in person and `social_paid` are of `expected` too.
    `social_fund_agreed`: the constitution asks for a contribution. `closed_meetings`: of
    `meetings`. `closed_ever`: since the group began, in all cycles.
    """

    meetings: int
    closed_meetings: int
    keyed_meetings: int
    offices_filled: int
    constitution_in_force: bool
    decisions: int
    decisions_agreed: int
    due_minor: int
    repaid_minor: int
    expected: int
    saved: int
    attended: int
    social_fund_agreed: bool
    social_paid: int
    closed_ever: int


class Factor(NamedTuple):
    """One part of the score. `has_evidence` False: nothing to count yet, therefore no points.

    `fix` is what would raise the points, empty when they are full.
    """

    code: str
    name: str
    pillar: Pillar
    weight: int
    points: int
    good: int
    total: int
    has_evidence: bool
    evidence: str
    fix: str


class Health(NamedTuple):
    """The score and how it came about; `score` is None for a group that is UNRATED."""

    version: int
    score: int | None
    band: Band
    governance: int
    compliance: int
    factors: tuple[Factor, ...]
    facts: HealthFacts


class _Rule(NamedTuple):
    """How a factor is counted; sentences may name {good}, {total} and {rest} (total - good)."""

    code: str
    name: str
    pillar: Pillar
    weight: int
    counted: Callable[[HealthFacts], tuple[int, int]]
    evidence: str
    fix: str
    start: str  # what to do when there is nothing to count


_RULES: Final[tuple[_Rule, ...]] = (
    _Rule(
        "leadership",
        "Leadership",
        "governance",
        15,
        lambda facts: (facts.offices_filled, OFFICES),
        "{good} of {total} offices have a holder that nobody contests.",
        "Elect holders for the offices that have none or are contested: {rest}.",
        "",
    ),
    _Rule(
        "three_keys",
        "Three keys",
        "governance",
        12,
        lambda facts: (facts.keyed_meetings, facts.meetings),
        "{good} of {total} meetings were opened with three keys.",
        "Open every meeting with three keys: {rest} were opened without them.",
        "Open the first meeting with three keys.",
    ),
    _Rule(
        "constitution",
        "Constitution",
        "governance",
        6,
        lambda facts: (int(facts.constitution_in_force), 1),
        "Constitution in force and not contested: {good} of {total}.",
        "Adopt a constitution, or settle which one holds.",
        "",
    ),
    _Rule(
        "decisions",
        "Decisions",
        "governance",
        7,
        lambda facts: (facts.decisions_agreed, facts.decisions),
        "{good} of {total} decisions have all the votes that they need.",
        "Let officers vote on every decision: {rest} took effect or wait without the votes.",
        "Record decisions of the meeting with the officers who agreed.",
    ),
    _Rule(
        "repayment",
        "Repayment",
        "compliance",
        20,
        lambda facts: (facts.repaid_minor, facts.due_minor),
        "{good} of {total} that fell due on loans was collected.",
        "Collect what is past due, {rest}, or agree on new terms with those who can't pay.",
        "Nothing fell due on a loan yet: lend, and collect what falls due.",
    ),
    _Rule(
        "savings",
        "Savings",
        "compliance",
        15,
        lambda facts: (facts.saved, facts.expected),
        "Members saved {good} times of {total}, one for each member and meeting.",
        "Help members to save in every meeting: {rest} times somebody did not.",
        "Record what each member saves in the meeting.",
    ),
    _Rule(
        "attendance",
        "Attendance",
        "compliance",
        12,
        lambda facts: (facts.attended, facts.expected),
        "Members came themselves {good} times of {total}, one for each member and meeting.",
        "Ask why members stayed away {rest} times, and mark the register in every meeting.",
        "Mark the register in every meeting.",
    ),
    _Rule(
        "meetings_completed",
        "Meetings completed",
        "compliance",
        6,
        lambda facts: (facts.closed_meetings, facts.meetings),
        "{good} of {total} meetings were closed with their totals.",
        "Close every meeting: {rest} are still open.",
        "Hold the first meeting and close it.",
    ),
    _Rule(
        "social_fund",
        "Social fund",
        "compliance",
        4,
        lambda facts: (facts.social_paid, facts.expected if facts.social_fund_agreed else 0),
        "Members paid into the social fund {good} times of {total}.",
        "Collect for the social fund in every meeting: {rest} times it was missed.",
        "Agree on a contribution to the social fund in the constitution.",
    ),
    _Rule(
        "maturity",
        "Maturity",
        "compliance",
        3,
        lambda facts: (min(facts.closed_ever, MATURE_MEETINGS), MATURE_MEETINGS),
        "{good} of {total} meetings that make a mature group were closed.",
        "Go on meeting: {rest} more meetings make the group mature.",
        "",
    ),
)

WEIGHTS: Final[dict[str, int]] = {rule.code: rule.weight for rule in _RULES}
"""Factor -> points at most; they add up to 100."""


def health_score(facts: HealthFacts, money: Callable[[Minor], str] = str) -> Health:
    """The score of these facts. `HealthError` when a count is negative or above its total.

    `money` writes amounts in sentences; without it they are whole minor units.
    """
    factors = tuple(_factor(rule, facts, money) for rule in _RULES)
    by_pillar = {"governance": 0, "compliance": 0}
    for factor in factors:
        by_pillar[factor.pillar] += factor.points
    score = by_pillar["governance"] + by_pillar["compliance"]
    rated = facts.meetings >= MEETINGS_MIN
    return Health(
        HEALTH_VERSION,
        score if rated else None,
        band_of(score) if rated else "UNRATED",
        by_pillar["governance"],
        by_pillar["compliance"],
        factors,
        facts,
    )


def band_of(score: int) -> Band:
    """A from 80 points, B from 65, C from 50, else D; `HealthError` outside 0..100."""
    if not 0 <= score <= 100:
        raise HealthError(f"A health score is 0 to 100, not {score}.")
    return next(band for least, band in BANDS if score >= least)


def _factor(rule: _Rule, facts: HealthFacts, money: Callable[[Minor], str]) -> Factor:
    good, total = rule.counted(facts)
    has_evidence = total > 0
    if not has_evidence:
        good = 0 if rule.code == "social_fund" else good  # what nobody agreed on is not judged
    if good < 0 or total < 0 or good > total:
        raise HealthError(f"{rule.name}: {good} of {total} can't be.")
    points = rule.weight * good // total if has_evidence else 0
    write = money if rule.code == "repayment" else str
    numbers = {"good": write(good), "total": write(total), "rest": write(total - good)}
    fix = rule.fix.format(**numbers) if has_evidence else rule.start
    return Factor(
        rule.code,
        rule.name,
        rule.pillar,
        rule.weight,
        points,
        good,
        total,
        has_evidence,
        rule.evidence.format(**numbers) if has_evidence else "There is nothing to count yet.",
        "" if points == rule.weight else fix,
    )
