"""One officer's phone in the wrong hands: what it signs and says, with a key that was let in."""

import random

from model import events as e
from model.history import audit_view
from replication.control import CardsIssued, DeviceEnrolled, DeviceRevoked, QuorumSet, Record
from replication.wire import Changes, Have, encode
from tests.node.officers import Officer
from tests.node.phones import NOW_MS
from tests.replication.forger import saying

STRANGER = bytes(range(32))
"""A phone of an accomplice."""


def takes_over(rogue: Officer, *others: Officer) -> None:
    """Everything that one key can sign about people, phones and rules; and nobody agrees."""
    accomplice = DeviceEnrolled(STRANGER, b"accomplice".ljust(16), "write", "Accomplice")
    nobody, keys = b"nobody".ljust(16), [one.key for one in others]
    revoked: list[Record] = [DeviceRevoked(key, "spite") for key in keys]
    demoted: list[Record] = [DeviceEnrolled(key, nobody, "read", "") for key in keys]
    cards = CardsIssued(*(bytes([number]) * 32 for number in (1, 2, 3)))
    alone: list[list[Record]] = [[accomplice], [QuorumSet(1)], [cards]]
    for records in (*alone, revoked, [accomplice, *revoked], demoted):
        batch = rogue.node.batch(rogue.group_id, NOW_MS)
        batch.append((), (), records)
        batch.commit()
    person = rogue.at.group.roster.person_of(rogue.key)
    titles: tuple[e.Title, ...] = ("chairperson", "secretary")
    elected = [e.OfficerElected(title, person) for title in titles]
    rogue.node.append(rogue.group_id, [*elected, e.ConstitutionAdopted(9, 1)], NOW_MS)
    for one in others:
        rogue.suspend(one.key.hex())


def rewrites(rogue: Officer, close: bytes = b"") -> None:
    """More money, less money, another close and another opening for the meeting of yesterday."""
    rows = audit_view(rogue.at.group.book)
    paid = bytes.fromhex(next(row["id"] for row in rows if row["kind"] == "share.purchased"))
    amina = bytes.fromhex(next(row["id"] for row in rows if row["kind"] == "member.added"))
    events: list[e.Event] = [
        e.SharePurchased(1, 1, amina, 9, 90_000),
        e.EntryReversed(1, 1, paid, "it never was"),
        e.EntryReversed(1, 1, close or paid, "it never was"),
        e.MeetingReopened(1, 1, "only me"),
        e.MeetingClosed(1, 1, (), shares_minor=1),
        e.MeetingOpened(1, 2, "2026-01-14"),
    ]
    for event in events:
        rogue.node.append(rogue.group_id, [event], NOW_MS)


def tells(rogue: Officer, victim: Officer) -> None:
    """All that the rogue's phone holds, though the rules give a stopped phone nothing."""
    replica, group = rogue.at.group.replica, rogue.at.group
    held = [one.change for one in group.store.chains(group.row.group_no).everything()]
    victim.node.connect(group.id, "rogue", rogue.key, False, NOW_MS)
    for message in (encode(Have(replica.tips, b"")), saying(held)):
        assert not victim.node.receive(group.id, "rogue", message, NOW_MS).refused
    victim.node.disconnect(group.id, "rogue")


def crashes(rogue: Officer, victim: Officer) -> None:
    """Lies and rubbish over the channel of a phone that is let in; each is refused in words."""
    chance = random.Random(5)
    have = encode(Have((), b""))
    said = [chance.randbytes(size) for size in (0, 1, 40, 60_000)]
    said += [encode(Changes(0, chance.randbytes(900))), bytes([0x9B]) + b"\xff" * 8, have[:-1]]
    said += [bytes([*have[:at], have[at] ^ 64, *have[at + 1 :]]) for at in range(len(have))]
    for message in said:
        victim.node.connect(victim.group_id, "rogue", rogue.key, False, NOW_MS)
        step = victim.node.receive(victim.group_id, "rogue", message, NOW_MS)
        assert step.refused, message
        victim.node.disconnect(victim.group_id, "rogue")
