"""Erasing a person: officers decide together that a member's name and phone are forgotten.

The books keep the member's number, amounts and entries, so that every balance stays what it was: a
member who owes or is owed stays so, as a number. What goes lies outside of the books: the key that
opens the sealed details, which every phone destroys when this decision reaches it. So the decision
is for good: it can't be reversed, details that are sealed for the member later are shown to nobody,
and whoever comes back is a new member. One decision is about one name; of members who were merged
each is erased by itself.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from model import events as e
from model.approvals import propose
from model.book import Book
from model.derived import Work
from model.entry import Entry
from model.journal import entry_page
from model.members import compare_again, member_named
from model.notes import void
from model.pages import NO_MEETING, TopicPage
from model.sheets import claims_once

ERASED: Final = "erased"
"""Topic of the members who are erased."""


def erase_person(book: Book, entry: Entry, event: e.PersonErased, keeper: bool) -> None:
    """Ask officers to agree that a member's name and phone are forgotten."""
    member = member_named(book, event.member)
    if not member:
        void(book, entry, "person.erased", "unknown_reference", text=event.reason)
        return
    propose(
        book, entry, keeper, "person.erased", NO_MEETING, NO_MEETING, member, 1, 0, "",
        once=f"erased {member}", text=event.reason,
    )  # fmt: skip


def derive_erased(book: Book, member: str) -> None:
    """Note whether a member is erased, and look again for members like this one."""
    page = book.members.find(member)
    if page is None:
        return
    erased = any(entry_page(book, name).status == "counted" for name in requests(book, member))
    if erased == page.erased:
        return
    book.members.put(member, replace(page, erased=erased))
    known = set(erased_members(book)) - {member} | ({member} if erased else set())
    book.topics.put(ERASED, TopicPage(heads=tuple(sorted(known))) if known else None)
    compare_again(book, member)


def requests(book: Book, member: str) -> list[str]:
    """Every entry that asks to erase this member, in the shared order."""
    return [name for _, _, name in claims_once(book, f"erased {member}")]


def erased_members(book: Book) -> tuple[str, ...]:
    """The members (hex) whom officers decided to forget, ascending."""
    page = book.topics.find(ERASED)
    return page.heads if page is not None else ()


RULES: Final = {e.PersonErased: erase_person}
WORK: Final[dict[str, Work]] = {"person.erased": derive_erased}
