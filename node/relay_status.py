"""What a group's relays have confirmed, in words: signed receipts count, and nothing else.

A change is backed up when the relay signed for a log that holds it; what was sent and not yet
confirmed is not. A relay that told two stories about a log is not relied on, until it has begun
that log anew.
"""

from typing import Final, NamedTuple

from node import relay_access
from node.answers import Answer, GroupRequest, choose_group
from node.checkpoint_words import Room, room, wrong_ones
from node.clock import day_of
from node.door_slots import fault_sentences
from node.node import Group, Node
from node.relay_address import relay_name
from node.relay_places import places
from node.relay_store import Fault, Held, RelayStore
from node.relay_words import why_wrong
from node.tables import moment
from relay.facts import key_number
from replication.control import RelayChosen

DAY_MS: Final = 86_400_000
FAULT_SHOWN_MS: Final = 30 * DAY_MS
"""How long what was wrong once is shown; a proof of two stories always is."""
GOOD_NEWS: Final = frozenset({"restored", "lost"})
"""What was wrong and healed itself."""


class Backup(NamedTuple):
    """How a group stands at one relay."""

    chosen: RelayChosen
    name: str
    held: Held
    """Lane -> highest position that the relay signed for; empty while it is not relied on."""
    lacks: int
    """Changes that the relay has not signed for."""
    heard_ms: int
    """When this phone last had the relay's signature; 0: never."""
    is_trusted: bool
    faults: tuple[Fault, ...]
    sentence: str
    entries_read: int
    """Pieces of the log that this phone has read, of those that the relay signed for."""
    entries_there: int
    room: Room


def backups(group: Group, now_ms: int) -> list[Backup]:
    """How a group stands at each of its relays."""
    return [_backup(group, chosen, now_ms) for chosen in group.replica.relays()]


def _backup(group: Group, chosen: RelayChosen, now_ms: int) -> Backup:
    store = RelayStore(group.store.database)
    log, *others = places(group.id, chosen)
    kept = store.load(log)
    view = kept.view
    faults = store.faults(chosen.relay, [place.mailbox for place in (log, *others)])
    forked = any(
        one.code == "forked"
        and one.mailbox == log.mailbox
        and kept.view.log_id in (one.log_id, b"")
        for one in faults
    )
    held = kept.held if kept.view.is_confirmed and not forked else {}
    lacks = group.replica.lacks(held)
    shown = tuple(one for one in faults if _is_shown(one, now_ms))
    name = relay_name(chosen.url)
    words = _sentence(name, lacks, kept.heard_ms, forked, may_write=_may_write(group))
    return Backup(
        chosen, name, held, lacks, kept.heard_ms, not forked, shown, words,
        view.cursor, view.told, room(group, log),
    )  # fmt: skip


def _is_shown(fault: Fault, now_ms: int) -> bool:
    return bool(fault.proof) or fault.last_ms > now_ms - FAULT_SHOWN_MS


def _may_write(group: Group) -> bool:
    known = group.roster.devices.get(group.device)
    return known is not None and known.right == "write" and known.state == "active"


def _sentence(name: str, lacks: int, heard_ms: int, forked: bool, *, may_write: bool) -> str:
    if forked:
        return f"The cloud backup at {name} told two stories: it is not relied on."
    if not heard_ms:
        return f"{name} has confirmed nothing to this phone yet. Try: mkutano cloud sync"
    when = moment(heard_ms)
    if not lacks:
        done = "Backed up" if may_write else "In step"
        return f"{done} at {name}, all of it; confirmed {when} (UTC)."
    changes = "change is" if lacks == 1 else "changes are"
    return f"Backed up at {name} up to {when} (UTC); {lacks:,} {changes} not there yet."


def standing(node: Node, asked: GroupRequest, now_ms: int) -> Answer:
    """How a group's backups stand."""
    group = choose_group(node, asked.group)
    found = [as_json(one) for one in backups(group, now_ms)]
    labels = {key: one.label for key, one in group.roster.devices.items()}
    notices = [
        *wrong_ones(group),
        *_of_access(group, day_of(now_ms)),
        *fault_sentences(group, labels),
    ]
    return Answer(
        {
            "group": group.id.hex(),
            "group_name": group.name,
            "backups": found,
            "notices": notices,
        }
    )


def _of_access(group: Group, day: str) -> list[str]:
    """What is to be said of who may use the backups."""
    store, found = RelayStore(group.store.database), []
    for chosen in group.replica.relays():
        access = store.load(places(group.id, chosen)[0]).view.access
        if access is None:
            continue
        stands = relay_access.standing(group.roster, "log", day, group.device, access, ())
        words = relay_access.waits(stands)
        if words:
            found.append(f"{relay_name(chosen.url)}: {words}")
    return found


def as_json(backup: Backup) -> dict[str, object]:
    """A backup as programs get it."""
    return {
        "relay": backup.chosen.relay.hex(),
        "number": key_number(backup.chosen.relay),
        "url": backup.chosen.url,
        "name": backup.name,
        "changes_lacking": backup.lacks,
        "heard_ms": backup.heard_ms,
        "is_trusted": backup.is_trusted,
        "kept_bytes": backup.room.kept_bytes,
        "freeable_bytes": backup.room.freeable_bytes,
        "room": backup.room.sentence,
        "entries_read": backup.entries_read,
        "entries_there": max(backup.entries_read, backup.entries_there),
        "sentence": backup.sentence,
        "wrong": [
            {
                "code": one.code,
                "first_ms": one.first_ms,
                "last_ms": one.last_ms,
                "times": one.times,
                "healed": one.code in GOOD_NEWS,
                "proof": one.proof.hex(),
                "sentence": why_wrong(one.code),
            }
            for one in backup.faults
        ],
    }
