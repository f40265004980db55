"""What happened to a loan after it was handed over, read from the entries that count.

Charges, waivers, new agreements, write-offs, recoveries and the words about default are listed
under their loan; payments have a list of their own. Facts of one day have an order of their own,
so that the books are the same whichever was written first: a waiver spares what is paid on its day,
and of a repayment and a write-off the payment is kept and the write-off shrinks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from model import events as e
from model import listing
from model.agreement import agreeing, claimants, known_outcome
from model.book import Book
from model.decisions import decision
from model.entry import Entry, Past
from model.journal import entry_page, reversed_by
from model.limits import said_enough
from model.members import member_named
from model.pages import EntryPage
from model.sheets import claims_once

Fact = tuple[str, EntryPage]

FACTS_EACH: Final = 48  # of one loan, by one person: more than a treasurer writes,
FACTS_MAX: Final = 512  # and who floods silences no other
PAYMENTS_MAX: Final = 512  # whose place is followed when a whole account must be replayed

RANK: Final = {
    "loan.charged": 0,
    "loan.waived": 1,
    "loan.repaid": 2,
    "loan.rescheduled": 3,
    "loan.written_off": 4,
    "loan.recovered": 5,
}
"""Order of the facts of one day."""


def payments_topic(name: str) -> str:
    """Topic of the list of every repayment of a loan, counted or not."""
    return f"repaid {name}"


def facts_topic(name: str) -> str:
    """Topic of the list of everything else that happened to a loan."""
    return f"happened {name}"


def is_full(book: Book, name: str, entry: Entry) -> bool:
    """Did its author (or all together) write so much about a loan that this is not followed?

    What a stopped device writes uses up nothing of what its owner may write on another.
    """
    topic = facts_topic(name)
    if (book.lengths.find(topic) or 0) >= FACTS_MAX:
        return True
    person = book.hexed[entry.person]
    rows = ((fact, entry_page(book, fact)) for fact in listing.every(book, topic))
    own = (
        fact for fact, page in rows if page.person == person and bool(page.stopped) == entry.held
    )
    return said_enough(own, entry.past, FACTS_EACH)


def list_payment(book: Book, name: str, payment: str, *, held: bool) -> None:
    """List a repayment; those of stopped devices apart, so that they bar no other's place."""
    listing.add(book, held_payments(name) if held else payments_topic(name), payment)


def held_payments(name: str) -> str:
    """Topic of the list of the repayments of a loan that stopped devices wrote down."""
    return f"held {payments_topic(name)}"


def _listed(book: Book, name: str, payments: Iterable[str]) -> list[Fact]:
    """Of these repayments, and of all that stopped devices wrote, those that count."""
    rows = list(_counted(book, payments))
    if book.lengths.find(held_payments(name)):
        rows += _counted(book, listing.every(book, held_payments(name)))
        rows.sort(key=lambda row: row[1].place(row[0]))
    return rows


def payments(book: Book, name: str) -> list[Fact]:
    """Counted repayments of a loan, in the shared order."""
    return _listed(book, name, listing.every(book, payments_topic(name)))


def followed_payments(book: Book, name: str) -> tuple[list[Fact], list[Fact]]:
    """Counted repayments whose place in the account is followed, and those beyond: a loan has
    never so many, and who floods it with them shall not make every phone slow."""
    listed = list(listing.every(book, payments_topic(name)))
    return (
        _listed(book, name, listed[:PAYMENTS_MAX]),
        list(_counted(book, listed[PAYMENTS_MAX:])),
    )


def is_beyond(book: Book, name: str) -> bool:
    """Is the newest repayment one of so many that its place is not followed?"""
    return (book.lengths.find(payments_topic(name)) or 0) > PAYMENTS_MAX


def counted_facts(book: Book, name: str) -> list[Fact]:
    """Everything else that counts and bears on what is owed, in the shared order."""
    return [
        row for row in _counted(book, listing.every(book, facts_topic(name))) if row[1].kind in RANK
    ]


def _counted(book: Book, names: Iterable[str]) -> Iterator[Fact]:
    for name in names:
        page = entry_page(book, name)
        if page.status == "counted" and not (page.reversals and reversed_by(book, page)):
            yield name, page


def day_of(book: Book, page: EntryPage, otherwise: str) -> str:
    """The day on which an entry's meeting was held."""
    meeting = book.meetings.find((page.cycle, page.session))
    return (meeting.held_on if meeting is not None else "") or otherwise


def effective_day(book: Book, name: str, page: EntryPage, otherwise: str) -> str:
    """The day from which an entry bears on the loan: that of its meeting or, of a decision, of the
    meeting in which the last officer needed agreed. What was paid before is not touched by it."""
    own = day_of(book, page, otherwise)
    asked = book.decisions.find(name)
    if asked is None or not asked.binding:
        return own
    days: dict[str, str] = {}
    wanted = 1
    told = [(one, decision(book, one)) for one in agreeing(book, name)]
    voices = [voice for _, said in told for voice in said.voices]
    gone = {cancelled for voice in voices for cancelled in voice.cancels}
    for one, said in told:
        wanted = max(wanted, said.needed)
        yes = [(said.author, day_of(book, entry_page(book, one), own))] if one not in gone else []
        for voice in said.voices:
            if voice.word == "for" and voice.entry not in gone:
                meeting = book.meetings.find((voice.cycle, voice.session))
                yes.append((voice.person, (meeting.held_on if meeting else "") or own))
        for person, day in yes:
            if person:
                days[person] = min(day, days.get(person, day))
    ordered = sorted(days.values())[:wanted]
    return max(own, ordered[-1] if ordered else own)


def guarantees_asked(
    book: Book, guarantees: Iterable[e.Guarantee]
) -> tuple[tuple[str, int], ...] | None:
    """Who answers for how much by a request, each once; None when it names somebody unknown."""
    found: dict[str, int] = {}
    for each in guarantees:
        member = member_named(book, each.member)
        if not member:
            return None
        found[member] = found.get(member, 0) + each.amount_minor
    return tuple(sorted(found.items()))


def _asked(page: EntryPage) -> dict[str, int]:
    """Who answers for how much, as the entry that asks for a loan says."""
    if page.kind != "loan.applied":
        return {}
    parts = (words.partition(":") for words in page.detail.split(" ")[2:])
    return {member: int(amount) for member, _, amount in parts}


def known_guarantor(book: Book, name: str, guarantor: str, past: Past) -> bool:
    """Did a member answer for a loan, as far as an author with this past knew?"""
    said = [one for _, _, one in claims_once(book, f"guarantee {name} {guarantor}")]
    asking = dict.fromkeys((name, *claimants(book, name)))
    said += [one for one in asking if guarantor in _asked(entry_page(book, one))]
    return any(
        bytes.fromhex(one) in past and known_outcome(book, one, past) == "approved" for one in said
    )


def guarantors_of(book: Book, name: str) -> tuple[tuple[str, int], ...]:
    """Who answers for how much of a loan: as the request that counts says, or each said later."""
    asked = book.entries.find(name)
    alike = claimants(book, name) if asked is not None and asked.kind == "loan.applied" else []
    counted = (page for page in map(book.entries.find, alike) if page and page.status == "counted")
    asked = next(counted, asked)
    found = _asked(asked) if asked is not None else {}
    for _, page in _counted(book, listing.every(book, f"guaranteed {name}")):
        found[page.member] = page.amount
    return tuple(sorted((member, amount) for member, amount in found.items() if amount))
