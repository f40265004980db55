"""The lies of relays, one by one: each is one way to abuse what a relay can do, with its own key.

While a lie lasts phones of the group may get nothing from that relay, and must know it; they must
never take what nobody signed, count as backed up what is not there, or lose what they have.
"""

import asyncio
import random
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Final, NamedTuple

from relay.facts import Entry, Head, SignedAccess, SignedHead, chain_next
from relay.heads import SignsHeads, signs_heads
from relay.protocol import (
    RETRY_CODES,
    AccessChain,
    Closed,
    Entries,
    Failed,
    Hello,
    Message,
    News,
    Opened,
    Push,
    Receipt,
    encode,
)
from simulations.simulator.lying_shadow import Shadow
from simulations.simulator.relay_host import RelayHost

FAILURES: Final = (
    *sorted(RETRY_CODES), "not_allowed", "unknown_mailbox", "quota_exceeded", "fault", "exists",
    "stale_access", "bad_signature", "\u202enonsense", "",
)  # fmt: skip
WAITS_MS: Final = (0, 1, 30_000, 2**31)
DRIP_S: Final = 20.0
UNASKED: Final = 80


class Lie:
    """One relay's lie while it lasts. Messages may be changed, added and swallowed."""

    def __init__(self, host: RelayHost, chance: random.Random, victims: list[str]) -> None:
        self.host = host
        self.chance = chance
        self.victims = frozenset(victims)
        """Network addresses of the phones that it is told to; the others hear the truth."""
        self.sign: SignsHeads = signs_heads(host.key)

    async def begin(self) -> None:
        """Get ready."""

    async def end(self) -> None:
        """Tell the truth again."""

    def signed(self, mailbox: bytes, head: Head) -> SignedHead:
        """With the relay's own signature, whatever it says."""
        return self.sign(mailbox, head)

    async def said(self, number: int, message: Message) -> Iterable[bytes]:
        """What the phone hears instead of an answer."""
        changed = self.answer(message)
        return () if changed is None else (encode(changed, number),)

    def answer(self, message: Message) -> Message | None:
        """What the phone is told instead."""
        return message

    def heard(
        self, number: int, message: Message, key: bytes
    ) -> tuple[Message | None, bytes | None]:
        """What the relay hears instead of a request, and what the phone hears at once; `key` is
        the device's that opened something over this connection, b"" before."""
        return message, None

    def stands_for(self, _who: str) -> Shadow | None:
        """Another relay that a phone is led to, or None."""
        return None

    def hang_up(self) -> None:
        """Victims must call anew, and meet the lie from the first word on."""
        if self.host.relay is None:
            return
        for _, request in list(self.host.relay.reception._connections.values()):
            if request.remote in self.victims and request.transport is not None:
                request.transport.abort()


Rewrite = Callable[[Lie, Message], Message | None]


def _telling(rewrite: Rewrite) -> type[Lie]:
    """A lie told by rewriting the relay's answers."""

    class Rewritten(Lie):
        __doc__ = rewrite.__doc__

        def answer(self, message: Message) -> Message | None:
            """See Lie."""
            return rewrite(self, message)

    return Rewritten


def _of_entries(change: Callable[[Lie, tuple[Entry, ...]], tuple[Entry, ...]]) -> type[Lie]:
    """A lie about what lies in a mailbox, pulled or told unasked."""

    def rewrite(self: Lie, message: Message) -> Message | None:
        if isinstance(message, Entries | News) and message.entries:
            return message._replace(entries=change(self, message.entries))
        return message

    return _telling(rewrite)


def _altered(lie: Lie, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    at = lie.chance.randrange(len(entries))
    entry = entries[at]
    kind = lie.chance.randrange(4)
    if kind == 0 and entry.blob:
        bit = lie.chance.randrange(len(entry.blob))
        entry = entry._replace(
            blob=entry.blob[:bit] + bytes([entry.blob[bit] ^ 1]) + entry.blob[bit + 1 :]
        )
    elif kind == 1:
        entry = entry._replace(writer=lie.chance.randbytes(32))
    elif kind == 2:
        entry = entry._replace(signature=lie.chance.randbytes(64))
    else:
        entry = entry._replace(time_ms=entry.time_ms + 1, blob_hash=lie.chance.randbytes(32))
    return (*entries[:at], entry, *entries[at + 1 :])


def _twice(_lie: Lie, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    return (*entries, entries[-1]._replace(cursor=entries[-1].cursor + 1))


def _with_gap(lie: Lie, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    at = lie.chance.randrange(len(entries))
    return (*entries[:at], *entries[at + 1 :])


def _emptied(lie: Lie, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Blobs are gone, as if a checkpoint had let them go."""
    return tuple(one._replace(blob=None) for one in entries)


def _forged_heads(lie: Lie, message: Message) -> Message | None:
    """Heads that somebody else signed."""
    if isinstance(message, Opened | Entries | Receipt | News):
        return message._replace(head=message.head._replace(signature=lie.chance.randbytes(64)))
    return message


def _invented_heads(lie: Lie, message: Message) -> Message | None:
    """Heads of another history, truly signed."""
    if isinstance(message, Entries | News):
        head = message.head.head._replace(chain=lie.chance.randbytes(32))
        return message._replace(head=lie.signed(message.mailbox, head))
    return message


def _false_receipts(lie: Lie, message: Message) -> Message | None:
    """Receipts of something else."""
    if isinstance(message, Receipt):
        kind, entry = lie.chance.randrange(4), message.entry
        if kind == 0:
            return message._replace(entry=entry._replace(blob_hash=lie.chance.randbytes(32)))
        if kind == 1:
            return message._replace(entry=entry._replace(cursor=entry.cursor + 1))
        if kind == 2:
            return message._replace(chain_before=lie.chance.randbytes(32))
        return message._replace(entry=entry._replace(writer=lie.chance.randbytes(32)))
    return message


def _other_lists(lie: Lie, message: Message) -> Message | None:
    """Access lists with one reader more, or without the newest."""
    if isinstance(message, AccessChain) and message.chain:
        if lie.chance.random() < 0.5:
            return message._replace(chain=message.chain[:-1])
        one = message.chain[-1]
        readers = tuple(sorted({*one.access.readers, bytes(range(32))}))
        said = SignedAccess(one.access._replace(readers=readers), one.signatures)
        return message._replace(chain=(*message.chain[:-1], said))
    if isinstance(message, Opened | News):
        return message._replace(access_number=message.access_number + 1)
    return message


def _lost_beginning(lie: Lie, message: Message) -> Message | None:
    """It lets go of everything but the newest entries, and says that this was agreed."""
    if isinstance(message, Opened):
        return message._replace(first_kept=max(1, message.head.head.cursor))
    if isinstance(message, Entries):
        gone = [one._replace(blob=None) for one in message.entries[:-1]]
        return message._replace(entries=(*gone, *message.entries[-1:]))
    return message


def _other_challenge(lie: Lie, message: Message) -> Message | None:
    """A challenge that another relay gave it: whoever signs it opens a mailbox there."""
    return message._replace(challenge=bytes(32)) if isinstance(message, Hello) else message


def _other_key(lie: Lie, message: Message) -> Message | None:
    """Another relay's key, or another version."""
    if isinstance(message, Hello):
        if lie.chance.random() < 0.3:
            return message._replace(version=9)
        return message._replace(relay=lie.chance.randbytes(32))
    return message


def _withheld(lie: Lie, message: Message) -> Message | None:
    """There is more, it says, and hands over nothing."""
    if isinstance(message, Entries):
        return message._replace(entries=())
    return None if isinstance(message, News) else message


def _failing(lie: Lie, message: Message) -> Message | None:
    """Every refusal there is, and some that there are not."""
    if isinstance(message, Hello | Failed | News | Closed) or lie.chance.random() < 0.3:
        return message
    code, wait_ms = lie.chance.choice(FAILURES), lie.chance.choice(WAITS_MS)
    return Failed(code, "\x1b[2J\u202eSend your money to 0700 000000 \x00" * 4, wait_ms)


def _mute(_lie: Lie, message: Message) -> Message | None:
    """It never answers."""
    return message if isinstance(message, Hello) else None


class Swapping(Lie):
    """What lies in one mailbox is handed over as another's, of this group or another."""

    def __init__(self, host: RelayHost, chance: random.Random, victims: list[str]) -> None:
        super().__init__(host, chance, victims)
        self._seen: dict[bytes, tuple[Entry, ...]] = {}

    def answer(self, message: Message) -> Message | None:
        """See Lie."""
        if not isinstance(message, Entries | News) or not message.entries:
            return message
        self._seen[message.mailbox] = message.entries
        others = [
            rows for mailbox, rows in sorted(self._seen.items()) if mailbox != message.mailbox
        ]
        if not others:
            return message
        rows = self.chance.choice(others)[: len(message.entries)]
        first = message.entries[0].cursor
        moved = tuple(one._replace(cursor=first + at) for at, one in enumerate(rows))
        return message._replace(entries=moved)


class Swallowing(Lie):
    """Pushes get a true-looking receipt, signed by the relay, and are thrown away."""

    def __init__(self, host: RelayHost, chance: random.Random, victims: list[str]) -> None:
        super().__init__(host, chance, victims)
        self._heads: dict[bytes, Head] = {}

    def answer(self, message: Message) -> Message | None:
        """See Lie: it remembers what it says, so that its word fits to itself."""
        if isinstance(message, Entries | News):
            head = self._heads.setdefault(message.mailbox, message.head.head)
            if message.head.head.cursor <= head.cursor:
                return message._replace(head=self.signed(message.mailbox, head))
        return message

    def heard(
        self, number: int, message: Message, key: bytes
    ) -> tuple[Message | None, bytes | None]:
        """See Lie."""
        if not isinstance(message, Push) or message.mailbox not in self._heads:
            return message, None
        before = self._heads[message.mailbox]
        entry = Entry(
            before.cursor + 1,
            key,
            before.time_ms + 1,
            sha256(message.blob).digest(),
            message.signature,
            None,
        )
        chain = chain_next(before.chain, entry)
        head = Head(before.log_id, entry.cursor, chain, entry.time_ms)
        self._heads[message.mailbox] = head
        receipt = Receipt(entry, before.chain, self.signed(message.mailbox, head))
        return None, encode(receipt, number)


class Replaying(Lie):
    """Old answers again: what it said about a mailbox first it says for ever."""

    def __init__(self, host: RelayHost, chance: random.Random, victims: list[str]) -> None:
        super().__init__(host, chance, victims)
        self._first: dict[tuple[type[Message], bytes], Message] = {}

    def answer(self, message: Message) -> Message | None:
        """See Lie."""
        if isinstance(message, Entries | News):
            return self._first.setdefault((type(message), message.mailbox), message)
        return message


class Endless(Lie):
    """A log of a million entries, which are always the same ones."""

    def answer(self, message: Message) -> Message | None:
        """See Lie."""
        if isinstance(message, Entries | News):
            head = message.head.head._replace(cursor=10**6)
            return message._replace(head=self.signed(message.mailbox, head))
        return message


class Dripping(Lie):
    """Everything comes, after a very long while."""

    async def said(self, number: int, message: Message) -> Iterable[bytes]:
        """See Lie."""
        await asyncio.sleep(self.chance.uniform(0, DRIP_S))
        return (encode(message, number),)


class Babbling(Lie):
    """Nonsense, answers to what nobody asked, and news without end beside the truth."""

    async def said(self, number: int, message: Message) -> Iterable[bytes]:
        """See Lie."""
        chance, honest = self.chance, encode(message, number)
        kind = chance.randrange(5)
        if kind == 0:
            return (chance.randbytes(chance.randrange(1, 3000)), honest)
        if kind == 1:
            return (encode(message, chance.randrange(2**31)), honest)
        if kind == 2 and isinstance(message, Entries):
            news = News(message.mailbox, chance.randrange(9), message.entries[:1], message.head)
            return (*(encode(news) for _ in range(UNASKED)), honest)
        if kind == 3:
            stranger = Closed(chance.randbytes(32), "not_allowed")
            return (encode(stranger), honest)
        return (honest, honest)


class Forking(Lie):
    """Some phones are led to a copy of the relay: two stories from here on."""

    def __init__(self, host: RelayHost, chance: random.Random, victims: list[str]) -> None:
        super().__init__(host, chance, victims)
        self._shadow: Shadow | None = None

    async def begin(self) -> None:
        """See Lie."""
        self._shadow = await Shadow.of(self.host)

    async def end(self) -> None:
        """See Lie."""
        if self._shadow is not None:
            await self._shadow.close()

    def stands_for(self, who: str) -> Shadow | None:
        """See Lie."""
        return self._shadow if who in self.victims else None


class Known(NamedTuple):
    """A kind of lie, as plans name it."""

    make: type[Lie]
    often: float
    everybody: bool = True
    """Whether it is told to every phone; else to some of them."""


LIES: Final[dict[str, Known]] = {
    "liar-alters": Known(_of_entries(_altered), 0.15),
    "liar-doubles": Known(_of_entries(_twice), 0.1),
    "liar-leaves-out": Known(_of_entries(_with_gap), 0.1),
    "liar-reverses": Known(_of_entries(lambda _lie, entries: entries[::-1]), 0.1),
    "liar-empties": Known(_of_entries(_emptied), 0.1),
    "liar-forges-heads": Known(_telling(_forged_heads), 0.1),
    "liar-invents-heads": Known(_telling(_invented_heads), 0.1, False),
    "liar-forges-receipts": Known(_telling(_false_receipts), 0.15),
    "liar-shows-other-lists": Known(_telling(_other_lists), 0.1),
    "liar-loses-beginning": Known(_telling(_lost_beginning), 0.1),
    "liar-challenges": Known(_telling(_other_challenge), 0.1),
    "liar-shows-other-key": Known(_telling(_other_key), 0.1),
    "liar-withholds": Known(_telling(_withheld), 0.15, False),
    "liar-refuses": Known(_telling(_failing), 0.15),
    "liar-refuses-one": Known(_telling(_failing), 0.1, False),
    "liar-is-mute": Known(_telling(_mute), 0.1),
    "liar-swaps": Known(Swapping, 0.15),
    "liar-swallows": Known(Swallowing, 0.15),
    "liar-replays": Known(Replaying, 0.15, False),
    "liar-is-endless": Known(Endless, 0.1),
    "liar-drips": Known(Dripping, 0.1),
    "liar-babbles": Known(Babbling, 0.15),
    "liar-forks": Known(Forking, 0.15, False),
}
"""Every way in which a relay lies."""
