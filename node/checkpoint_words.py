"""What lies at a relay and what a checkpoint lets go, in words; for people it is a “short copy”.

Sizes are of the sealed pieces that this phone saw; the relay's rows beside them are not counted.
"""

from typing import Final, NamedTuple

from node.checkpoint_choice import anew_bytes, begin, standing
from node.checkpoint_store import CheckpointStore, Shown
from node.errors import CommandRefused
from node.names import Names
from node.node import Group, Node
from node.relay_places import Place, places
from node.relay_store import RelayStore
from node.relay_view import OFFICERS_MIN


class Room(NamedTuple):
    """How much lies in a log, and what of it may go."""

    kept_bytes: int
    freeable_bytes: int
    """Of that, before the newest checkpoint, or before one that would be made now."""
    sentence: str


def room(group: Group, place: Place) -> Room:
    """How much a group's log takes, and what may go; all zero before anything was read."""
    stands = standing(group, place)
    store = CheckpointStore(group.store.database, place)
    kept = store.size_bytes(stands.log_id, 1, stands.cursor)
    if not kept:
        return Room(0, 0, "")
    total = f"The changes take {_size(kept)} there"
    copying = stands.copying
    if stands.waiting is not None:
        gone = store.size_bytes(stands.log_id, 1, stands.waiting.checkpoint.first - 1)
        return Room(kept, gone, f"{total}. {_waits(group, stands.waiting)}")
    if copying is not None and copying.is_whole:
        gone = store.size_bytes(stands.log_id, 1, copying.first - 1)
        return Room(kept, gone, f"{total}. {_OWN_WAITS}")
    if copying is not None:
        return Room(kept, 0, f"{total}. This phone is putting a short copy of them there.")
    if stands.newest is not None:
        gone = store.size_bytes(stands.log_id, 1, stands.newest.first - 1)
        return Room(kept, gone, f"{total}; of that {_size(gone)} is older than the newest short "
                    "copy, and goes a month or more after the next one.")  # fmt: skip
    anew = anew_bytes(group)
    if kept <= anew:
        return Room(kept, 0, f"{total}.")
    return Room(kept, kept - anew, f"{total}; a short copy of them takes about {_size(anew)}.")


_OWN_WAITS: Final = (
    "The short copy that this phone put there counts when another officer's phone has compared it."
)


def _waits(group: Group, waiting: Shown) -> str:
    if waiting.signer == group.device:
        return _OWN_WAITS
    called = Names(group).phone(waiting.signer)
    if waiting.state == "good":
        return f"This phone has compared the short copy that {called} put there: it is good."
    return f"The short copy that {called} put there counts when another phone has compared it."


def _size(count: int) -> str:
    """Bytes as people say them, rounded up."""
    kilobytes = -(-count // 1000)
    return f"{kilobytes:,} kB" if kilobytes < 10_000 else f"{-(-kilobytes // 1000):,} MB"


def wrong_words(group: Group, signer: bytes) -> str:
    """What is told of a phone whose checkpoint lacks something."""
    names = Names(group)
    return (
        f"The short copy of the books that {names.phone_and_owner(signer)} put into the cloud "
        "backup lacks something: this phone did not confirm it, and nothing is let go. Is that "
        f"phone in its owner's hands? If not: mkutano suspend {names.typed(signer)}"
    )


def wrong_ones(group: Group) -> list[str]:
    """The same of every phone that may write still, at any of the group's relays."""
    database, found = group.store.database, []
    for chosen in group.replica.relays():
        log = places(group.id, chosen)[0]
        log_id = RelayStore(database).load(log).view.log_id
        shown = CheckpointStore(database, log).shown(log_id)
        found += [one.signer for one in shown if one.state == "wrong"]
    return [wrong_words(group, key) for key in dict.fromkeys(found) if group.roster.may_write(key)]


def begin_now(node: Node, place: Place) -> bool:
    """Begin a checkpoint because a person asks for it; False where one is on its way or nothing
    came since the newest. CommandRefused where this phone can't."""
    group = node.group(place.group)
    stands = standing(group, place)
    access = RelayStore(node.store.database).load(place).view.access
    if access is not None and len(access.writers) < OFFICERS_MIN:
        raise CommandRefused(
            "A short copy counts only when another officer's phone has compared it, and only one "
            "officer uses this backup. Let in another officer's phone first: mkutano invite",
            "one_officer",
        )
    if not stands.may_make:
        raise CommandRefused(
            "This phone can't make a short copy now: an officer's phone that has read the whole "
            "backup can. Run mkutano cloud sync, then try again.",
            "not_in_step",
        )
    if stands.waiting is not None or stands.copying is not None or not stands.entries:
        return False
    begin(group, place)
    return True
