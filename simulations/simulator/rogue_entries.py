"""What an officer's phone in the wrong hands signs: changes that lie, flood, fork and come late.

Those that no rule allows are named as such (`Scene.never`); the others are let in by every honest
phone alike, and it is the books and the officers that must cope with them.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Final

import cbor2

from model import events as e
from model.money import AMOUNT_MINOR_MAX
from node.errors import NodeError
from node.payloads import payloads_of
from replication.change import CHAIN_START, Change
from replication.errors import RemoteError
from replication.identity import actor_for
from replication.limits import CHANGE_EVENTS_MAX, EVENT_BYTES_MAX, TIME_MS_MAX
from simulations.simulator.rogue import Hand, ground
from simulations.simulator.rogue_scene import Kind, Scene

FLOOD_CHANGES: Final = 150
BRANCHES: Final = 20
GROUND: Final = 24
"""Drafts of which a grinding rogue takes the best: eight more bits would be no other test."""


def payment(scene: Scene, amount_minor: int = 0) -> list[bytes]:
    """A payment that never was, of somebody who may not exist."""
    chance = scene.chance
    member = chance.randbytes(17)
    paid = e.SharePurchased(1, chance.randint(1, 52), member, 1, amount_minor or 1000)
    return payloads_of([paid])


def _entries(scene: Scene, kinds: tuple[bytes, ...]) -> list[bytes]:
    """Ids of entries of some kinds."""
    return [
        row.change.change_hash[:16] + bytes([at])
        for row in scene.rogue.everything()
        for at, event in enumerate(row.change.events)
        if any(kind in event[:24] for kind in kinds)
    ]


def _place(scene: Scene) -> tuple[int, int]:
    """Some meeting of the past or of the future."""
    return 1, scene.chance.randint(1, 60)


async def _tell(scene: Scene, make: Callable[[], list[bytes]]) -> None:
    """One change with these events, made when the rogue knows what the phone knows."""
    for phone in scene.on()[:1]:
        async with scene.visiting(phone) as voice:
            await voice.give([scene.rogue.hand().sign(make())])
            await scene.turned_away(voice)


def _encoded(events: list[e.Event]) -> list[bytes]:
    """As many of them as can be said at all."""
    found = []
    for event in events:
        with contextlib.suppress(NodeError):
            found += payloads_of([event])
    return found


# What no rule allows


async def forged_signer(scene: Scene) -> None:
    """An entry in an honest phone's name, signed by another key."""
    for phone in scene.on()[:1]:
        async with scene.visiting(phone) as voice:
            hand, victim = scene.rogue.hand(), phone.key
            mine = hand.draft(payment(scene)).change
            last = hand.ancestry.latest_own(victim, hand.draft(payment(scene)).place.clock)
            n, prev = (last.change.n + 1, last.change.chain_hash) if last else (1, CHAIN_START)
            forged = hand.moved(mine._replace(device=victim), n, prev)
            actor = last.change.actor if last else actor_for(victim, bytes(8))
            await voice.give(scene.never([forged._replace(actor=actor)]))
            await scene.turned_away(voice)


async def altered_entry(scene: Scene) -> None:
    """An honest phone's newest entry with another amount, under the signature that it has."""
    for phone in scene.on()[:1]:
        async with scene.visiting(phone) as voice:
            honest = [
                row.change
                for row in scene.rogue.everything()
                if row.change.device != scene.rogue.keys.public and row.change.signature
            ]
            if honest:
                altered = honest[-1]._replace(events=tuple(payment(scene, 9_999_900)))
                await voice.give([altered])  # its hashes are those of the true one
                await scene.turned_away(voice)


async def hole_in_chain(scene: Scene) -> None:
    """A chain that goes on after positions that nobody has."""
    for phone in scene.on()[:1]:
        async with scene.visiting(phone) as voice:
            change = scene.rogue.hand().sign(payment(scene))
            moved = Hand.moved(scene.rogue.hand(), change, change.n + 5, scene.chance.randbytes(32))
            for _ in range(6):
                await voice.give(scene.never([moved]))
            await scene.turned_away(voice)


async def orphans(scene: Scene) -> None:
    """Entries that follow nothing known, again and again: what is held must be bounded."""
    for phone in scene.on()[:1]:
        async with scene.visiting(phone) as voice:
            change = scene.rogue.hand().sign(payment(scene))
            for _ in range(12):
                orphan = change._replace(deps=(scene.chance.randbytes(32),))
                await voice.give([orphan])
            await scene.turned_away(voice)


async def unsigned_end(scene: Scene) -> None:
    """Changes that wait for a signature that never comes."""
    for phone in scene.on()[:1]:
        async with scene.visiting(phone) as voice:
            hand = scene.rogue.hand()
            rows = [hand.sign(payment(scene)) for _ in range(5)]
            false = [row._replace(signature=scene.chance.randbytes(64)) for row in rows]
            await voice.give(scene.never(false))
            await scene.turned_away(voice)


async def wrong_group(scene: Scene) -> None:
    """Another group's books, entry by entry."""
    others = [group for group in scene.story.groups if group is not scene.group]
    foreign = [phone for group in others for phone in group.phones if phone.is_on]
    for phone in scene.on()[:1]:
        if not foreign:
            return
        source = scene.chance.choice(foreign)
        group = next(group for group in others if source in group.phones)
        chains = source.node.group(group.id)
        rows = list(chains.store.chains(chains.row.group_no).everything())[:40]
        async with scene.visiting(phone) as voice:
            await voice.give(scene.never(row.change for row in rows))
            await scene.turned_away(voice)


async def caps(scene: Scene) -> None:
    """One more than the most of everything: events, bytes, time, branches that forget."""
    chance, hold = scene.chance, payment(scene)
    tries = (
        (hold * (CHANGE_EVENTS_MAX + 1), 0),
        ([cbor2.dumps([1, "x", 1, "y" * EVENT_BYTES_MAX])], 0),
        (hold, TIME_MS_MAX + chance.randrange(2**20)),
        ([cbor2.dumps([1, "x", 1, 1.5])], 0),
        ([cbor2.dumps([1, "x", 1, -(2**70)])], 0),
    )
    for phone in scene.on()[:1]:
        for events, time_ms in tries:
            async with scene.visiting(phone, behaving=False) as voice:
                await scene.rogue.visit(phone, voice)
                try:
                    change = scene.rogue.hand().draft(events, (), time_ms).change
                except RemoteError as error:
                    scene.not_even_drafted(error)
                    valid = scene.rogue.hand().draft(hold).change
                    change = valid._replace(events=tuple(events), time_ms=time_ms)
                try:
                    await voice.give(scene.never([change]))
                except (RemoteError, ValueError, OverflowError):
                    continue  # it can't even be written down
                await scene.turned_away(voice)


# What is let in everywhere alike


async def equivocation(scene: Scene) -> None:
    """Two stories under one number, one told here and one told there."""
    phones = scene.on()
    if len(phones) >= 2:
        async with scene.visiting(phones[0]) as voice:
            hand = scene.rogue.hand()
            one, other = (hand.other().sign(payment(scene)) for _ in range(2))
            await voice.give([one])
            await scene.turned_away(voice)
        async with scene.visiting(phones[1], behaving=False) as voice:
            await scene.rogue.visit(phones[1], voice)
            await voice.give([other])
            await scene.turned_away(voice)


async def branch_flood(scene: Scene) -> None:
    """Twenty stories under one number, and each goes on."""
    for phone in scene.on()[:1]:
        async with scene.visiting(phone) as voice:
            hand = scene.rogue.hand()
            for _ in range(BRANCHES):
                branch = hand.other()
                await voice.give([branch.sign(payment(scene)), branch.sign(payment(scene))])
            await scene.turned_away(voice)


def _old(scene: Scene, hand: Hand) -> Iterator[Change]:
    """An entry that claims to know only of the beginning."""
    rows = [row for row in scene.rogue.everything() if row.place.number]
    for row in rows[: len(rows) // 2]:
        if scene.chance.random() < 3 / max(1, len(rows)):
            try:
                yield hand.sign(payment(scene, 77_700), (row,), row.change.time_ms + 1)
            except RemoteError as error:
                scene.not_even_drafted(error)
            return


async def backdating(scene: Scene) -> None:
    """Entries that pretend to have been written long ago, on a branch from back then."""
    for phone in scene.on()[:1]:
        async with scene.visiting(phone) as voice:
            changes = list(_old(scene, scene.rogue.hand()))
            if changes:
                await voice.give(changes)
                await scene.turned_away(voice)


async def grinding(scene: Scene) -> None:
    """Of many drafts that that stands last in the shared order, or the one that stands first."""
    for phone in scene.on()[:1]:
        async with scene.visiting(phone) as voice:
            hand = scene.rogue.hand()
            drafts = [hand.draft(payment(scene), (), 1 + n) for n in range(GROUND)]
            best = ground(drafts, highest=scene.chance.random() < 0.5)
            await voice.give([best.change])
            await scene.turned_away(voice)


async def flood(scene: Scene) -> None:
    """Very many very small changes."""
    for phone in scene.on()[:1]:
        async with scene.visiting(phone) as voice:
            hand = scene.rogue.hand()
            for _ in range(3):
                count = FLOOD_CHANGES // 3
                await voice.give([hand.sign(payment(scene)) for _ in range(count)])
            await scene.turned_away(voice)


async def largest(scene: Scene) -> None:
    """As much as one change may hold, of nothing."""
    text = "z" * 3900
    for phone in scene.on()[:1]:
        async with scene.visiting(phone) as voice:
            hand, place = scene.rogue.hand(), _place(scene)
            events = [e.MinutesRecorded(*place, text) for _ in range(30)]
            await voice.give([hand.sign(payloads_of(events))])
            await scene.turned_away(voice)


async def double_spend(scene: Scene) -> None:
    """The same money is paid out on two phones that don't hear each other."""
    phones, place = scene.on(), _place(scene)
    if len(phones) >= 2:
        async with scene.visiting(phones[0]) as voice:
            hand, amount = scene.rogue.hand(), scene.chance.randint(1, 50_000) * 100
            members = _entries(scene, (b"member.added",)) or [b"nobody"]
            member = scene.chance.choice(members)
            stories = [hand.other() for _ in range(2)]
            paid = [
                story.sign(
                    payloads_of(
                        [
                            e.SavingsWithdrawn(*place, member, amount),
                            e.SocialPaidOut(*place, member, amount, "illness"),
                        ]
                    )
                )
                for story in stories
            ]
            await voice.give(paid[:1])
            await scene.turned_away(voice)
        async with scene.visiting(phones[1]) as voice:
            await voice.give(paid[1:])
            await scene.turned_away(voice)


def _absurd(scene: Scene) -> list[bytes]:
    place, members = _place(scene), _entries(scene, (b"member.added",)) or [b"nobody"]
    member, loans = scene.chance.choice(members), _entries(scene, (b"loan.applied",)) or [b"none"]
    top = AMOUNT_MINOR_MAX
    good = _encoded(
        [
            e.SharePurchased(*place, member, 1, top),
            e.SharePurchased(*place, member, top, 1, 2),
            e.LoanDisbursed(*place, loans[-1], top),
            e.LoanRepaid(*place, loans[-1], top, 1, "box", "r" * 64),
            e.FinePaid(*place, member, top),
        ]
    )
    bad = [
        cbor2.dumps([1, "share.purchased", 1, *place, member, 1, amount, 1, "box"])
        for amount in (0, -1, -(2**63), 2**63 - 1, 2**53)
    ]
    return [*good, *bad]


async def absurd_amounts(scene: Scene) -> None:
    """The most that an entry can say, and more than it can say, in every direction."""
    await _tell(scene, lambda: _absurd(scene))


def _rewritten(scene: Scene) -> list[bytes]:
    place = _place(scene)
    paid = _entries(scene, (b"share.purchased", b"loan.repaid", b"meeting.closed")) or [b"none"]
    picked = [scene.chance.choice(paid) for _ in range(5)]
    events: list[e.Event] = [e.EntryReversed(*place, one, "it never was") for one in picked]
    events += [
        e.MeetingClosed(*place, (), shares_minor=1),
        e.MeetingReopened(*place, "only me"),
        e.MeetingOpened(1, 1 + place[1], "2026-01-14"),
        e.CycleClosed(1, "2026-01-14"),
        e.ConstitutionAdopted(9, 1),
        e.GroupDescribed("Mine", "USD", 0),
    ]
    return _encoded(events)


async def rewriting(scene: Scene) -> None:
    """Yesterday's entries are taken back, closed anew, opened again, and told otherwise."""
    await _tell(scene, lambda: _rewritten(scene))


def _nonsense(scene: Scene) -> list[bytes]:
    """Events of every compartment that are well-formed CBOR and nothing else."""
    chance = scene.chance
    inside: tuple[object, ...] = (
        [], {}, {"a": [1, {"b": None}]}, "\u202e\x1b[2J", -1, 2**63 - 1, b"\xff" * 40, None, True,
    )  # fmt: skip
    kinds = ("share.purchased", "member.added", "meeting.closed", "loan.approved", "vote.cast")
    events = []
    for _ in range(12):
        fields = [chance.choice(inside) for _ in range(chance.randint(0, 9))]
        row = [chance.randint(0, 2), chance.choice(kinds), chance.randint(0, 4), *fields]
        events.append(cbor2.dumps(row, canonical=True))
    return events


async def nonsense_events(scene: Scene) -> None:
    """Events and records that have a known name and the wrong fields."""
    await _tell(scene, lambda: _nonsense(scene))


def _unknown(scene: Scene) -> list[bytes]:
    chance = scene.chance
    rows = [
        [1, f"future.{chance.randrange(100)}", 1, chance.randbytes(17), 5],
        [1, "share.purchased", 99, 1, 1, chance.randbytes(17), 1, 5],
        [0, "group.dissolved", 1, "now"],
        [0, "device.enrolled", 77, chance.randbytes(32)],
        [2, "person.future", 3, b"x"],
    ]
    return [cbor2.dumps(row, canonical=True) for row in rows]


async def unknown_kinds(scene: Scene) -> None:
    """Kinds, versions and compartments that nobody knows yet, or ever will."""
    await _tell(scene, lambda: _unknown(scene))


KINDS: Final = {
    "rogue-forged-signer": Kind(forged_signer, 1),
    "rogue-altered-entry": Kind(altered_entry, 1),
    "rogue-hole-in-chain": Kind(hole_in_chain, 1),
    "rogue-orphans": Kind(orphans, 1),
    "rogue-unsigned-end": Kind(unsigned_end, 1),
    "rogue-wrong-group": Kind(wrong_group, 1),
    "rogue-caps": Kind(caps, 0.5),
    "rogue-equivocation": Kind(equivocation, 0.5),
    "rogue-branch-flood": Kind(branch_flood, 0.2),
    "rogue-backdating": Kind(backdating, 1),
    "rogue-grinding": Kind(grinding, 0.5),
    "rogue-flood": Kind(flood, 0.2),
    "rogue-largest": Kind(largest, 0.3),
    "rogue-double-spend": Kind(double_spend, 0.5),
    "rogue-absurd-amounts": Kind(absurd_amounts, 0.5),
    "rogue-rewriting": Kind(rewriting, 0.5),
    "rogue-nonsense-events": Kind(nonsense_events, 0.5),
    "rogue-unknown-kinds": Kind(unknown_kinds, 0.5),
}
"""Attacks by an officer's phone, with what it signs."""
