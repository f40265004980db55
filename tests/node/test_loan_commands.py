"""Loans as officers type them: quotes, the whole life of a loan, who is late; refusals in words."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from node import cli

Type = Callable[..., "Typed"]


class Typed:
    """What a command printed, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


@pytest.fixture
def office(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Type:
    """One officer at a phone; the group is being founded, so a word of his is enough."""

    def type_command(*words: str) -> Typed:
        with pytest.raises(SystemExit) as left:
            cli.main(["--home", str(tmp_path / "phone"), *words])
        printed = capsys.readouterr()
        return Typed(int(left.value.code or 0), printed.out, printed.err)

    assert type_command("init", "--name", "Secretary's phone").code == 0
    done = type_command("found", "Umoja", "--currency", "KES", "--share-value", "100",
                        "--interest", "10")  # fmt: skip
    assert done.code == 0, done.err
    for words in (
        "member --name Amina",
        "member --name Baraka",
        "member --name Chebet",
        "meeting --date 2026-01-31",
        "contribution --member Amina --amount 500",
        "contribution --member Baraka --amount 500",
        "contribution --member Chebet --amount 500",
    ):
        done = type_command("record", *words.split())
        assert done.code == 0, done.err
    return type_command


def records(office: Type, *kinds: str) -> None:
    for words in kinds:
        done = office("record", *words.split())
        assert done.code == 0, done.err


def loan_of(office: Type, every: bool = True) -> dict[str, Any]:
    (loan,) = office("loans", *(["--all"] if every else []), "--json").json()["loans"]
    assert isinstance(loan, dict)
    return loan


# 12,000 at 2 % a month, 4 equal instalments: Apache Fineract, ClientLoanIntegrationTest.
def test_a_quote_needs_no_group(office: Type) -> None:
    words = ("loans", "quote", "12,000", "--interest", "2 % a month", "--instalments", "4",
             "--method", "reducing_instalment", "--start", "2011-09-20")  # fmt: skip
    told = office(*words, "--json").json()
    assert [(row["due_on"], row["principal_minor"]) for row in told["instalments"]] == [
        ("2011-10-20", 291_149),
        ("2011-11-20", 296_972),
        ("2011-12-20", 302_911),
        ("2012-01-20", 308_968),
    ]
    shown = office(*words)
    assert "3,151.49" in shown.out
    assert "605.94 of it interest" in shown.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("0",), "larger than nothing"),
        (("1,50",), "read in more than one way"),
        (("100", "--interest", "lots"), "Write a rate"),
        (("100", "--start", "2026-02-30"), "not a date"),
        (("100", "--method", "fixed_instalment"), "how much each instalment"),
        (("100", "--principal-grace", "3"), "before the last"),
    ],
)
def test_a_quote_that_cannot_be_says_what_to_change(
    office: Type, words: tuple[str, ...], said: str
) -> None:
    done = office("loans", "quote", *words)
    assert done.code == cli.EXIT_REFUSED
    assert said in done.err


def test_a_quote_on_the_groups_terms_is_the_schedule_of_the_loan(office: Type) -> None:
    told = office("loans", "quote", "900", "--instalments", "3", "--start", "2026-01-31",
                  "--group-terms", "--json").json()  # fmt: skip
    records(office, "loan --member Amina --amount 900 --periods 3")
    rows = loan_of(office)["instalments"]
    keys = ("due_on", "principal_minor", "interest_minor")
    assert [[row[key] for key in keys] for row in rows] == [
        [row[key] for key in keys] for row in told["instalments"]
    ]


def test_the_life_of_a_loan_that_goes_wrong(office: Type) -> None:
    records(
        office,
        "loan-request --member Amina --amount 900 --periods 3",
        "guarantee --member Amina --payer Baraka --amount 400",
        "loan-approval --member Amina --method reducing --anyway",
        "loan-handover --member Amina",
        "meeting --date 2026-03-15",
    )
    late = office("loans", "arrears", "--json").json()
    assert (late["late"][0]["days_past_due"], late["overdue_minor"]) == (15, 39_000)
    assert late["par"][0]["basis_points"] == 10_000
    assert "more than 30 days past due" in late["par"][1]["definition"]
    assert "Amina" in office("loans", "arrears").out
    earlier = office("loans", "arrears", "--on", "2026-02-28", "--json").json()
    assert (earlier["late"], earlier["active_loans"]) == ([], 1)
    records(office, "loan-charge --member Amina --amount 39 --instalment 1")
    assert loan_of(office)["penalty_outstanding_minor"] == 3_900
    records(office, "loan-waiver --member Amina --amount 39 --code penalty")
    assert loan_of(office)["penalty_outstanding_minor"] == 0
    records(
        office,
        "repayment --member Amina --amount 390",
        "loan-reschedule --member Amina --instalment 2 --periods 2 --interest 5",
    )
    then = office("loans", "arrears", "--on", "2026-03-01", "--json").json()
    assert then["overdue_minor"] == 39_000, "it was late then, whatever was paid since"
    assert loan_of(office)["rescheduled"]
    assert [row["owed_minor"] for row in loan_of(office)["instalments"]] == [0, 33_000, 33_000]
    records(
        office,
        "meeting --date 2026-12-01",
        "loan-default --member Amina",
        "guarantee-call --member Amina --payer Baraka --amount 330",
        "repayment --member Amina --amount 330 --payer Baraka --source shares",
    )
    assert loan_of(office)["state"] == "defaulted"
    records(office, "write-off --member Amina", "recovery --member Amina --amount 50")
    loan = loan_of(office)
    assert (loan["state"], loan["written_off_minor"]) == ("written_off", 30_000)
    assert loan["recovered_minor"] == 5_000
    members = office("book", "--json").json()["members"]
    assert [row["savings"] for row in members] == [50_000, 17_000, 50_000]


def test_a_request_ends(office: Type) -> None:
    records(
        office,
        "loan-request --member Amina --amount 900",
        "loan-refusal --member Amina --status withdrawn",
    )
    assert loan_of(office)["state"] == "withdrawn"
    assert office("loans").out == "No loan is open.\n"
    done = office("record", "loan-refusal", "--member", "Amina")
    assert "has asked for no loan" in done.err


def test_a_loan_of_the_social_fund_comes_out_of_its_own_box(office: Type) -> None:
    records(
        office,
        "social --member Baraka --amount 300",
        "loan --member Amina --amount 200 --periods 1 --fund social_fund",
        "repayment --member Amina --amount 220",
    )
    cash = office("book", "--json").json()["cash"]
    assert (cash["box"], cash["social"]) == (150_000, 32_000)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("loan --member Amina --amount 1600", "1,500.00 at most: 3 times the savings"),
        ("loan --member Amina --amount 100 --periods 9", "at most 3 months"),
        ("loan-request --member Amina --amount 100 --guarantors Baraka", "names no amount"),
        ("write-off --member Amina", "owes no loan"),
        ("recovery --member Amina --amount 5", "was written off"),
        ("loan-approval --member Amina", "has asked for no loan"),
    ],
)
def test_what_the_rules_speak_against_is_refused_with_numbers(
    office: Type, words: str, said: str
) -> None:
    done = office("record", *words.split())
    assert done.code == cli.EXIT_REFUSED
    assert said in done.err


def test_guarantors_beyond_their_savings_are_refused(office: Type) -> None:
    done = office("record", "loan-request", "--member", "Amina", "--amount", "900",
                  "--guarantors", "Baraka: 600, Chebet: 100")  # fmt: skip
    assert "Baraka can answer for KES 500.00 at most" in done.err
    own = office("record", "loan-request", "--member", "Amina", "--amount", "900",
                 "--guarantors", "Amina: 100")  # fmt: skip
    assert own.code == cli.EXIT_REFUSED
    good = office("record", "loan-request", "--member", "Amina", "--amount", "900",
                  "--guarantors", "Baraka: 400, Chebet: 100")  # fmt: skip
    assert good.code == 0, good.err
    assert len(loan_of(office)["guarantors"]) == 2


def test_the_group_may_decide_all_the_same(office: Type) -> None:
    records(office, "loan --member Amina --amount 1501 --anyway")
    assert loan_of(office)["principal_minor"] == 150_100
