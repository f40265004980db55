"""Names and phones: sealed on the way in, opened on the way out, erasable by losing one key.

The log carries a member's details only as ciphertext under a key of the member's own, which lives
in the key box outside the log and travels between officers' devices alone. Where the key is
missing (a reader's device, or after an erasure) a member is shown as "member 7", and every
balance still adds up.

Two entries about one person are noticed by *contact tags*: keyed hashes of the name and of the
phone, so that "+254 712 345678" and "0712345678" meet while the log names nobody. Their key is
in the key box too, under an id that every device of the group can compute.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from model.aside import standing_of
from model.book import Book
from model.codec import decode
from model.entry import Entry
from model.erasing import erased_members
from model.events import PersonSealed, SuspenseRatified, SuspenseRejected
from model.identifiers import CHANGE_PREFIX_BYTES
from model.pages import EntryPage
from model.suspense import KINDS as VERDICTS
from node.clock import random_bytes
from node.errors import CommandRefused
from node.store import ErasedKey, GroupRow, SealedRow, Store
from replication.people import (
    NONCE_BYTES,
    PersonError,
    contact_tag,
    key_id_of,
    open_person,
    seal_person,
    tag_key_id,
)
from replication.wire import KEY_BYTES, PersonKey

NAME_CHARS_MAX = 80
PHONE_CHARS_MAX = 32
PHONE_DIGITS_COMPARED = 9
"""Last digits of a phone that make it the same phone: national numbers differ only in a leading
0 or country code."""

_SEALED = "person.sealed"
NO_DETAILS = SealedRow(b"", 0, b"", b"", b"", b"", None, None)
"""Stands for a row that is let go: nothing that counts says any more who the member is."""

_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]*")


class Details(NamedTuple):
    """What is known of a member beside the number."""

    name: str
    phone: str


class Draft(NamedTuple):
    """Sealed details on their way into a change."""

    event: PersonSealed
    keys: tuple[PersonKey, ...]
    """The fresh key that goes into the key box in the same step, if there is one."""


class PeopleWriting(NamedTuple):
    """What a step changes of what is known of members by name; fields as in `BookWriting`."""

    people: list[SealedRow]
    erased: list[ErasedKey]


class People:
    """One group's members by name, as far as this device may know them."""

    def __init__(
        self,
        store: Store,
        group: GroupRow,
        keys: dict[bytes, bytes],
        rows: dict[bytes, SealedRow] | None = None,
    ) -> None:
        """`rows` stand in for the stored ones, which are read when None. `keys` is the key box: the
        same one that the sessions with other phones give from.
        """
        self._store = store
        self._group = group
        self._keys = keys
        self._rows = rows
        self._erased = store.erased_people(group.group_no)
        """The members whom this device forgot, and the ids of their keys."""

    def advance(
        self, book: Book, applied: Iterable[Entry], keys: Sequence[PersonKey]
    ) -> PeopleWriting:
        """The rows that applied entries and new keys change, and the keys that must go.

        The newest details of a member that the book counts win; what a device without an office
        wrote about a member is not shown. Details that no longer count give way to those before.
        Of whom officers decided to forget there are no details, and no key stays.
        """
        for key_id, key in keys:
            self._keys.setdefault(key_id, key)
        sealed = [entry for entry in applied if isinstance(entry.event, PersonSealed)]
        erased = self._erase(book, sealed, {key.key_id for key in keys})
        changed: dict[bytes, SealedRow] = {}
        looks_again = any(_judges(book, entry.event) for entry in applied)
        for entry in sealed:
            event = entry.event
            assert isinstance(event, PersonSealed)
            before = changed.get(event.member) or self._row(event.member)
            if event.member in self._erased:
                continue
            if not _counts(book, entry.id):
                looks_again |= before is not None and before.entry_id == entry.id
            elif before is None or _age(before) < (entry.lamport, entry.id):
                changed[event.member] = self._opened(_row(entry, event))
        if looks_again:
            changed = self._looked_up(book, changed)
        new_ids = {key.key_id for key in keys}
        if new_ids:
            for row in self._all().values():
                if row.key_id in new_ids and row.member not in changed:
                    changed[row.member] = self._opened(row)
        for gone in erased:
            changed[gone.member] = NO_DETAILS._replace(member=gone.member)
        if self._rows is not None:
            self._rows.update(changed)
            self._rows = {key: row for key, row in self._rows.items() if row.entry_id}
        return PeopleWriting(list(changed.values()), erased)

    def _erase(
        self, book: Book, sealed: Sequence[Entry], came: Collection[bytes]
    ) -> list[ErasedKey]:
        """Forget whom officers decided to forget: every key that any details were sealed under.

        `sealed`: entries with details that came in this step, `came`: ids of keys that did.
        """
        members = {bytes.fromhex(name) for name in erased_members(book)}
        fresh = members - self._erased.keys()
        found: dict[bytes, set[bytes]] = {member: set() for member in fresh}
        for member, key_id in self._sealed_under(book, fresh) if fresh else ():
            found[member].add(key_id)
        for entry in sealed:
            event = entry.event
            assert isinstance(event, PersonSealed)
            if event.member in fresh:  # its change is not in the store yet
                found[event.member].add(event.key_id)
            elif event.key_id not in self._erased.get(event.member, (event.key_id,)):
                found.setdefault(event.member, set()).add(event.key_id)
        for member, known_ids in self._erased.items() if came else ():
            late = known_ids.intersection(came)
            if late:
                found.setdefault(member, set()).update(late)
        rows = [
            ErasedKey(member, key_id, self._destroy(key_id))
            for member, key_ids in sorted(found.items())
            for key_id in sorted(key_ids) or (b"",)
        ]
        for member, ids in found.items():
            self._erased[member] = self._erased.get(member, frozenset()) | ids
        return rows

    def _sealed_under(
        self, book: Book, members: Collection[bytes]
    ) -> Iterator[tuple[bytes, bytes]]:
        """(member, key id) of all details that were ever sealed for these; reads all entries."""
        subjects = {member.hex() for member in members}
        for name, page in book.entries.rows():
            if page.kind == _SEALED and page.subject in subjects:
                row = self._of_entry(bytes.fromhex(name), page.lamport, ())
                if row is not None:
                    yield row.member, row.key_id

    def _destroy(self, key_id: bytes) -> bool:
        """Forget a member's key, if it is here; nobody names another key's id and so destroys it.

        The group's key for contact tags, and the keys of what lies at relays, are no member's.
        """
        key = self._keys.get(key_id, b"")
        if not key or key_id_of(key) != key_id:
            return False
        self._keys[key_id] = b""
        return True

    def _looked_up(self, book: Book, changed: dict[bytes, SealedRow]) -> dict[bytes, SealedRow]:
        """Every member's newest details that count, found by reading all entries of the book.

        That takes the length of the history, and is needed only where officers or a decision
        turned details that were taken in long ago. A row without an entry is one to let go.
        """
        known = {**self._all(), **changed}
        found: dict[bytes, SealedRow] = {}
        for name, page in book.entries.rows():
            if (
                page.kind == _SEALED
                and bytes.fromhex(page.subject) not in self._erased
                and _stands(book, name, page)
            ):
                row = self._of_entry(bytes.fromhex(name), page.lamport, known.values())
                if row is not None and _age(row) > _age(found.get(row.member, NO_DETAILS)):
                    found[row.member] = row
        gone = {member: NO_DETAILS._replace(member=member) for member in known.keys() - found}
        rows = {**{member: self._opened(row) for member, row in found.items()}, **gone}
        return {member: row for member, row in rows.items() if self._row(member) != row}

    def _of_entry(
        self, identity: bytes, lamport: int, known: Iterable[SealedRow]
    ) -> SealedRow | None:
        """The details that an entry gives, from a row at hand or from its signed change."""
        for row in known:
            if row.entry_id == identity:
                return row
        chains = self._store.chains(self._group.group_no)
        prefix, index = identity[:CHANGE_PREFIX_BYTES], identity[-1]
        one = chains.find_prefix(prefix)
        event = decode(one.change.events[index], prefix) if one is not None else None
        return _details(event, lamport, identity) if isinstance(event, PersonSealed) else None

    def names(self) -> dict[bytes, Details]:
        """Every member whose details can be read here."""
        return {
            member: Details(row.name, row.phone or "")
            for member, row in self._all().items()
            if row.name is not None
        }

    def name_of(self, member: bytes, number: int) -> str:
        """The member's name, or "member 7" where it can't be read."""
        row = self._all().get(member)
        return row.name if row is not None and row.name is not None else f"member {number}"

    def name_by_hex(self, member: str) -> str:
        """The name of a member given as hex, or "": as the model's views ask for it."""
        row = self._all().get(bytes.fromhex(member))
        return row.name if row is not None and row.name is not None else ""

    def seal(self, member: bytes, details: Details) -> Draft:
        """Details as ciphertext: under the member's own key, or a fresh one for a new member."""
        known = self._row(member)
        keys: tuple[PersonKey, ...] = ()
        key_id = known.key_id if known is not None else b""
        key = self._keys.get(key_id, b"")
        if not key:
            key = random_bytes(KEY_BYTES)
            key_id = key_id_of(key)
            keys = (PersonKey(key_id, key),)
        nonce = random_bytes(NONCE_BYTES)
        group = self._group.group_id
        sealed = seal_person(group, key_id, key, nonce, details.name, details.phone)
        return Draft(PersonSealed(member, key_id, nonce, sealed), keys)

    def tag_key(self) -> tuple[bytes, tuple[PersonKey, ...]]:
        """The group's key for contact tags; with it, when it is fresh, what to keep."""
        key_id = tag_key_id(self._group.group_id)
        known = self._keys.get(key_id)
        if known:
            return known, ()
        fresh = PersonKey(key_id, random_bytes(KEY_BYTES))
        return fresh.key, (fresh,)

    def _row(self, member: bytes) -> SealedRow | None:
        if self._rows is not None:
            return self._rows.get(member)
        return self._store.sealed_person(self._group.group_no, member)

    def _all(self) -> dict[bytes, SealedRow]:
        if self._rows is None:
            self._rows = {
                row.member: row for row in self._store.sealed_people(self._group.group_no)
            }
        return self._rows

    def _opened(self, row: SealedRow) -> SealedRow:
        key = self._keys.get(row.key_id)
        if not key:
            return row._replace(name=None, phone=None)
        group = self._group.group_id
        try:
            name, phone = open_person(group, row.key_id, key, row.nonce, row.sealed)
        except PersonError:  # sealed by a faulty or hostile device: shown as a number
            return row._replace(name=None, phone=None)
        return row._replace(name=name[:NAME_CHARS_MAX] or None, phone=phone[:PHONE_CHARS_MAX])


def checked(name: str, phone: str) -> Details:
    """A name and phone as a person typed them, tidied; CommandRefused when they can't be right."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    phone = " ".join(phone.split())
    if not name or len(name) > NAME_CHARS_MAX or not name.isprintable():
        raise CommandRefused(f"A name has 1 to {NAME_CHARS_MAX} letters on one line.", "bad_name")
    if phone and (len(phone) > PHONE_CHARS_MAX or not _PHONE.fullmatch(phone)):
        raise CommandRefused(
            f'"{phone[:40]}" is not a phone number. Write digits, such as +254 712 345678.',
            "bad_phone",
        )
    return Details(name, phone)


def name_form(name: str) -> str:
    """The form in which names are compared: no capitals, no accents, single spaces."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())


def phone_form(phone: str) -> str:
    """The form in which phones are compared: their last nine digits."""
    return "".join(c for c in phone if c.isdigit())[-PHONE_DIGITS_COMPARED:]


def tags(key: bytes, details: Details) -> tuple[bytes, bytes]:
    """The contact tags of a name and of a phone; b"" for no phone."""
    phone = phone_form(details.phone)
    name_tag = contact_tag(key, "name", name_form(details.name))
    return name_tag, contact_tag(key, "phone", phone) if phone else b""


def _counts(book: Book, entry_id: bytes) -> bool:
    name = entry_id.hex()
    page = book.entries.find(name)
    return page is not None and _stands(book, name, page)


def _judges(book: Book, event: object) -> bool:
    """Is it a verdict on what a stopped device wrote, or an officer's word on one?"""
    if isinstance(event, SuspenseRatified | SuspenseRejected):
        return True
    target = getattr(event, "target", b"")
    if not isinstance(target, bytes):
        return False  # of a transfer: a pocket
    page = book.entries.find(target.hex()) if target else None
    return page is not None and page.kind in VERDICTS


def _stands(book: Book, name: str, page: EntryPage) -> bool:
    """Whether details are shown: a stopped device's only once officers ratified them."""
    return page.status == "counted" and (not page.stopped or standing_of(book, name, page) is None)


def _age(row: SealedRow) -> tuple[int, bytes]:
    return row.lamport, row.entry_id


def _row(entry: Entry, event: PersonSealed) -> SealedRow:
    return _details(event, entry.lamport, entry.id)


def _details(event: PersonSealed, lamport: int, identity: bytes) -> SealedRow:
    sealed = (event.key_id, event.nonce, event.sealed)
    return SealedRow(event.member, lamport, identity, *sealed, None, None)
