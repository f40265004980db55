"""`python -m simulations.stranger_laws --seeds 0-19999`: laws of the book on strangers' logs.

Of every log (strangers.py): it folds; every phone's part of it balances; it can be shown; in
whatever order and pieces it arrives the book is the same to the byte; another order that causality
allows, or other ids, change no money and no finding; what is derived from the entries may be
derived anew at any time. The last line is a digest of all books: equal on every machine and under
every PYTHONHASHSEED. Where a law breaks, the shortest log that still breaks it is told; the exit
code is 1.
"""

from __future__ import annotations

import hashlib
import random
import sys
from collections import Counter
from collections.abc import Callable
from typing import Final, cast

import click

from model.agreement import claimants
from model.book import Book
from model.derived import derive, settle_up
from model.entry import Entry, order_key
from model.exits import follow_exits
from model.findings import list_findings
from model.history import audit_view, journal
from model.loan_views import loans_view
from model.merging import follow_merges
from model.reducer import WORK, fold, step
from model.statements import meeting_view, passbook_view
from model.suspense_view import suspense_view
from model.timeline import Timeline
from model.views import book_view
from simulations.smallest import smallest, story
from simulations.strangers import Strangers, in_seal_order, renamed

Law = Callable[[list[Entry], random.Random], str]
"""What is wrong with a log, or nothing."""


def pages(book: Book) -> dict[tuple[str, str], bytes]:
    """Every page of a book, to the byte."""
    return {
        (name, table.key_text(key)): table.dump(page) or b""
        for name, table in book.tables.items()
        for key, page in table.rows()
    }


def differing(one: dict[tuple[str, str], bytes], other: dict[tuple[str, str], bytes]) -> str:
    """The first few pages that two books have differently."""
    keys = sorted(key for key in {*one, *other} if one.get(key) != other.get(key))
    return "; ".join(f"{key}: {one.get(key)!r} and {other.get(key)!r}" for key in keys[:3])


def balances(entries: list[Entry], chance: random.Random) -> str:
    """After every entry of some phones' log, the postings sum to zero and are the balances."""
    phones = sorted({entry.device for entry in entries})
    some = {*chance.sample(phones, chance.randint(1, len(phones)))}
    known: set[bytes] = set()
    for entry in entries:
        if entry.device in some:
            known |= {entry.id, *cast(frozenset[bytes], entry.past)}
    part = in_seal_order([entry._replace(behind=0) for entry in entries if entry.id in known])
    book = Book()
    for entry in sorted(part, key=order_key):
        step(book, entry)
        total = sum(n for (account, _), n in book.accounts.unsorted() if account[0].isdigit())
        if total:
            return f"the balances sum to {total} after {entry.id.hex()}"
    posted: Counter[tuple[str, str]] = Counter()
    for name, page in book.entries.rows():
        if sum(amount for account, _, amount in page.lines if account[0].isdigit()):
            return f"{name} does not balance"
        for account, subject, amount in page.lines:
            posted[account, subject] += amount
    wrong = {key: n for key, n in posted.items() if n} != dict(book.accounts.rows())
    return "the balances are not what was posted" if wrong else ""


def shows(entries: list[Entry], _chance: random.Random) -> str:
    """Everything that people see can be made."""
    book = fold(entries)
    book_view(book)
    loans_view(book, every=True)
    audit_view(book)
    suspense_view(book, every=True)
    for member, _ in book.members.rows():
        passbook_view(book, member)
    for key, _ in book.meetings.rows():
        meeting_view(book, *key)
    unbalanced = any(sum(line.amount_minor for line in one.lines) for one in journal(book))
    odd = [one.code for one in list_findings(book) if "{" in one.sentence or not one.sentence]
    return "the journal does not balance" if unbalanced else ", ".join(odd)


def arrives(entries: list[Entry], chance: random.Random) -> str:
    """In whatever order and pieces entries arrive, the book is the same to the byte."""
    shuffled, timeline = chance.sample(entries, len(entries)), Timeline()
    while shuffled:
        size = chance.choice((1, 1, 3, 9))
        timeline.advance(shuffled[:size])
        del shuffled[:size]
    again = fold(entries)
    if timeline.book.digest() != again.digest():
        return f"the digests differ: {differing(pages(timeline.book), pages(again))}"
    return differing(pages(timeline.book), pages(again))


def ties(entries: list[Entry], chance: random.Random) -> str:
    """Another order that causality allows changes no money, and nothing that is found."""
    left = {entry.id: entry for entry in entries}
    ordered: list[Entry] = []
    while left:
        ready = sorted(
            one
            for one, entry in left.items()
            if cast(frozenset[bytes], entry.past).isdisjoint(left)
        )
        entry = left.pop(chance.choice(ready))
        ordered.append(entry._replace(lamport=len(ordered) + 1, behind=0))
    return _told_otherwise(_told(fold(entries)), _told(fold(in_seal_order(ordered))))


def names(entries: list[Entry], chance: random.Random) -> str:
    """Other ids change names, and nothing else."""
    again, _ = renamed(entries, str(chance.random()))
    return _told_otherwise(_nameless(fold(entries)), _nameless(fold(again)))


def _told(book: Book) -> Counter[tuple[object, ...]]:
    """Every balance and every finding; of a loan that was asked for apart one name for all."""

    def named(about: str) -> str:
        first, dot, rest = about.partition(".")
        loan = book.loans.find(book.aliases.find(first) or first)
        return (min(claimants(book, first), default=first) if loan else first) + dot + rest

    told: Counter[tuple[object, ...]] = Counter()
    for (account, subject), amount in book.accounts.rows():
        told[account, named(subject), amount] += 1
    for one in list_findings(book):
        told[one.code, named(one.about), frozenset(one.entries), one.amounts] += 1
    return told


def _nameless(book: Book) -> Counter[tuple[object, ...]]:
    """Sums by account, and findings by code and amounts.

    Who of two merged names is kept may be the lower one, and with it whose number is compared.
    """
    sums: Counter[str] = Counter()
    for (account, _), amount in book.accounts.rows():
        sums[account] += amount
    told: Counter[tuple[object, ...]] = Counter(sums.items())
    found = (one for one in list_findings(book) if one.code != "possible_duplicate_member")
    told.update((one.code, one.amounts) for one in found)
    return told


def _told_otherwise(one: Counter[tuple[object, ...]], other: Counter[tuple[object, ...]]) -> str:
    gone, come = list((one - other).elements()), list((other - one).elements())
    return f"{gone[:3]} became {come[:3]}" if gone or come else ""


def anew(entries: list[Entry], chance: random.Random) -> str:
    """What is derived may be derived anew after any entry, and changes nothing.

    But for the note of what an entry posted when its meeting was closed (`altered`): it is taken
    whenever an entry is stated anew, also when it comes to say what it said.
    """
    book, after = Book(), chance.randrange(len(entries)) + 1
    for entry in sorted(entries, key=order_key)[:after]:
        step(book, entry)
    before = {key: page for key, page in pages(book).items() if key[0] != "altered"}
    subjects = dict.fromkeys(
        (page.kind, page.subject) for _, page in book.entries.rows() if page.subject
    )
    subjects |= dict.fromkeys(("loan.repaid", loan) for loan, _ in book.loans.rows())
    for kind, subject in subjects:
        derive(book, kind, subject)
        settle_up(book, WORK)
        follow_merges(book)
        follow_exits(book)
        after_all = {key: page for key, page in pages(book).items() if key[0] != "altered"}
        if wrong := differing(before, after_all):
            return f"{kind} of {subject}: {wrong}"
    return ""


LAWS: Final[dict[str, Law]] = {
    law.__name__: law for law in (balances, shows, arrives, ties, names, anew)
}


def breaks(law: Law, seed: int) -> Callable[[list[Entry]], bool]:
    """Does a log break a law, or make it raise?"""

    def _breaks(entries: list[Entry]) -> bool:
        try:
            return bool(entries and law(in_seal_order(entries), random.Random(seed)))
        except Exception:  # the reducer is total: whatever is raised is what we look for
            return True

    return _breaks


def check(seed: int, law: Law, entries: list[Entry]) -> str:
    """What is wrong with the log of a seed, with its shortest story; empty when nothing is."""
    try:
        wrong = law(entries, random.Random(seed))
    except Exception as fault:  # as above
        wrong = repr(fault)
    if not wrong:
        return ""
    breaking = breaks(law, seed)
    short = smallest(entries, breaking) if breaking(entries) else entries
    try:
        wrong = law(in_seal_order(short), random.Random(seed)) or wrong
    except Exception as fault:  # as above
        wrong = repr(fault)
    return f"seed {seed}, {law.__name__}: {wrong[:1500]}\n{story(short)}"


@click.command()
@click.option("--seeds", default="0-499", show_default=True, help="Which seeds, first and last.")
@click.option("--law", "chosen", multiple=True, type=click.Choice([*LAWS]), help="Only these laws.")
def main(seeds: str, chosen: tuple[str, ...]) -> None:
    """Hold every law against the log of every seed."""
    first, _, last = seeds.partition("-")
    told, broken, entries_read = hashlib.sha256(), 0, 0
    every = range(int(first), int(last or first) + 1)
    for seed in every:
        entries = Strangers(seed).play()
        entries_read += len(entries)
        for name in chosen or LAWS:
            if wrong := check(seed, LAWS[name], entries):
                broken += 1
                click.echo(wrong)
        told.update(fold(entries).digest().encode())
    click.echo(f"{len(every)} logs of {entries_read} entries, {broken} laws broken.")
    click.echo(told.hexdigest())
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
