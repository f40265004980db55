"""What a command needs to look up before it plans: who, which meeting, how much, which line.

Every lookup either gives one answer or refuses with a sentence that says what to type instead;
nothing is guessed about money or people.
"""

import re
from difflib import get_close_matches
from typing import NamedTuple

from model.book import Book
from model.days import DayError, parse_day
from model.events import LINE_MAX, ConstitutionAdopted
from model.findings import amount_text
from model.identifiers import CHANGE_PREFIX_BYTES, ENTRY_ID_BYTES, receipt_code
from model.members import kept_member
from model.members import loans_of as loans_named
from model.money import AmountError, parse_amount
from model.pages import EntryPage, GroupPage, LoanPage
from model.sheets import claims_on
from node.errors import CommandRefused
from node.node import Group
from node.people import name_form

RECEIPT_LETTERS = 10
NEAR_ENOUGH = 0.7
"""How like a name a word must be to be taken for a misspelling of it, of 1."""
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOK_ALIKES = str.maketrans("OIL", "011")

Meeting = tuple[int, int]
"""Cycle and session."""


class Member(NamedTuple):
    """A member, as commands name one."""

    id: bytes
    number: int
    name: str


def described(book: Book) -> GroupPage:
    """The group's name and money; refused until this device has received them."""
    page = book.group.find("group")
    if page is None:
        raise CommandRefused(
            "This device has not received the group's books yet. Sync with another phone first.",
            "no_books",
        )
    return page


def terms(book: Book) -> ConstitutionAdopted:
    """The constitution in force."""
    page = book.constitution.find("current")
    if page is None:
        raise CommandRefused("The group has no constitution yet. Adopt one first.", "no_terms")
    return page.terms


def amount(group: Group, text: str, what: str = "The amount") -> int:
    """Minor units of an amount as people type it, above zero."""
    try:
        minor = parse_amount(text, described(group.book).exponent)
    except AmountError as error:
        raise CommandRefused(str(error), "bad_amount") from error
    if minor == 0:
        raise CommandRefused(f"{what} is zero, so there is nothing to record.", "bad_amount")
    return minor


def amount_or_zero(group: Group, text: str) -> int:
    """Minor units of an amount that may be zero, such as a count of an empty box."""
    try:
        return parse_amount(text, described(group.book).exponent)
    except AmountError as error:
        raise CommandRefused(str(error), "bad_amount") from error


def money(group: Group, amount_minor: int) -> str:
    """An amount with its currency, for a sentence."""
    return amount_text(group.book, amount_minor)


def day(text: str) -> str:
    """A calendar day as ISO text."""
    try:
        return parse_day(text).isoformat()
    except DayError as error:
        raise CommandRefused(str(error), "bad_day") from error


def members(group: Group, *, merged: bool = False) -> list[Member]:
    """All members by number; those who were merged into another only when asked for."""
    rows = [
        Member(bytes.fromhex(name), page.number, group.people.name_by_hex(name))
        for name, page in group.book.members.rows()
        if merged or not page.merged_into
    ]
    return sorted(rows, key=lambda member: (member.number, member.id))


def member(group: Group, said: str) -> Member:
    """The member that a person means by a number, a name, or an entry id in hex."""
    said = said.strip()
    everyone = members(group)
    found = _meant(everyone, said)
    if not found:  # by the number or name of one who was merged: it is who was kept
        kept = {kept_member(group.book, one.id.hex()) for one in _meant(_merged(group), said)}
        found = [one for one in everyone if one.id.hex() in kept]
    if len(found) == 1:
        return found[0]
    if not found:
        raise CommandRefused(_nobody(everyone, said), "unknown_member")
    several = ", ".join(f"{one.number} {one.name}".strip() for one in found[:8])
    raise CommandRefused(
        f"“{said[:40]}” may be several members: {several}. Give the number.", "which_member"
    )


def _merged(group: Group) -> list[Member]:
    everyone = {one.id for one in members(group)}
    return [one for one in members(group, merged=True) if one.id not in everyone]


def _meant(some: list[Member], said: str) -> list[Member]:
    """Those of some members whom a number, a name or an entry id may mean."""
    if said.isdigit() and len(said) < ENTRY_ID_BYTES:
        return [one for one in some if one.number == int(said)]
    wanted = name_form(said)
    found = [one for one in some if wanted and name_form(one.name) == wanted]
    found = found or [one for one in some if wanted in name_form(one.name).split()]
    return found or [one for one in some if one.id.hex() == said.casefold()]


def several(group: Group, said: str) -> list[Member]:
    """The members of a list of numbers or names with commas between."""
    return [member(group, one) for one in said.split(",") if one.strip()]


def numbered(group: Group, number: int) -> Member:
    """The member of a number."""
    for one in members(group):
        if one.number == number:
            return one
    raise CommandRefused(_no_number(number), "unknown_member")


def _nobody(everyone: list[Member], said: str) -> str:
    """Why nobody was found, and who may be meant."""
    if said.isdigit():
        return _no_number(said[:40])
    wanted, near = name_form(said), []
    for one in everyone:
        name = name_form(one.name)
        if get_close_matches(wanted, (name, *name.split()), 1, NEAR_ENOUGH):
            near.append(f"{one.number} {one.name}")
    meant = f"Did you mean {' or '.join(near[:3])}? " if near else ""
    return (
        f"No member is called “{said[:40]}”. {meant}Give the member's number; "
        "see them all with: mkutano book"
    )


def _no_number(number: int | str) -> str:
    return f"There is no member {number}. See them all with: mkutano book"


def called(one: Member) -> str:
    """The member in a sentence: a name, or "member 7"."""
    return one.name or f"member {one.number}"


def meeting(group: Group, said: Meeting | None) -> Meeting:
    """The meeting that was named, or else the newest one, if it is still open."""
    if said is not None:
        if group.book.meetings.find(said) is None:
            raise CommandRefused(
                f"Meeting {said[1]} of cycle {said[0]} was not opened. Open it with its day first.",
                "no_meeting",
            )
        return said
    newest = group.book.latest.find("meeting")
    page = group.book.meetings.find(newest) if newest is not None else None
    if newest is None or page is None or page.closes:
        raise CommandRefused(
            "No meeting is open. Open one first with: mkutano record meeting --date 2026-01-31",
            "no_meeting",
        )
    return newest


def open_meetings(group: Group) -> list[Meeting]:
    """Meetings that were opened and not closed, the earliest first."""
    rows = group.book.meetings.rows()
    return sorted(where for where, page in rows if page.opened and not page.closes)


class Recorded(NamedTuple):
    """An entry about a member (or pocket, or loan) in a meeting."""

    line: int
    id: str
    """Hex, as the book writes it."""
    page: EntryPage


def recorded(book: Book, at: Meeting, subject: str, kind: str) -> list[Recorded]:
    """Everything of one kind about a member (or pocket, or loan) in a meeting."""
    found = []
    for slot, line, name in claims_on(book, *at, subject):
        page = book.entries.find(name)
        if page is not None and line and (slot == kind or page.kind == kind):
            found.append(Recorded(line, name, page))
    return found


def next_line(book: Book, at: Meeting, subject: str, kind: str) -> int:
    """The line of one more payment of a kind: one above the highest that this device knows."""
    line = 1 + max((one.line for one in recorded(book, at, subject, kind)), default=0)
    if line > LINE_MAX:
        raise CommandRefused("That is more entries than one meeting can hold.", "too_many")
    return line


def loans_of(book: Book, one: Member) -> list[tuple[str, LoanPage]]:
    """A member's loans that are not repaid, oldest first."""
    return [
        (name, loan)
        for name in loans_named(book, one.id.hex())
        if book.open_loans.find(name) and (loan := book.loans.find(name)) is not None
    ]


def loan(group: Group, one: Member, said: str, handed_over: bool) -> tuple[str, LoanPage]:
    """A member's loan by receipt code, or the only one there is."""
    found = [
        (name, page)
        for name, page in loans_of(group.book, one)
        if bool(page.disbursed) == handed_over or (handed_over and page.cycle < 0)
    ]
    if said:
        wanted = said.strip().upper()
        found = [row for row in found if receipt_code(bytes.fromhex(row[0])) == wanted]
    if len(found) == 1:
        return found[0]
    if not found:
        what = "owes no loan" if handed_over else "has asked for no loan that is still waiting"
        raise CommandRefused(f"{called(one)} {what}.", "no_loan")
    several = ", ".join(
        f"{receipt_code(bytes.fromhex(name))} ({money(group, page.asked_minor)})"
        for name, page in found[:8]
    )
    raise CommandRefused(
        f"{called(one)} has several loans: {several}. Say which with --loan.", "which_loan"
    )


def entry(group: Group, said: str) -> tuple[bytes, EntryPage]:
    """An entry by its receipt code or its id in hex."""
    found = [
        (name, page)
        for name in _named(group, said.strip())
        if (page := group.book.entries.find(name.hex())) is not None
    ]
    if len(found) != 1:
        raise CommandRefused(
            f"No entry has the receipt “{said[:40]}”. See them with: mkutano audit",
            "unknown_entry",
        )
    return found[0]


def receipt_letters(said: str) -> str:
    """The ten letters of a receipt as a person typed it, without the place in its change."""
    return said.strip().upper().translate(_LOOK_ALIKES).partition("-")[0]


def _named(group: Group, said: str) -> list[bytes]:
    """Entry ids that a person may mean; letters that look like digits are read as those."""
    if re.fullmatch(r"[0-9a-fA-F]{34}", said):
        return [bytes.fromhex(said)]
    code, _, index = said.upper().translate(_LOOK_ALIKES).partition("-")
    if len(code) != RECEIPT_LETTERS or not set(code) <= set(_LETTERS) or len(index) > 2:
        return []
    bits = 0
    for letter in code:
        bits = bits << 5 | _LETTERS.index(letter)
    lowest = (bits << 6).to_bytes(7, "big")  # 50 bits fill six bytes and a quarter
    highest = (bits << 6 | 0x3F).to_bytes(7, "big") + b"\xff" * 25
    chains = group.store.chains(group.row.group_no)
    if index and not index.isdigit():
        return []
    return [
        change_hash[:CHANGE_PREFIX_BYTES] + bytes((int(index or "0"),))
        for change_hash in chains.between(lowest, highest)
    ]
