"""Under one number of rules equal terms give equal money: a loan may not be repriced unseen.

The cases and what they gave are kept in tests/vectors/reckonings.jsonl
(simulations/kept_reckonings.py). That the sums are right is shown by the other tests here.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from click.testing import CliRunner

from model.reckoning.happenings import Payment, Waiver
from model.reckoning.rates import Rate
from model.reckoning.terms import Grace, LoanTerms
from model.reducer import REDUCER_VERSION
from simulations import keeping, kept_reckonings
from simulations.drawn_cases import Draw
from simulations.drawn_pages import fields, is_page
from simulations.kept_reckonings import Kept, gave, main, meant, read, shown
from simulations.reckoned_cases import RECKONED
from tests.model.test_kept_books import untraced

VERSION, KEPT = read()
PARTS = 8  # a fault that is planted is looked for in one part after another


def test_the_kept_reckonings_are_of_these_rules_and_of_every_kind() -> None:
    assert VERSION == REDUCER_VERSION, "run: python -m simulations.kept_reckonings"
    assert {kept.kind for kept in KEPT} == RECKONED.keys()
    assert min(Counter(kept.kind for kept in KEPT if not kept.refused).values()) >= 10


@pytest.mark.parametrize("part", range(PARTS))
def test_equal_terms_give_what_they_gave(part: int) -> None:
    changed = [(kept, new.gave) for kept in KEPT[part::PARTS] if (new := kept.reckoned()) != kept]
    assert not changed, "another result? run: python -m simulations.kept_reckonings"


def _choices(page: Any) -> Counter[tuple[str, str, object]]:
    """Each choice that was made in a page of terms, and in its parts."""
    made: Counter[tuple[str, str, object]] = Counter()
    for name, hint in fields(type(page)).items():
        value = getattr(page, name)
        if is_page(hint):
            made += _choices(value)
        elif get_args(hint):
            made[type(page).__name__, name, str(value)] += 1
    return made


def test_every_choice_among_the_terms_of_a_loan_is_made_in_several_accepted_cases() -> None:
    made: Counter[tuple[str, str, object]] = Counter()
    for kept in KEPT:
        if kept.kind in ("loan", "history") and not kept.refused:
            made += _choices(meant(kept.given["terms"], LoanTerms))
    pages = [LoanTerms, *(kind for kind in fields(LoanTerms).values() if is_page(kind))]
    seldom = [
        (page.__name__, name, value)
        for page in pages
        for name, hint in fields(page).items()
        if get_origin(hint) is not tuple and "Literal" in str(hint)
        for value in get_args(hint)
        if made[page.__name__, name, str(value)] < 3
    ]
    assert not seldom


@pytest.mark.parametrize("kind", RECKONED)
def test_what_is_kept_of_a_case_says_all_of_it(kind: str) -> None:
    hints = fields(RECKONED[kind])
    for seed in range(8):
        for name, value in Draw(seed).case(kind).items():
            assert meant(shown(value, hints[name]), hints[name]) == value


def test_only_what_is_not_at_its_default_is_written() -> None:
    terms = LoanTerms(1_000, "bullet", grace=Grace(1))
    assert shown(terms, LoanTerms) == {
        "principal_minor": 1_000, "method": "bullet", "grace": {"principal": 1},
    }  # fmt: skip
    assert shown(Waiver("2026-01-01", "fee", 5), Payment | Waiver) == [
        "Waiver", {"on": "2026-01-01", "bucket": "fee", "amount_minor": 5},
    ]  # fmt: skip
    assert shown(Rate(1, 100, "month"), Rate | None) == [1, 100, "month"]
    assert shown(Fraction(1, 3), Fraction | int) == "1/3"


def test_a_refusal_is_told_in_its_own_words() -> None:
    given = Draw(1).case("appropriation") | {"parts_ppm": (10**6, 1)}
    words = "DividendError: The reserves cannot take more than the whole surplus."
    assert gave("appropriation", given) == words
    assert Kept("appropriation", {}, words).refused
    assert len(gave("appropriation", given | {"parts_ppm": (1,)})) == 8


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of two cases that are accepted and one that is refused."""
    path = tmp_path / "reckonings.jsonl"
    monkeypatch.setattr(kept_reckonings, "FILE", path)
    taken = [kept for kept in KEPT if not kept.refused][:2]
    kept_reckonings.write([*taken, next(kept for kept in KEPT if kept.refused)])
    return path


def _another_rule(monkeypatch: pytest.MonkeyPatch, *, refused: bool) -> None:
    """From now on the cases that are refused, or the others, give something else."""

    def otherwise(kind: str, given: dict[str, Any]) -> str:
        now = gave(kind, given)
        return "No: it is refused." if refused and " " in now else now if refused else "0" * 8

    monkeypatch.setattr(kept_reckonings, "gave", otherwise)


def test_another_result_under_the_same_number_is_refused(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = copy.read_text("utf-8")
    _another_rule(monkeypatch, refused=False)
    told = CliRunner().invoke(main)
    assert told.exit_code == 1
    assert "3 of 3 reckonings give another result" in told.output
    assert "raise REDUCER_VERSION" in told.output
    assert copy.read_text("utf-8") == before


@pytest.mark.usefixtures("copy")
def test_with_another_number_the_new_results_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    _, before = read()
    _another_rule(monkeypatch, refused=False)
    monkeypatch.setattr(keeping, "REDUCER_VERSION", VERSION + 1)
    assert CliRunner().invoke(main).exit_code == 0
    assert read() == (VERSION + 1, [kept._replace(gave="0" * 8) for kept in before])


@pytest.mark.usefixtures("copy")
def test_a_refusal_in_other_words_needs_no_other_number(monkeypatch: pytest.MonkeyPatch) -> None:
    _, before = read()
    _another_rule(monkeypatch, refused=True)
    told = CliRunner().invoke(main)
    assert (told.exit_code, told.output.splitlines()) == (
        0,
        [
            f"0 of 3 reckonings give another result than by rules {VERSION}.",
            "1 are refused in other words.",
        ],
    )
    assert read() == (VERSION, [*before[:2], before[2]._replace(gave="No: it is refused.")])


@pytest.mark.usefixtures("copy")
def test_cases_are_drawn_and_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_reckonings, "ways_through", untraced)
    kinds = {kind: RECKONED[kind] for kind in ("splitting", "appropriation")}
    monkeypatch.setattr(kept_reckonings, "RECKONED", kinds)
    assert CliRunner().invoke(main, ["--draw", "3"]).exit_code == 0
    _, every = read()
    assert {kept.kind for kept in every} == kinds.keys()
    assert all(kept.reckoned() == kept for kept in every)
    assert any(kept.refused for kept in every)
    assert any(not kept.refused for kept in every)
    told = CliRunner().invoke(main)
    assert told.output.startswith(f"0 of {len(every)} reckonings give another result")
