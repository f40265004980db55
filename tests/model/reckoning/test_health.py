"""The health score is a whole number from counted facts; nothing is given for no evidence."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.reckoning.health import (
    MATURE_MEETINGS,
    MEETINGS_MIN,
    WEIGHTS,
    HealthError,
    HealthFacts,
    band_of,
    health_score,
)

NOTHING = HealthFacts(0, 0, 0, 0, False, 0, 0, 0, 0, 0, 0, 0, False, 0, 0)
PERFECT = HealthFacts(
    meetings=40,
    closed_meetings=40,
    keyed_meetings=40,
    offices_filled=5,
    constitution_in_force=True,
    decisions=9,
    decisions_agreed=9,
    due_minor=10**9,
    repaid_minor=10**9,
    expected=800,
    saved=800,
    attended=800,
    social_fund_agreed=True,
    social_paid=800,
    closed_ever=40,
)


@st.composite
def facts(draw: st.DrawFn) -> HealthFacts:
    def pair(most: int) -> tuple[int, int]:
        total = draw(st.integers(0, most))
        return draw(st.integers(0, total)), total

    closed, meetings = pair(60)
    agreed, decisions = pair(30)
    repaid, due = pair(2**53)
    saved, expected = pair(2_000)
    return HealthFacts(
        meetings,
        closed,
        draw(st.integers(0, meetings)),
        draw(st.integers(0, 5)),
        draw(st.booleans()),
        decisions,
        agreed,
        due,
        repaid,
        expected,
        saved,
        draw(st.integers(0, expected)),
        draw(st.booleans()),
        draw(st.integers(0, expected)),
        draw(st.integers(0, 500)),
    )


def test_amounts_in_sentences_are_written_as_the_caller_writes_money() -> None:
    factors = {factor.code: factor for factor in health_score(PERFECT, "KES {:,}".format).factors}
    assert factors["repayment"].evidence.startswith("KES 1,000,000,000 of KES 1,000,000,000")
    assert factors["savings"].evidence.startswith("Members saved 800 times")


def test_weights_are_those_published_and_add_up_to_100() -> None:
    # Intelli-Cash (github.com/Chrisphine10/intellicash-app): governance 40, compliance 60.
    governance = {"leadership": 15, "three_keys": 12, "constitution": 6, "decisions": 7}
    compliance = {"repayment": 20, "savings": 15, "attendance": 12, "meetings_completed": 6}
    assert {**governance, **compliance, "social_fund": 4, "maturity": 3} == WEIGHTS
    assert sum(governance.values()) == 40
    assert sum(WEIGHTS.values()) == 100


def test_a_perfect_group_has_100_and_nothing_to_fix() -> None:
    health = health_score(PERFECT)
    assert (health.score, health.band, health.governance, health.compliance) == (100, "A", 40, 60)
    assert not any(factor.fix for factor in health.factors)


def test_a_group_without_any_fact_is_unrated_and_has_no_point() -> None:
    health = health_score(NOTHING)
    assert (health.score, health.band, health.governance, health.compliance) == (
        None,
        "UNRATED",
        0,
        0,
    )
    assert all(factor.fix for factor in health.factors)


def test_a_score_by_hand() -> None:
    health = health_score(
        HealthFacts(
            meetings=10,
            closed_meetings=9,  # 6 x 9 // 10 = 5
            keyed_meetings=7,  # 12 x 7 // 10 = 8
            offices_filled=4,  # 15 x 4 // 5 = 12
            constitution_in_force=True,  # 6
            decisions=0,
            decisions_agreed=0,  # nothing to count: 0
            due_minor=300_000,
            repaid_minor=299_999,  # 20 x 299,999 // 300,000 = 19
            expected=200,
            saved=190,  # 15 x 190 // 200 = 14
            attended=170,  # 12 x 170 // 200 = 10
            social_fund_agreed=False,
            social_paid=0,  # not agreed: 0
            closed_ever=21,  # 3 x 21 // 36 = 1
        )
    )
    points = {factor.code: factor.points for factor in health.factors}
    assert points == {
        "leadership": 12,
        "three_keys": 8,
        "constitution": 6,
        "decisions": 0,
        "repayment": 19,
        "savings": 14,
        "attendance": 10,
        "meetings_completed": 5,
        "social_fund": 0,
        "maturity": 1,
    }
    assert (health.score, health.band, health.governance) == (75, "B", 26)
    by_code = {factor.code: factor for factor in health.factors}
    assert by_code["three_keys"].evidence == "7 of 10 meetings were opened with three keys."
    assert by_code["leadership"].fix.endswith("contested: 1.")
    assert not by_code["decisions"].has_evidence
    assert by_code["social_fund"].fix.startswith("Agree on a contribution")


@pytest.mark.parametrize(
    ("score", "band"),
    [(100, "A"), (80, "A"), (79, "B"), (65, "B"), (64, "C"), (50, "C"), (49, "D"), (0, "D")],
)
def test_bands_begin_where_they_say(score: int, band: str) -> None:
    assert band_of(score) == band


@pytest.mark.parametrize("score", [-1, 101])
def test_there_is_no_score_outside_of_0_to_100(score: int) -> None:
    with pytest.raises(HealthError):
        band_of(score)


@pytest.mark.parametrize(
    "wrong",
    [
        {"keyed_meetings": 41},
        {"offices_filled": 6},
        {"repaid_minor": 10**9 + 1},
        {"attended": -1},
        {"decisions": 0},
        {"meetings": -1, "closed_meetings": -1, "keyed_meetings": -1},
    ],
)
def test_facts_that_contradict_each_other_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(HealthError):
        health_score(PERFECT._replace(**wrong))


@given(facts())
def test_points_are_whole_within_their_weight_and_full_only_when_all_is_good(
    given_facts: HealthFacts,
) -> None:
    health = health_score(given_facts)
    assert health == health_score(HealthFacts(*given_facts))
    assert health.governance + health.compliance == sum(f.points for f in health.factors)
    for factor in health.factors:
        assert 0 <= factor.points <= factor.weight == WEIGHTS[factor.code]
        assert (factor.points == factor.weight) == (0 < factor.total == factor.good)
        assert bool(factor.fix) == (factor.points < factor.weight)
        if not factor.has_evidence:
            assert factor.points == 0
    assert (health.band == "UNRATED") == (given_facts.meetings < MEETINGS_MIN)
    assert health.score is None or health.band == band_of(health.score)


@given(given_facts=facts(), data=st.data())
def test_one_more_good_fact_never_lowers_the_score(
    given_facts: HealthFacts, data: st.DataObject
) -> None:
    raised: dict[str, Any] = {
        "closed_meetings": given_facts.meetings,
        "keyed_meetings": given_facts.meetings,
        "offices_filled": 5,
        "constitution_in_force": True,
        "decisions_agreed": given_facts.decisions,
        "repaid_minor": given_facts.due_minor,
        "saved": given_facts.expected,
        "attended": given_facts.expected,
        "social_paid": given_facts.expected,
        "closed_ever": max(MATURE_MEETINGS, given_facts.closed_ever),
    }
    field = data.draw(st.sampled_from(sorted(raised)))
    better = health_score(given_facts._replace(**{field: raised[field]}))
    before = health_score(given_facts)
    assert better.governance + better.compliance >= before.governance + before.compliance
