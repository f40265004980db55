"""Phones that call each other: a home, a node on its thread, links and a loopback port each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from model.events import GroupDescribed, MemberAdded
from node.address import Address
from node.clock import steady_ms
from node.invitations import Guest, invite
from node.links import Links
from node.listener import Listener
from node.node import Node
from node.node_thread import NodeThread
from node.outgoing import http_session
from node.peer_link import PeerLink
from replication.identity import DeviceKeys

NOW_MS = 1_767_225_600_000  # 2026-01-01
WAIT_S = 20
STRANGER = DeviceKeys(bytes([9]) * 32)


class Phone:
    """One device that can call and be called."""

    def __init__(self, node: Node, thread: NodeThread, http: aiohttp.ClientSession) -> None:
        self.node = node
        self.thread = thread
        self.http = http
        self.links = Links(node, thread)
        self.listener = Listener(self.links)
        self.address = Address("127.0.0.1", 0)
        self._tasks: list[asyncio.Task[None]] = []

    def run(self, link: PeerLink) -> None:
        """Hold the conversation in the background."""
        self._tasks.append(asyncio.create_task(link.run()))

    async def call(self, group: bytes, other: "Phone") -> PeerLink:
        link = await self.links.call(self.http, group, other.address)
        self.run(link)
        return link

    async def join(self, inviter: "Phone", group: bytes, right: str = "write") -> PeerLink:
        at = (inviter.address,)
        _, invitation = await inviter.thread.run(
            invite, inviter.node, group, right, Guest("Treasurer"), at, steady_ms()
        )
        link = await self.links.join(self.http, invitation, inviter.address, "Treasurer's phone")
        self.run(link)
        return link

    async def found(self) -> bytes:
        group = await self.thread.run(
            self.node.found, "Umoja", b"secretary".ljust(16, b"."), NOW_MS
        )
        described = GroupDescribed("Umoja", "KES", 2)
        await self.thread.run(self.node.append, group, [described], NOW_MS)
        return group

    async def join_and_sync(self, other: "Phone", group: bytes) -> PeerLink:
        """Join by an invitation and wait until both hold the same."""
        link = await self.join(other, group)
        async with asyncio.timeout(WAIT_S):
            await link.synced.wait()
        return link

    async def add_member(self, group: bytes, number: int) -> None:
        event = MemberAdded(number, "2026-01-05")
        await self.links.step(lambda: self.node.append(group, [event], NOW_MS))

    def heads(self, group: bytes) -> tuple[bytes, ...]:
        return self.node.group(group).replica.heads

    async def close(self) -> None:
        await self.links.close()
        await asyncio.gather(*self._tasks)
        await self.listener.close()


@asynccontextmanager
async def phone(home: Path, name: str = "phone") -> AsyncIterator[Phone]:
    """A phone that listens, new or turned on again; everything is closed at the end."""
    thread = NodeThread()
    is_new = not (home / "device.json").exists()
    node = await thread.run(lambda: Node.create(home, name) if is_new else Node.open(home))
    async with http_session() as http:
        one = Phone(node, thread, http)
        one.address = Address("127.0.0.1", await one.listener.start("127.0.0.1", 0))
        try:
            yield one
        finally:
            await one.close()
            await thread.run(node.close)
            thread.close()


@pytest.fixture
async def secretary(tmp_path: Path) -> AsyncIterator[Phone]:
    async with phone(tmp_path / "secretary", "Secretary's phone") as one:
        yield one


@pytest.fixture
async def treasurer(tmp_path: Path) -> AsyncIterator[Phone]:
    async with phone(tmp_path / "treasurer", "Treasurer's phone") as one:
        yield one
