"""How phones and their owners are called in sentences, made once for one answer.

A phone is called as it was enrolled; where two are called alike, letters of the key tell them
apart. Its owner is called by name or member number, and by office, as far as the books say. What
another phone chose as its name is shown without letters that would move the cursor.
"""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

from model.offices import offices_of
from model.titles import OFFICES
from node.node import Group
from replication.motions import Motion, Restoration

KEY_LETTERS: Final = 8
"""First letters of a key, in hex, that tell phones apart: one in four billion is alike."""


class Owner(NamedTuple):
    """The person behind phones, as far as the books say who that is."""

    titles: tuple[str, ...]
    """Offices in words, such as "treasurer"; each once."""
    member: str
    """Hex id of the member that the person is; "" when no election said so."""
    number: int
    name: str
    """The member's name, where this phone may know it."""


class Names:
    """The names of one group's phones and people, as they are known now."""

    def __init__(self, group: Group) -> None:
        self._group = group
        devices = group.roster.devices.values()
        self._labels = {one.key: plain(one.label) for one in devices}
        for act in group.replica.decisions.acts:
            for key, label in _asks_in(act):
                self._labels.setdefault(key, plain(label))
        self._alike = Counter(self._labels.values())
        self._owners: dict[bytes, Owner] = {}

    def owner(self, person: bytes) -> Owner:
        """What the books say of a person."""
        known = self._owners.get(person)
        if known is None:
            known = self._owners[person] = _owner(self._group, person)
        return known

    def person(self, person: bytes) -> str:
        """A person in a sentence: Amina (treasurer), the treasurer, the owner of “A's phone”."""
        titles, _, _, _ = owner = self.owner(person)
        name = owner.name or (f"member {owner.number}" if owner.member else "")
        office = " and ".join(titles)
        if name:
            return f"{name} ({office})" if office else name
        if office:
            return f"the {office}"
        phones = [one.key for one in self._group.roster.devices.values() if one.person == person]
        return f"the owner of {self.phone(phones[0])}" if phones else "somebody"

    def people(self, persons: Iterable[bytes]) -> str:
        """Several people in a sentence."""
        return joined([self.person(one) for one in persons])

    def label(self, key: bytes) -> str:
        """What a phone is called; letters of its key where nobody named it."""
        return self._labels.get(key) or key.hex()[:KEY_LETTERS]

    def phone(self, key: bytes) -> str:
        """A phone in a sentence: “Asha's phone”, with letters of its key where two are alike."""
        label = self.label(key)
        mark = f" ({key.hex()[:KEY_LETTERS]})" if self._alike[label] > 1 else ""
        return f"“{label}”{mark}"

    def phone_and_owner(self, key: bytes, person: bytes = b"") -> str:
        """A phone and whose it is: “Asha's phone” of Asha (treasurer)."""
        person = person or self._group.roster.person_of(key)
        known = self.owner(person)
        whose = f" of {self.person(person)}" if known.titles or known.member else ""
        return f"{self.phone(key)}{whose}"

    def typed(self, key: bytes) -> str:
        """How a command names a phone that a person is told to type."""
        label = self.label(key)
        plain_words = re.fullmatch(r"[\w' .-]+", label)
        if self._alike[label] > 1 or not plain_words:
            return key.hex()[:KEY_LETTERS]
        return f'"{label}"' if re.search(r"[' ]", label) else label


def plain(text: str) -> str:
    """Another phone's words on one line, without letters that move the cursor or turn the line."""
    return "".join(one if one.isprintable() else " " for one in text).strip() or "?"


def joined(parts: list[str]) -> str:
    """A list in a sentence: a, b and c."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def _owner(group: Group, person: bytes) -> Owner:
    offices = offices_of(group.book, person.hex(), None)
    titles = tuple(dict.fromkeys(OFFICES[office].replace("_", " ") for office in offices))
    page = group.book.persons.find(person.hex())
    member = page.named[-1][1] if page is not None and page.named else ""
    known = group.book.members.find(member) if member else None
    if known is None:
        return Owner(titles, "", 0, "")
    return Owner(titles, member, known.number, group.people.name_by_hex(member))


def _asks_in(act: object) -> Iterable[tuple[bytes, str]]:
    """The phones that an act lets in, or would."""
    if isinstance(act, Motion):
        return [(one.device, one.label) for one in act.enrols]
    if isinstance(act, Restoration):
        return [(act.mark.device, act.label)]
    return []
