"""Targets of the exchange between devices: messages, bundles, columns, CBOR, records, proofs.

A bundle is damaged inside its two streams, whose lengths and compression are put right again; a
CHANGES message carries such a bundle; and a whole replica is fed both, as a peer would.
"""

import zlib
from random import Random
from typing import Final

import cbor2

from model.codec import Unreadable
from model.codec import decode as decode_event
from model.codec import encode as encode_event
from replication.bundle import decode_bundle, encode_bundle
from replication.cbor import check_event, dumps, load_item
from replication.change import change_value
from replication.chunk import body_hash, change_body, leb
from replication.columns import Column, ColumnReader, ColumnWriter
from replication.control import decode_record, encode_record
from replication.errors import RemoteError
from replication.forks import check_fork_proof
from replication.frontier import Ack, check_ack
from replication.history import MemoryHistory
from replication.intake import take_bundle
from replication.limits import CHANGE_EVENTS_MAX
from replication.refusals import CODES
from replication.replica import Replica
from replication.wire import Acknowledge, Changes, Have, Proof, Sorry, decode, encode
from simulations.fuzzing.mutation import bytes_of, cbor_of, either, inside
from simulations.fuzzing.target import Broken, Parser, Target
from simulations.fuzzing.village_seeds import RECORDS, Phone, changes_of, chosen, key_of, village

_SEEDS_MAX: Final = 24
_EMPTY_ITEMS: Final = 32 * 1024
_DEEP: Final = 100_000


def _heavy_cbor() -> list[bytes]:
    """What is short and claims much, or nests: the worst that fits the limits, and past them."""
    return [
        b"\x9b" + b"\x7f" * 8,
        b"\x5b" + b"\x7f" * 8,
        b"\xbb" + b"\x7f" * 8,
        b"\x81" * _DEEP,
        cbor2.dumps([[]] * 255),
        cbor2.dumps([0] * _EMPTY_ITEMS),
        cbor2.dumps([b""] * _EMPTY_ITEMS),
        cbor2.dumps(list(range(10_000))),
        cbor2.dumps([2**62] * 4000),
        b"\xd8\x1c\x81" * 200 + b"\x00",
    ]


def messages() -> Parser:
    """Session messages."""

    def take(data: bytes) -> None:
        message = decode(data)
        if not isinstance(message, Sorry) and encode(message) != data:
            raise Broken("a message says something else than its bytes")

    seeds = [*chosen(village().said, _SEEDS_MAX), encode(Sorry("flood", "x" * 300))]
    seeds += _shown("secretary")
    return Parser(take, seeds, (RemoteError,), cbor_of, _heavy_cbor(), CODES)


def items() -> Parser:
    """Canonical CBOR of plain types: one item."""

    def take(data: bytes) -> None:
        if dumps(load_item(data)) != data:
            raise Broken("an item has two encodings")

    return Parser(take, _event_seeds(), (RemoteError,), cbor_of, _heavy_cbor(), CODES)


def _event_seeds() -> list[bytes]:
    events = [event for one in changes_of(village().secretary) for event in one.change.events]
    return [*chosen(events, _SEEDS_MAX), *map(encode_record, RECORDS)]


def events() -> Parser:
    """One event, as admission checks it, as a control record and as the model reads it."""

    def take(data: bytes) -> None:
        check_event(data)
        record = decode_record(data)
        if record is not None and encode_record(record) != data:
            raise Broken("a record has two forms")
        event = decode_event(data, bytes(16))
        if not isinstance(event, Unreadable):
            encode_event(event)

    return Parser(take, _event_seeds(), (RemoteError,), cbor_of, _heavy_cbor(), CODES)


def facts() -> Parser:
    """Events of the ledger as the model reads them, before anybody checked them: never refused."""

    def take(data: bytes) -> None:
        decode_event(data, bytes(16))

    return Parser(take, _event_seeds(), (), cbor_of, _heavy_cbor())


# Bundles


def _bundle_seeds() -> list[bytes]:
    changes = [one.change for one in changes_of(village().secretary)]
    parts = (changes, changes[:1], changes[1:], changes[5:20], changes[-3:])
    return [encode_bundle(part) for part in parts]


def _streams(bundle: bytes) -> bytes | None:
    """A bundle's streams, plain and dense, with the length of the first in front."""
    length = shift = 0
    for at in range(1, min(len(bundle), 5)):
        length |= (bundle[at] & 0x7F) << shift
        shift += 7
        if bundle[at] < 0x80:
            break
    else:
        return None
    start = at + 1 + length
    try:
        dense = zlib.decompress(bundle[start:], -15)
    except zlib.error:
        return None
    return length.to_bytes(4, "big") + bundle[at + 1 : start] + dense


def _joined(_rng: Random, streams: bytes) -> bytes:
    """The bundle of two streams, whatever stands in them."""
    body = streams[4:]
    length = min(int.from_bytes(streams[:4], "big"), len(body))
    deflate = zlib.compressobj(1, zlib.DEFLATED, -15)
    packed = deflate.compress(body[length:]) + deflate.flush()
    return b"\x01" + leb(length) + body[:length] + packed


mutate_bundle = inside(bytes_of, _streams, _joined)
"""Damage inside a bundle's streams, or to its outside."""


def _bombs() -> list[bytes]:
    """Bundles that inflate, or claim more than they hold."""
    bombs = [_joined(Random(0), bytes(4) + bytes(size)) for size in (500_000, 2_000_000)]
    for changes in (1, 16 * 1024, 2**31):
        writer = ColumnWriter()
        writer.number(changes)
        writer.number(2**31)
        bombs.append(_joined(Random(0), bytes(4) + bytes(writer.dense)))
    return bombs


def bundles() -> Parser:
    """A bundle's drafts, each as far as the receiver would compute it."""

    def take(data: bytes) -> None:
        hashes: list[bytes] = []
        for draft in decode_bundle(data, hashes):
            if not 1 <= len(draft.events) <= CHANGE_EVENTS_MAX:
                raise Broken("a draft has no event, or too many")
            for event in draft.events:
                _require_event(event)
            value = change_value(draft.time_ms, draft.events)
            hashes.append(body_hash(change_body(draft.actor, 1, 1, (), (value,), 0, 0)))

    return Parser(take, _bundle_seeds(), (RemoteError,), mutate_bundle, _bombs(), CODES)


def _require_event(event: bytes) -> None:
    try:
        check_event(event)
    except RemoteError as error:
        raise Broken(f"a bundle gave out an event that is none: {error.code}") from error


def columns() -> Parser:
    """Columns alone: the first bytes say how many numbers, and where the second stream begins."""

    def take(data: bytes) -> None:
        count, half = int.from_bytes(data[:2], "big"), 4 + int.from_bytes(data[2:4], "big")
        reader = ColumnReader(data[4:half], data[half:])
        table: list[Column] = []
        for _ in range(4):
            table.append(reader.column(count, table))
            if len(list(table[-1])) != count:
                raise Broken("a column has another length than it claims")
        reader.bounded(count, 2**20)
        reader.finish()

    return Parser(take, [_column_seed(rng) for rng in map(Random, range(12))], (RemoteError,),
                  bytes_of, (), CODES)  # fmt: skip


def _column_seed(rng: Random) -> bytes:
    count = rng.choice((1, 2, 7, 40))
    high = rng.choice((3, 200, 70_000, 2**40))
    few = [rng.randrange(high) for _ in range(3)]
    rows = [[rng.choice(few) if rng.random() < 0.5 else n for n in range(count)] for _ in range(4)]
    writer = ColumnWriter()
    writer.table(rows)
    writer.column([n % 1000 for n in range(count)])
    dense, plain = bytes(writer.dense), bytes(writer.plain)
    return count.to_bytes(2, "big") + len(dense).to_bytes(2, "big") + dense + plain


# A whole replica


def replica() -> Parser:
    """A phone that is told something by a peer: messages in a conversation that has begun."""
    held = village().treasurer.history
    peer = key_of("secretary").public
    keys, group = key_of("treasurer"), village().group
    hello = next(message for message in village().said if message[1] == 1)

    def take(data: bytes) -> None:
        phone = Replica(group, keys, held, {}, b"saltsalt")
        heads = phone.heads
        phone.connect("peer", peer, False)
        phone.receive("peer", hello)
        outcome = phone.receive("peer", data)
        for refused in outcome.refused:
            if refused.code.removeprefix("peer_") not in CODES and data[1:2] != b"\x05":
                raise Broken(f"refused as {refused.code}, which is in no list")
        if not outcome.admitted and phone.heads != heads:
            raise Broken("nothing was admitted, and the heads are others")
        if outcome.refused:
            raise _Said(outcome.refused[0].code)

    said = [*chosen(village().said, _SEEDS_MAX), *_ahead(), *_shown("treasurer")]
    return Parser(take, said, (_Said,), either(cbor_of, _inside_changes), _heavy_cbor())


class _Said(Exception):
    """What a replica answered: the refusal is a value there, and counted here."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = "peer_" if code.startswith("peer_") else code


def _ahead() -> list[bytes]:
    """Honest news of the secretary that the treasurer has not seen."""
    ahead = Phone("secretary", village().group, village().secretary.history)
    copy = MemoryHistory()
    copy.add(changes_of(ahead))
    ahead = Phone("secretary", village().group, copy)
    made = [ahead.write(*_event_seeds()[n : n + 3]).change for n in range(4)]
    return [encode(Changes(0, encode_bundle(made))), encode(Changes(3, encode_bundle(made[:2])))]


def _shown(name: str) -> list[bytes]:
    """Proofs of the end of a device's own chain: of what is there, and of what it wrote later."""
    history = MemoryHistory()
    history.add(changes_of(village().secretary))
    later = Phone(name, village().group, history).write(*_event_seeds()[:1]).change
    held = [one.change for one in village().secretary.everything()]
    ends = [one for one in held if one.device == later.device and one.signature][-1:]
    return [
        encode(Proof(one.n, one.prev, one.time_ms, one.change_hash, one.signature))
        for one in (*ends, later)
    ]


def _bundle_in(message: bytes) -> bytes | None:
    try:
        said = decode(message)
    except RemoteError:
        return None
    return said.bundle if isinstance(said, Changes) else None


_inside_changes = inside(
    mutate_bundle, _bundle_in, lambda rng, bundle: encode(Changes(rng.randrange(3), bundle))
)


def intake() -> Parser:
    """A bundle as admission takes it, over what a phone holds."""
    phone = village().treasurer.replica
    ancestry, group = phone._ancestry, village().group

    def take(data: bytes) -> None:
        taken = take_bundle(group, ancestry.fork(), data)
        if taken.refusal is not None:
            raise taken.refusal

    seeds = [found for message in (*village().said, *_ahead()) if (found := _bundle_in(message))]
    return Parser(take, seeds, (RemoteError,), mutate_bundle, _bombs(), CODES)


# Signed words


def proofs() -> Parser:
    """Proofs of a fork."""
    group, device = village().group, key_of("secretary").public
    last = village().secretary.everything()[-1].change
    branch = [[[last.time_ms, last.change_hash]], last.signature]
    seed = dumps(["mkutano/fork/1", group, device, last.n, last.prev, branch, branch])

    def take(data: bytes) -> None:
        check_fork_proof(data, group)

    return Parser(take, [seed, _fork_proof()], (RemoteError,), cbor_of, _heavy_cbor(), CODES)


def _fork_proof() -> bytes:
    """A real one: a phone that was restored from a backup wrote on."""
    copies = []
    for salt in range(2):
        history = MemoryHistory()
        history.add(changes_of(village().secretary))
        copy = Phone("secretary", village().group, history)
        copy.replica = Replica(
            village().group, copy.keys, history, {}, b"copy no "[:7] + bytes([48 + salt])
        )
        copies.append(copy)
    one, other = copies
    first = one.write(*_event_seeds()[:1]).change
    other.clock_ms += 1
    other.write(*_event_seeds()[1:2])
    one.step(one.replica.connect("treasurer", key_of("treasurer").public, False))
    one.step(one.replica.receive("treasurer", encode(Have(other.replica.tips, b""))))
    bundle = encode_bundle([changes_of(other)[-1].change])
    one.step(one.replica.receive("treasurer", encode(Changes(0, bundle))))
    return one.replica.fork_proof(first.device, first.n)


def acknowledgements() -> Parser:
    """Signed words about what a device holds."""
    group, device = village().group, key_of("treasurer").public

    def take(data: bytes) -> None:
        message = decode(data)
        if isinstance(message, Acknowledge):
            check_ack(Ack(device, message.tips, message.signature), group)

    seeds = [one for one in village().said if isinstance(decode(one), Acknowledge)]
    return Parser(take, seeds, (RemoteError,), cbor_of, (), CODES)


TARGETS: Final = (
    Target("sync-message", messages, 20),
    Target("sync-replica", replica, 20),
    Target("cbor-item", items),
    Target("event", events),
    Target("event-fact", facts),
    Target("bundle", bundles, 20),
    Target("bundle-intake", intake, 20),
    Target("columns", columns),
    Target("fork-proof", proofs, 5),
    Target("acknowledgement", acknowledgements, 5),
)
