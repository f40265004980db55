"""What gets from one machine to another just now, composed of everything that goes wrong at once.

Each trouble is put on for as long as a `with` lasts; several may overlap, and when the last of them
ends nothing is left. `heal` ends all that is still on.
"""

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, Literal

from simulations.simulator.wire import FAIR, Weather, Wire

Where = Literal["near", "cloud", "all"]
"""Between phones, between phones and relays, or both."""
Way = tuple[str, str]
"""From a host to another."""

CLOUD: Final = ".example"
"""How the names of relays' hosts end."""


class Radio:
    """All networks of a story, as they are now."""

    def __init__(self, wire: Wire) -> None:
        self._cuts: Counter[Way] = Counter()
        self._weathers: dict[int, tuple[Where, Weather]] = {}
        self._numbers = 0
        self._near = self._cloud = FAIR
        wire.reaches = self.reaches
        wire.weather = self.weather

    def reaches(self, here: str, there: str) -> bool:
        """Whether packets get from one host to another."""
        return not self._cuts or self._cuts[here, there] <= 0

    def weather(self, here: str, there: str) -> Weather:
        """What befalls frames between two hosts."""
        in_cloud = here.endswith(CLOUD) or there.endswith(CLOUD)
        return self._cloud if in_cloud else self._near

    @contextlib.contextmanager
    def cut(self, ways: Iterable[Way]) -> Iterator[None]:
        """Nothing gets along these ways."""
        cut = list(ways)
        self._cuts.update(cut)
        try:
            yield
        finally:
            self._cuts.subtract(cut)
            self._cuts = +self._cuts

    @contextlib.contextmanager
    def worse(self, weather: Weather, where: Where = "all") -> Iterator[None]:
        """Frames suffer from this, too."""
        self._numbers += 1
        number = self._numbers
        self._weathers[number] = (where, weather)
        self._compose()
        try:
            yield
        finally:
            self._weathers.pop(number, None)
            self._compose()

    def heal(self) -> None:
        """Nothing is wrong any more."""
        self._cuts.clear()
        self._weathers.clear()
        self._compose()

    def _compose(self) -> None:
        self._near = self._worst("near")
        self._cloud = self._worst("cloud")

    def _worst(self, where: Where) -> Weather:
        """Of each thing that befalls frames the most that there is."""
        there = [one for at, one in self._weathers.values() if at in (where, "all")]
        return Weather(*map(max, zip(FAIR, *there, strict=True))) if there else FAIR


def both_ways(one: Iterable[str], other: Iterable[str]) -> list[Way]:
    """All ways between hosts of one side and hosts of the other."""
    others = list(other)
    return [way for a in one for b in others for way in ((a, b), (b, a)) if a != b]
