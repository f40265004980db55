"""Members: added by an officer, never removed; two that may be one person are pointed out.

A member is named by the entry that added him or her, for ever; who turned out to be somebody else
is merged (merging.py) and keeps the name. Equal numbers, or equal keyed hashes of a name or a
phone, are a finding until one is corrected or the two are merged. Of statuses that did not know of
each other the most careful holds; of other details the lowest, which moves neither money nor power.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from model import events as e
from model import listing
from model.agreement import known_outcome
from model.book import Book
from model.entry import Entry, Past
from model.journal import entry_page
from model.notes import note, void
from model.pages import EntryPage, FindingPage, MemberPage
from model.sheets import claims_once

ALIKE_MAX: Final = 64  # members with one number, name or phone that a finding names
APART_MAX: Final = 64  # newest facts about one thing of one member that are compared
MERGED: Final = "all"  # the row of `book.merged`


def member_named(book: Book, reference: bytes) -> str:
    """The member (hex) that a reference means; empty when there is none in the book.

    Of a member who was merged it is still the own name: entries keep it, and the money follows.
    Who the person is now says `kept_member`.
    """
    name = book.hexed[reference]
    return name if book.members.find(name) is not None else ""


def kept_member(book: Book, member: str) -> str:
    """The member (hex) under whom this one's money stands now: another one after a merge."""
    page = book.members.find(member)
    return (page.merged_into or member) if page is not None else member


def names_of(book: Book, member: str) -> tuple[str, ...]:
    """Every name (hex) of one person, the one under which the money stands first."""
    kept = kept_member(book, member)
    rows = book.merged.find(MERGED) or ()
    return (kept, *(name for name, into, _ in rows if into == kept))


def loans_of(book: Book, member: str) -> tuple[str, ...]:
    """Every loan (hex) of one person, under whatever name it was asked for, the oldest first."""
    names = names_of(book, member)
    loans = [loan for name in names for loan in book.member_loans.find(name) or ()]
    if len(names) > 1:
        loans.sort(key=lambda loan: entry_page(book, loan).place(loan))
    return tuple(loans)


def add_member(book: Book, entry: Entry, event: e.MemberAdded, _keeper: bool) -> None:
    """Add a member, and point out another with the same number, name or phone."""
    name = entry.id.hex()
    page = MemberPage(
        event.number, event.joined_on, "active", event.name_tag.hex(), event.phone_tag.hex()
    )
    book.members.put(name, page)
    note(book, entry, "member.added", "counted", subject=name, count=event.number)
    for what, value in _tags(page):
        _tag(book, name, what, value)


def tag_member(book: Book, name: str) -> None:
    """Compare a member with all others by number, name and phone."""
    page = book.members.find(name)
    for what, value in _tags(page) if page is not None else ():
        _tag(book, name, what, value)


def _tags(page: MemberPage) -> list[tuple[str, str]]:
    """What no two members should share, as far as it is known; of an erased one its number."""
    tags = [("number", str(page.number))]
    if not page.erased:
        tags += [("name", page.name_tag), ("phone", page.phone_tag)]
    return [(what, value) for what, value in tags if value]


def _tag(book: Book, name: str, what: str, value: str) -> None:
    alike = book.tags.find((what, value)) or ()
    if name not in alike:
        book.tags.put((what, value), (*alike, name)[:ALIKE_MAX])
    point_out_alike(book, what, value)


def point_out_alike(book: Book, what: str, value: str) -> None:
    """Note that members share a number, a name or a phone, or take that back."""
    alike = tuple(
        name
        for name in book.tags.find((what, value)) or ()
        if (page := book.members.find(name)) is not None
        and not page.merged_into
        and (what, value) in _tags(page)
    )
    key = ("possible_duplicate_member", f"{what}.{value}")
    alike = tuple(sorted(alike))  # who was added first is nothing to anybody
    finding = FindingPage(alike, alike[-1], detail=what) if len(alike) > 1 else None
    if finding != book.findings.find(key):
        book.findings.put(key, finding)


def compare_again(book: Book, member: str) -> None:
    """Look again for members who share something with this one."""
    page = book.members.find(member)
    known = replace(page, erased=False) if page is not None else None  # it may have been just now
    for what, value in _tags(known) if known is not None else ():
        point_out_alike(book, what, value)


def seal_person(book: Book, entry: Entry, event: e.PersonSealed, _keeper: bool) -> None:
    """Note that a member's sealed details changed; what they are is no part of the books."""
    member = member_named(book, event.member)
    if not member:
        void(book, entry, "person.sealed", "unknown_reference")
        return
    note(book, entry, "person.sealed", "counted", subject=member)


def set_profile(book: Book, entry: Entry, event: e.MemberProfileSet, _keeper: bool) -> None:
    """Correct a member's number, or note what partners count by; a field left empty stays."""
    member, name = member_named(book, event.member), entry.id.hex()
    page = book.members.find(member) if member else None
    if page is None:
        void(book, entry, "member.profile_set", "unknown_reference")
        return
    said = {
        "number": f"{event.number:06}" if event.number else "",
        "gender": event.gender,
        "birth_year": f"{event.birth_year:04}" if event.birth_year else "",
        "role": event.role,
    }
    said = {field: value for field, value in said.items() if value}
    told = ", ".join(f"{field.replace('_', ' ')} {said[field].lstrip('0')}" for field in said)
    note(book, entry, "member.profile_set", "counted", subject=member, text=told)
    rows = [row for row in page.profile if row[0] not in said or _apart(row, entry.past)]
    for field, value in said.items():
        rows.append((field, name, value))
    _put_profile(book, member, replace(page, profile=tuple(rows[-4 * APART_MAX :])))


def _apart(row: tuple[str, str, str], past: Past) -> bool:
    return bytes.fromhex(row[1]) not in past


def _put_profile(book: Book, member: str, page: MemberPage) -> None:
    newest: dict[str, str] = {}
    for field, _, value in page.profile:
        newest[field] = min(value, newest.get(field, value))
    number, before = int(newest.get("number", page.number)), page.number
    page = replace(
        page,
        number=number,
        gender=newest.get("gender", ""),
        birth_year=int(newest.get("birth_year", 0)),
        role=newest.get("role", ""),
    )
    book.members.put(member, page)
    if number != before:
        _tag(book, member, "number", str(number))
        point_out_alike(book, "number", str(before))


def set_member_status(book: Book, entry: Entry, event: e.MemberStatusSet, _keeper: bool) -> None:
    """Set a member's status; of those that did not know of each other the most careful holds."""
    member, name = member_named(book, event.member), entry.id.hex()
    page = book.members.find(member) if member else None
    if page is None:
        void(book, entry, "member.status_set", "unknown_reference")
        return
    note(
        book, entry, "member.status_set", "counted",
        subject=member, detail=event.status, text=event.reason,
    )  # fmt: skip
    earlier = listing.newest(book, _statuses(member), APART_MAX)
    knew = tuple(other for other in earlier if bytes.fromhex(other) in entry.past)
    book.entries.put(name, replace(entry_page(book, name), knew=knew))
    listing.add(book, _statuses(member), name)
    apart = tuple(other for other in page.status_entries if other not in knew)
    newest = (*apart, name)[-APART_MAX:]
    status = most_careful(entry_page(book, other).detail for other in newest)
    book.members.put(member, replace(page, status=status, status_entries=newest))


def _statuses(member: str) -> str:
    """Topic of the list of everything that was said about a member's status."""
    return f"status {member}"


def most_careful(statuses: Iterable[str]) -> str:
    """Of several statuses the one that lets a member do least; `active` when there is none."""
    return max(statuses, key=_CARE.__getitem__, default="active")


_CARE: Final = {"active": 0, "inactive": 1, "suspended": 2}


def status_history(book: Book, member: str) -> list[tuple[str, EntryPage]]:
    """Every change of a member's status, under whatever name it was recorded, in shared order."""
    rows = [
        (name, entry_page(book, name))
        for one in names_of(book, member)
        for name in listing.every(book, _statuses(one))
    ]
    return sorted(rows, key=lambda row: row[1].place(row[0]))


def status_known(book: Book, member: str, past: Past) -> str:
    """A member's status as far as an author with this past knew; `exited` after leaving."""
    page = book.members.find(member)
    if page is None:
        return "active"
    if any(
        bytes.fromhex(name) in past and known_outcome(book, name, past) == "approved"
        for _, _, name in claims_once(book, f"exit {member}")
    ):
        return "exited"
    if not page.status_entries:
        return "active"
    if all(bytes.fromhex(name) in past for name in page.status_entries):
        return page.status
    said = listing.newest(book, _statuses(member), APART_MAX)
    known = {name: entry_page(book, name) for name in said if bytes.fromhex(name) in past}
    replaced = {other for one in known.values() for other in one.knew}
    return most_careful(one.detail for name, one in known.items() if name not in replaced)


def point_out_status(
    book: Book, entry: Entry, member: str, meeting: tuple[int, int], amount_minor: int
) -> None:
    """Say that a member paid or was paid whom the author knew to be suspended or gone.

    The money counts. Nothing is said of an author who did not know.
    """
    status = status_known(book, member, entry.past)
    if status != "active":
        name = entry.id.hex()
        finding = FindingPage((name,), member, *meeting, (amount_minor,), status)
        book.findings.put(("not_active", name), finding)


def roles_of(book: Book, member: str) -> list[str]:
    """What a member does for the group: offices held now, and the role that was noted."""
    names = names_of(book, member)
    held = [
        office
        for office, page in book.offices.rows()
        if (person := book.persons.find(page.holder)) is not None
        and any(named in names for _, named in person.named)
    ]
    kept = book.members.find(names[0])
    return [*held, kept.role] if kept is not None and kept.role else held


RULES: Final = {
    e.MemberAdded: add_member,
    e.PersonSealed: seal_person,
    e.MemberProfileSet: set_profile,
    e.MemberStatusSet: set_member_status,
}
