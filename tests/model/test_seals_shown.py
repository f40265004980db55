"""What is shown of seals: at most so many changes, closes over other heads, what is not kept."""

from __future__ import annotations

from collections.abc import Collection

from model import events as e
from model.entry import Head
from model.reducer import fold
from model.sealing import CHANGED_MAX, watch_seals
from tests.model.laws import pasts
from tests.model.seals import book_of, close_meeting, rows, seal
from tests.model.test_seals import opened, state
from tests.strategies import Phone, Village, findings, share


def test_of_many_changes_to_sealed_books_so_many_are_shown() -> None:
    """Fines that came too late are accepted in a meeting that is sealed, and then taken back."""
    village = Village()
    secretary, treasurer, chairperson = village.phones[:3]
    apart = Phone("secretary's copied phone", "Wanjiru")
    apart.learns_from(secretary)
    village.phones.append(apart)
    close_meeting(secretary)
    late = [
        apart.record(e.FinePaid(1, 1, village.members[0], 5, line))
        for line in range(1, CHANGED_MAX + 3)
    ]
    village.meet()
    opened(village, 2)
    asked = [secretary.record(e.LateEntryAccepted(one, 1, 2)) for one in late]
    village.meet()
    for one in asked:
        chairperson.record(e.ApprovalGiven(one, 1, 2))
    seal(village, 2)
    assert not findings(book_of(village.entries), "sealed_corrected")  # posted where it was sealed
    opened(village, 3)
    taken_back = [treasurer.record(e.EntryReversed(1, 3, one, "no")) for one in asked]
    village.meet()
    for one in taken_back:
        chairperson.record(e.ApprovalGiven(one, 1, 3))
    shown = [code for code, _, _ in watch_seals(book_of(village.entries))]
    assert shown.count("sealed_corrected") == CHANGED_MAX


class _Heads(frozenset[bytes]):
    """A past whose chains have other heads than any close says."""

    def names_heads(self, heads: Collection[Head], /) -> bool:
        return False


def test_a_close_over_other_heads_than_it_knew_is_pointed_out() -> None:
    village = Village()
    close = close_meeting(village.secretary)
    assert not findings(book_of(village.entries), "covers_differ")
    entries = [
        entry._replace(past=_Heads(pasts(entry))) if entry.id == close else entry
        for entry in village.entries
    ]
    (finding,) = findings(fold(entries), "covers_differ")
    assert finding.entries == (close.hex(),)


def test_what_a_close_without_a_second_officer_posted_elsewhere_is_not_kept() -> None:
    """As where the acceptance of a late entry is taken back from a sealed meeting, but unsigned."""
    village = Village()
    apart = village.treasurer
    close_meeting(village.secretary)
    late = apart.record(share(village.members[1], 200))
    village.meet()
    opened(village, 2)
    asked = village.secretary.record(e.LateEntryAccepted(late, 1, 2))
    village.agree(asked, village.chairperson)
    close_meeting(village.secretary, 2)
    assert set(rows(book_of(village.entries), (1, 2))) == {late.hex()}
    opened(village, 3)
    taken_back = village.treasurer.record(e.EntryReversed(1, 3, asked, "it was nobody's"))
    village.agree(taken_back, village.chairperson)
    book = book_of(village.entries)
    assert state(book, 2) == "closed"
    assert rows(book, (1, 2)) == {}
    assert not findings(book, "sealed_corrected")
