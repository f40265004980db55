"""How many shares one member may buy in one meeting, over all purchases; more is pointed out."""

from __future__ import annotations

from typing import Final

from model.book import Book
from model.journal import entry_page, reversed_by
from model.pages import FindingPage

NAMED_MAX: Final = 16  # purchases that a finding names


def add_to_share_limit(
    book: Book, name: str, meeting: tuple[int, int], member: str, shares: int
) -> None:
    """As `check_share_limit`, after one more purchase that simply counts."""
    cycle, session = meeting
    constitution = book.constitution.find("current")
    if constitution is None:
        return
    shares_max = constitution.terms.shares_max
    sheet = book.sheets.find((cycle, session, member)) or ()
    if shares <= shares_max and sum([claim[0] == "share.purchased" for claim in sheet]) == 1:
        return  # the only purchase: nearly every one
    key = ("cap_exceeded", f"{cycle}/{session}/{member}")
    noted = book.findings.find(key)
    if noted is None or noted.amounts[1] != shares_max:
        check_share_limit(book, cycle, session, member)
        return
    bought = noted.amounts[0] + shares
    names = (*noted.entries, name)[:NAMED_MAX]
    page = FindingPage(names, member, cycle, session, (bought, shares_max))
    book.findings.put(key, page)


def check_share_limit(book: Book, cycle: int, session: int, member: str) -> None:
    """Note, or take back, that a member bought more shares than the constitution allows."""
    constitution = book.constitution.find("current")
    if constitution is None:
        return
    shares_max = constitution.terms.shares_max
    bought, names = 0, []
    for kind, line, name in book.sheets.find((cycle, session, member)) or ():
        if kind == "share.purchased" and line:
            page = entry_page(book, name)
            if page.status == "counted" and not reversed_by(book, page):
                bought += page.count
                names.append(name)
    key = ("cap_exceeded", f"{cycle}/{session}/{member}")
    finding = None
    if bought > shares_max:
        finding = FindingPage(
            tuple(names[:NAMED_MAX]), member, cycle, session, (bought, shares_max)
        )
    if finding != book.findings.find(key):
        book.findings.put(key, finding)
