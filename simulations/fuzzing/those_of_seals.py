"""Targets of what lies sealed at a relay: blobs, envelopes, doors, slots of keys, summaries.

What is sealed is damaged inside and sealed again under the right key, for the right place: as an
officer's modified phone would do it.
"""

from collections.abc import Callable
from random import Random
from typing import Final

from model.reports.indicator_shape import Indicators
from node import relay_log, summary_form
from node.relay_view import note_of, read_note
from relay.facts import Head, SignedHead
from replication import key_slots, sealing
from replication.cbor import dumps
from replication.envelopes import open_envelope, seal_envelope
from replication.errors import LocalError, RemoteError
from replication.key_slots import Door, Mailboxes, PeopleSlot, open_doors, open_people
from replication.people import key_id_of, open_person, seal_person
from replication.refusals import CODES
from replication.sealing import epoch_key_id, open_blob, seal_blob
from replication.wire import PersonKey
from simulations.fuzzing.mutation import bytes_of, cbor_of, inside
from simulations.fuzzing.target import Broken, Mutate, Parser, Target
from simulations.fuzzing.village_seeds import key_of, village

_KEY: Final = b"\x07" * 32
_MAILBOX: Final = b"m" * 32
_SEED: Final = b"\x05" * 32
_READER: Final = key_of("ngo")
_DEVICE: Final = key_of("secretary").public
_CARDS: Final = (key_of("card 0"), key_of("card 1"))


def _resealed(
    inner: Mutate, opened: Callable[[bytes], bytes], sealed: Callable[[bytes], bytes]
) -> Mutate:
    """Damage inside; what is too long to be sealed stays a damaged outside."""

    def unwrap(data: bytes) -> bytes | None:
        try:
            return opened(data)
        except RemoteError:
            return None

    def wrap(_rng: Random, plain: bytes) -> bytes:
        try:
            return sealed(plain)
        except LocalError:
            return plain

    return inside(inner, unwrap, wrap)


def blobs() -> Parser:
    """Blobs of a log, and what is sealed in them."""
    keys = {epoch_key_id(_KEY): _KEY}

    def take(data: bytes) -> None:
        plain = open_blob(keys, _MAILBOX, data)
        relay_log.read_content(plain)

    bundle = village().said[3]
    contents = [
        relay_log.content_of(bundle, b""),
        relay_log.content_of(b"", bytes(192)),
        b"",
        b"\x80" * 300,
    ]
    seeds = [seal_blob(_KEY, b"n" * 24, _MAILBOX, content) for content in contents]
    mutate = _resealed(
        cbor_of,
        lambda data: open_blob(keys, _MAILBOX, data),
        lambda plain: seal_blob(_KEY, b"n" * 24, _MAILBOX, plain),
    )
    return Parser(take, seeds, (RemoteError,), mutate, (), CODES)


def padding() -> Parser:
    """What comes out of a seal before its padding is taken off."""

    def take(data: bytes) -> None:
        content = sealing.unpad(data)
        if sealing.pad(content) != data:
            raise Broken("a padding has two forms")

    seeds = [sealing.pad(bytes(size)) for size in (0, 1, 254, 255, 256, 5000)]
    return Parser(take, seeds, (RemoteError,), bytes_of, (), CODES)


def envelopes() -> Parser:
    """Envelopes, opened by a device and by two cards."""
    recipients = (_READER.public, tuple(card.public for card in _CARDS), _DEVICE)

    def take(data: bytes) -> None:
        plain = open_envelope(data, _READER, b"context")
        if open_envelope(data, _CARDS, b"context") != plain:
            raise Broken("two who open an envelope read different things")

    seeds = [
        seal_envelope(plain, recipients, b"context", _SEED)  # type: ignore[arg-type]
        for plain in (b"", b"hello" * 100)
    ]
    return Parser(take, seeds, (RemoteError,), bytes_of, (), CODES)


def doors() -> Parser:
    """Slots of doors; what is in the first envelope is damaged and sealed again."""
    group = village().group
    mailboxes = Mailboxes(*(bytes([number]) * 32 for number in range(1, 5)))
    place = mailboxes.doors

    def take(data: bytes) -> None:
        open_doors(data, _READER, place, _DEVICE, group)

    def key(number: int) -> PersonKey:
        return PersonKey(epoch_key_id(bytes([number]) * 32), bytes([number]) * 32)

    door = Door(group, "Umoja", 3, mailboxes, (key(1),), (key(2), key(3)))
    readers = [_READER.public, _DEVICE]
    seeds = [key_slots.seal_doors(door, _DEVICE, readers, [], _SEED),
             key_slots.seal_doors(door, _DEVICE, [_DEVICE], readers, _SEED)]  # fmt: skip
    context = key_slots._context(key_slots._PURPOSES["ledger"], place, _DEVICE)

    def opened(data: bytes) -> bytes:
        return open_envelope(key_slots._envelopes(data)["ledger"], _READER, context)

    def sealed(plain: bytes) -> bytes:
        return dumps([1, seal_envelope(plain, readers, context, _SEED), b""])

    return Parser(take, seeds, (RemoteError,), _resealed(cbor_of, opened, sealed), (), CODES)


def member_keys() -> Parser:
    """Slots of member keys, likewise."""
    group = village().group

    def take(data: bytes) -> None:
        open_people(data, _READER, _MAILBOX, _DEVICE, group)

    keys = sorted(PersonKey(key_id_of(bytes([n]) * 32), bytes([n]) * 32) for n in range(5))
    slot = PeopleSlot(group, 9, tuple(keys), (b"\x01" * 16, b"\x02" * 16))
    seed = key_slots.seal_people(slot, _MAILBOX, _DEVICE, [_READER.public], _SEED)
    context = key_slots._context(key_slots._PEOPLE_PURPOSE, _MAILBOX, _DEVICE)
    mutate = _resealed(
        cbor_of,
        lambda data: open_envelope(data, _READER, context),
        lambda plain: seal_envelope(plain, [_READER.public], context, _SEED),
    )
    return Parser(take, [seed], (RemoteError,), mutate, (), CODES)


def people() -> Parser:
    """Sealed personal details: nonce and ciphertext."""
    group, key_id = village().group, key_id_of(_KEY)

    def take(data: bytes) -> None:
        open_person(group, key_id, _KEY, data[:24], data[24:])

    nonce = b"n" * 24
    seeds = [
        nonce + seal_person(group, key_id, _KEY, nonce, name, "0712") for name in ("", "Amina")
    ]
    return Parser(take, seeds, (RemoteError,), bytes_of, (), CODES)


def summaries() -> Parser:
    """Signed summaries of meetings; signed again after the damage."""
    group, keys = village().group, key_of("secretary")

    def take(data: bytes) -> None:
        signed = summary_form.read_signed(data, group)
        summary_form.read_content(signed.content).indicators().health()

    figures = Indicators(version=1, group="Umoja", currency="KES", exponent=2, day="2026-01-31")
    content = summary_form.content_of((1, 4), 1, bytes(17), "2026-01-31", 12, figures)

    def content_in(data: bytes) -> bytes:
        return summary_form.read_signed(data, group).content

    mutate = _resealed(cbor_of, content_in, lambda plain: summary_form.sign(keys, group, plain))
    return Parser(
        take, [summary_form.sign(keys, group, content)], (RemoteError,), mutate, (), CODES
    )


def notes() -> Parser:
    """What relays signed, as one device tells another."""

    def take(data: bytes) -> None:
        found = read_note(data)
        if found is not None and note_of(*found) != data:
            raise Broken("a note says something else than its bytes")

    head = SignedHead(Head(b"l" * 16, 7, b"c" * 32, 1), b"s" * 64)
    return Parser(take, [note_of(_KEY, _MAILBOX, head)], (), bytes_of)


TARGETS: Final = (
    Target("sealed-blob", blobs),
    Target("padding", padding, 5),
    Target("envelope", envelopes),
    Target("doors-slot", doors),
    Target("people-slot", member_keys),
    Target("sealed-person", people, 5),
    Target("summary", summaries),
    Target("relay-note", notes, 3),
)
