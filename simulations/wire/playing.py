"""Plays scenes one after the other in one village, judges each, and always tears down.

After each scene the wire is healed, phones that are off are turned on, and everybody must agree and
show exactly the money that was acknowledged.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from node.errors import NodeError
from simulations.phones import CommandFailed
from simulations.wire.handsets import Off
from simulations.wire.relay_scenes import RELAY_SCENES
from simulations.wire.scenes import SCENES, Scene
from simulations.wire.village import NotSo, Village

ALL_SCENES: Final = (*SCENES, *RELAY_SCENES)
SCENES_A_VILLAGE: Final = 40
"""Then the next village: its book grows with every scene."""

Say = Callable[[str], None]


class Played(NamedTuple):
    """How a scene went."""

    scene: str
    seed: int
    ok: bool
    seconds: float
    """From its beginning until all agreed."""
    converged_s: float
    """The longest that it took until all agreed, under the faults or after them."""
    faults: dict[str, int]
    frames: int
    """That arrived."""
    said: str
    """What was seen, or what was not so."""


class Stage:
    """A village that scenes are played in, one after the other; a context."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._stack = ExitStack()
        self._village: Village | None = None
        self._scenes = 0

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def play(self, scene: Scene, seed: int) -> Played:
        """Play one scene and judge it. A village in which a promise was broken is left."""
        chance = random.Random(f"{scene.name} {seed}")
        began = time.monotonic()
        try:
            village = self._village_now(seed)
        except (NotSo, Off, NodeError, CommandFailed) as fault:
            self._end()
            return Played(scene.name, seed, False, time.monotonic() - began, 0, {}, 0, str(fault))
        before, carried = village.switch.faults.copy(), village.switch.carried.total()
        began, ok = time.monotonic(), True
        village.agreed_s = 0.0
        try:
            said = scene.play(village, chance)
            make_well(village)
        except (NotSo, Off, NodeError, CommandFailed) as fault:
            ok, said = False, f"{fault}"
        faults = village.switch.faults - before
        frames = village.switch.carried.total() - carried
        if not ok:
            self._end()
        seconds = time.monotonic() - began
        return Played(scene.name, seed, ok, seconds, village.agreed_s, dict(faults), frames, said)

    def _village_now(self, seed: int) -> Village:
        if self._scenes >= SCENES_A_VILLAGE:
            self._end()
        if self._village is None:
            folder = self._stack.enter_context(TemporaryDirectory(prefix="mkutano-wire-"))
            self._village = Village(Path(folder), seed)
            self._stack.callback(self._village.close)
            self._village.found()
        self._scenes += 1
        return self._village

    def _end(self) -> None:
        self._village, self._scenes = None, 0
        self._stack.close()


def make_well(village: Village) -> None:
    """Heal everything and wait until all agree and the money is right. NotSo."""
    village.switch.heal()
    for handset in village.phones:
        if not handset.phone.running:
            handset.start()
    if not village.relay.program.running:
        village.relay.start()
    village.agree()
    village.audit()


def play(seed: int, scenes: Sequence[Scene], say: Say, minutes: float = 0.0) -> list[Played]:
    """Play the scenes once, then others with further seeds until the minutes are over."""
    ends = time.monotonic() + minutes * 60
    played = []
    with Stage(seed) as stage:
        for scene, number in _programme(seed, scenes, ends):
            played.append(stage.play(scene, number))
            say(row(played[-1]))
    return played


def _programme(seed: int, scenes: Sequence[Scene], ends: float) -> Iterator[tuple[Scene, int]]:
    for scene in scenes:
        yield scene, seed
    storm = next(scene for scene in ALL_SCENES if scene.name == "storm")
    number = seed
    while time.monotonic() < ends:
        number += 1
        chance = random.Random(f"programme {number}")
        yield chance.choice((*ALL_SCENES, *(storm,) * len(ALL_SCENES))), number


HEADING: Final = (
    f"{'scene':<22} {'seed':>5} {'':<6} {'s':>6} {'agreed':>6} {'frames':>7} {'faults':>7}"
)


def row(one: Played) -> str:
    """One line of the table."""
    verdict = "ok" if one.ok else "NOT SO"
    return (
        f"{one.scene:<22} {one.seed:>5} {verdict:<6} {one.seconds:>6.1f} {one.converged_s:>6.1f} "
        f"{one.frames:>7,} {sum(one.faults.values()):>7,}  {one.said}"
    )


def totals(played: Iterable[Played]) -> Counter[str]:
    """Faults of all scenes, by kind."""
    return sum((Counter(one.faults) for one in played), Counter())
