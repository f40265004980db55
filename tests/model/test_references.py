"""A reference means an entry that its author knew; what merely stands before it means nothing.

Every kind is asked, for every place in which it names an entry: its own fields and those of the
parts in its lists, found from the types themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from model import events as e
from model.book import Book
from model.entry import Entry
from model.permissions import refers_to_known
from tests.model.apart import Apart, status, told
from tests.model.drawn_events import of_kind
from tests.strategies import findings

_ID_BYTES = 17


def _named(kind: e.EventKind, event: Any) -> list[bytes]:
    """Every entry that an event names."""
    told_of = inspect.type_info(kind.event_class)
    assert isinstance(told_of, inspect.StructType)
    own = [getattr(event, name) for name in kind.references]
    lists = (
        (field.type, getattr(event, field.name))
        for field in told_of.fields
        if isinstance(field.type, inspect.VarTupleType)
    )
    return [one for one in (*own, *_in_lists(lists)) if one]


def _in_lists(lists: Iterator[tuple[inspect.VarTupleType, Any]]) -> Iterator[bytes]:
    for kind, items in lists:
        for item in items:
            if isinstance(kind.item_type, inspect.StructType):
                for field in kind.item_type.fields:
                    if _is_id(field.type):
                        yield getattr(item, field.name)
            elif _is_id(kind.item_type):
                yield item


def _is_id(kind: inspect.Type) -> bool:
    return isinstance(kind, inspect.BytesType) and kind.min_length == kind.max_length == _ID_BYTES


@pytest.mark.parametrize("kind", e.EVENTS, ids=lambda kind: kind.kind)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_an_author_knows_every_entry_that_is_named(kind: e.EventKind, data: st.DataObject) -> None:
    event = data.draw(of_kind(kind))
    named = _named(kind, event)

    def is_known(past: frozenset[bytes]) -> bool:
        entry = Entry(bytes(_ID_BYTES), 1, bytes(32), bytes(16), 0, event, past)
        return refers_to_known(Book(), entry, event)

    assert is_known(frozenset(named))
    for one in set(named):
        assert not is_known(frozenset(named) - {one})


def test_a_guarantor_or_key_bearer_whom_the_author_did_not_know_is_nobody(apart: Apart) -> None:
    village, secretary, treasurer = apart
    newcomer = secretary.record(e.MemberAdded(9, "2026-01-07"))
    guarantors = (e.Guarantee(newcomer, 100),)
    loan = treasurer.record(
        e.LoanApplied(1, 1, village.members[0], 500, "seed", 2, guarantors=guarantors)
    )
    opened = treasurer.record(e.MeetingOpened(1, 2, "2026-01-14", keys=(newcomer,)))
    village.meet()
    assert (status(village, loan), status(village, opened)) == ("void", "void")
    assert len(findings(told(village), "unknown_reference")) == 2
