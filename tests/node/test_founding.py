"""The rules that a group is founded with: plain defaults, and every option where it belongs."""

import pytest

from model import events as e
from node.errors import CommandRefused
from node.founding import ASKED_ABOUT, Terms, constitution
from node.kinds import KINDS


def test_without_options_the_rules_are_those_of_a_plain_group() -> None:
    assert constitution(Terms("100"), 2) == e.ConstitutionAdopted(1, 10_000, social_fund_minor=0)


def test_every_option_is_a_rule() -> None:
    terms = Terms(
        "100", 5, "20", 3, 6, "2.5", "service_charge", "week", {"late": "50"}, "social_fund",
        1, "5%", 7, 2, 1, 60, 3, {"loan": 2, "close": 3, "member.exited": 3}, "1,000",
        "fortnight", 40, "equal", "10",
    )  # fmt: skip
    rules = e.LoanRules(
        method="service_charge", principal_grace=1, penalty="percent", penalty_ppm=50_000,
        penalty_grace_days=7,
    )  # fmt: skip
    assert constitution(terms, 2) == e.ConstitutionAdopted(
        1, 10_000, social_fund_minor=2_000, loan_periods_max=6, interest_ppm=25_000, period="week",
        fines={"late": 5_000}, fines_to="social_fund", instalment_step_minor=1_000, loan=rules,
        loans_open_max=2, guarantors_min=1, quorum_percent=60, keys_required=3,
        approvals={"loan.disbursed": 2, "meeting.closed": 3, "member.exited": 3},
        approval_limit_minor=100_000, meeting_frequency="fortnight", cycle_meetings=40,
        social_at_shareout="equal",
    )  # fmt: skip


def test_a_penalty_is_an_amount_or_a_percentage() -> None:
    flat = constitution(Terms("100", penalty="50"), 2).loan
    assert (flat.penalty, flat.penalty_minor, flat.penalty_ppm) == ("flat", 5_000, 0)
    percent = constitution(Terms("100", penalty="2.5 %"), 2).loan
    assert (percent.penalty, percent.penalty_minor, percent.penalty_ppm) == ("percent", 0, 25_000)


@pytest.mark.parametrize("method", ["flat", "reducing", "reducing_instalment"])
def test_a_plain_method_needs_no_loan_rules(method: str) -> None:
    rules = constitution(Terms("100", interest_method=method), 2)  # type: ignore[arg-type]
    assert (rules.interest_method, rules.loan) == (method, e.LoanRules())


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        (Terms("100", grace=3), "A grace of 3 leaves nothing of a loan of 3."),
        (Terms("100", approvals={"dance": 2}), "Officers are not asked about “dance”."),
    ],
)
def test_what_can_not_be_a_rule_is_refused(terms: Terms, said: str) -> None:
    with pytest.raises(CommandRefused) as refused:
        constitution(terms, 2)
    assert str(refused.value).startswith(said)


def test_what_officers_are_asked_about_is_typed_as_it_is_recorded() -> None:
    commands = {"shareout", "dividend"}
    assert set(ASKED_ABOUT) - commands <= set(KINDS)
