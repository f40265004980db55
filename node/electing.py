"""Offices: electing somebody, letting an office fall vacant, removing a person with the phones.

Until the group is founded the founder's word is enough. Afterwards an election is proposed, most
officers agree, and whoever gives the last word needed puts it in force in the same change. Removing
a person asks for the offices and the phones in one change, so that officers decide once.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, get_args

from model import events as e
from model.events import Event
from model.journal import entry_page
from model.offices import founded, holder
from model.titles import OFFICES, SEATS, office_of
from node import desk
from node.choosing import choice
from node.errors import CommandRefused
from node.names import Names
from node.node import Group
from node.phones import person as person_meant
from replication.control import DeviceReinstated, DeviceRevoked, Record

NOBODY: Final = b""


class Draft(NamedTuple):
    """What one change is to ask officers for, in the books and about phones."""

    events: tuple[Event, ...] = ()
    records: tuple[Record, ...] = ()
    what: tuple[str, ...] = ()
    """What the events ask, each as the end of “asks to …”."""


def election(
    group: Group, title: str, said: str, member: str = "", seat: int = 0, reason: str = ""
) -> Draft:
    """Elect the person who is meant; `member`: which member that is, where nobody said so yet."""
    word: e.Title = choice(title, get_args(e.Title), "office")
    one = desk.member(group, member).id if member else b""
    return election_of(group, word, person_meant(group, said), one, seat, reason)


def election_of(
    group: Group, title: e.Title, person: bytes, member: bytes, seat: int = 0, reason: str = ""
) -> Draft:
    """The same for a person whose id is known; `member` empty: as earlier elections said."""
    names = Names(group)
    owner = names.owner(person)
    if not member and owner.member:
        member = bytes.fromhex(owner.member)
    place = seat or _free_seat(group, title)
    office = office_of(title, place)
    if founded(group.book, None):
        if holder(group.book, office) == person.hex():
            raise CommandRefused(
                f"{_capital(names.person(person))} holds that office already.", "nothing_changed"
            )
        event: Event = e.OfficerProposed(title, person, member, place, reason)
    else:
        event = e.OfficerElected(title, person, member, place)
    return Draft((event,), (), (_worded(group, names, office, person.hex(), member.hex()),))


def of_newcomer(group: Group, title: e.Title, person: bytes, member: bytes) -> tuple[Event, ...]:
    """The election of a person whose phone is let in; none when the person holds the office.

    A free seat is taken first; the holder of an only seat is to be replaced, if officers agree.
    """
    offices = [office_of(title, seat) for seat in range(1, SEATS.get(title, 1) + 1)]
    held = [holder(group.book, office) for office in offices]
    if person.hex() in held or ("" not in held and len(offices) > 1):
        return ()
    seat = _seat(offices[held.index("")] if "" in held else offices[0])
    return election_of(group, title, person, member, seat).events


def _free_seat(group: Group, title: str) -> int:
    """The first seat that nobody holds; where all are held, the only one, or a question."""
    seats = range(1, SEATS.get(title, 1) + 1)
    for seat in seats:
        if not holder(group.book, office_of(title, seat)):
            return seat
    if len(seats) == 1:
        return 1
    names = Names(group)
    held = [
        f"{seat}: {names.person(bytes.fromhex(holder(group.book, office_of(title, seat))))}"
        for seat in seats
    ]
    raise CommandRefused(
        f"Every seat of that office is held ({', '.join(held)}). Say which is elected anew with "
        "--seat",
        "which_seat",
    )


def vacancy(group: Group, title: str, seat: int = 0, reason: str = "") -> Draft:
    """Let an office fall vacant."""
    word = choice(title, get_args(e.Title), "office")
    office = office_of(word, seat or 1)
    person = holder(group.book, office)
    if not person:
        raise CommandRefused("Nobody holds that office.", "nothing_changed")
    what = _worded(group, Names(group), office, "", "")
    return Draft((e.OfficerProposed(word, NOBODY, b"", seat or 1, reason),), (), (what,))


def removal(group: Group, said: str, reason: str = "") -> Draft:
    """Take a person's offices, and revoke the person's phones, with what those suspended lifted."""
    names, person = Names(group), person_meant(group, said)
    if person == group.roster.person_of(group.device):
        raise CommandRefused(
            "That is you. To give up an office: mkutano propose officer TITLE --vacant",
            "own_person",
        )
    held = [office for office in OFFICES if holder(group.book, office) == person.hex()]
    phones = [
        one
        for one in group.roster.devices.values()
        if one.person == person and one.state != "revoked"
    ]
    events = tuple(_vacated(office, reason) for office in held)
    what = tuple(_worded(group, names, office, "", "") for office in held)
    records: list[Record] = [DeviceRevoked(one.key, reason.strip()) for one in phones]
    if not events and not records:
        raise CommandRefused(
            f"{_capital(names.person(person))} holds no office and has no phone here.",
            "nothing_changed",
        )
    return Draft(events, tuple(records), what)


def with_lifts(draft: Draft, silenced: Sequence[bytes]) -> Draft:
    """The same, and the suspensions that those phones ordered are lifted."""
    lifts = [DeviceReinstated(key) for key in silenced]
    return draft._replace(records=(*draft.records, *lifts))


def _vacated(office: str, reason: str) -> Event:
    return e.OfficerProposed(_title(office), NOBODY, b"", _seat(office), reason)


def put_in_force(group: Group, proposal: bytes) -> Event:
    """The election that puts a proposed one in force."""
    page = entry_page(group.book, proposal.hex())
    person, member = bytes.fromhex(page.subject), bytes.fromhex(page.member)
    return e.OfficerElected(
        _title(page.detail), person, member, _seat(page.detail), proposal=proposal
    )


def in_force(group: Group, proposal: str) -> str:
    """What officers decided by a proposal, as a sentence."""
    page = entry_page(group.book, proposal)
    names, title = Names(group), OFFICES[page.detail].replace("_", " ")
    if not page.subject:
        return f"The office of {title} is vacant now."
    member = group.people.name_by_hex(page.member) if page.member else ""
    who = member or names.person(bytes.fromhex(page.subject))
    return f"{_capital(who)} holds the office of {title} now."


def _title(office: str) -> e.Title:
    title: e.Title = choice(OFFICES[office], get_args(e.Title), "office")
    return title


def _seat(office: str) -> int:
    last = office.rpartition("_")[2]
    return int(last) if last.isdigit() else 1


def worded(group: Group, names: Names, proposal: str) -> str:
    """What a proposed election asks, as the end of “asks to …”."""
    page = entry_page(group.book, proposal)
    return _worded(group, names, page.detail, page.subject, page.member)


def _worded(group: Group, names: Names, office: str, person: str, member: str) -> str:
    title = OFFICES[office].replace("_", " ")
    before = holder(group.book, office)
    incumbent = _called(names, before) if before and before != person else ""
    if not person:
        return (
            f"let the office of {title} fall vacant{f' ({incumbent} holds it)' * bool(incumbent)}"
        )
    name = group.people.name_by_hex(member) if member else ""
    who = name or names.person(bytes.fromhex(person))
    return f"elect {who} as {title}{f' instead of {incumbent}' if incumbent else ''}"


def _called(names: Names, person: str) -> str:
    """Who holds an office, without the office; "" where only that is known of the person."""
    owner = names.owner(bytes.fromhex(person))
    return owner.name or (f"member {owner.number}" if owner.member else "")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
