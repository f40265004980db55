"""The relay behind the same bad wire: phones that reach nothing else must still agree.

Phones can't hear each other in these scenes. A person who wants to know asks for an exchange with
the relay now, and asks again when it failed: that is what `tried` does.
"""

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from simulations.wire.scenes import Scene
from simulations.wire.village import Village
from simulations.wire.weather import Weather

ROUGH: Final = Weather(loss=0.10, delay_ms=10, jitter_ms=30, duplicate=0.05, reorder=0.05)
FRAMES: Final = (3, 40)
"""The relay is killed when it has sent so many more frames."""
KILLS: Final = 3


def relay_alone(village: Village, chance: random.Random) -> str:
    """Only the relay is in reach, behind loss, delay and forged bits."""
    _apart(village)
    _use_relay(village)
    village.switch.weather = ROUGH._replace(forge=0.01)
    village.record_all(2)
    took_s = _agree_by_relay(village)
    return f"in step through the relay after {took_s:.1f} s"


def relay_killed(village: Village, chance: random.Random) -> str:
    """The relay is killed in the middle of exchanges, and started again with its disk."""
    _apart(village)
    _use_relay(village)
    failed = 0
    for _ in range(KILLS):
        village.record_all()
        failed += _kill_while_used(village, chance.randrange(*FRAMES))
        village.relay.start()
    took_s = _agree_by_relay(village)
    return f"killed {KILLS} times, {failed} exchanges failed, in step after {took_s:.1f} s"


def relay_restarted(village: Village, chance: random.Random) -> str:
    """The operator restarts the relay in good order while phones are connected to it."""
    _apart(village)
    _use_relay(village)
    village.record_all()
    village.relay.program.stop()
    code = village.secretary.tried("cloud-sync")
    village.require(code != "internal", "without a relay a phone says so in words")
    village.relay.start()
    took_s = _agree_by_relay(village)
    return f"in step after {took_s:.1f} s"


def _apart(village: Village) -> None:
    """Phones don't hear each other."""
    names = [one.name for one in village.phones]
    village.switch.cut(names, names)


def _use_relay(village: Village) -> None:
    """Have the group back up at the relay; once is enough."""
    secretary = village.secretary
    if not secretary.ask("cloud")["backups"]:
        village.switch.heal()
        found = secretary.ask("cloud-look", url=village.relay.address)
        secretary.ask("cloud-add", url=village.relay.address, relay=found["relay"])
        village.agree()
        _apart(village)


def _agree_by_relay(village: Village) -> float:
    """Have everybody ask the relay until all show one book; the seconds."""

    def agreed() -> bool:
        for handset in village.phones:
            code = handset.tried("cloud-sync")
            village.require(code != "internal", f"a fault of its own at {handset.name}")
        return len({handset.shown() for handset in village.phones}) == 1

    took_s = village.until(agreed, "all agree through the relay")
    village.agreed_s = max(village.agreed_s, took_s)
    return took_s


def _kill_while_used(village: Village, frames: int) -> int:
    """Have all phones exchange, and kill the relay in the middle; how many exchanges failed."""
    program = village.relay.program

    def sent() -> int:
        carried = dict(village.switch.carried)
        return sum(count for (sender, _), count in carried.items() if sender == "relay")

    goal = sent() + frames
    with ThreadPoolExecutor(len(village.phones)) as people:
        asked = [people.submit(one.tried, "cloud-sync") for one in village.phones]
        village.until(lambda: sent() >= goal or all(one.done() for one in asked), "it is in use")
        program.kill()
        return sum(bool(one.result()) for one in asked)


RELAY_SCENES: Final = (
    Scene("relay alone in reach", relay_alone, True),
    Scene("relay killed in use", relay_killed, True),
    Scene("relay restarted", relay_restarted, False),
)
