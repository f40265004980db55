"""What `mkutano run` tells its person of the other phones: few lines, and none that says nothing.

A phone is told of when it connects, when it brought or took something, and when it has been gone
for a while. Networks in a village come and go, so a phone that is back at once was never away,
and a call that moved nothing between two looks is not told of at all.
"""

import asyncio
from collections import deque
from typing import Final, Literal, NamedTuple

from node.clock import monotonic_ms
from node.errors import NodeError
from node.node import Node
from node.peer_link import PeerLink

News = Literal["connected", "in step", "ended"]

GATHERED_S: Final = 1.0
"""What happens within so long is told in one line."""
LINES_MAX: Final = 32
"""Announcements that wait to be told; a person reads no more at once."""
GONE_MS: Final = 10_000.0
"""A phone has left when it is not back after so long."""


class Phone(NamedTuple):
    """Another phone, in one group."""

    group: bytes
    device: bytes


class _Seen:
    """What is known of one phone, and what of it was told."""

    def __init__(self) -> None:
        self.links: dict[str, tuple[int, int]] = {}
        """Living links by name, with the changes received and sent that are counted below."""
        self.is_told = False
        self.received = 0
        self.sent = 0
        self.gone_at_ms = 0.0


class Bulletin:
    """Collects what happens to links, and words it when it is due."""

    def __init__(self) -> None:
        self._phones: dict[Phone, _Seen] = {}
        self._lines: deque[str] = deque(maxlen=LINES_MAX)
        self.news = asyncio.Event()
        """Set when something may be due; who waits on it clears it."""

    def announce(self, line: str) -> None:
        """Have a line told as it stands: a phone asks to be let in, say."""
        self._lines.append(line)
        self.news.set()

    def announced(self) -> list[str]:
        """The lines to tell now; each once."""
        lines = list(self._lines)
        self._lines.clear()
        return lines

    def note(self, link: PeerLink, news: News) -> None:
        """Take note of a link that began, has moved what there was to move, or ended."""
        self.happened(
            Phone(link.group, link.device),
            link.peer,
            news,
            (link.traffic.received_changes, link.traffic.sent_changes),
            monotonic_ms(),
        )

    def happened(
        self, phone: Phone, link: str, news: News, moved: tuple[int, int], now_ms: float
    ) -> None:
        """The same, with the changes that the link has received and sent so far."""
        seen = self._phones.setdefault(phone, _Seen())
        before = seen.links.get(link, (0, 0))
        seen.received += moved[0] - before[0]
        seen.sent += moved[1] - before[1]
        seen.links[link] = moved
        if news == "ended":
            del seen.links[link]
            seen.gone_at_ms = now_ms
        self.news.set()

    def due(self, now_ms: float) -> list[tuple[Phone, str]]:
        """What to tell now: phones, and what follows their names."""
        told: list[tuple[Phone, str]] = []
        for phone, seen in list(self._phones.items()):
            if not seen.is_told and (seen.links or seen.received or seen.sent):
                seen.is_told = True
                told.append((phone, " is connected."))
            if seen.received or seen.sent:
                changes = "change" if seen.received == 1 else "changes"
                told.append((phone, f": {seen.received:,} {changes} received, {seen.sent:,} sent."))
                seen.received = seen.sent = 0
            if seen.links:
                continue
            if not seen.is_told:
                del self._phones[phone]
            elif now_ms - seen.gone_at_ms >= GONE_MS:
                del self._phones[phone]
                told.append((phone, " has left."))
        return told

    def wait_s(self, now_ms: float) -> float | None:
        """Seconds until a phone that is gone has left; None while none is gone."""
        gone = [seen.gone_at_ms for seen in self._phones.values() if not seen.links]
        return max(0.0, min(gone) + GONE_MS - now_ms) / 1000 if gone else None


def name_of(node: Node, phone: Phone) -> str:
    """What the group calls a phone; with the group where this device holds several."""
    try:
        group = node.group(phone.group)
        known = group.roster.devices.get(phone.device)
        which = f" ({group.name})" if len(node.groups) > 1 else ""
        return f"{known.label if known is not None else 'A phone'}{which}"
    except NodeError:  # the ledger can't be read for now
        return "A phone"
