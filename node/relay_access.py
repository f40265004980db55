"""Who may use a group's four mailboxes: what the roster says, and when this phone signs it.

Rule: nobody is asked. What officers decided is in the roster, and the list of a mailbox follows
from it; each officer's phone compares the two and signs the next list when they differ. It comes
into force at the relay when as many officers signed the same list as the list before asks for: two,
wherever there are two. A phone signs only what its own roster says, and never while it is stopped
itself: so a stolen phone that stops all others has nobody to sign with.

Phones with the same roster want the same list but for one thing: on which day a grant ends, each
takes from its own clock. Where lists differ in nothing but such readers, a phone signs the smallest
of those that wait, as soon as something else must change; so a wrong clock holds nothing up. And it
lets the same grant in a few times only for the day alone: phones whose clocks are years apart must
not send a reader in and out for ever.

Who sees which mailbox: officers all four; a reader of scope summary `doors` and `summary`, of scope
ledger also `log`, of scope people all. The byte layout is in relay/PROTOCOL.md.
"""

from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from itertools import combinations
from typing import Final, NamedTuple

import cbor2

from node import slot_store
from node.errors import CommandRefused
from node.node import Group
from node.relay_places import BOXES, COMPARTMENTS, Compartment
from relay.facts import (
    CARDS,
    DEVICES_MAX,
    OFFICERS_MAX,
    TAGS_MAX,
    Access,
    SignedAccess,
    access_fields,
    is_enough,
)
from replication.cards import pair_key
from replication.roster import Device, Roster

SIGNERS_MIN: Final = 2
"""Officers who must sign the next list, where there are so many."""

LET_IN_MAX: Final = 3
"""How often one phone lets the same grant in for the day alone."""

_SCOPES: Final[Mapping[Compartment, frozenset[str]]] = {
    "log": frozenset({"ledger", "people"}),
    "doors": frozenset({"summary", "ledger", "people"}),
    "people": frozenset({"people"}),
    "summary": frozenset({"summary", "ledger", "people"}),
}
_WIDEST_FIRST: Final = ("people", "ledger", "summary")
"""Who is left out where there are more readers than a list holds: those who see least."""
_PAIRS: Final = CARDS * (CARDS - 1) // 2
_READERS_MAX: Final = min(DEVICES_MAX, TAGS_MAX - _PAIRS)

_READER_TAG: Final = b"mkutano/relay/reader-tag/1"
_CARDS_TAG: Final = b"mkutano/relay/cards-tag/1"


def reader_tag(device: bytes) -> bytes:
    """Under which `doors` is found by a device that may open it; 32 bytes, made of its key."""
    return sha256(_READER_TAG + device).digest()


def cards_tag(one: bytes, other: bytes) -> bytes:
    """Under which `doors` is found by who holds these two paper cards, given by public key."""
    return sha256(_CARDS_TAG + pair_key(one, other)).digest()


# What the roster says


def officers_phones(roster: Roster) -> tuple[bytes, ...]:
    """The phones that may write to the mailboxes, ascending."""
    return tuple(sorted(key for officer in _writers(roster) for key in officer))


def readers_of(roster: Roster, compartment: Compartment, day: str) -> frozenset[bytes]:
    """The devices that may only read a mailbox on this day, as far as there is room."""
    return _readers(roster, compartment, day)


def card_pairs(roster: Roster) -> tuple[tuple[bytes, bytes], ...]:
    """Every two of the three paper cards, by public key; none where there are no three."""
    cards = sorted(set(roster.cards))
    return tuple(combinations(cards, 2)) if len(cards) == CARDS else ()


def founding_list(roster: Roster, compartment: Compartment, day: str) -> Access | None:
    """List 1 of a new mailbox; None when nobody may write.

    `day` is this phone's own, ISO.
    """
    return _list(roster, compartment, 1, _readers(roster, compartment, day))


def wanted(roster: Roster, compartment: Compartment, day: str, before: Access) -> Access | None:
    """The list that should follow the one in force; None: that one is right, or nobody may write.

    The number of readers that a list holds is bounded: see `left_out`.
    """
    following = _list(roster, compartment, before.number + 1, _readers(roster, compartment, day))
    same = following is None or following[1:] == before[1:]
    return None if same else following


def left_out(roster: Roster, day: str) -> tuple[Device, ...]:
    """Readers for whom there is no room in a mailbox's list: of more than some 500."""
    kept = _readers(roster, "doors", day)
    some = (one for one in roster.devices.values() if one.right != "write" and one.reads_on(day))
    return tuple(sorted((one for one in some if one.key not in kept), key=lambda one: one.key))


def _list(
    roster: Roster, compartment: Compartment, number: int, readers: Collection[bytes]
) -> Access | None:
    """The list with these readers."""
    writers = _writers(roster)
    if not writers:
        return None
    pairs = card_pairs(roster)
    tags: set[bytes] = set()
    if compartment == "doors":
        tags = {reader_tag(key) for key in (*readers, *(k for one in writers for k in one))}
        tags |= {cards_tag(one, other) for one, other in pairs}
    return Access(
        number,
        "box" if compartment in BOXES else "log",
        min(SIGNERS_MIN, len(writers)),
        writers,
        tuple(sorted(readers)),
        roster.cards if pairs else (),
        tuple(sorted(tags)),
    )


def _writers(roster: Roster) -> tuple[tuple[bytes, ...], ...]:
    """The phones that may write now, those of one officer together."""
    people: dict[bytes, list[bytes]] = {}
    room = DEVICES_MAX - _PAIRS
    for key, one in sorted(roster.devices.items()):
        if one.right == "write" and one.state == "active" and room > 0:
            people.setdefault(one.person, []).append(key)
            room -= 1
    return tuple(sorted(tuple(keys) for _, keys in sorted(people.items())[:OFFICERS_MAX]))


def _readers(roster: Roster, compartment: Compartment, day: str) -> frozenset[bytes]:
    """Who may only read, as far as there is room beside the writers."""
    scopes = _SCOPES[compartment]
    found = [
        (_WIDEST_FIRST.index(one.reads), key)
        for key, one in roster.devices.items()
        if one.right != "write" and one.reads_on(day) in scopes
    ]
    room = _READERS_MAX - sum(map(len, _writers(roster)))
    return frozenset(key for _, key in sorted(found)[: max(room, 0)])


# What this phone signs


def first_access(group: Group, compartment: str, day: str) -> Access:
    """List 1 of a new mailbox. CommandRefused when this phone may not write to it itself."""
    first = founding_list(group.roster, _checked(compartment), day)
    if first is None or not first.may_write(group.device):
        raise CommandRefused(
            "Only an officer's phone that is not suspended can choose a cloud backup.", "no_right"
        )
    return first


def to_sign(
    group: Group,
    compartment: str,
    in_force: Access,
    pending: Sequence[SignedAccess],
    day: str,
    relay: bytes = b"",
) -> Access | None:
    """The list that this phone signs now; None: nothing, or it did already.

    The list of a box only once a slot of its own lies there, at the relay with this key (b"": at
    every one): the slots of who leaves go with the list, and something must be left for two paper
    cards to open. Notes which grants it lets in.
    """
    if compartment in BOXES and in_force.may_write(group.device) and not _has_slot(group, relay):
        return None
    name, database, group_no = _checked(compartment), group.store.database, group.row.group_no
    let_in = slot_store.let_in(database, group_no, compartment)
    spent = {key for key, one in group.roster.devices.items()
             if let_in.get((key, one.until), 0) >= LET_IN_MAX}  # fmt: skip
    found = standing(group.roster, name, day, group.device, in_force, pending, spent)
    if found.signs is not None:
        added = set(found.signs.readers) - set(in_force.readers)
        grants = [(key, until) for key in added if (until := group.roster.devices[key].until)]
        slot_store.note_let_in(database, group_no, compartment, grants)
    return found.signs


def _has_slot(group: Group, relay: bytes) -> bool:
    """Whether this phone has a slot in the box of doors of this relay, as far as was seen.

    Only there: one that a stolen phone added, and that never answers, must not keep it in the
    lists of the others.
    """
    database, group_no = group.store.database, group.row.group_no
    return all(
        group.device in slot_store.known_slots(database, group_no, one.doors)
        for one in group.replica.relays()
        if relay in (one.relay, b"")
    )


def _checked(compartment: str) -> Compartment:
    return next(one for one in COMPARTMENTS if one == compartment)


class Standing(NamedTuple):
    """How a mailbox's list stands against the roster, as one phone sees it."""

    follows: bool
    """The list in force is what the roster says."""
    signs: Access | None
    """What this phone signs now; None: nothing, or it did already."""
    missing: int
    """How many officers must still sign beside this phone; 0 when nothing is to change."""
    stuck: bool
    """Too few officers of the list in force are still officers: it takes paper cards, or new
    mailboxes."""


def waits(found: Standing) -> str:
    """What keeps a list from being what the officers decided, in words; "" for nothing."""
    if found.follows:
        return ""
    if found.stuck:
        return (
            "The cloud backup still takes the old list of phones: too few of the officers on it "
            "are left to sign another. Begin anew there: mkutano cloud remove, then mkutano cloud "
            "add. Or restore with two paper cards."
        )
    who = "one more officer's phone" if found.missing == 1 else f"{found.missing} more officers"
    left = f" It waits for {who} to connect." if found.missing else ""
    return f"The cloud backup is getting a new list of phones.{left}"


def standing(
    roster: Roster,
    compartment: Compartment,
    day: str,
    device: bytes,
    before: Access,
    pending: Sequence[SignedAccess],
    spent: Collection[bytes] = (),
) -> Standing:
    """What to do about one mailbox: `before` is in force, `pending` waits for signatures.

    `device` is this phone's key; `spent` are readers whom it let in often enough for the day alone.
    Pure; whatever waits there may come from a stolen phone.
    """
    own = wanted(roster, compartment, day, before)
    must = own is not None and _must_change(roster, compartment, before)
    if own is not None and not must:
        readers = frozenset(own.readers) - (frozenset(spent) - frozenset(before.readers))
        own = _list(roster, compartment, own.number, readers)
    if own is None or own[1:] == before[1:]:
        return Standing(True, None, 0, False)
    waiting = {one.access: {key for key, _ in one.signatures} for one in pending}
    chosen = own
    if must:
        fine = [one for one in waiting if _is_tolerable(roster, compartment, before, one)]
        chosen = min((own, *fine), key=_encoded)
    signed = waiting.get(chosen, set())
    may = before.may_write(device) and own.may_write(device)
    signers = signed | ({device} if may else set())
    stays = {key for officer in own.writers for key in officer}
    return Standing(
        False,
        chosen if may and device not in signed else None,
        _missing(before, signers),
        not is_enough(before, stays),
    )


def _missing(before: Access, signers: Collection[bytes]) -> int:
    """How many more officers must sign."""
    if is_enough(before, signers):
        return 0
    officers = {before.officer_of(key) for key in signers} - {-1}
    cards = len(set(signers) & set(before.cards))
    return max(before.needed - len(officers) - min(cards, 1), 1)


def _must_change(roster: Roster, compartment: Compartment, before: Access) -> bool:
    """Whether more is wrong with the list in force than whose grant has ended on which clock."""
    return not _is_tolerable(roster, compartment, before._replace(number=before.number - 1), before)


def _is_tolerable(
    roster: Roster, compartment: Compartment, before: Access, following: Access
) -> bool:
    """Whether a list is what the roster says on some day: only grants with an end may be in or out.

    Everything but the readers must be as we would write it ourselves.
    """
    always = _readers(roster, compartment, _NEVER)
    readers = frozenset(following.readers)
    dated = {
        key
        for key, one in roster.devices.items()
        if one.until and one.right != "write" and one.reads_on(one.until) in _SCOPES[compartment]
    }
    if not always <= readers <= always | dated:
        return False
    return _list(roster, compartment, before.number + 1, readers) == following


_NEVER: Final = "~"
"""Later than every ISO day: by it, all grants with an end are over."""


def _encoded(access: Access) -> bytes:
    return cbor2.dumps(access_fields(access), canonical=True)
