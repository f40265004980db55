"""Whatever is out of its range is told in words, with what is allowed."""

import typing
from collections.abc import Iterator

import msgspec
import pytest
from msgspec import inspect

from model.events import EVENTS, ConstitutionAdopted, Event, FineLevied, LoanApproved
from node.ranges import fault, fault_of
from node.records import FoundRequest, RecordRequest

RULES = ConstitutionAdopted(1, 10_000)


def changed(event: Event, **fields: object) -> Event:
    return msgspec.structs.replace(event, **fields)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (changed(RULES, share_value_minor=0), "The share value must be more than zero."),
        (changed(RULES, interest_ppm=1_500_000), "The interest must be from 0 to 100 percent."),
        (
            changed(RULES, shares_max=-1),
            "The largest number of shares must be from 0 to 1,000,000.",
        ),
        (changed(RULES, social_fund_minor=-1), "The payment into the social fund must be zero or"),
        (changed(RULES, fines={"late": 0}), "A fine (late) must be more than zero."),
        (changed(RULES, fines={"Came late": 1}), "The code must be a word of up to 32 small"),
        (changed(RULES, fines={f"f{n}": 1 for n in range(65)}), "too many fines: 64 are allowed"),
        (FineLevied(1, 1, b"m" * 17, "Late!", 1), "The code must be a word"),
        (
            LoanApproved(1, 1, b"l" * 17, 1, "flat", 1, 601),
            "The term of a loan must be from 1 to 600.",
        ),
        (changed(RULES, record_keeper="king"), "The record keeper must be one of: chairperson,"),
        (RULES, "One of the details is too long"),
    ],
)
def test_a_fault_names_the_field_and_what_is_allowed(event: Event, said: str) -> None:
    assert said in fault(event)


def wrong_values(wanted: inspect.Type) -> Iterator[object]:
    if isinstance(wanted, inspect.IntType):
        yield from (-(10**20), 10**20)
    elif isinstance(wanted, inspect.StrType):
        yield "x" * 5_000
        if wanted.min_length:
            yield ""
    elif isinstance(wanted, inspect.LiteralType):
        yield "nonsense"


@pytest.mark.parametrize(
    "kind",
    [*(row.event_class for row in EVENTS), FoundRequest, RecordRequest],
    ids=lambda kind: kind.__name__,
)
def test_no_field_is_told_as_a_program_would(kind: type[msgspec.Struct]) -> None:
    for name, hint in typing.get_type_hints(kind, include_extras=True).items():
        for value in wrong_values(inspect.type_info(hint)):
            said = fault_of(kind, {name: value})
            if isinstance(inspect.type_info(hint), inspect.IntType | inspect.LiteralType):
                assert said
            assert not any(mark in said for mark in ("`", "$", "Expected", "_m", "_p", "None"))
