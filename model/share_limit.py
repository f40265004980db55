"""How many shares one member may buy in one meeting, over all purchases; more is pointed out.

The limit is copied into each purchase from the constitution that its author knew, so that a later
constitution judges no earlier one; of several purchases in one meeting the highest limit holds.
Where a share costs the smallest unit of money the group saves free amounts, and there is no limit.
Where late joiners may catch up, they may buy what the meetings of the cycle before they joined
would have let them, spread over whatever meetings they like.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from model.book import Book
from model.entry import Entry
from model.events import ConstitutionAdopted, SharePurchased
from model.journal import entry_page, reversed_by
from model.pages import EntryPage, FindingPage
from model.sheets import claims_on, count_of

NAMED_MAX: Final = 16  # purchases that a finding names
CATCH_UP: Final = "catch_up"


def limit_text(terms: ConstitutionAdopted) -> str:
    """What a purchase keeps of the limit that its author knew; empty when there is none."""
    if terms.share_value_minor == 1:
        return ""
    extra = f" {CATCH_UP}" if terms.late_join == CATCH_UP else ""
    return f"{terms.shares_max}{extra}"


def _limit(page: EntryPage) -> int | None:
    """The limit that a purchase keeps; None when it has none."""
    return int(page.text.split(" ")[0]) if page.text else None


def add_to_share_limit(
    book: Book, entry: Entry, event: SharePurchased, member: str, limit: int
) -> None:
    """As `check_share_limit`, after one more purchase that simply counts."""
    cycle, session, shares = event.cycle, event.session, event.shares
    if shares <= limit and count_of(book, cycle, session, member, "share.purchased") == 1:
        return  # the only purchase: nearly every one
    name = entry.id.hex()
    key = ("cap_exceeded", f"{cycle}/{session}/{member}")
    noted = book.findings.find(key)
    if noted is None or noted.amounts[1] != limit or noted.detail:
        check_share_limit(book, cycle, session, member)
        return
    bought = noted.amounts[0] + shares
    names = tuple(sorted((*noted.entries, name))[:NAMED_MAX])
    book.findings.put(key, FindingPage(names, member, cycle, session, (bought, limit)))


def check_share_limit(book: Book, cycle: int, session: int, member: str) -> None:
    """Note, or take back, that a member bought more shares than the constitution allows."""
    rows = list(_purchases(book, cycle, session, member))
    bought = sum(page.count for _, page in rows)
    limits = [_limit(page) for _, page in rows]
    key = ("cap_exceeded", f"{cycle}/{session}/{member}")
    finding = None
    highest = max((limit for limit in limits if limit is not None), default=0)
    if None not in limits and bought > highest:
        names = tuple(sorted(name for name, _ in rows)[:NAMED_MAX])
        extra = CATCH_UP if any(CATCH_UP in page.text for _, page in rows) else ""
        finding = FindingPage(names, member, cycle, session, (bought, highest), extra)
    if finding != book.findings.find(key):
        book.findings.put(key, finding)


def _purchases(
    book: Book, cycle: int, session: int, member: str
) -> Iterator[tuple[str, EntryPage]]:
    """Purchases of one member in one meeting that count."""
    for kind, line, name in claims_on(book, cycle, session, member):
        if kind == "share.purchased" and line:
            page = entry_page(book, name)
            if page.status == "counted" and not reversed_by(book, page):
                yield name, page


def is_catching_up(book: Book, code: str, finding: FindingPage) -> bool:
    """Is what a finding calls too much only what a late joiner may catch up?

    Worked out when it is shown: it depends on which meetings there were before the member joined.
    """
    member = book.members.find(finding.subject) if finding.detail == CATCH_UP else None
    if code != "cap_exceeded" or member is None:
        return False
    missed, over = 0, 0
    for (cycle, session), page in book.meetings.rows():
        if cycle != finding.cycle:
            continue
        missed += bool(page.held_on) and page.held_on < member.joined_on
        noted = book.findings.find((code, f"{cycle}/{session}/{finding.subject}"))
        over += noted.amounts[0] - noted.amounts[1] if noted is not None else 0
    return over <= missed * finding.amounts[1]
