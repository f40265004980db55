"""A relay with its sockets: what devices, strangers and operators meet on its ports."""

import asyncio
import logging
import socket
import ssl
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest

from relay.clock import now_ms
from relay.config import Config
from relay.errors import RelayError
from relay.facts import Checkpoint, SignedHead
from relay.logs import LOG
from relay.protocol import (
    MESSAGE_BYTES_MAX,
    PATH,
    Closed,
    Done,
    Entries,
    Failed,
    News,
    Opened,
    Pull,
    Receipt,
    decode,
    encode,
)
from relay.server import Relay, start_relay
from relay.store import StoreError
from tests.relay.certificates import PAIRS
from tests.relay.devices import access_of, calling, founds, people
from tests.relay.memory_store import MemoryStore
from tests.relay.served import (
    BOX,
    WHO,
    Running,
    founded,
    opened,
    pushed,
    running,
    until,
)

__all__ = ["running"]


async def test_what_one_device_pushes_another_hears_at_once(running: Running) -> None:
    async with running() as relay, calling(relay.address) as chair, calling(relay.address) as ngo:
        await founded(chair)
        await opened(chair, WHO.chair)
        await opened(ngo, WHO.reader)
        receipt = await pushed(chair, WHO.chair, b"blob")
        news = await ngo.heard()
        assert isinstance(news, News)
        assert news.head == receipt.head
        assert news.entries == (receipt.entry._replace(blob=b"blob"),)
        assert (await ngo.refused(WHO.reader.pushes(BOX, b"x"))).code == "not_allowed"


async def test_a_relay_that_starts_again_is_the_same_relay(tmp_path: Path) -> None:
    config = Config(state=str(tmp_path / "state"), port=0, admin=False)
    heads: list[SignedHead] = []
    for _ in range(2):
        relay = await start_relay(config)
        async with calling(relay.address) as chair:
            if not heads:
                await founded(chair)
            await opened(chair, WHO.chair)
            await pushed(chair, WHO.chair, b"blob")
            heads.append((await opened(chair, WHO.chair)).head)
            assert chair.hello.relay == relay.key.public
        await relay.close()
    assert heads[0] == heads[1]
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


# Bad input


async def test_bytes_that_are_no_message_end_this_connection_only(running: Running) -> None:
    cases: list[tuple[bytes | str, int]] = [
        (b"", 1008),
        (b"\xff\x00garbage", 1008),
        (encode(Done(0), 1)[:-1], 1008),
        (b"\x9a\x00\x0f\xff\xf0" + b"\x80" * 1_048_560, 1008),
        (bytes(MESSAGE_BYTES_MAX + 1), 1009),
        ("text", 1003),
    ]
    async with running() as relay, calling(relay.address) as chair:
        await founded(chair)
        await opened(chair, WHO.chair)
        for data, code in cases:
            async with calling(relay.address) as caller:
                if isinstance(data, str):
                    await caller.socket.send_str(data)
                else:
                    await caller.socket.send_bytes(data)
                assert await caller.closed() == code
                told = [one.code for one in caller.unasked if isinstance(one, Failed)]
                assert told == (["bad_message"] if code == 1008 else [])
        await pushed(chair, WHO.chair, b"still served")


async def test_the_largest_blob_goes_through(running: Running) -> None:
    async with running() as relay, calling(relay.address) as chair, calling(relay.address) as ngo:
        await founded(chair)
        await opened(chair, WHO.chair)
        await opened(ngo, WHO.reader)
        blob = bytes(chair.hello.blob_bytes_max)
        await pushed(chair, WHO.chair, blob)
        news = await ngo.heard()
        assert isinstance(news, News)
        assert news.entries == ()
        pulled = await ngo.ask(Pull(BOX, 0, 1))
        assert isinstance(pulled, Entries)
        assert [entry.blob for entry in pulled.entries] == [blob]
        await chair.socket.send_bytes(encode(WHO.chair.pushes(BOX, blob + b"x"), 1))
        assert await chair.closed() == 1008
        assert [one.code for one in chair.unasked if isinstance(one, Failed)] == ["too_large"]


async def test_other_requests_and_other_paths_are_answered_once(running: Running) -> None:
    async with running() as relay, aiohttp.ClientSession() as session:
        for method, path, status in (
            ("GET", "/", 404),
            ("POST", "/", 404),
            ("GET", PATH, 426),
            ("POST", PATH, 426),
            ("GET", PATH + "/../..", 404),
        ):
            async with session.request(method, relay.address + path, data=b"body") as answer:
                assert (answer.status, answer.headers["Connection"]) == (status, "close")
                assert "Mkutano relay" in await answer.text()
        async with session.get(relay.address, headers={"X": "x" * 10_000}) as answer:
            assert answer.status == 400
        async with calling(relay.address) as caller:
            assert (await caller.refused(Done(0))).code == "bad_message"


async def test_a_fault_of_the_program_ends_nothing(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LOG, "disabled", True)
    store = MemoryStore()
    async with running(store) as relay, calling(relay.address) as chair:
        await founded(chair)
        await opened(chair, WHO.chair)
        whole, store.boxes = store.boxes, cast(Any, None)
        assert (await chair.refused(Pull(BOX, 0, 1))).code == "fault"
        assert (await chair.refused(WHO.chair.pushes(BOX, b"x"))).code == "unavailable"
        store.boxes = whole
        await pushed(chair, WHO.chair, b"blob")


async def test_a_failing_database_is_said_so_logged_once_and_comes_back(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    store = MemoryStore()
    async with running(store) as relay, calling(relay.address) as chair:
        await founded(chair)
        await opened(chair, WHO.chair)
        store.fault = StoreError("storage_full", "secret path of the database")
        with caplog.at_level(logging.WARNING, LOG.name):
            for _ in range(3):
                failed = await chair.refused(WHO.chair.pushes(BOX, b"blob"))
                assert (failed.code, failed.retry_after_ms) == ("storage_full", 60_000)
                assert "secret" not in failed.text
        assert [record.getMessage() for record in caplog.records] == ["requests are refused"]
        store.fault = None
        await pushed(chair, WHO.chair, b"blob")


# Stopping


async def test_stopping_answers_what_was_taken_and_says_goodbye(running: Running) -> None:
    store = MemoryStore()
    async with running(store) as relay, calling(relay.address) as chair:
        await founded(chair)
        await opened(chair, WHO.chair)
        store.gate.clear()
        requests = [await chair.send(WHO.chair.pushes(BOX, bytes([n]))) for n in range(1, 4)]
        await until(lambda: relay.desk.pushes.bytes_waiting == 3)
        closing = asyncio.create_task(relay.close())
        await until(lambda: not relay.desk.pushes.is_open)
        store.gate.set()
        answers = [await chair.receive() for _ in requests]
        assert [type(answer) for _, answer in answers] == [Receipt] * 3
        assert [number for number, _ in answers] == requests
        assert await chair.closed() == 1001
        await closing
    assert len(store.boxes[BOX].entries) == 3


async def test_closing_again_is_harmless(running: Running) -> None:
    async with running() as relay:
        await relay.close()


# The operator


async def test_the_operator_sees_numbers_and_readiness(running: Running) -> None:
    store = MemoryStore()
    async with running(store) as relay, calling(relay.address) as chair:
        await founded(chair)
        await opened(chair, WHO.chair)
        await pushed(chair, WHO.chair, bytes(1000))
        async with aiohttp.ClientSession() as session:

            async def page(name: str) -> tuple[int, str]:
                async with session.get(f"{relay.admin_address}/{name}") as answer:
                    return answer.status, await answer.text()

            status, text = await page("metrics")
            assert status == 200
            for line in (
                "mkutano_relay_connections 1.0",
                "mkutano_relay_strangers 0.0",
                "mkutano_relay_mailboxes 1.0",
                "mkutano_relay_pushed_bytes_total 1000.0",
                'mkutano_relay_requests_total{kind="Push"} 1.0',
            ):
                assert line in text.splitlines()
            assert await page("healthz") == (200, '{"status": "ok"}\n')
            assert await page("readyz") == (200, '{"status": "ok"}\n')
            assert (await page("status"))[1].startswith('{"relay": "' + relay.key.public.hex())
            assert (await page(""))[0] == 404
            store.fault = StoreError("unavailable", "secret")
            assert await page("readyz") == (
                503,
                '{"status": "database", "code": "unavailable"}\n',
            )
            assert (await page("healthz"))[0] == 200


async def test_a_port_that_is_taken_is_named(running: Running) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for settings in ({"port": port}, {"admin_port": port}):
            with pytest.raises(RelayError, match=f"{port}.*already in use"):
                async with running(**settings):
                    pass


async def test_a_database_that_fails_at_the_start_is_said_in_words(running: Running) -> None:
    store = MemoryStore()
    store.fault = StoreError("unavailable", "secret")
    with pytest.raises(RelayError, match="does not answer"):
        async with running(store):
            pass


async def test_what_lies_behind_old_checkpoints_goes_and_nothing_else(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two checkpoints: the older one's entries and all after them stay, what was before it goes."""
    day_ms = 24 * 3600 * 1000
    store = MemoryStore()
    async with running(store, sweep_s=0.02) as relay, calling(relay.address) as chair:
        await founded(chair)
        await opened(chair, WHO.chair)
        heads = [(await pushed(chair, WHO.chair, bytes([n]))).head.head for n in range(6)]
        for first, last in ((3, 4), (5, 6)):
            checkpoint = Checkpoint(heads[0].log_id, first, last, heads[last - 1].chain)
            assert await chair.ask(WHO.chair.confirms(BOX, checkpoint)) == Done(1)
            assert await chair.ask(WHO.treasurer.confirms(BOX, checkpoint)) == Done(0)
        swept = asyncio.Event()
        sweep = store.sweep

        async def seen(before_ms: int, count_max: int) -> int:
            try:
                return await sweep(before_ms, count_max)
            finally:
                swept.set()

        monkeypatch.setattr(store, "sweep", seen)
        for days, kept in ((29, 6), (31, 4)):
            now = now_ms() + days * day_ms
            monkeypatch.setattr("relay.upkeep.now_ms", lambda now=now: now)
            swept.clear()
            await swept.wait()
            swept.clear()
            await swept.wait()
            blobs = [entry.blob for entry in store.boxes[BOX].entries]
            assert blobs == [None] * (6 - kept) + [bytes([n]) for n in range(6 - kept, 6)]
        again = await opened(chair, WHO.chair)
        assert (again.first_kept, again.head.head) == (3, heads[-1])


async def test_a_certificate_of_ones_own_and_a_new_one(running: Running, tmp_path: Path) -> None:
    names = {"tls_certificate": tmp_path / "tls.pem", "tls_key": tmp_path / "tls.key"}
    settings = {name: str(path) for name, path in names.items()}
    with pytest.raises(RelayError, match="can't be used"):
        async with running(**settings):
            pass
    for path, text in zip(names.values(), PAIRS[0], strict=True):
        path.write_text(text)
    async with running(**settings) as relay:
        assert relay.address.startswith("https://")
        first = await served_certificate(relay)
        assert first == ssl.PEM_cert_to_DER_cert(PAIRS[0][0])
        for path, text in zip(names.values(), PAIRS[1], strict=True):
            path.write_text(text)
        relay.reload_certificate()
        assert await served_certificate(relay) == ssl.PEM_cert_to_DER_cert(PAIRS[1][0])
        names["tls_key"].write_text("damaged")
        with pytest.raises(RelayError):
            relay.reload_certificate()
        await served_certificate(relay)


async def served_certificate(relay: Relay) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(relay.address + PATH, ssl=context) as connected,
    ):
        assert type(decode((await connected.receive()).data).message).__name__ == "Hello"
        served = connected.get_extra_info("ssl_object").getpeercert(binary_form=True)
    assert isinstance(served, bytes)
    return served


async def test_who_lost_the_right_is_told_and_keeps_the_rest(running: Running) -> None:
    other = people("jirani")
    async with running() as relay, calling(relay.address) as ngo, calling(relay.address) as chair:
        lone = access_of((WHO.chair,), readers=(WHO.reader,))
        await chair.ask(founds(WHO.founder, lone))
        also = access_of((WHO.chair,), readers=(WHO.reader,))
        await chair.ask(founds(other.founder, also))
        for caller, device in ((ngo, WHO.reader), (chair, WHO.chair)):
            await opened(caller, device)
            assert isinstance(await caller.ask(device.opens(caller.hello, other.mailbox)), Opened)
        without = access_of((WHO.chair,), number=2)
        assert await chair.ask(WHO.chair.proposes(BOX, without)) == Done(0)
        assert await ngo.heard() == Closed(BOX, "not_allowed")
        await pushed(chair, WHO.chair, b"not for the NGO")
        await chair.ask(WHO.chair.pushes(other.mailbox, b"for the NGO"))
        news = await ngo.heard()
        assert isinstance(news, News)
        assert news.mailbox == other.mailbox
        assert (await ngo.refused(Pull(BOX, 0, 1))).code == "not_allowed"
