"""A call with two cards, made by somebody who knows the group's books and means harm."""

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import cbor2
import pytest

from node import commands, reception
from node.card_call import Pair, show_cards
from node.founding import Terms
from node.hello import cards_key, cards_psk
from node.outgoing import open_socket
from node.secure_socket import CARDS, HOLDS, SESSION, PeerGone, Refused, SecureSocket, dial, hang_up
from replication.cards import card_keys, pair_key, sign_call
from replication.control import DeviceEnrolled, DeviceRevoked, encode_record
from replication.errors import RemoteError
from replication.identity import DeviceKeys
from tests.node.calling_phones import NOW_MS, Phone, phone

pytestmark = pytest.mark.usefixtures("own_calls_end")

SECRETS = tuple(bytes([at]) * 16 for at in (1, 2, 3))
CARDS_HELD = tuple(card_keys(secret) for secret in SECRETS)
PAIR: Pair = (CARDS_HELD[0], CARDS_HELD[1])
THIEF = DeviceKeys(b"t" * 32)
OTHER = DeviceKeys(b"o" * 32)


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[Phone]:
    """A phone that holds a group with these cards."""
    async with phone(tmp_path / "reader", "Reader's phone") as one:
        await one.thread.run(
            lambda: commands.found_group(
                one.node, "Umoja", "KES", Terms(share_value="100"), NOW_MS, cards=SECRETS
            )
        )
        yield one


async def called(reader: Phone, psk_of: bytes | None = None) -> tuple[Any, SecureSocket]:
    """A finished handshake under what every phone of the group can make."""
    pair = pair_key(CARDS_HELD[0].public, CARDS_HELD[1].public)
    socket = await open_socket(reader.http, reader.address)
    secure = await dial(
        socket,
        kind="cards",
        static=THIEF.noise_static(),
        key=cards_key(pair),
        psk=cards_psk(pair if psk_of is None else psk_of),
        accepts=lambda _: True,
    )
    return socket, secure


def message(*fields: object) -> bytes:
    return cbor2.dumps([1, *fields], canonical=True)


def signed(secure: SecureSocket, device: bytes = THIEF.public) -> list[bytes]:
    return [sign_call(card, secure.binding, device) for card in CARDS_HELD[:2]]


async def test_what_is_true_is_answered_with_the_group(reader: Phone) -> None:
    socket, secure = await called(reader)
    await secure.send(message(THIEF.public, *signed(secure)), CARDS)
    answer = cbor2.loads(await secure.expect(HOLDS, 10))
    (group,) = reader.node.groups
    assert answer == [1, group, reader.node.device]
    await hang_up(socket)


HARMS: dict[str, Callable[[SecureSocket], bytes]] = {
    "nothing": lambda _: b"",
    "no CBOR": lambda _: b"\xff" * 40,
    "too long": lambda _: message(THIEF.public, bytes(600), bytes(64)),
    "deep": lambda _: b"\x81" * 300,
    "another version": lambda s: cbor2.dumps([2, THIEF.public, *signed(s)]),
    "a true version": lambda s: cbor2.dumps([True, THIEF.public, *signed(s)]),
    "not canonical": lambda s: b"\x9f" + message(THIEF.public, *signed(s))[1:] + b"\xff",
    "one signature": lambda s: message(THIEF.public, signed(s)[0]),
    "a short one": lambda s: message(THIEF.public, signed(s)[0], signed(s)[1][:63]),
    "text": lambda s: message(THIEF.public, *("s" * 64, "s" * 64)),
    "another phone's key": lambda s: message(OTHER.public, *signed(s, OTHER.public)),
    "no curve point": lambda s: message(b"\xff" * 32, *signed(s, b"\xff" * 32)),
}
TOLD: dict[str, Callable[[SecureSocket], bytes]] = {
    "one card twice": lambda s: message(THIEF.public, signed(s)[0], signed(s)[0]),
    "no card": lambda s: message(THIEF.public, bytes(64), bytes(64)),
    "for another phone": lambda s: message(THIEF.public, *signed(s, OTHER.public)),
    "a recorded call": lambda _: message(
        THIEF.public, *(sign_call(card, b"c" * 64, THIEF.public) for card in CARDS_HELD[:2])
    ),
}


@pytest.mark.parametrize("harm", HARMS)
async def test_what_is_no_call_is_hung_up_on(reader: Phone, harm: str) -> None:
    socket, secure = await called(reader)
    await secure.send(HARMS[harm](secure), CARDS)
    with pytest.raises((PeerGone, RemoteError, Refused)):
        await secure.expect(HOLDS, 10)
    assert reader.links.refusals[-1].code.startswith("card-")
    assert not reader.links.all()
    await hang_up(socket)


@pytest.mark.parametrize("harm", TOLD)
async def test_cards_that_are_not_there_are_not_taken(reader: Phone, harm: str) -> None:
    socket, secure = await called(reader)
    await secure.send(TOLD[harm](secure), CARDS)
    with pytest.raises(Refused) as refused:
        await secure.expect(HOLDS, 10)
    assert refused.value.code == "not_two_cards"
    assert not reader.links.all()
    await hang_up(socket)


async def test_a_phone_that_only_reads_or_was_shut_out_is_no_new_phone(reader: Phone) -> None:
    (group,) = reader.node.groups
    for record in (
        DeviceEnrolled(THIEF.public, bytes(16), "read", "NGO's laptop"),
        DeviceRevoked(THIEF.public, "stolen"),
    ):
        batch = reader.node.batch(group, NOW_MS)
        batch.append_encoded([encode_record(record)])
        await reader.links.step(batch.commit)
        socket, secure = await called(reader)
        await secure.send(message(THIEF.public, *signed(secure)), CARDS)
        with pytest.raises(Refused) as refused:
            await secure.expect(HOLDS, 10)
        assert refused.value.code == "phone_known"
        await hang_up(socket)


async def test_a_session_before_the_cards_is_refused(reader: Phone) -> None:
    socket, secure = await called(reader)
    await secure.send(message(THIEF.public, *signed(secure)), SESSION)
    with pytest.raises((PeerGone, RemoteError)):
        await secure.expect(HOLDS, 10)
    assert not reader.links.all()
    await hang_up(socket)


async def test_a_hello_without_the_secret_of_both_cards_leads_nowhere(reader: Phone) -> None:
    socket, secure = await called(reader, psk_of=b"p" * 32)
    with contextlib.suppress(PeerGone):  # it may have hung up by then
        await secure.send(message(THIEF.public, *signed(secure)), CARDS)
    with pytest.raises((Refused, PeerGone, RemoteError)):
        await secure.expect(HOLDS, 10)
    assert not reader.links.all()
    await hang_up(socket)


async def test_who_answers_with_another_phones_key_is_not_believed(
    reader: Phone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lying(node: Any, thread: Any, secure: SecureSocket, group: bytes) -> bytes:
        await secure.expect(CARDS, 10)
        await secure.send(message(group, OTHER.public), HOLDS)
        raise Refused("it lied")

    monkeypatch.setattr(reception, "look_at_cards", lying)
    async with phone(tmp_path / "new", "New phone") as new:
        socket = await open_socket(new.http, reader.address)
        with pytest.raises(RemoteError, match="card-key"):
            await show_cards(new.node, socket, PAIR)
        await hang_up(socket)
        with pytest.raises(Refused, match="does not speak as a Mkutano device"):
            await new.links.call_by_cards(new.http, PAIR, reader.address)
        assert not new.node.groups
