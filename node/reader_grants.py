"""Letting somebody outside read, and ending that: what officers are asked, before it is signed.

A reader is let in as every device is: the founder alone while the group is founded, else most
officers, at least two. It gets totals unless more is said, for a year unless an end is said, and
for ever only when that is said in so many words. Any officer stops one at once, as a lost phone;
officers together end a grant for good.
"""

from typing import Final

from model.days import add_months
from node import desk, proposals, proposing
from node.choosing import choice
from node.clock import random_bytes
from node.electing import Draft
from node.errors import CommandRefused
from node.names import Names
from node.node import PERSON_BYTES, Group
from node.phones import phone
from node.reader_code import ReaderCode
from node.reader_words import RIGHT_OF, SCOPES, is_reader, till
from replication.control import DeviceEnrolled, DeviceRevoked, check_label
from replication.errors import RemoteError
from replication.roster import Device

NEVER: Final = "never"
"""What is typed for a grant without an end."""

YEARS_MAX: Final = 10
"""A grant that was meant to end within a lifetime ends within ten years, or `never`."""


def granting(group: Group, code: ReaderCode, scope: str, until: str, name: str, day: str) -> Draft:
    """Let a reader in, or change what it was given. CommandRefused says what does not fit.

    `until`: ISO day, `never`, or "" for a year from `day`, which is this phone's own.
    """
    word = choice(scope or SCOPES[0], SCOPES, "scope of a reader")
    last = last_day(until, day)
    label = _label(name or code.name)
    known = group.roster.devices.get(code.device)
    if code.device == group.device:
        raise CommandRefused(
            "This code is this very phone's, which can read already. Take the code of the "
            "organisation that wants to read.",
            "own_code",
        )
    if known is not None:
        _require_changeable(group, known, word, last)
    person = known.person if known is not None else random_bytes(PERSON_BYTES)
    record = DeviceEnrolled(code.device, person, RIGHT_OF[word], label, word, last)
    _require_not_asked(group, record)
    return Draft((), tuple(proposing.checked(group, (record,), Names(group))))


def last_day(until: str, day: str) -> str:
    """The last day of a grant as it is written: ISO, "" for none; CommandRefused."""
    said = until.strip().lower()
    if said == NEVER:
        return ""
    last = desk.day(said) if said else add_months(day, 12)
    if last < day:
        raise CommandRefused(
            f"{last} is over by this phone's date ({day}). Give a day to come: --until "
            f"{add_months(day, 12)}",
            "ended_already",
        )
    if last > add_months(day, 12 * YEARS_MAX):
        raise CommandRefused(
            f"{last} is more than {YEARS_MAX} years away. Give a nearer day; a grant can be given "
            "again. Without any end it is --until never.",
            "too_far",
        )
    return last


def ending(group: Group, said: str, reason: str) -> Draft:
    """End a reader's grant for good."""
    one = reader(group, said)
    names = Names(group)
    if one.state == "revoked":
        raise CommandRefused(f"{names.phone(one.key)} is no reader any more.", "revoked")
    record = DeviceRevoked(one.key, reason.strip())
    return Draft((), tuple(proposing.checked(group, (record,), names)))


def reader(group: Group, said: str) -> Device:
    """The reader that a person means. CommandRefused when it is none, or not clear."""
    known = [one for one in group.roster.devices.values() if is_reader(one)]
    if not known:
        raise CommandRefused(
            "Nobody outside reads this group's books. Let somebody with: mkutano readers add CODE",
            "no_readers",
        )
    try:
        one = phone(group, said)
    except CommandRefused as refusal:
        if refusal.code == "unknown_device":
            sentence = f"No reader is called “{said.strip()[:40]}”. See them with: mkutano readers"
            raise CommandRefused(sentence, "unknown_reader") from None
        raise
    if not is_reader(one):
        raise CommandRefused(
            f"{Names(group).phone_and_owner(one.key)} is an officer's phone and no reader. To shut "
            "it out: mkutano propose revoke",
            "no_reader",
        )
    return one


def _require_changeable(group: Group, known: Device, scope: str, until: str) -> None:
    names = Names(group)
    called = names.phone(known.key)
    if known.state == "suspended":
        raise CommandRefused(
            f"{called} is suspended. Lift that first: mkutano suspend --lift "
            f"{names.typed(known.key)}",
            "suspended",
        )
    if known.state == "active" and known.right == "write":
        raise CommandRefused(
            f"{names.phone_and_owner(known.key)} records for this group and reads everything. If "
            f"it should only read: mkutano propose revoke {names.typed(known.key)}, and then this.",
            "officers_phone",
        )
    same = (RIGHT_OF[scope], scope, until) == (known.right, known.scope, known.until)
    if known.state == "active" and same:
        raise CommandRefused(
            f"{called} has exactly that already, {till(until)}.", "nothing_changed"
        )


def _require_not_asked(group: Group, record: DeviceEnrolled) -> None:
    """The same grant waits for others already; whose device it is was drawn anew."""
    names = Names(group)
    wanted = record._replace(person=b"", label="")
    for one in proposals.asked(group, names):
        if one.state != "open":
            continue
        for asked in one.proposal.records:
            if isinstance(asked, DeviceEnrolled) and asked._replace(person=b"", label="") == wanted:
                raise CommandRefused(
                    f"That was proposed already. {proposals.left(group, names, one)}",
                    "proposed_already",
                )


def _label(name: str) -> str:
    line = " ".join(name.split())
    if not line:
        raise CommandRefused(
            "The code gives no name. Say who it is: --name “Name of the organisation”",
            "no_name",
        )
    try:
        return check_label(line)
    except RemoteError as error:
        raise CommandRefused(
            "A reader's name has 1 to 80 letters on one line.", "bad_name"
        ) from error
