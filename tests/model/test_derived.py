"""What is derived is derived again, a bounded number of times, and nothing comes from nothing."""

from __future__ import annotations

import pytest

from model.book import Book
from model.derived import ROUNDS_MAX, derive, settle_up
from model.journal import entry_page
from model.reducer import WORK


def test_what_is_derived_from_itself_ends() -> None:
    book, done = Book(), []

    def again(of: Book, subject: str) -> None:
        done.append(subject)
        derive(of, "circle", subject)

    derive(book, "circle", "one")
    settle_up(book, {"circle": again})
    assert done == ["one"] * ROUNDS_MAX
    assert not book.stale


def test_a_kind_from_which_nothing_follows_is_passed_over() -> None:
    book = Book()
    derive(book, "said", "one")
    settle_up(book, {})
    assert not book.stale


_SUBJECTS = ("ab" * 17, "1", "1/1", "cycle 1", "actions 1 1/1", "ref QX1", "|savings|Roof")


@pytest.mark.parametrize("kind", WORK)
def test_of_a_thing_whose_page_is_lost_nothing_is_made_up(kind: str) -> None:
    tried = 0
    for subject in _SUBJECTS:
        book = Book()
        before = book.digest()
        derive(book, kind, subject)
        try:
            settle_up(book, WORK)
        except (ValueError, IndexError):
            continue  # not a subject of this kind
        except LookupError:
            pass  # what the kind is about is always there, or the ledger is said to be damaged
        tried += 1
        assert book.digest() == before, subject
    assert tried


def test_a_page_that_names_what_is_not_there_is_said_to() -> None:
    with pytest.raises(LookupError, match="ab" * 17):
        entry_page(Book(), "ab" * 17)
