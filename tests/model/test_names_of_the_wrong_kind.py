"""An entry that names something of another kind says nothing, and moves no money.

The author knew the entry that is named, so that it is no unknown one; it is only not what the kind
asks for: a loan where a member should be, a meeting where a loan should be. Every kind is asked,
for every place in which it names an entry. A person founding a group may record all of them.
"""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from model import events as e
from model.journal import entry_page
from tests.model.drawn_events import of_kind
from tests.model.laws import assert_balanced, assert_prefix, assert_shown, assert_told
from tests.strategies import CONSTITUTION, Phone

_FREE = {  # these may name an entry of any kind: they speak about entries as such
    *("approval.given", "approval.withdrawn", "request.declined", "conflict.resolved"),
    *("entry.disputed", "late_entry.accepted", "late_entry.rejected", "entry.reversed"),
    *("resolution.recorded", "notice.sent", "officer.proposed", "officer.elected"),
    *("constitution.adopted", "constitution.proposed", "person.sealed", "meeting.closed"),
    *("suspense.ratified", "suspense.rejected", "meeting.scheduled"),
}


def _group() -> tuple[Phone, list[bytes], list[bytes]]:
    """A founder's phone, two members that it knows, and entries that are no member and no loan."""
    phone = Phone("founder", "Wanjiru")
    phone.record(e.GroupDescribed("Umoja", "KES", 2))
    rules = phone.record(CONSTITUTION)
    cycle = phone.record(e.CycleOpened(1, "2026-01-01", "2026-12-31"))
    members = [phone.record(e.MemberAdded(number, "2026-01-01")) for number in (1, 2)]
    meeting = phone.record(e.MeetingOpened(1, 1, "2026-01-07"))
    return phone, members, [rules, cycle, meeting]


def _has_lists(kind: e.EventKind) -> bool:
    """Are there lists in it that may name entries?"""
    told = inspect.type_info(kind.event_class)
    assert isinstance(told, inspect.StructType)
    return any(isinstance(field.type, inspect.VarTupleType) for field in told.fields)


def _parts(event: Any, names: list[bytes], chance: random.Random) -> dict[str, Any]:
    """Lists of parts that name entries, each part naming one of these."""
    changed: dict[str, Any] = {}
    for field in event.__struct_fields__:
        value = getattr(event, field)
        if isinstance(value, tuple) and value:
            if isinstance(value[0], bytes) and len(value[0]) == 17:
                changed[field] = tuple(chance.choice(names) for _ in value)
            elif isinstance(value[0], msgspec.Struct) and hasattr(value[0], "member"):
                part = [msgspec.structs.replace(one, member=chance.choice(names)) for one in value]
                changed[field] = tuple(part)
    return changed


@pytest.mark.parametrize(
    "kind",
    [row for row in e.EVENTS if row.references or _has_lists(row)],
    ids=lambda kind: kind.kind,
)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_names_another_kind_of_thing_moves_no_money(
    kind: e.EventKind, data: st.DataObject
) -> None:
    phone, members, others = _group()
    chance = random.Random(data.draw(st.integers(0, 2**16)))
    event: Any = data.draw(of_kind(kind))
    wrong = chance.choice(kind.references) if kind.references else ""
    changed: dict[str, Any] = {}
    for name in kind.references:
        if getattr(event, name) or name == wrong:
            changed[name] = chance.choice(others if name == wrong else members)
    for name in ("cycle", "session", "line"):
        if name in event.__struct_fields__:
            changed[name] = 1
    parts = _parts(event, others if not wrong else members, chance)
    changed |= parts
    written = phone.record(msgspec.structs.replace(event, **changed))
    book = phone.book
    page = entry_page(book, written.hex())
    assert_prefix(book)
    assert_balanced(book)
    assert_shown(book)
    assert_told(book, phone.known.values())
    if kind.kind not in _FREE and (wrong or parts):
        assert page.status == "void", (event, page)
        assert page.lines == ()
