"""A flood about one thing is said once, under a name that no order of writing decides."""

from __future__ import annotations

import pytest

from model.journal import entry_page
from model.limits import TOO_MANY, said_enough
from model.standing import CLAIMS_EACH, CLAIMS_MAX
from tests.model.apart import told
from tests.model.test_one_too_many import copies
from tests.strategies import Village, findings, share


@pytest.mark.parametrize("lower", [True, False])
def test_a_flood_is_told_under_the_lowest_name_that_is_followed(lower: bool) -> None:
    """Another officer tells of the same thing after the flood, under a lower or a higher name."""
    village = Village()
    flood = [
        village.secretary.record(share(village.members[0], 100 + number))
        for number in range(CLAIMS_EACH + 1)
    ]
    village.meet()
    ((_, before),) = [key for key, _ in village.book.findings.rows() if key[0] == TOO_MANY]
    own = village.treasurer.record(share(village.members[0], 500))
    while (own.hex() < before) is not lower:  # take it back, and write it as a later entry
        village.treasurer.known.pop(own)
        own = village.treasurer.record(share(village.members[0], 500))
    book = told(village)
    followed = [
        name for name in (*flood, own) if TOO_MANY not in entry_page(book, name.hex()).reasons
    ]
    ((_, about),) = [key for key, _ in book.findings.rows() if key[0] == TOO_MANY]
    assert about == min(followed).hex() == (own.hex() if lower else before)
    assert len(findings(book, TOO_MANY)) == 1


def test_a_person_is_heard_until_one_knew_of_enough_or_phones_apart_wrote_twice_as_much() -> None:
    names = [bytes([number]) * 17 for number in range(8)]
    own = [name.hex() for name in names]
    assert not said_enough(own[:3], frozenset(names), 4)
    assert said_enough(own[:4], frozenset(names), 4)
    assert not said_enough(own[:4], frozenset(names[:3]), 4)
    assert not said_enough(own[:7], frozenset(), 4)
    assert said_enough(own, frozenset(), 4)


def test_of_one_thing_so_many_are_followed_whoever_tells() -> None:
    village = Village()
    entries = [
        copy.record(share(village.members[0], 100 + number))
        for number, copy in enumerate(copies(village, CLAIMS_EACH * 2 + 1))
    ]
    book = village.book
    void = [one for one in entries if TOO_MANY in entry_page(book, one.hex()).reasons]
    assert len(void) == len(entries) - min(CLAIMS_EACH * 2, CLAIMS_MAX)
