"""Everything derived again from the signed changes, and every difference named.

Nothing that the ledger file says about itself is believed but the signed fields of `changes`:
each change is judged anew by the rules of admission over those before it, signatures included;
the book is folded from nothing; names are opened again; the Automerge document is rebuilt. The
time and memory this takes grow with the history: it is asked for, never part of opening.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from model.book import Book
from model.entry import Entry, order_key
from model.reducer import fold
from node.books import UNDO_KEPT
from node.entries import fold_all
from node.errors import NodeError, damaged
from node.ledger_file import tables_made
from node.node import Group, Node
from node.people import People
from replication.admission import Candidate, judge
from replication.ancestry import Ancestry
from replication.cbor import check_event
from replication.change import verify_chain
from replication.document import DocumentError
from replication.errors import RemoteError
from replication.frontier import check_ack
from replication.history import Admitted, MemoryHistory

DIFFERENCES_MAX = 200
"""Differences listed for one group; a damaged file can have millions."""


class Difference(NamedTuple):
    """Something in the ledger file that the signed changes do not bear out."""

    where: str
    """file, changes, signatures, acks, book, undo, people or document."""
    sentence: str


class Verified(NamedTuple):
    """What was found for one group."""

    group: bytes
    name: str
    changes: int
    entries: int
    digest: str
    """Of the book that was folded anew."""
    heads: tuple[bytes, ...]
    differences: tuple[Difference, ...]


def verify(node: Node) -> tuple[Verified, ...]:
    """Check the file and every group. Raises StoreDamaged when the file can't even be read."""
    file = tuple(_check_file(node))
    found = [verify_group(group) for group in node.groups.values()]
    for group, name in node.unreadable.items():
        told = Difference("book", damaged(name).sentence)
        found.append(Verified(group, name, 0, 0, "", (), (told,)))
    if file:
        first = found[0] if found else Verified(b"", "", 0, 0, "", (), ())
        found[:1] = [first._replace(differences=(*file, *first.differences))]
    return tuple(found)


def verify_group(group: Group) -> Verified:
    """Derive one group again and compare; whatever can't even be read is a difference too."""
    try:
        return _compared(group)
    except Exception as error:  # a damaged file can trip over anything that trusts its own store
        damage = Difference("file", f"The ledger can't be read: {error}")
        return Verified(group.id, group.row.label, 0, 0, "", (), (damage,))


def _compared(group: Group) -> Verified:
    differences: list[Difference] = []
    try:
        changes = list(group.store.chains(group.row.group_no).everything())
    except NodeError as error:
        damage = Difference("changes", error.sentence)
        return Verified(group.id, group.name, 0, 0, "", (), (damage,))
    history = _admit_again(group, changes, differences)
    if len(differences) and differences[-1].where == "changes":
        # What follows from changes that do not hold would only repeat it.
        return Verified(group.id, group.name, len(changes), 0, "", (), tuple(differences))
    entries = list(fold_all(group.store.chains(group.row.group_no), changes, history))
    book = fold(entries)
    digest = book.digest()
    differences += _check_acks(group)
    differences += _check_book(group, book, digest)
    differences += _check_undo(group, entries)
    differences += _check_people(group, book, entries)
    differences += _check_document(group, changes)
    if set(history.heads) != set(group.replica.heads):
        differences.append(Difference("changes", "The heads are not those of the changes."))
    return Verified(
        group.id,
        group.name,
        len(changes),
        len(entries),
        digest,
        tuple(sorted(history.heads)),
        tuple(differences[:DIFFERENCES_MAX]),
    )


def _check_file(node: Node) -> Iterator[Difference]:
    """SQLite's own check of every page and index, and whether the tables are as they were made.

    A letter that is another in the name of a column passes the first, and shows only when somebody
    asks for that column: of what a relay did wrong, say, years later.
    """
    rows = node.store.database.rows
    for (line,) in rows("PRAGMA integrity_check"):
        if line != "ok":
            yield Difference("file", f"The database file is damaged: {line}.")
    made = tables_made()
    ours = "sql IS NOT NULL AND name NOT GLOB 'sqlite_*'"  # the rest are SQLite's own statistics
    found: dict[str, str] = dict(rows(f"SELECT name, sql FROM sqlite_schema WHERE {ours}"))
    for name in sorted(made.keys() | found.keys(), key=str):
        if made.get(name) != found.get(name):
            yield Difference("file", f"The table or index {name} is not as Mkutano made it.")


def _admit_again(
    group: Group, changes: Sequence[Admitted], differences: list[Difference]
) -> Ancestry:
    """Judge each change over those before it; the history that came out."""
    history = Ancestry(MemoryHistory())
    covered: dict[int, int] = {}
    for stored in changes:
        change = stored.change
        where = f"Change {change.n} of {_short(group, change.device)}"
        try:
            again = _judged(group.id, history, stored)
        except RemoteError as error:
            differences.append(Difference("changes", f"{where} does not hold: {error}."))
            return history
        if again != stored:
            differences.append(Difference("changes", f"{where} is not as it was signed."))
            return history
        history.add(again)
        if change.signature:
            try:
                verify_chain(change.device, group.id, change.chain_hash, change.signature)
                covered[again.place.lane] = change.n
            except RemoteError:
                differences.append(Difference("signatures", f"{where} is signed wrongly."))
    differences += _unsigned(group, history, covered)
    return history


def _judged(group: bytes, history: Ancestry, stored: Admitted) -> Admitted:
    change = stored.change
    for event in change.events:
        check_event(event)
    before = history.at_chain(change.device, change.n - 1, change.prev) if change.n > 1 else None
    if change.n > 1 and before is None:
        raise RemoteError("broken_chain", "the change before it is missing")
    deps = tuple(found for dep in change.deps if (found := history.find(dep)) is not None)
    if len(deps) != len(change.deps):
        raise RemoteError("missing_dependencies", "a change that it follows is missing")
    candidate = Candidate(
        change.device,
        change.n,
        before,
        change.actor,
        deps,
        change.time_ms,
        change.events,
        change.signature,
    )
    return judge(group, history, candidate)


def _unsigned(group: Group, history: Ancestry, covered: dict[int, int]) -> Iterator[Difference]:
    """A signature covers its chain up to itself, also what lies before a fork."""
    for number, lane in reversed(list(enumerate(history.lanes))):
        if covered.get(number, 0) and lane.parent >= 0:
            covered[lane.parent] = max(covered.get(lane.parent, 0), lane.fork_n)
    for number, lane in enumerate(history.lanes):
        if covered.get(number, 0) < lane.tip_n:
            yield Difference(
                "signatures",
                f"Changes after {covered.get(number, 0)} of {_short(group, lane.device)} have no "
                "signature.",
            )


def _check_acks(group: Group) -> Iterator[Difference]:
    for device, ack in group.store.acks(group.row.group_no).items():
        try:
            check_ack(ack, group.id)
        except RemoteError:
            yield Difference("acks", f"The acknowledgement of {_short(group, device)} is forged.")


def _check_book(group: Group, book: Book, digest: str) -> Iterator[Difference]:
    """Every page of the book, and the digest that this device shows."""
    group_no = group.row.group_no
    derived = {(name, key): page for name, key, page in book.take_dirty() if page is not None}
    for name in group.store.page_tables(group_no):
        for key, page in group.store.unchecked_pages(group_no, name):
            right = derived.pop((name, key), None)
            if right is None:
                yield Difference("book", f"{name} {key} is in the file, but nothing says so.")
            elif right != page:
                yield Difference("book", f"{name} {key} differs from what the changes say.")
    for name, key in derived:
        yield Difference("book", f"{name} {key} is missing from the file.")
    try:
        shown = group.book.digest()
    except (NodeError, msgspec.MsgspecError, ValueError, LookupError):
        yield Difference("book", "The book in the file can't be read.")
        return
    if shown != digest:
        yield Difference("book", "The book that is shown has another digest than the changes give.")


def _check_undo(group: Group, entries: Sequence[Entry]) -> Iterator[Difference]:
    """Undo records must be those of the newest entries, without a gap."""
    rows = group.store.applied_after(group.row.group_no, (0, b""))
    kept = [(row.lamport, row.entry_id) for row in reversed(rows)]
    newest = [order_key(entry) for entry in entries][-len(kept) :] if kept else []
    if kept != newest or (not group.row.undo_trimmed and len(kept) < min(len(entries), UNDO_KEPT)):
        yield Difference("undo", "The undo records are not those of the newest entries.")


def _check_people(group: Group, book: Book, entries: Sequence[Entry]) -> Iterator[Difference]:
    store = group.store
    known = store.keys(group.row.group_no)
    again = People(store, group.row, known, rows={})
    derived = {row.member: row for row in again.advance(book, entries, ()).people}
    derived = {member: row for member, row in derived.items() if row.entry_id}
    stored = {row.member: row for row in store.sealed_people(group.row.group_no)}
    for member in derived.keys() | stored.keys():
        if derived.get(member) != stored.get(member):
            yield Difference("people", f"The details of member {member.hex()[:10]} differ.")


def _check_document(group: Group, changes: Sequence[Admitted]) -> Iterator[Difference]:
    """The Automerge document that the changes make must have their heads."""
    try:
        document = group.replica.open_document(changes)
        if document.heads() != group.replica.heads:
            yield Difference("document", "The Automerge document has other heads.")
    except DocumentError as error:
        yield Difference("document", f"The Automerge document can't be rebuilt: {error}.")


def _short(group: Group, device: bytes) -> str:
    """A device as people can find it: by the name that it was enrolled with, and its key."""
    known = group.roster.devices.get(device)
    name = f"{known.label} " if known is not None else ""
    return f"{name}(device {device.hex()[:8]})" if name else f"device {device.hex()[:8]}"
