"""Attacks on pairing: recordings said again, a man in the middle, and who can burn what."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import WSMsgType, web

from node.address import Address
from node.clock import random_bytes
from node.coming_in import Declined
from node.hello import NUMBERS_KEY, make_hello
from node.invitation import Invitation, handshake_psk, hello_key, invitation_key
from node.invitation_store import CALLS_MAX, InvitationRow
from node.invitations import count_try
from node.joining import Join, encode_bytes, encode_join, encode_word
from node.outgoing import http_session, open_socket
from node.secure_socket import (
    AGREED,
    COMMIT,
    JOIN,
    NONCE,
    OFFER,
    SAME,
    Answer,
    PeerGone,
    Refused,
    SecureSocket,
    answer,
    dial,
)
from node.two_screens import compare
from replication.comparison import Comparison
from replication.identity import noise_public
from replication.noise import XX_PSK3, Handshake, public_key
from tests.node.calling_phones import STRANGER, WAIT_S, Phone, phone, secretary, treasurer
from tests.node.pairing_people import (
    NUMBERS,
    Owner,
    asked,
    hung_up,
    invited,
    listening,
    over,
    replayed,
    rows,
)

pytestmark = pytest.mark.usefixtures("own_calls_end")

__all__ = ["secretary", "treasurer"]

CLOSE_FRAME = 0x88


@pytest.fixture
async def group(secretary: Phone) -> bytes:
    return await secretary.found()


async def one_row(one: Phone, group: bytes) -> InvitationRow:
    (row,) = await rows(one, group)
    return row


async def prove(
    one: Phone, made: Invitation, at: Address, key: bytes | None = None
) -> SecureSocket:
    """A channel of whoever has read the invitation: the handshake, and nothing said yet."""
    secret = invitation_key(made.secret)
    return await dial(
        await open_socket(one.http, at),
        kind="join",
        static=STRANGER.noise_static(),
        key=hello_key(secret),
        psk=key or handshake_psk(secret),
        accepts=noise_public(made.device).__eq__,
    )


# Replay


async def test_replay_of_an_invitation_is_refused(
    secretary: Phone, treasurer: Phone, group: bytes, tmp_path: Path
) -> None:
    """Everything that a phone said with an invitation, said again: before, after and much later."""
    made = await invited(secretary, group)
    async with listening(secretary.address) as recorder:
        with pytest.raises(Declined):  # cut before READY: the invitation is still good
            await treasurer.links.join(
                treasurer.http, made, recorder.address, "T", Owner(False).ask
            )
        await hung_up(secretary)
        before, heads = await one_row(secretary, group), secretary.heads(group)
        for _ in range(5):
            answered = await replayed(bytes(recorder.calls[0]), secretary.address)
            assert answered[0] == CLOSE_FRAME  # hung up on without a word
        await hung_up(secretary)
        assert await one_row(secretary, group) == before  # and nothing counted, nothing burned
        link = await treasurer.links.join(treasurer.http, made, recorder.address, "T")
        treasurer.run(link)
        async with asyncio.timeout(WAIT_S):
            await link.synced.wait()
        enrolled = secretary.heads(group)
        assert enrolled != heads
        for call in recorder.calls:
            answered = await replayed(bytes(call), secretary.address)
            assert answered[0] == CLOSE_FRAME
        assert secretary.heads(group) == enrolled
        assert (await one_row(secretary, group)).state == "used"


async def test_a_recording_is_still_refused_after_a_restart(
    secretary: Phone, treasurer: Phone, group: bytes, tmp_path: Path
) -> None:
    made = await invited(secretary, group)
    async with listening(secretary.address) as recorder:
        with pytest.raises(Declined):
            await treasurer.links.join(
                treasurer.http, made, recorder.address, "T", Owner(False).ask
            )
    await hung_up(secretary)
    await secretary.thread.run(secretary.node._forget)  # all that is in memory is gone
    answered = await replayed(bytes(recorder.calls[0]), secretary.address)
    assert answered[0] == CLOSE_FRAME
    row = await one_row(secretary, group)
    assert (row.state, row.tries, len(row.calls)) == ("open", 0, 16)


async def test_a_hello_that_is_not_the_recorded_one_byte_for_byte_is_nobodys(
    secretary: Phone, group: bytes
) -> None:
    made = await invited(secretary, group)
    key = hello_key(invitation_key(made.secret))
    hello = make_hello("join", key, bytes(range(32)))
    for changed in (hello[:-1] + bytes([hello[-1] ^ 1]), hello):
        other_ephemeral = bytes(range(1, 33))
        socket = await open_socket(secretary.http, secretary.address)
        await socket.send_bytes(changed + other_ephemeral + bytes(16))
        async with asyncio.timeout(WAIT_S):
            await socket.receive()
        assert socket.close_code == 4004
    assert (await one_row(secretary, group)).calls == b""


# Who burns what


async def test_three_wrong_tries_by_someone_who_has_the_secret_burn_it(
    secretary: Phone, treasurer: Phone, group: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await invited(secretary, group)
    wrong = (
        (JOIN, b"not a message of joining"),
        (JOIN, encode_join(Join(treasurer.node.device, "the key of another phone"))),
        (AGREED, encode_word()),  # out of turn
    )
    for tries, (label, said) in enumerate(wrong, 1):
        secure = await prove(treasurer, made, secretary.address)
        await secure.send(said, label)
        with pytest.raises(PeerGone):
            async with asyncio.timeout(WAIT_S):
                await secure.receive()
        await secure.close()
        row = await one_row(secretary, group)  # on disk before it was hung up on
        assert (row.tries, row.state) == (tries, "burned" if tries == 3 else "open")
    with pytest.raises(Refused, match="burned by wrong tries"):
        await treasurer.links.join(treasurer.http, made, secretary.address, "T")


async def test_the_count_is_on_disk_before_the_answer_goes_out(
    secretary: Phone, treasurer: Phone, group: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await invited(secretary, group)
    counted: list[int] = []

    async def at_the_door(*_: object) -> None:
        counted.append((await one_row(secretary, group)).tries)

    monkeypatch.setattr("node.reception.hang_up", at_the_door)
    secure = await prove(treasurer, made, secretary.address)
    await secure.send(b"nonsense", JOIN)
    await hung_up(secretary)
    await secure.close()
    assert counted == [1]


async def test_who_does_not_have_the_secret_burns_nothing(
    secretary: Phone, treasurer: Phone, group: bytes
) -> None:
    """A stranger with a recorded hello, a guessed secret, or a hello that he carried here first."""
    made = await invited(secretary, group)
    secret = invitation_key(made.secret)
    for _ in range(4):  # he guesses
        guess = made._replace(secret=random_bytes(16))
        with pytest.raises(Refused):
            await prove(treasurer, guess, secretary.address)
    assert (await one_row(secretary, group)).calls == b""
    for _ in range(4):  # a holder's hello is carried here, and answered by somebody else
        ephemeral = random_bytes(32)
        hello = make_hello("join", hello_key(secret), public_key(ephemeral))
        first = Handshake(
            XX_PSK3, initiator=True, prologue=hello, static=STRANGER.noise_static(),
            ephemeral=ephemeral, psk=handshake_psk(secret),
        ).write()  # fmt: skip
        for is_new in (True, False, False):
            socket = await open_socket(treasurer.http, secretary.address)
            await socket.send_bytes(hello + first)
            async with asyncio.timeout(WAIT_S):
                answered = await socket.receive()
                assert (answered.type is WSMsgType.BINARY) == is_new
                if is_new:
                    await socket.send_bytes(random_bytes(64))  # what should prove the secret
                    assert (await socket.receive()).type is WSMsgType.CLOSE
            await socket.close()
    await hung_up(secretary)
    row = await one_row(secretary, group)
    assert (row.state, row.tries, len(row.calls)) == ("open", 0, 4 * 16)
    link = await treasurer.links.join(treasurer.http, made, secretary.address, "T")
    treasurer.run(link)
    async with asyncio.timeout(WAIT_S):
        await link.synced.wait()


async def test_handshakes_that_never_end_burn_an_invitation_too(
    secretary: Phone, treasurer: Phone, group: bytes
) -> None:
    made = await invited(secretary, group)
    for _ in range(CALLS_MAX):  # the shared secret is another one each time
        secure = await prove(treasurer, made, secretary.address, random_bytes(32))
        with pytest.raises(PeerGone):
            await secure.receive()
        await secure.close()
        await hung_up(secretary)
    assert (await one_row(secretary, group)).state == "open"
    with pytest.raises(Refused):
        await treasurer.links.join(treasurer.http, made, secretary.address, "T")
    row = await one_row(secretary, group)
    assert (row.state, row.secret_hash, row.calls) == ("burned", b"", b"")


# A man in the middle of two people who compare numbers


class Between:
    """He answers the joiner as if he were the inviter, and calls the inviter as if he joined."""

    def __init__(self, inviter: Address) -> None:
        self.inviter = inviter
        self.address = Address("127.0.0.1", 0)
        self.deed: Callable[[SecureSocket, SecureSocket], Awaitable[None]] = self.play_both
        self.numbers: list[str] = []
        self.knows = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/link", self._serve)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.address = Address("127.0.0.1", self._runner.addresses[0][1])

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)

        async def anybody(_: object) -> Answer:
            return Answer(None)

        joiner = await answer(socket, static=STRANGER.noise_static(), known=anybody)
        await joiner.expect(JOIN, WAIT_S)
        async with http_session() as http:
            inviter = await dial(
                await open_socket(http, self.inviter),
                kind="compare",
                static=STRANGER.noise_static(),
                key=NUMBERS_KEY,
                psk=None,
                accepts=lambda _: True,
            )
            await inviter.send(encode_join(Join(STRANGER.public, "T's phone")), JOIN)
            with contextlib.suppress(PeerGone, Refused):
                await self.deed(joiner, inviter)
            await inviter.close()
        return socket

    async def play_both(self, joiner: SecureSocket, inviter: SecureSocket) -> None:
        """A conversation of his own with each."""
        there, here = await asyncio.gather(
            compare(inviter, caller=True), compare(joiner, caller=False)
        )
        self.numbers += [here, there]
        self.knows.set()
        await inviter.send(encode_word(), SAME)
        await inviter.expect(OFFER, WAIT_S)

    async def pass_on(self, joiner: SecureSocket, inviter: SecureSocket) -> None:
        """Every word as it is."""
        for label in (COMMIT, NONCE):
            await inviter.send(await joiner.expect(label, WAIT_S), label)
            await joiner.send(await inviter.expect(label, WAIT_S), label)

    async def choose_late(self, joiner: SecureSocket, inviter: SecureSocket) -> None:
        """He promises a nonce to the joiner, and tells another that he has chosen since."""
        his = Comparison(joiner.binding, bytes(32), caller=False)
        await joiner.expect(COMMIT, WAIT_S)
        await joiner.send(encode_bytes(his.commitment), COMMIT)
        await joiner.expect(NONCE, WAIT_S)
        await joiner.send(encode_bytes(bytes(range(32))), NONCE)


@pytest.fixture
async def between(secretary: Phone) -> AsyncIterator[Between]:
    man = Between(secretary.address)
    await man.start()
    yield man
    await man.stop()


async def test_who_stands_between_shows_two_numbers_and_gets_nowhere(
    secretary: Phone, treasurer: Phone, group: bytes, between: Between
) -> None:
    await invited(secretary, group, NUMBERS)
    before = secretary.heads(group)
    thinking = asyncio.Event()

    async def think(_: str) -> None:
        await thinking.wait()

    owner = Owner(False, before=think)
    joining = asyncio.create_task(
        treasurer.links.join(treasurer.http, None, between.address, "T's phone", owner.ask)
    )
    pairing = await asked(secretary)
    assert pairing.facts["phone"] == "T's phone"  # he says what he likes
    shown = ((await owner.saw("number"))["number"], pairing.facts["number"])
    await between.knows.wait()
    assert shown == tuple(between.numbers)
    assert shown[0] != shown[1]  # but once in a million
    pairing.answer(False)
    thinking.set()
    with pytest.raises(Declined, match="numbers differ"):
        await joining
    await over(pairing)
    assert (await one_row(secretary, group)).tries == 1
    assert secretary.heads(group) == before
    assert not treasurer.node.groups


@pytest.mark.parametrize("deed", ["pass_on", "choose_late"])
async def test_nonces_that_are_passed_on_or_chosen_late_are_refused(
    secretary: Phone, treasurer: Phone, group: bytes, between: Between, deed: str
) -> None:
    await invited(secretary, group, NUMBERS)
    between.deed = getattr(between, deed)
    owner = Owner()
    with pytest.raises((Refused, PeerGone)):
        await treasurer.links.join(treasurer.http, None, between.address, "T", owner.ask)
    assert not owner.shown
    await hung_up(secretary)
    assert not secretary.links.pairings.asking("inviter")


async def test_every_number_that_could_be_known_is_a_try_though_the_caller_hangs_up(
    secretary: Phone, treasurer: Phone, group: bytes
) -> None:
    """Else he would call again and again until his number fits the joiner's screen."""
    await invited(secretary, group, NUMBERS)
    for tries in (1, 2, 3):
        secure = await call_by_numbers(treasurer, secretary.address)
        await compare(secure, caller=True)
        assert (await one_row(secretary, group)).tries == tries
        await secure.close()
        await hung_up(secretary)
    with pytest.raises(Refused):
        await call_by_numbers(treasurer, secretary.address)


async def test_a_battery_pulled_at_the_third_number_gives_no_fourth(
    secretary: Phone, treasurer: Phone, group: bytes
) -> None:
    await invited(secretary, group, NUMBERS)
    number = (await one_row(secretary, group)).invitation_id
    for _ in range(3):  # counted, and then nothing more was written
        await secretary.thread.run(count_try, secretary.node, group, number)
    assert (await one_row(secretary, group)).state == "open"
    with pytest.raises(Refused):
        await call_by_numbers(treasurer, secretary.address)


async def test_a_caller_by_numbers_who_tells_no_nonce_has_had_no_try(
    secretary: Phone, treasurer: Phone, group: bytes
) -> None:
    await invited(secretary, group, NUMBERS)
    for _ in range(4):
        secure = await call_by_numbers(treasurer, secretary.address)
        await secure.send(encode_bytes(bytes(32)), COMMIT)
        await secure.expect(COMMIT, WAIT_S)
        await secure.close()
        await hung_up(secretary)
    row = await one_row(secretary, group)
    assert (row.state, row.tries) == ("open", 0)


async def call_by_numbers(one: Phone, at: Address) -> SecureSocket:
    secure = await dial(
        await open_socket(one.http, at),
        kind="compare",
        static=STRANGER.noise_static(),
        key=NUMBERS_KEY,
        psk=None,
        accepts=lambda _: True,
    )
    await secure.send(encode_join(Join(STRANGER.public, "T's phone")), JOIN)
    return secure


async def test_a_second_caller_by_numbers_is_told_nothing(
    secretary: Phone, treasurer: Phone, group: bytes
) -> None:
    await invited(secretary, group, NUMBERS)
    thinking = asyncio.Event()

    async def think(_: str) -> None:
        await thinking.wait()

    owner = Owner(before=think)
    joining = asyncio.create_task(
        treasurer.links.join(treasurer.http, None, secretary.address, "T", owner.ask)
    )
    pairing = await asked(secretary)
    second = await call_by_numbers(treasurer, secretary.address)
    with pytest.raises(Refused) as refused:
        await second.expect(COMMIT, WAIT_S)
    await second.close()
    assert refused.value.code == "invitation_in_use"
    assert secretary.links.pairings.asking("inviter") == [pairing]
    assert (await one_row(secretary, group)).tries == 1
    pairing.answer(False)
    with pytest.raises(Refused, match="owner said no"):
        await joining


async def test_a_machine_that_takes_every_offer_takes_no_number(
    secretary: Phone, treasurer: Phone, group: bytes
) -> None:
    await invited(secretary, group, NUMBERS)
    with pytest.raises(Declined):
        await treasurer.links.join(treasurer.http, None, secretary.address, "T")


# A restart in the middle


async def test_a_restart_between_joined_and_ready_leaves_it_good_for_the_same_phone(
    tmp_path: Path, treasurer: Phone
) -> None:
    async with phone(tmp_path / "s", "Secretary's phone") as before:
        group = await before.found()
        made = await invited(before, group)

        def cut(*_: object) -> None:
            raise PeerGone("The battery was pulled.")

        with pytest.MonkeyPatch.context() as broken:
            broken.setattr("node.coming_in.adopt", cut)
            with pytest.raises(PeerGone):
                await treasurer.links.join(treasurer.http, made, before.address, "T")
        await hung_up(before)
    async with phone(tmp_path / "s") as again:
        row = await one_row(again, group)
        assert (row.state, row.tries, len(row.calls)) == ("open", 0, 16)
        link = await treasurer.links.join(treasurer.http, made, again.address, "T")
        treasurer.run(link)
        async with asyncio.timeout(WAIT_S):
            await link.synced.wait()
        assert (await one_row(again, group)).state == "used"
