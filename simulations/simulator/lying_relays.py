"""Relays that lie: what stands between an honest desk and the wire, and what must hold afterwards.

A relay lies for a while, to everybody or to some (lying_tales.py), and then tells the truth again.
"""

import asyncio
import random
from typing import TYPE_CHECKING, Any, Final

from aiohttp import WSMessage, WSMsgType

from node.node import Group
from node.relay_log import read_content
from node.relay_status import Backup, backups
from relay.facts import ProtocolError
from relay.protocol import Open, decode, encode
from relay.server import Relay
from relay.store import StoreError
from replication.errors import RemoteError
from replication.sealing import open_blob
from simulations.simulator.lying_shadow import Shadow
from simulations.simulator.lying_tales import LIES, Lie
from simulations.simulator.relay_host import RelayHost
from simulations.simulator.wire import Socket

if TYPE_CHECKING:
    from simulations.simulator.story import Story

FORGOT: Final = frozenset({"rolled_back", "lost"})
"""What phones say of a relay that no longer has what it had. (Others they say where frames were
changed on their way, which TLS would have kept from them.)"""
MAY_FORGET: Final = ("liar-", "relay-restored", "relay-disk-lost")
"""Kinds of faults after which a relay may have forgotten something."""
LIES_S: Final = (60.0, 400.0)
"""How long a relay keeps to one lie."""


class Mouth:
    """One connection of a relay, through which whatever it says goes."""

    def __init__(self, socket: Socket, who: str, liars: "Liars", host: RelayHost) -> None:
        self._socket = socket
        self._who = who
        self._liars = liars
        self._host = host
        self._key = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    async def send_bytes(self, data: bytes) -> None:
        """What the desk says, or what is said instead."""
        lie = self._liars.told_to(self._host, self._who)
        if lie is None:
            await self._socket.send_bytes(data)
            return
        number, message = decode(data)
        for frame in await lie.said(number, message):
            await self._socket.send_bytes(frame)

    async def receive(self) -> WSMessage:
        """What a phone says, or what the desk hears of it."""
        while True:
            heard = await self._socket.receive()
            lie = self._liars.told_to(self._host, self._who)
            if lie is None or heard.type is not WSMsgType.BINARY:
                return heard
            try:
                number, message = decode(heard.data)
            except ProtocolError:
                return heard
            if isinstance(message, Open):
                self._key = message.key
            on, back = lie.heard(number, message, self._key)
            if back is not None:
                await self._socket.send_bytes(back)
            if on is not None:
                return WSMessage(WSMsgType.BINARY, encode(on, number), None)


class Liars:
    """The relays of a story that lie, and what they tell whom."""

    def __init__(self, story: "Story") -> None:
        self._story = story
        self._lies: dict[str, Lie] = {}
        if any(kind in LIES for kind in story.plan.faults):
            for host in story.relays:
                host.between = self._between

    def _between(self, host: RelayHost, socket: Socket, who: str) -> tuple[Any, Relay | None]:
        shadow = self.shadow_for(host, who)
        return Mouth(socket, who, self, host), shadow.relay if shadow is not None else host.relay

    def told_to(self, host: RelayHost, who: str) -> Lie | None:
        """The lie that a phone is told by a relay now."""
        lie = self._lies.get(host.name)
        return lie if lie is not None and who in lie.victims else None

    def shadow_for(self, host: RelayHost, who: str) -> Shadow | None:
        """The other relay that a call is led to."""
        lie = self._lies.get(host.name)
        return lie.stands_for(who) if lie is not None else None

    async def tell(self, kind: str, chance: random.Random) -> None:
        """Let some relay lie for a while."""
        hosts = [host for host in self._story.relays if host.is_on and host.name not in self._lies]
        if not hosts:
            return
        host, known = chance.choice(hosts), LIES[kind]
        addresses = [phone.host for phone in self._story.phones]
        victims = addresses
        if not known.everybody:
            victims = chance.sample(addresses, chance.randint(1, max(1, len(addresses) - 1)))
        lie = known.make(host, chance, victims)
        self._story.trace.note(f"fault:{kind}", host.name)
        self._lies[host.name] = lie
        process = host.process
        assert process is not None
        try:
            await process.begin(lie.begin())
            lie.hang_up()
            await asyncio.sleep(chance.uniform(*LIES_S))
        finally:
            if self._lies.get(host.name) is lie:
                del self._lies[host.name]
            if process.is_alive:
                await process.begin(lie.end())

    def heal(self) -> None:
        """All tell the truth again."""
        self._lies.clear()

    async def last_look(self) -> None:
        """Nothing may count as backed up that does not lie at the relay; what phones noticed."""
        hosts = {host.url: host for host in self._story.relays if host.is_on}
        for group in self._story.groups:
            for phone in group.phones:
                if not phone.is_on or group.id not in phone.node.groups:
                    continue
                held = phone.node.group(group.id)
                for backup in backups(held, phone.clock.wall_ms()):
                    for fault in backup.faults:
                        self._story.trace.note(f"named:{fault.code}", phone.name)
                        if fault.code in FORGOT and not self._may_forget():
                            self._story.auditor.complain(
                                f"{phone.name} says of a sound relay: {fault.code}"
                            )
                    host = hosts.get(backup.chosen.url)
                    if host is not None and host.key.public != backup.chosen.relay:
                        self._complain_of_another(host)
                    if host is not None and host.key.public == backup.chosen.relay:
                        await self._compare(host, phone.name, held, backup)

    def _complain_of_another(self, host: RelayHost) -> None:
        """A relay's key is gone only with its disk."""
        if not self._may_forget():
            self._story.auditor.complain(f"{host.name} has forgotten who it is")

    def _may_forget(self) -> bool:
        """Whether some relay lied, or lost its disk or was put back."""
        return any(kind.startswith(MAY_FORGET) for kind in self._story.trace.faults)

    async def _compare(self, host: RelayHost, name: str, held: Group, backup: Backup) -> None:
        assert host.relay is not None
        mailbox, there = backup.chosen.log, dict[int, int]()
        try:
            _, entries = await host.relay.store.entries(mailbox, 0, 2**30, 2**30)
        except (ProtocolError, StoreError):
            entries = ()
        for entry in entries:
            if entry.blob is None:
                return  # a checkpoint says what was there
            try:
                blob = open_blob(held.replica.key_box, mailbox, entry.blob)
                there = held.replica.reread(there, read_content(blob)[0]).held
            except RemoteError:
                continue  # junk that somebody pushed
        for lane, n in sorted(backup.held.items()):
            if there.get(lane, 0) < n:
                self._story.auditor.complain(
                    f"{name} calls lane {lane} backed up to {n} at {host.name}, which has "
                    f"{there.get(lane, 0)}"
                )
