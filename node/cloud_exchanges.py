"""What can be asked about a group's cloud backups: look, add, sync, check, remove.

Each opens a connection of its own, also while `mkutano run` keeps one: cycles of one group at one
relay wait for each other (node/relay_engine.py).
"""

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from node import relay_founding
from node.answers import GroupRequest, choose_group
from node.checkpoint_words import begin_now, room
from node.clock import now_ms
from node.device import Device
from node.errors import CommandRefused
from node.node import Group, Node
from node.relay_address import relay_name, relay_url
from node.relay_checking import check as deep_check
from node.relay_client import call_relay
from node.relay_engine import Cycle
from node.relay_places import places
from node.relay_reading import AtRelay
from node.relay_status import as_json, backups
from node.relay_view import RelayWrong
from node.relay_words import why_wrong
from relay.facts import key_number
from replication.control import RelayChosen
from replication.limits import URL_CHARS_MAX

Url = Annotated[str, Meta(max_length=URL_CHARS_MAX)]
TOKEN_CHARS_MAX: Final = 200


class CloudLookRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which relay answers at an address?"""

    url: Url


class CloudAddRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Have the group use a relay."""

    url: Url
    relay: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    """Its key as `cloud-look` told it, and a person compared it."""
    token: Annotated[str, Meta(max_length=TOKEN_CHARS_MAX)] = ""
    """What its operator gave, where the relay is for customers only."""


class CloudSyncRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Exchange with a relay, or with all, now."""

    relay: Annotated[str, Meta(max_length=URL_CHARS_MAX)] = ""
    """Its address or the first letters of its key; empty: all."""
    blobs_max: Annotated[int, Meta(ge=0, le=256)] = 0
    """Stop after so many pieces, to tell how far it is; 0: at the end."""
    pages_max: Annotated[int, Meta(ge=0, le=256)] = 0
    """The same of replies with what is new there, of at most 512 KiB each."""


class CloudRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """About one relay of the group."""

    relay: Annotated[str, Meta(max_length=URL_CHARS_MAX)] = ""
    """Its address or the first letters of its key; may be left out where there is one."""


async def look(device: Device, asked: CloudLookRequest) -> Mapping[str, Any]:
    """Who answers at an address."""
    url = relay_url(asked.url)
    found = await relay_founding.look(device, url)
    return {
        "url": url,
        "name": relay_name(url),
        "relay": found.relay.hex(),
        "number": key_number(found.relay),
        "mailbox_bytes_max": found.mailbox_bytes_max,
    }


async def add(device: Device, asked: CloudAddRequest) -> Mapping[str, Any]:
    """Found the group's mailboxes at a relay, and tell the group."""
    url = relay_url(asked.url)
    group = await device.thread.run(lambda: choose_group(device.node, asked.group).id)
    chosen = await relay_founding.add(device, group, url, bytes.fromhex(asked.relay), asked.token)
    done = await _cycle(device, group, chosen, 0)
    name = relay_name(url)
    sentence = f"The group backs up at {name} from now on. Nobody there can read it."
    return {**done, "group": group.hex(), "name": name, "sentence": sentence}


async def sync(device: Device, asked: CloudSyncRequest) -> Mapping[str, Any]:
    """One cycle at one relay, or at each."""
    group, used = await device.thread.run(lambda: _used(device.node, asked.group, asked.relay))
    results = []
    for chosen in used:
        results.append(await _cycle(device, group, chosen, asked.blobs_max, asked.pages_max))
    return {"group": group.hex(), "backups": results}


async def check(device: Device, asked: CloudRequest) -> Mapping[str, Any]:
    """Read everything back from one relay, and compare."""
    group, (chosen, *_) = await device.thread.run(
        lambda: _used(device.node, asked.group, asked.relay, one=True)
    )
    await _cycle(device, group, chosen, 0)
    place = places(group, chosen)[0]
    name = relay_name(chosen.url)
    async with _at(device, chosen) as at:
        try:
            found = await deep_check(at, place)
        except RelayWrong as wrong:
            await at.note(place, wrong)
            raise CommandRefused(
                f"{name}: {why_wrong(wrong.code)}", f"relay_{wrong.code}"
            ) from wrong
    good = not found.lacking and not found.unopened
    return {
        "group": group.hex(), "name": name, "good": good, **found._asdict(),
        "sentence": _checked_sentence(name, found.changes, found.lacking, found.unopened),
    }  # fmt: skip


def _checked_sentence(name: str, changes: int, lacking: int, unopened: int) -> str:
    parts = [f"{changes:,} changes were read back from {name} and checked."]
    if not lacking and not unopened:
        return f"{parts[0]} Everything that this phone has is there."
    if lacking:
        parts.append(f"{lacking:,} changes of this phone are not there. Run mkutano cloud sync.")
    if unopened:
        entries = "entry" if unopened == 1 else "entries"
        parts.append(f"{unopened:,} {entries} there can't be opened by this phone.")
    return " ".join(parts)


async def compact(device: Device, asked: CloudRequest) -> Mapping[str, Any]:
    """Have this phone put a checkpoint there now, or compare the one that waits."""
    group, (chosen, *_) = await device.thread.run(
        lambda: _used(device.node, asked.group, asked.relay, one=True)
    )
    place = places(group, chosen)[0]
    await _cycle(device, group, chosen, 0)  # reads, and compares what waits
    began = await device.thread.run(lambda: begin_now(device.node, place))
    done = await _cycle(device, group, chosen, 0) if began else {}
    told = await device.thread.run(lambda: room(device.node.group(group), place))
    name = relay_name(chosen.url)
    sentence = done.get("failed") or f"{name}: {told.sentence}"
    return {"group": group.hex(), "name": name, "began": began, **told._asdict(),
            "sentence": sentence}  # fmt: skip


async def remove(device: Device, asked: CloudRequest) -> Mapping[str, Any]:
    """Have the group use a relay no more."""
    group, (chosen, *_) = await device.thread.run(
        lambda: _used(device.node, asked.group, asked.relay, one=True)
    )
    await relay_founding.remove(device, group, chosen)
    name = relay_name(chosen.url)
    return {
        "group": group.hex(),
        "name": name,
        "sentence": f"The group backs up at {name} no more. What lies there stays sealed; ask the "
        "operator to delete it if you want it gone.",
    }


async def _cycle(
    device: Device, group: bytes, chosen: RelayChosen, blobs_max: int, pages_max: int = 0
) -> dict[str, Any]:
    """One cycle, and how the group stands at this relay afterwards."""
    async with _at(device, chosen) as at:
        at.pages_max = pages_max
        cycled = await Cycle(at, group, chosen).run(True, blobs_max)
    stands = await device.thread.run(
        lambda: next(
            (one for one in backups(device.node.group(group), now_ms()) if one.chosen == chosen),
            None,
        )
    )
    return {
        **(as_json(stands) if stands is not None else {}),
        "changes_received": cycled.received,
        "pieces_sent": cycled.pushed,
        "more": cycled.is_partial
        or (bool(blobs_max) and cycled.pushed >= blobs_max and bool(cycled.lacks)),
        "reading": cycled.is_partial,
        "failed": cycled.failed or (why_wrong(cycled.wrong) if cycled.wrong else ""),
    }


@contextlib.asynccontextmanager
async def _at(device: Device, chosen: RelayChosen) -> AsyncIterator[AtRelay]:
    client = await call_relay(device.http, chosen.url, device.node.keys, chosen.relay)
    try:
        yield AtRelay(device, client)
    finally:
        await client.close()


def _used(
    node: Node, said: str, relay: str, one: bool = False
) -> tuple[bytes, tuple[RelayChosen, ...]]:
    """The group, and its relays that a person means. CommandRefused for none, or not clear."""
    group: Group = choose_group(node, said)
    used = group.replica.relays()
    if not used:
        raise CommandRefused(
            "This group has no cloud backup yet. Add one: mkutano cloud add ADDRESS", "no_relay"
        )
    found = tuple(each for each in used if _is_meant(each, relay)) if relay else used
    names = " or ".join(relay_name(each.url) for each in used)
    if not found:
        raise CommandRefused(f"The group uses no such backup. It uses {names}.", "no_relay")
    if one and len(found) > 1:
        raise CommandRefused(f"Say which: {names}.", "which_relay")
    return group.id, found


def _is_meant(chosen: RelayChosen, said: str) -> bool:
    said = said.strip().lower()
    names = (chosen.url, relay_name(chosen.url))
    return said in names or (len(said) >= 4 and chosen.relay.hex().startswith(said))
