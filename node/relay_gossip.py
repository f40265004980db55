"""What phones tell each other of what relays told them, so that two stories meet.

A note is a head that the relay signed, so nobody can slander a relay. It is compared with the
chain as this phone knows it, or kept until this phone has read so far. Only relays and mailboxes
that the group chose are looked at.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from node.node import Node, Step
from node.relay_address import relay_name
from node.relay_places import Place, places
from node.relay_store import RelayStore
from node.relay_view import NEWS, RelayWrong, heard, note_of, point_of, read_note
from node.relay_words import why_wrong
from relay.facts import Head, SignedHead

NOTES_MAX: Final = 16
"""Four mailboxes at each of four relays."""


class Contradiction(NamedTuple):
    """A relay told another device another story."""

    place: Place
    wrong: RelayWrong


def contradicted(one: Contradiction) -> str:
    """What the phone's owner is told of it."""
    return f"{relay_name(one.place.url)}: {why_wrong(one.wrong.code)}"


def notes_for(node: Node, group_id: bytes) -> tuple[bytes, ...]:
    """The newest heads that relays signed to this phone, of a group's mailboxes."""
    store = RelayStore(node.store.database)
    found = []
    for place in _places(node, group_id):
        newest = store.newest_signed(place.relay, place.mailbox)
        if newest is not None:
            log_id, point = newest
            head = Head(log_id, point.cursor, point.chain, point.time_ms)
            signed = SignedHead(head, point.signature)
            found.append(note_of(place.relay, place.mailbox, signed))
    return tuple(found[:NOTES_MAX])


def tell_notes(node: Node, group_id: bytes) -> Step:
    """Tell phones that are connected, now and later, what relays signed to this one."""
    notes = notes_for(node, group_id)
    return node.take(group_id, lambda group: group.replica.tell(notes))


def take_notes(
    node: Node, group_id: bytes, notes: Iterable[bytes], now_ms: int
) -> list[Contradiction]:
    """Compare what others were told with what this phone was told; what differs is kept."""
    told = dict.fromkeys(notes)
    if not told:  # as with nearly every message
        return []
    known = {(place.relay, place.mailbox): place for place in _places(node, group_id)}
    found = []
    for note in told:
        parts = read_note(note)
        place = known.get(parts[:2]) if parts is not None else None
        if parts is None or place is None:
            continue
        wrong = _compared(node, place, parts[2])
        if wrong is not None:
            store = RelayStore(node.store.database)
            log_id = store.load(place).view.log_id
            if store.note(place, log_id, wrong, now_ms):
                found.append(Contradiction(place, wrong))
    return found


def _compared(node: Node, place: Place, signed: SignedHead) -> RelayWrong | None:
    """What is wrong with the two stories; a note that nobody signed says nothing."""
    store = RelayStore(node.store.database)
    kept = store.load(place)
    view = kept.view
    if not view.log_id or signed.head.log_id != view.log_id:
        return None
    try:
        heard(view, signed, lambda cursor: store.point(view, cursor), NEWS)
    except RelayWrong as wrong:
        return wrong if wrong.code == "forked" else None
    with node.store.database.transaction():
        store.write_point(view, point_of(signed))
    return None


def _places(node: Node, group_id: bytes) -> Sequence[Place]:
    chosen = node.group(group_id).replica.relays()
    return [place for one in chosen for place in places(group_id, one)]
