"""Which phone, or which officer, a person means by what is on the screen.

A phone is named as it was enrolled, by its owner's office, by its owner's number or name as a
member, or by the first letters of its key. Where several fit, the person is asked which: nothing
is guessed about who may write.
"""

import re
from collections.abc import Iterator
from typing import Final

from node import desk
from node.errors import CommandRefused
from node.names import KEY_LETTERS, Names, Owner
from node.node import Group
from node.people import name_form
from replication.roster import Device

KEY_LETTERS_MIN: Final = 4
"""So many letters of a key name a phone; fewer are likelier a number or a name."""


def phone(group: Group, said: str) -> Device:
    """The phone of the group that a person means. CommandRefused when it is none, or not clear."""
    wanted, names = said.strip(), Names(group)
    found = _meant(group, wanted, names)
    if len(found) == 1:
        return found[0]
    if not found:
        raise CommandRefused(
            f"No phone of this group is called “{wanted[:40]}”. See them with: mkutano devices",
            "unknown_device",
        )
    listed = ", ".join(f"{names.label(one.key)} ({one.key.hex()[:KEY_LETTERS]})" for one in found)
    raise CommandRefused(
        f"Which phone? “{wanted[:40]}” may be: {listed}. Type the letters in brackets.",
        "which_device",
    )


def _meant(group: Group, wanted: str, names: Names) -> list[Device]:
    """The phones that fit a word by the first way of naming that fits any; working ones first."""
    devices = group.roster.devices
    owners = {key: names.owner(one.person) for key, one in devices.items()}
    for keys in _ways(wanted, {key: names.label(key) for key in devices}, owners):
        found = [devices[key] for key in sorted(keys)]
        if found:
            return [one for one in found if one.state != "revoked"] or found
    return []


def _ways(
    wanted: str, labels: dict[bytes, str], owners: dict[bytes, Owner]
) -> Iterator[set[bytes]]:
    """Keys that a word may mean, one way of naming after the other."""
    form, letters = name_form(wanted), wanted.casefold()
    word = letters.replace("_", " ").replace("-", " ")
    yield {key for key, label in labels.items() if name_form(label) == form}
    yield {key for key, owner in owners.items() if word in owner.titles}
    if wanted.isascii() and wanted.isdigit():
        yield {key for key, owner in owners.items() if owner.member and owner.number == int(wanted)}
    if len(letters) >= KEY_LETTERS_MIN and re.fullmatch("[0-9a-f]+", letters):
        yield {key for key in labels if key.hex().startswith(letters)}
    if form:
        yield {key for key, owner in owners.items() if name_form(owner.name) == form}
        yield {key for key, owner in owners.items() if form in name_form(owner.name).split()}
        yield {key for key, label in labels.items() if name_form(label).startswith(form)}


def person(group: Group, said: str) -> bytes:
    """The person that is meant: by office, by a phone, or as a member. CommandRefused else."""
    names = Names(group)
    word = said.strip().casefold().replace("-", " ").replace("_", " ")
    people = list(dict.fromkeys([*group.roster.officers, *_holders(group)]))
    titled = [one for one in people if word in names.owner(one).titles]
    if len(titled) == 1:
        return titled[0]
    if len(titled) > 1:
        raise CommandRefused(
            f"Which {word}? There are {names.people(titled)}. Type the member's number or name.",
            "which_person",
        )
    if len({one.person for one in _meant(group, said.strip(), names)}) == 1:
        return _meant(group, said.strip(), names)[0].person
    one = desk.member(group, said)
    for known in people:
        if names.owner(known).member == one.id.hex():
            return known
    raise CommandRefused(
        f"{desk.called(one)} has no phone in this group and holds no office. An officer needs a "
        f"phone here; invite it first: mkutano invite --member {one.number}",
        "no_person",
    )


def _holders(group: Group) -> Iterator[bytes]:
    """The people who hold an office, with a phone or without."""
    for _, page in group.book.offices.rows():
        if page.holder:
            yield bytes.fromhex(page.holder)
