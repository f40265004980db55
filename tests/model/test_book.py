"""The book's tables: what is read through, forgotten or remembered changes nothing to be seen."""

from __future__ import annotations

import pytest

from model import events as e
from model.book import Book
from model.permissions import refers_to_known
from model.reducer import apply, fold
from tests.model.apart import lent
from tests.model.laws import StoredPages, everything
from tests.strategies import Village, share


def stored(village: Village) -> StoredPages:
    pages = StoredPages()
    pages.store(fold(village.entries))
    return pages


def test_a_book_in_memory_alone_forgets_nothing_when_it_is_trimmed() -> None:
    village = Village()
    lent(village)
    book = fold(village.entries)
    before = everything(book)
    book.trim()
    assert everything(book) == before


def test_what_is_stored_is_let_go_and_read_again() -> None:
    village = Village()
    book = Book(stored(village))
    before = everything(book)
    assert len(book.members) == len(village.members)
    book.trim()
    assert len(book.members) == 0
    assert everything(book) == before


def test_what_is_not_stored_yet_is_not_forgotten() -> None:
    village = Village()
    pages = stored(village)
    book = Book(pages)
    book.trim()
    assert everything(book) == everything(village.book)
    village.secretary.record(share(village.members[0], 300))
    book.record()
    apply(book, max(village.secretary.known.values(), key=lambda entry: entry.lamport))
    book.trim()
    assert everything(book) == everything(village.book)


@pytest.mark.parametrize("raw", [b"{", b"[]", b'{"number":"one"}', b"\xff"])
def test_a_page_that_the_disk_spoilt_is_told_by_its_keeper(raw: bytes) -> None:
    village = Village()
    member = village.members[0].hex()
    pages = stored(village)
    pages.rows["members"][member] = raw
    with pytest.raises(ValueError, match=f"members {member}"):
        Book(pages).members.find(member)
    with pytest.raises(ValueError, match=f"members {member}"):
        list(Book(pages).members.rows())


def test_a_key_that_the_disk_spoilt_is_told_by_its_keeper() -> None:
    pages = stored(Village())
    for key in ("1", "one/1"):
        pages.rows["meetings"] = {key: b"{}"}
        with pytest.raises(ValueError, match=f"meetings {key}"):
            list(Book(pages).meetings.rows())


def test_what_every_officer_knows_is_looked_up_once() -> None:
    """It stays known when another officer's first entry bears witness that the group is founded."""
    village = Village()
    for phone, line in ((village.secretary, 1), (village.treasurer, 2), (village.secretary, 3)):
        phone.record(share(village.members[0], 100, line))
        village.meet()
    assert fold(village.entries).rooted == {village.members[0]}


def test_a_name_counts_as_known_as_far_as_the_newest_election_knew_it() -> None:
    village = Village()
    for line in (1, 2):
        village.treasurer.record(share(village.members[0], 100, line))
    village.meet()
    book = fold(village.entries)
    assert village.members[0] in book.rooted
    # Who did not know the newest election is asked for each name.
    new = village.secretary.record(e.MemberAdded(9, "2026-02-01"))
    village.elect("key_holder", village.secretary.person)
    apart = village.treasurer
    entry = apart.known[apart.record(share(new, 100, 2))]
    assert refers_to_known(fold(village.entries), entry, entry.event)
    blind = entry._replace(past=entry.past - {new})  # type: ignore[operator]
    assert not refers_to_known(fold(village.entries), blind, blind.event)
