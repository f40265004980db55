"""What one officer's key can say about people, phones, relays and keys, and nobody agrees to.

All of it is let into everybody's log; none of it may give the rogue or a stranger what the group's
quorum did not give, nor leave an honest phone stopped for good.
"""

from collections.abc import Callable, Sequence
from typing import Final

from model import events as e
from node.payloads import payloads_of
from replication.control import (
    CardsIssued,
    DeviceEnrolled,
    DeviceReinstated,
    DeviceRevoked,
    DeviceSuspended,
    EpochBegun,
    ForkJudged,
    FoundingEnded,
    GroupFounded,
    HeadsJoined,
    MeetingSealed,
    OfficersRestored,
    QuorumSet,
    Record,
    RelayChosen,
    VoteCast,
    encode_record,
)
from replication.errors import RemoteError
from replication.identity import DeviceKeys
from replication.sealing import epoch_key_id
from replication.wire import Keys, PersonKey, encode
from simulations.simulator.rogue_scene import Attack, Kind, Scene

EPOCHS_AT_ONCE: Final = 20


def _honest(scene: Scene) -> list[bytes]:
    """Keys of the group's other phones, as the rogue's roster has them."""
    own = {scene.rogue.keys.public, *(one.keys.public for one in scene.accomplices)}
    devices = scene.rogue.replica.roster.devices
    return sorted(key for key, one in devices.items() if one.right == "write" and key not in own)


def _decides(make: Callable[[Scene], Sequence[Record]]) -> Attack:
    """One change with these records, told to one phone; accomplices agree to it elsewhere."""

    async def attack(scene: Scene) -> None:
        phones = scene.on()
        for phone in phones[:1]:
            async with scene.visiting(phone) as voice:
                records = make(scene)
                if not records:
                    return
                change = scene.rogue.hand().decide(*records)
                await voice.give([change])
                await scene.turned_away(voice)
        for accomplice, phone in zip(scene.accomplices, phones, strict=False):
            async with scene.visiting(phone, accomplice) as voice:
                vote = accomplice.hand().decide(VoteCast(change.change_hash, True))
                await voice.give([vote])
                await scene.turned_away(voice)

    return attack


def _stops_all(scene: Scene) -> list[Record]:
    return [DeviceSuspended(key, "spite") for key in _honest(scene)]


def _stops_one(scene: Scene) -> list[Record]:
    return [DeviceSuspended(key, "spite") for key in scene.chance.sample(_honest(scene), 1)]


def _revokes_all(scene: Scene) -> list[Record]:
    return [DeviceRevoked(key, "spite") for key in _honest(scene)]


def _demotes_all(scene: Scene) -> list[Record]:
    nobody = b"nobody".ljust(16)
    return [DeviceEnrolled(key, nobody, "read", "") for key in _honest(scene)]


def _enrols(scene: Scene) -> list[Record]:
    """An accomplice's phone, and a thousand ways to count its vote."""
    public = scene.stranger.keys.public
    person = scene.chance.choice((b"accomplice".ljust(16), scene.group.persons[0]))
    return [DeviceEnrolled(public, person, "write", "Accomplice"), DeviceReinstated(public)]


def _rules(scene: Scene) -> list[Record]:
    keys = [DeviceKeys(scene.chance.randbytes(32)).public for _ in range(3)]
    return [QuorumSet(scene.chance.choice((1, 128))), CardsIssued(*keys)]


def _judges(scene: Scene) -> list[Record]:
    """Forks that nobody sees, of every honest phone."""
    return [ForkJudged(key, scene.chance.randint(1, 40), "copied") for key in _honest(scene)]


def _begins_again(scene: Scene) -> list[Record]:
    """The founding once more, its end once more, seals of no close, restorations by no card."""
    chance = scene.chance
    return [
        GroupFounded(
            1, 2, chance.randbytes(16), chance.randbytes(16), "Mine", chance.randbytes(32)
        ),
        FoundingEnded(chance.randbytes(64)),
        MeetingSealed(chance.randbytes(32)),
        OfficersRestored(
            chance.randbytes(16), "Mine", 1, chance.randbytes(64), 2, chance.randbytes(64)
        ),
        HeadsJoined(),
        *(VoteCast(chance.randbytes(32), True) for _ in range(5)),
    ]


def _moves_relays(scene: Scene) -> list[Record]:
    """The group's relays answer elsewhere from now on, or are left; and there are many more."""
    chance = scene.chance
    records: list[Record] = []
    for chosen in scene.rogue.replica.relays():
        other = chosen._replace(url=chance.choice(("ws://10.9.9.9:8470", "ws://dead.example")))
        records.append(chance.choice((other, chosen._replace(in_use=False))))
    for number in range(6):
        ids = [chance.randbytes(32) for _ in range(4)]
        key = bytes([0, number]) + chance.randbytes(30)
        records.append(
            RelayChosen(key, "ws://10.9.9.8:8470", ids[0], ids[1], ids[2], ids[3], in_use=True)
        )
    return records


async def epochs(scene: Scene) -> None:
    """Many keys for what is sealed; of some it gives the key, of some it does not."""
    for phone in scene.on()[:1]:
        async with scene.visiting(phone) as voice:
            keys = [scene.chance.randbytes(32) for _ in range(EPOCHS_AT_ONCE)]
            rows = [PersonKey(epoch_key_id(key), key) for key in keys]
            days = ("2026-01-01", "1970-01-01", "9999-12-31")
            records = [EpochBegun("ledger", row.key_id, scene.chance.choice(days)) for row in rows]
            await voice.give([scene.rogue.hand().decide(*records)])
            if scene.chance.random() < 0.5:
                await voice.say(encode(Keys(tuple(sorted(rows)))))
            await scene.turned_away(voice)


async def backdated_stop(scene: Scene) -> None:
    """All others are stopped by a change that claims to be as old as the group."""
    for phone in scene.on()[:1]:
        async with scene.visiting(phone) as voice:
            rows = [row for row in scene.rogue.everything() if row.place.number]
            records = [encode_record(record) for record in _stops_all(scene)]
            for row in scene.chance.sample(rows[: len(rows) // 2], min(3, len(rows) // 2)):
                try:
                    change = scene.rogue.hand().sign(records, (row,), 1_700_000_000_000)
                except RemoteError as error:
                    scene.not_even_drafted(error)
                    continue
                await voice.give([change])
                break
            await scene.turned_away(voice)


async def elects_itself(scene: Scene) -> None:
    """It takes every office, approves its own requests, and ratifies what it wrote."""
    roster = scene.rogue.replica.roster
    person = roster.person_of(scene.rogue.keys.public)
    for phone in scene.on()[:1]:
        async with scene.visiting(phone) as voice:
            hand, place = scene.rogue.hand(), (1, scene.chance.randint(1, 52))
            titles: tuple[e.Title, ...] = ("chairperson", "secretary", "treasurer")
            elected = [e.OfficerElected(title, person) for title in titles if person]
            asked = hand.sign(
                payloads_of(
                    [*elected, e.WithdrawalRequested(*place, 500_000, "expense", b"", "me")]
                )
            )
            request = asked.change_hash[:16] + bytes([len(elected)])
            paid = hand.sign(
                payloads_of(
                    [
                        e.ApprovalGiven(request, *place),
                        e.WithdrawalPaid(request, *place),
                        e.ConflictResolved(request, *place),
                    ]
                )
            )
            await voice.give([asked, paid])
            await scene.turned_away(voice)


KINDS: Final = {
    "rogue-stops-all": Kind(_decides(_stops_all), 0.2),
    "rogue-stops-one": Kind(_decides(_stops_one), 0.2),
    "rogue-revokes-all": Kind(_decides(_revokes_all), 0.3),
    "rogue-demotes-all": Kind(_decides(_demotes_all), 0.3),
    "rogue-enrols": Kind(_decides(_enrols), 0.5),
    "rogue-sets-rules": Kind(_decides(_rules), 0.5),
    "rogue-judges-forks": Kind(_decides(_judges), 0.3),
    "rogue-begins-again": Kind(_decides(_begins_again), 0.3),
    "rogue-moves-relays": Kind(_decides(_moves_relays), 0.2),
    "rogue-epochs": Kind(epochs, 0.3),
    "rogue-backdated-stop": Kind(backdated_stop, 0.2),
    "rogue-elects-itself": Kind(elects_itself, 0.5),
}
"""Attacks by an officer's phone, with what officers alone can say."""

STOPS: Final = frozenset(
    {"rogue-stops-all", "rogue-stops-one", "rogue-judges-forks", "rogue-backdated-stop"}
)
"""Those that stop phones. Two rogues who each stop all others can't be outvoted without the paper
cards: each silences the others in what they decide about the other. So one of a gang does it."""
