"""Relays as processes: killed, stopped, started twice, and several on one PostgreSQL."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

from relay.config import Config
from relay.facts import chain_next, check_head
from relay.protocol import Closed, Done, Entries, News, Opened, Pull, Receipt
from relay.server import Relay, start_relay
from tests.relay.devices import Caller, Device, access_of, calling, founds, people
from tests.relay.programs import relay_program, started

WHO = people()
BOX = WHO.mailbox
LONE = access_of((WHO.chair,), readers=(WHO.reader,))
UNLIMITED = ("--set", "requests_per_second=0")


async def opened(caller: Caller, device: Device = WHO.chair) -> Opened:
    answer = await caller.ask(device.opens(caller.hello, BOX))
    assert isinstance(answer, Opened), answer
    return answer


async def found(caller: Caller) -> None:
    assert await caller.ask(founds(WHO.founder, LONE)) == Done(0)
    await opened(caller)


async def test_what_had_a_receipt_is_there_after_a_kill_in_the_middle_of_pushes(
    tmp_path: Path,
) -> None:
    receipts: list[Receipt] = []
    async with relay_program(tmp_path, *UNLIMITED) as relay, calling(relay.address) as chair:
        await found(chair)
        for number in range(200):
            await chair.send(WHO.chair.pushes(BOX, b"blob %d" % number))
        while len(receipts) < 40:
            _, answer = await chair.receive()
            assert isinstance(answer, Receipt)
            receipts.append(answer)
        relay.process.kill()
        await chair.closed()
        receipts += [one for one in chair.unasked if isinstance(one, Receipt)]
    async with relay_program(tmp_path, *UNLIMITED) as relay, calling(relay.address) as chair:
        head = (await opened(chair)).head.head
        assert len(receipts) <= head.cursor <= 200
        assert head.log_id == receipts[0].head.head.log_id
        pulled = await chair.ask(Pull(BOX, 0, 500_000))
        assert isinstance(pulled, Entries)
        for receipt, entry in zip(receipts, pulled.entries, strict=False):
            assert entry._replace(blob=None) == receipt.entry
            assert receipt.head.head.chain == chain_next(receipt.chain_before, entry)
            check_head(chair.hello.relay, BOX, receipt.head)
        for number in (0, 39, 199):
            again = await chair.ask(WHO.chair.pushes(BOX, b"blob %d" % number))
            assert isinstance(again, Receipt)
            assert number >= len(receipts) or again == receipts[number]


async def test_a_stopped_relay_says_goodbye_to_devices_and_to_its_supervisor(
    tmp_path: Path,
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(tmp_path / "notify"))
        async with relay_program(
            tmp_path / "state",
            *("--log-format", "json", "--log-level", "debug"),
            NOTIFY_SOCKET=str(tmp_path / "notify"),
        ) as relay:
            async with calling(relay.address) as chair:
                await found(chair)
                await chair.ask(WHO.chair.pushes(BOX, b"blob"))
                relay.process.send_signal(signal.SIGTERM)
                assert await chair.closed() == 1001
            code, logged = await relay.end()
        assert code == 0
        assert [supervisor.recv(100), supervisor.recv(100)] == [b"READY=1", b"STOPPING=1"]
    assert '"event": "mailbox created", "mailbox": "' + BOX.hex()[:8] + '"' in logged
    assert logged.rstrip().endswith('"event": "stopped"}')
    for secret in (BOX.hex()[8:], WHO.chair.key.hex(), WHO.chair.key.hex()[:8], "127.0.0.1"):
        assert secret not in logged
    assert relay.lines[1] == f"Its key is {chair.hello.relay.hex()}"


async def test_a_second_process_on_one_folder_is_refused_in_words(tmp_path: Path) -> None:
    async with relay_program(tmp_path):
        second = await started(
            "serve", "--port", "0", "--admin-port", "0", "--state", str(tmp_path)
        )
        out, err = await second.communicate()
        assert (second.returncode, out) == (1, b"")
        assert len(err.decode().strip().splitlines()) == 1
        assert str(tmp_path) in err.decode()


@asynccontextmanager
async def two_relays(url: str, state: Path, poll_s: float) -> AsyncIterator[tuple[Relay, Relay]]:
    """Two processes' worth of relay on one database, in this process."""
    config = Config(database=url, state=str(state), port=0, admin=False, poll_s=poll_s)
    one = await start_relay(config)
    try:
        other = await start_relay(config)
        try:
            yield one, other
        finally:
            await other.close()
    finally:
        await one.close()


async def meet(one: Relay, other: Relay) -> None:
    """What is done at one is heard at the other: blobs, and who lost the right."""
    async with calling(one.address) as chair, calling(other.address) as ngo:
        assert chair.hello.relay == ngo.hello.relay
        await found(chair)
        await opened(ngo, WHO.reader)
        receipt = await chair.ask(WHO.chair.pushes(BOX, b"blob"))
        assert isinstance(receipt, Receipt)
        news = await ngo.heard()
        assert isinstance(news, News)
        assert (news.head, news.entries[0].blob) == (receipt.head, b"blob")
        without = access_of((WHO.chair,), number=2)
        assert await chair.ask(WHO.chair.proposes(BOX, without)) == Done(0)
        assert await ngo.heard() == Closed(BOX, "not_allowed")


async def test_processes_on_one_postgres_tell_each_other(postgres_url: str, tmp_path: Path) -> None:
    async with two_relays(postgres_url, tmp_path, poll_s=3600) as (one, other):
        await meet(one, other)


async def test_processes_whose_hints_are_lost_find_out_by_looking(
    postgres_url: str, tmp_path: Path
) -> None:
    async with two_relays(postgres_url, tmp_path, poll_s=0.05) as (one, other):
        one.desk.deciding.announced = lambda _mailboxes: None
        await meet(one, other)


async def test_pushes_at_both_processes_make_one_chain_and_all_hear_of_all(
    postgres_url: str, tmp_path: Path
) -> None:
    each = 30
    async with (
        two_relays(postgres_url, tmp_path, poll_s=0.2) as (one, other),
        calling(one.address) as chair,
        calling(other.address) as again,
    ):
        await found(chair)
        await opened(again)

        async def push(caller: Caller, name: str) -> list[Receipt]:
            answers = []
            for number in range(each):
                blob = f"{name} {number}".encode()
                answers.append(await caller.ask(WHO.chair.pushes(BOX, blob)))
            return [one for one in answers if isinstance(one, Receipt)]

        ones, others = await asyncio.gather(push(chair, "one"), push(again, "other"))
        ordered = sorted(ones + others, key=lambda receipt: receipt.entry.cursor)
        assert [one.entry.cursor for one in ordered] == list(range(1, 2 * each + 1))
        for before, after in pairwise(ordered):
            assert after.chain_before == before.head.head.chain
        for caller, name in ((chair, b"other"), (again, b"one")):
            theirs: list[bytes] = []
            while len(theirs) < each:
                news = await caller.heard()
                assert isinstance(news, News)
                blobs = [entry.blob or b"" for entry in news.entries]
                theirs += [blob for blob in blobs if blob.startswith(name)]
            assert theirs == [name + b" %d" % number for number in range(each)]
