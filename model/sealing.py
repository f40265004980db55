"""What a close says of the journal, and what a sealed meeting is watched for.

The digest of a meeting's journal is the SHA-256 of a text, one line each ended by a line feed:

    mkutano/journal/1
    meeting 1/12
    counted box 120000
    posting <entry, hex> <account> <member or loan, hex, or -> <minor units>
    balance <account> <member or loan, hex, or -> <minor units>

`counted`: the closing count of each pocket that was counted, by pocket. `posting`: everything that
is posted in the meeting (postings.py), memos included, the lines in the order of their text.
`balance`: every balance that is not zero, of the whole group, likewise. Amounts are as in the book,
debit positive, a count for a memo. It is reckoned over what the author of the close knew and
nothing else, so that every phone with the same past, and the same rules, comes to the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import combinations
from typing import Final

from msgspec.structs import replace

from model.book import Book
from model.closing import not_undone
from model.counts import closing_counts, newest_meetings
from model.journal import entry_page
from model.pages import ClosingPage, FindingPage, MeetingPage
from model.postings import Key, Postings
from model.signatures import missing_signatures, unsigned_offices

Seen = tuple[str, str, FindingPage]

CHANGED_MAX: Final = 64  # entries changed since a seal that are shown
_TITLES: Final = {"money_counter": "a money counter", "key_holder": "a key holder"}


def journal_digest(book: Book, key: Key, postings: Postings | None = None) -> bytes:
    """Digest of a meeting's journal, 32 bytes, as this book has it."""
    return hashlib.sha256(journal_text(book, key, postings).encode()).digest()


def journal_text(book: Book, key: Key, postings: Postings | None = None) -> str:
    """What the digest is of; see above. `postings`: a reading of the book that is at hand."""
    rows = [
        f"posting {one.name} {account} {subject or '-'} {amount}"
        for one in (postings or Postings(book)).of(key)
        for account, subject, amount in one.lines
        if amount
    ]
    balances = [
        f"balance {account} {subject or '-'} {amount}"
        for (account, subject), amount in book.accounts.unsorted()
    ]
    counted = [f"counted {pocket} {amount}" for pocket, amount in closing_counts(book, key).items()]
    head = ("mkutano/journal/1", f"meeting {key[0]}/{key[1]}")
    lines = (*head, *sorted(counted), *sorted(rows), *sorted(balances))
    return "".join(f"{line}\n" for line in lines)


def finish_closes(book: Book) -> None:
    """At the end of a step that closed a meeting: keep what it posts of entries of others, and
    the digest as it is reckoned here, where the close says what it is."""
    for name in book.closing:
        page = entry_page(book, name)
        key = (page.cycle, page.session)
        postings = Postings(book)
        carried = tuple((one.name, one.lines) for one in postings.others(key))
        if carried:
            book.carried.put(name, carried)
        closing = book.closings.find(name) or ClosingPage()
        if closing.claimed:
            digest = journal_digest(book, key, postings).hex()
            book.closings.put(name, replace(closing, digest=digest))
    book.closing.clear()


def watch_seals(book: Book) -> Iterator[Seen]:
    """Seals that are missing, that phones reckon differently, or that somebody tried to alter."""
    for key, meeting in newest_meetings(book):
        yield from _missing(book, key, meeting)
        yield from _odd_closes(book, key, meeting)
    for number, (name, page, key) in enumerate(Postings(book).changed()):
        if number == CHANGED_MAX:
            return
        subject = page.member or page.subject
        yield (
            "sealed_corrected",
            name,
            FindingPage((name,), subject, *key, (page.amount,), page.kind),
        )


def _missing(book: Book, key: Key, page: MeetingPage) -> Iterator[Seen]:
    """Signatures that the constitution asks for."""
    rules = book.constitution.find("current")
    if rules is None or not page.closes or page.sealed:
        return
    if "meeting.closed" in rules.terms.approvals or rules.terms.seal_offices:
        left = max(missing_signatures(book, close) for close in page.closes)
        titles = dict.fromkeys(
            title for close in page.closes for title in unsigned_offices(book, close)
        )
        told = " and ".join(_TITLES.get(title, f"the {title}") for title in titles)
        values = FindingPage(
            page.closes, "", *key, (0, max(1, left)), f", among them {told}" if told else ""
        )
        yield "not_sealed", f"{key[0]}/{key[1]}", values


def _odd_closes(book: Book, key: Key, page: MeetingPage) -> Iterator[Seen]:
    """Closes that say what is not so, that the seal outranks, or that reckon otherwise."""
    closings = {name: book.closings.find(name) or ClosingPage() for name in page.closings}
    outranked = {*not_undone(book, page)} - {*page.closes} if page.sealed else set()
    for name, one in closings.items():
        if one.misnamed:
            yield "covers_differ", name, FindingPage((name,), "", *key)
        if name in page.closes and page.sealed and one.claimed != one.digest:
            yield "digest_differs", name, FindingPage((name,), "", *key, (one.reducer,))
        replaced = any(name in other.instead_of for other in closings.values())
        if name in outranked and not replaced and not one.instead_of:
            yield "close_outranked", name, FindingPage((name,), "", *key)
    for (name, one), (other, two) in combinations(sorted(closings.items()), 2):
        same_past = one.heads == two.heads != ""
        if same_past and one.claimed and two.claimed and one.claimed != two.claimed:
            values = FindingPage((name, other), "", *key, (one.reducer, two.reducer))
            yield "reckoned_differently", name, values
