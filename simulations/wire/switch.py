"""The one thread that carries frames between places, and does to them what the weather says.

It learns which address is where, as a switch does. Draws come from one seeded stream. What waits
to arrive is bounded: past that frames are dropped, and counted, as in any switch.
"""

import heapq
import itertools
import os
import random
import selectors
import threading
import time
from collections import Counter
from collections.abc import Iterable
from typing import Final

from simulations.wire.frames import ETHERNET_BYTES, IPV6, is_for_all, kind
from simulations.wire.weather import CLEAR, Weather, fate

FRAME_BYTES_MAX: Final = 65_536
WAITING_MAX: Final = 20_000
"""Frames on their way: three seconds of a fast radio."""
STOP_S_MAX: Final = 10.0


class Switch:
    """Carries frames between the taps of places until `close`."""

    def __init__(self, seed: int) -> None:
        self.weather = CLEAR
        """On every wire, but for those that have a weather of their own."""
        self.own_weather: dict[str, Weather] = {}
        """By the name of the place that sends."""
        self.cuts: frozenset[tuple[str, str]] = frozenset()
        """Pairs (from, to) between which nothing is carried."""
        self.faults: Counter[str] = Counter()
        """How many faults of each kind were done."""
        self.carried: Counter[tuple[str, str]] = Counter()
        """Frames from one place to another that arrived."""
        self._chance = random.Random(f"switch {seed}")
        self._taps: dict[str, int] = {}
        self._where: dict[bytes, str] = {}
        self._waiting: list[tuple[float, int, str, str, bytes]] = []
        self._numbers = itertools.count()
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        self._selector.register(self._wake_read, selectors.EVENT_READ, "")
        self._stopping = False
        self.broken: BaseException | None = None
        """What ended the thread before its time."""
        self._thread = threading.Thread(target=self._run, name="switch", daemon=True)
        self._thread.start()

    def plug(self, name: str, tap: int) -> None:
        """Connect a place by the file descriptor of its tap, which is the switch's from now on."""
        os.set_blocking(tap, False)
        with self._lock:
            self._taps[name] = tap
            self._selector.register(tap, selectors.EVENT_READ, name)
        os.write(self._wake_write, b"!")

    def cut(self, one: Iterable[str], other: Iterable[str], one_way: bool = False) -> None:
        """Carry nothing from `one` to `other`, and nothing back unless `one_way`."""
        ones, others = tuple(one), tuple(other)
        pairs = {(a, b) for a in ones for b in others if a != b}
        self.cuts |= pairs | (set() if one_way else {(b, a) for a, b in pairs})

    def heal(self) -> None:
        """Clear weather, and every wire whole."""
        self.weather, self.own_weather, self.cuts = CLEAR, {}, frozenset()

    def close(self) -> None:
        """Stop the thread and close the taps. Twice is harmless."""
        if self._stopping:
            return
        self._stopping = True
        os.write(self._wake_write, b"!")
        self._thread.join(STOP_S_MAX)
        self._selector.close()
        for descriptor in (*self._taps.values(), self._wake_read, self._wake_write):
            os.close(descriptor)

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._deliver(time.monotonic())
                due = self._waiting[0][0] - time.monotonic() if self._waiting else None
                for key, _ in self._selector.select(None if due is None else max(0.0, due)):
                    self._read(key.fd, key.data)
        except BaseException as fault:
            self.broken = fault
            raise

    def _read(self, descriptor: int, name: str) -> None:
        try:
            frame = os.read(descriptor, FRAME_BYTES_MAX)
        except (BlockingIOError, OSError):
            return
        if name and len(frame) > ETHERNET_BYTES and kind(frame) != IPV6:
            self._where[frame[6:12]] = name
            for receiver in self._receivers(frame, name):
                self._send(frame, name, receiver)

    def _receivers(self, frame: bytes, sender: str) -> list[str]:
        known = None if is_for_all(frame) else self._where.get(frame[:6])
        with self._lock:
            return [known] if known else [name for name in self._taps if name != sender]

    def _send(self, frame: bytes, sender: str, receiver: str) -> None:
        if (sender, receiver) in self.cuts:
            self.faults["cut"] += 1
            return
        weather = self.own_weather.get(sender, self.weather)
        now = time.monotonic()
        for arrival in fate(frame, weather, self._chance, self.faults):
            if len(self._waiting) >= WAITING_MAX:
                self.faults["switch full"] += 1
                continue
            due = now + arrival.delay_ms / 1000
            one = (due, next(self._numbers), sender, receiver, arrival.frame)
            heapq.heappush(self._waiting, one)

    def _deliver(self, now: float) -> None:
        while self._waiting and self._waiting[0][0] <= now:
            _, _, sender, receiver, frame = heapq.heappop(self._waiting)
            try:
                os.write(self._taps[receiver], frame)
                self.carried[sender, receiver] += 1
            except OSError:  # that place is gone, or its queue is full
                self.faults["not taken"] += 1
