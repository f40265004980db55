"""A close reckoned again over exactly what its author's phone knew, and figure beside figure."""

from typing import Final, NamedTuple

from model.book import Book
from model.counts import closing_counts
from model.journal import entry_page
from model.pages import ClosingPage, MeetingPage, Posting
from model.postings import Postings
from model.reducer import REDUCER_VERSION
from model.sealing import journal_digest
from model.statements import meeting_view
from node import desk
from node.closure import book_before
from node.errors import CommandRefused
from node.node import Group

Meeting = tuple[int, int]
"""Cycle and session."""

TOTALS: Final = {
    "shares_minor": "savings_minor",
    "social_minor": "social_minor",
    "fines_minor": "fines_paid_minor",
    "repaid_minor": "repaid_minor",
    "lent_minor": "lent_minor",
    "spent_minor": "spent_minor",
}
"""The totals that a close reads out, and what the meeting's page calls them."""


class Row(NamedTuple):
    """One figure of a close: what it says, and what this phone reckons; minor units.

    None: nobody counted that pocket.
    """

    what: str
    claimed_minor: int | None
    here_minor: int | None


class Check(NamedTuple):
    """A close beside what this phone reckons from exactly what its author's phone knew."""

    rules: int
    """That the author's phone reckons by; 0: it did not say."""
    rules_here: int
    digest: str
    """Of the journal, hex, as the close says it; "" when it says none."""
    digest_here: str
    rows: tuple[Row, ...]
    unchanged: bool | None
    """Of a sealed meeting: whether this phone shows what was sealed; None of any other."""

    @property
    def agrees(self) -> bool:
        """Is everything as the close says?"""
        same = all(row.claimed_minor == row.here_minor for row in self.rows)
        return same and self.digest in ("", self.digest_here) and self.unchanged is not False


def check(group: Group, close: str) -> Check:
    """Reckon a close (hex) again. CommandRefused when this phone can't read all of it."""
    page = entry_page(group.book, close)
    key = (page.cycle, page.session)
    said = group.book.closings.find(close) or ClosingPage()
    then = book_before(group.store.chains(group.row.group_no), bytes.fromhex(close))
    totals = meeting_view(then, *key)["totals"]
    if any(totals[shown] is None for shown in TOTALS.values()):
        raise CommandRefused(
            "The meeting holds entries that this phone can't read. Update Mkutano on this phone, "
            "and check again.",
            "unknown_kind",
        )
    read_out, counted, here = dict(said.read_out), dict(said.counted), closing_counts(then, key)
    rows = [
        Row(total, read_out.get(total, 0), max(0, totals[shown])) for total, shown in TOTALS.items()
    ]
    if said.claimed:  # a close of version 1 says neither what was counted nor a digest
        rows += [
            Row(pocket, counted.get(pocket), here.get(pocket))
            for pocket in sorted(counted.keys() | here.keys())
        ]
    meeting = group.book.meetings.find(key) or MeetingPage("")
    unchanged = None
    if meeting.sealed and close in meeting.closes:
        unchanged = _posted(group.book, key) == _posted(then, key)
    return Check(
        said.reducer, REDUCER_VERSION, said.claimed, journal_digest(then, key).hex(),
        tuple(rows), unchanged,
    )  # fmt: skip


def _posted(book: Book, key: Meeting) -> list[tuple[str, list[Posting]]]:
    """What is posted in a meeting, in an order that depends on nothing."""
    return sorted((one.name, sorted(one.lines)) for one in Postings(book).of(key) if one.lines)


def called(key: Meeting) -> str:
    """A meeting at the beginning of a sentence."""
    return f"Meeting {key[1]} of cycle {key[0]}"


def differences(group: Group, key: Meeting, found: Check) -> str:
    """What differs, figure by figure, and what to do."""
    told = [
        f"{LABELS[row.what]}: {_amount(group, row.claimed_minor)} at the close, "
        f"{_amount(group, row.here_minor)} on this phone"
        for row in found.rows
        if row.claimed_minor != row.here_minor
    ]
    if not told:
        told = ["every total agrees, but single entries or balances do not"]
    rules = ""
    if found.rules not in (0, found.rules_here):
        rules = (
            f" The other phone reckons by rules {found.rules} of Mkutano, this one by rules "
            f"{found.rules_here}: update both."
        )
    return (
        f"{called(key)} comes out otherwise on this phone, so nothing was signed. "
        f"{'; '.join(told)}.{rules} Read the entries out, let officers reopen the meeting with: "
        "mkutano record reopening; and close it anew."
    )


def _amount(group: Group, amount_minor: int | None) -> str:
    return "not counted" if amount_minor is None else desk.money(group, amount_minor)


LABELS: Final = {
    "shares_minor": "shares and savings",
    "social_minor": "social fund",
    "fines_minor": "fines",
    "repaid_minor": "repaid",
    "lent_minor": "lent",
    "spent_minor": "spent",
    "box": "counted in the box",
    "social": "counted in the social fund's box",
    "bank": "counted at the bank",
    "mobile": "counted in mobile money",
}
"""The figures of a close, in words."""
