"""What this device reads as a reader, who stands behind it, and leaving: without any network.

Answers are values that become JSON; ids are hex.
"""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from node.answers import Answer
from node.clock import day_of
from node.errors import CommandRefused
from node.following_store import Followed, FollowingStore
from node.heard import last_heard
from node.names import plain
from node.node import Node
from node.portfolio_store import PortfolioStore
from node.reader_words import days_left, scope_of
from node.relay_address import relay_name
from node.relay_places import Place
from node.relay_store import RelayStore
from node.summary_store import SummaryStore
from node.summary_views import (
    Standing,
    alarm_sentence,
    correction_sentence,
    corrections,
    fault_sentences,
    signed_by,
    standing,
)
from relay.facts import key_number

LETTERS: Final = 8
"""Of a mailbox of doors: what officers and an organisation compare."""


class FollowingRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What this device reads."""

    name: Annotated[str, Meta(max_length=200)] = ""
    """Only groups whose name or letters begin so; with everything that is known of them."""


class UnfollowRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Look no more at a relay, or at one group."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    """The relay's address, or the group's name or letters."""


def following(node: Node, asked: FollowingRequest, now: int) -> Answer:
    """The relays that are followed, and every group that this device reads or read there."""
    store = FollowingStore(node.store.database)
    relays = [
        {
            "url": one.url,
            "name": relay_name(one.url),
            "number": key_number(one.relay) if one.relay else "",
            "heard_ms": one.heard_ms,
            "fault": one.fault,
        }
        for one in store.relays()
    ]
    urls = {one.relay: one.url for one in store.relays()}
    heard = last_heard(node.store.database)
    rows = [one for one in store.rows() if _is_meant(one, asked.name)]
    if asked.name and not rows:
        raise _unknown(asked.name)
    groups = []
    for one in rows:
        known = heard.get(one.claim.group)
        row = _row(node, one, urls.get(one.relay, ""), day_of(now), in_full=bool(asked.name))
        groups.append({**row, "heard_ms": known.heard_ms if known is not None else 0})
    return Answer({"relays": relays, "groups": groups})


def _row(node: Node, one: Followed, url: str, day: str, *, in_full: bool) -> dict[str, Any]:
    """One group, with what its signed summaries come to."""
    claim = one.claim
    place = Place(claim.group, one.relay, url, "doors", one.doors)
    access = RelayStore(node.store.database).load(place).view.access
    summaries = SummaryStore(node.store.database)
    found = standing(summaries.rows(claim.group), access)
    scope, until = _grant(node, one)
    name = plain(claim.label)
    row = {
        "group": claim.group.hex(),
        "name": name,
        "letters": one.doors.hex()[:LETTERS],
        "relay": relay_name(url) if url else one.relay.hex()[:LETTERS],
        "scope": scope,
        "until": until,
        "days_left": days_left(until, day),
        "state": one.state,
        "ended_on": one.ended_on,
        "since_ms": one.since_ms,
        "newest": _newest(found),
        "waiting": _waiting(found),
        "alarms": [alarm_sentence(name, alarm) for alarm in found.alarms],
        "faults": fault_sentences(summaries.faults(claim.group)),
    }
    return {**row, "corrections": _corrections(found)} if in_full else row


def _grant(node: Node, one: Followed) -> tuple[str, str]:
    """What this device may read and until when, as far as it knows: of summaries no end is told."""
    group = one.claim.group
    if one.claim.scope == "ledger" and group in node.groups:
        own = node.group(group).roster.devices.get(node.device)
        if own is not None and own.right == "read":
            return scope_of(own), own.until
    return one.claim.scope, ""


def _newest(found: Standing) -> dict[str, Any] | None:
    if found.newest is None:
        return None
    summary = found.newest.stored.summary
    return {
        "cycle": summary.cycle,
        "session": summary.session,
        "revision": summary.revision,
        "day": summary.day,
        "digest": found.newest.stored.digest.hex(),
        "officers": found.newest.officers,
        "former": found.newest.former,
        "signed_by": signed_by(found.newest),
        "figures": dict(summary.figures),
    }


def _waiting(found: Standing) -> str:
    """What one officer alone has signed so far."""
    if found.waiting is None:
        return ""
    summary = found.waiting.stored.summary
    left = found.needed - found.waiting.officers
    more = "one more officer signs" if left == 1 else f"{left} more officers sign"
    return (
        f"Meeting {summary.session} of cycle {summary.cycle} ({summary.day}) counts here when "
        f"{more} the same."
    )


def _corrections(found: Standing) -> list[str]:
    if found.newest is None:
        return []
    indicators = found.newest.stored.summary.indicators()
    return [correction_sentence(one, indicators) for one in corrections(found.trusted)]


def unfollow(node: Node, asked: UnfollowRequest, now: int) -> Answer:
    """Look no more at a relay or a group; what was read of it stays, but figures of totals go."""
    store = FollowingStore(node.store.database)
    said = asked.name.strip()
    for relay in store.relays():
        if said in (relay.url, relay_name(relay.url)):
            store.drop_relay(relay.url)
            sentence = (
                f"This device looks at {relay_name(relay.url)} no more. What it read there stays; "
                "the groups still list it as a reader until they end that."
            )
            return Answer({"sentence": sentence, "relay": relay.url, "group": ""})
    rows = [one for one in store.rows() if _is_meant(one, said) and one.state != "left"]
    if len({one.claim.group for one in rows}) != 1:
        raise _unknown(said) if not rows else _several(rows)
    for one in rows:
        store.save(one._replace(state="left"))
    claim = rows[0].claim
    PortfolioStore(node.store.database).unfollow(claim.group)
    kept = "Its books stay on this device." if claim.scope == "ledger" else ""
    if claim.scope == "summary":
        SummaryStore(node.store.database).forget(claim.group)
    sentence = (
        f"{plain(claim.label)} is followed no more. {kept} The group still lists this device as a "
        "reader until it ends that."
    ).replace("  ", " ")
    return Answer({"sentence": sentence, "relay": "", "group": claim.group.hex()})


def _is_meant(one: Followed, said: str) -> bool:
    word = said.strip().casefold()
    return (
        one.claim.label.casefold().startswith(word)
        or one.doors.hex().startswith(word)
        or one.claim.group.hex().startswith(word)
    )


def _unknown(said: str) -> CommandRefused:
    return CommandRefused(
        f"This device follows nothing that is called “{said[:40]}”. See: mkutano following",
        "unknown_followed",
    )


def _several(rows: list[Followed]) -> CommandRefused:
    named = ", ".join(f"{plain(one.claim.label)} ({one.doors.hex()[:LETTERS]})" for one in rows[:8])
    return CommandRefused(f"Which one? {named}. Type the letters in brackets.", "which_followed")
