"""What members were expected to bring to the newest closed meeting and did not bring.

Worked out when it is shown, from the sheets of one meeting: who is active now, had joined by then,
and brought less than the constitution expects in savings (shares and voluntary savings together)
or in the social fund; and who bought fewer shares than the least that may be bought at once.
"""

from __future__ import annotations

from collections.abc import Iterator

from model.book import Book
from model.events import ConstitutionAdopted
from model.journal import SHARES, entry_page, reversed_by
from model.members import names_of
from model.pages import EntryPage, FindingPage
from model.sheets import claims_on

Seen = tuple[str, str, FindingPage]


def watch_contributions(book: Book) -> Iterator[Seen]:
    """Everybody of whom less came than was agreed, in one finding for each kind of money."""
    rules, key = book.constitution.find("current"), _newest_closed(book)
    if rules is None or key is None:
        return
    short: dict[str, list[str]] = {}
    for member in expected_at(book, *key):
        for code in _missed(rules.terms, brought(book, member, *key)):
            short.setdefault(code, []).append(member)
    for code, members in short.items():
        about = f"{key[0]}/{key[1]}"
        yield code, about, FindingPage(tuple(members), "", *key, (_agreed(rules.terms, code),))


def _newest_closed(book: Book) -> tuple[int, int] | None:
    """The newest meeting, or the one before it while that is open."""
    newest = book.latest.find("meeting")
    if newest is None:
        return None
    for key in (newest, (newest[0], newest[1] - 1)):
        page = book.meetings.find(key)
        if page is not None and page.closes:
            return key
    return None


def expected_at(book: Book, cycle: int, session: int) -> list[str]:
    """Members (hex) by number who are active and had joined by the day of a meeting."""
    meeting = book.meetings.find((cycle, session))
    day = meeting.held_on if meeting is not None else ""
    rows = [
        (page.number, name)
        for name, page in book.members.rows()
        if page.status == "active" and not page.merged_into and not page.exited
        if page.joined_on <= day
    ]
    return [name for _, name in sorted(rows)]


def brought(book: Book, member: str, cycle: int, session: int) -> dict[str, int]:
    """What a person put aside in one meeting, under whatever name: minor units, and shares."""
    sums = {"saved_minor": 0, "social_minor": 0, "shares": 0}
    for page in _counted(book, member, cycle, session):
        if page.kind in ("share.purchased", "savings.deposited"):
            sums["saved_minor"] += page.amount
        elif page.kind == "social.contributed":
            sums["social_minor"] += page.amount
        sums["shares"] += sum(count for account, _, count in page.lines if account == SHARES)
    return sums


def _counted(book: Book, member: str, cycle: int, session: int) -> Iterator[EntryPage]:
    for one in names_of(book, member):
        for _, _, name in claims_on(book, cycle, session, one):
            page = entry_page(book, name)
            if page.status == "counted" and not reversed_by(book, page):
                yield page


def _missed(terms: ConstitutionAdopted, sums: dict[str, int]) -> list[str]:
    codes = []
    if sums["saved_minor"] < terms.contribution_minor:
        codes.append("contribution_missed")
    if sums["social_minor"] < terms.social_fund_minor:
        codes.append("social_missed")
    if 0 < sums["shares"] < terms.shares_min:
        codes.append("too_few_shares")
    return codes


def _agreed(terms: ConstitutionAdopted, code: str) -> int:
    return {
        "contribution_missed": terms.contribution_minor,
        "social_missed": terms.social_fund_minor,
        "too_few_shares": terms.shares_min,
    }[code]
