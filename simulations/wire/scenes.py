"""What phones on a bad wire must do, one function a scene.

Each scene makes the wire bad, shows that it was (by counted faults, not by hope), and then asks for
what was promised. It leaves the wire as it likes: whoever plays it heals everything afterwards,
waits until all phones agree, and audits the money.
"""

import os
import random
import signal
from collections.abc import Callable
from typing import Final, NamedTuple

from simulations.phones import wait_until
from simulations.wire.handsets import Handset
from simulations.wire.strangers import HeldLines, forged, heard_names, shout
from simulations.wire.village import AGREE_S_MAX, LOOK_S, Village
from simulations.wire.weather import Weather, drawn

LOSSY: Final = Weather(
    loss=0.15, delay_ms=10, jitter_ms=25, duplicate=0.10, reorder=0.10, flip=0.02
)
ADS: Final = 200
LINES: Final = 48
"""More than one caller may hold (node/listener.py)."""
YEARS_S: Final = 365.25 * 24 * 3600
DROPPED_MIN: Final = 24
"""Announcements and questions of three phones that started."""
NOWHERE: Final = "100.64.7.7"
PASSING_S_MAX: Final = 8.0
ROUNDS_MAX: Final = 200


class Scene(NamedTuple):
    """One thing that is shown."""

    name: str
    play: Callable[[Village, random.Random], str]
    """Returns a few words about what was seen; raises NotSo."""
    in_short: bool
    """Whether it is in the short play."""


def found_under_loss(village: Village, chance: random.Random) -> str:
    """Phones that start under loss find each other by multicast: their ports are new."""
    village.switch.weather = Weather(loss=0.20, delay_ms=5, jitter_ms=20, duplicate=0.05)
    village.restart(village.phones)
    took_s = village.until(lambda: all_linked(village), "all phones find each other")
    village.record_all()
    village.agree()
    return f"all linked after {took_s:.1f} s at 20 % loss"


def loss_and_delay(village: Village, chance: random.Random) -> str:
    """Frames are lost, late, doubled, out of order and flipped while everybody records."""
    village.switch.weather = LOSSY
    for _ in range(4):
        village.record_all()
    took_s = village.agree()
    _require_faults(village, "lost", "duplicated", "held back", "flipped")
    return f"in step {took_s:.1f} s after the last entry"


def forged_frames(village: Village, chance: random.Random) -> str:
    """Bits turned over past every checksum: the cipher sees it, and the phones call anew."""
    village.switch.weather = Weather(forge=0.20)
    codes: set[str] = set()

    def seen() -> bool:
        village.record(village.secretary)
        village.record(village.treasurer)
        codes.update(code for handset in village.phones for code in handset.refused())
        return "noise-tampered" in codes

    village.until(seen, "an altered message is refused by the cipher")
    village.switch.weather = Weather(forge=0.01)
    took_s = village.agree()
    return f"refused by the cipher, in step {took_s:.1f} s later"


def one_way_cut(village: Village, chance: random.Random) -> str:
    """One phone is heard and hears nothing."""
    deaf = chance.choice(village.phones)
    others = [one for one in village.phones if one is not deaf]
    before = village.switch.faults["cut"]
    village.switch.cut([one.name for one in others], [deaf.name], one_way=True)
    village.record_all(2)
    village.until(lambda: village.switch.faults["cut"] > before + 5, "frames are cut")
    village.agree(others)
    village.switch.heal()
    took_s = village.agree()
    return f"{deaf.name} was deaf, in step {took_s:.1f} s after"


def partition(village: Village, chance: random.Random) -> str:
    """One phone is alone, and everybody goes on recording."""
    alone = chance.choice(village.phones)
    others = [one for one in village.phones if one is not alone]
    village.switch.cut([alone.name], [one.name for one in others])
    village.record_all(3)
    village.agree(others)
    village.require(alone.shown() != others[0].shown(), "cut off, a phone shows another book")
    village.switch.heal()
    took_s = village.agree()
    return f"{alone.name} was alone, in step {took_s:.1f} s after"


def multicast_blocked(village: Village, chance: random.Random) -> str:
    """A hotspot that drops multicast: nobody is found, and the address typed by hand works."""
    before = village.switch.faults["multicast dropped"]
    village.switch.weather = Weather(multicast=False)
    village.restart(village.phones)
    village.until(
        lambda: village.switch.faults["multicast dropped"] > before + DROPPED_MIN, "it is dropped"
    )
    village.record_all()
    village.require(not any(one.links() for one in village.phones), "nobody is found")
    secretary, *others = village.phones
    hint = secretary.say("links").out
    village.require("mkutano sync" in hint, f"it is said what to type, not only {hint!r}")
    village.require(secretary.address in hint, f"it is said where this phone is, in {hint!r}")
    for one in others:
        said = one.say("sync", secretary.address)
        village.require(said.code == 0, f"sync by hand: {said.err}")
    took_s = village.agree()
    return f"by hand, in step after {took_s:.1f} s more"


def second_radio(village: Village, chance: random.Random) -> str:
    """A phone has a second address that leads nowhere from the others: mobile data where it is the
    hotspot, a tunnel elsewhere. It hears nobody's announcement, so the others must call it.
    """
    owner, *others = village.phones
    took_s = 0.0
    for usual in (True, False):
        radio = owner.place.add_radio("other0", NOWHERE, usual)
        try:
            for one in others:
                village.switch.own_weather[one.name] = Weather(discovery=False)
            owner.phone.stop()
            village.restart(others)
            owner.start()  # last: who can't ask must hear its announcements
            village.require(owner.address.startswith(NOWHERE) == usual, owner.address)
            took_s += village.until(
                lambda: len(owner.links()) == len(others), "both reach its other address"
            )
            village.record_all()
            village.agree()
        finally:
            os.close(radio)
    village.restart([owner])
    return f"reached by its other address, after {took_s:.1f} s for two radios"


def moved_phones(village: Village, chance: random.Random) -> str:
    """All phones get other addresses while Mkutano runs: the officers came to another network."""
    was = [one.place.address for one in village.phones]
    for number, one in enumerate(village.phones):
        one.place.move(f"10.77.0.{100 + 10 * number + chance.randrange(10)}")
    village.record_all()
    took_s = village.agree()
    village.until(
        lambda: all(one.place.address in one.told_address() for one in village.phones),
        "each says where it is now",
    )
    for one in village.phones:
        is_lost = "link-message" not in one.refused()
        village.require(is_lost, "a connection that was lost is not taken for a refused message")
    for one, address in zip(village.phones, was, strict=True):
        one.place.move(address)
    village.record_all()
    village.agree()
    return f"in step {took_s:.1f} s after they moved"


def goodbye_lost(village: Village, chance: random.Random) -> str:
    """A phone leaves and nobody hears its goodbye; it comes back under another name and port."""
    leaver = chance.choice(village.phones)
    others = [one for one in village.phones if one is not leaver]
    village.switch.cut([leaver.name], [one.name for one in others], one_way=True)
    leaver.phone.stop()
    for one in others:
        village.record(one)
    village.switch.heal()
    leaver.start()
    took_s = village.until(lambda: bool(leaver.links()), f"{leaver.name} is found again")
    village.record(leaver)
    village.agree()
    return f"{leaver.name} was found again after {took_s:.1f} s"


def frozen_peer(village: Village, chance: random.Random) -> str:
    """A phone takes nothing any more and hangs up on nobody: the others are served meanwhile."""
    secretary, treasurer, frozen = village.phones
    frozen.phone.send_signal(signal.SIGSTOP)
    try:
        village.record(secretary, 3)
        village.record(treasurer, 3)
        took_s = village.agree((secretary, treasurer))
    finally:
        frozen.phone.send_signal(signal.SIGCONT)
    village.record(frozen)
    village.agree()
    return f"the others in step after {took_s:.1f} s"


def held_lines(village: Village, chance: random.Random) -> str:
    """A stranger holds lines open and dribbles: he is hung up on, and others are served."""
    secretary, treasurer, _ = village.phones
    with HeldLines(village.stranger, secretary.address, LINES) as lines:
        village.require(bool(lines.held), "the stranger reaches the phone")
        lines.dribble()
        village.restart([treasurer])  # it must be let in anew
        village.record(secretary)
        village.record(treasurer)
        took_s = village.agree()
    return f"in step after {took_s:.1f} s beside {len(lines.held)} held lines"


def forged_ads(village: Village, chance: random.Random) -> str:
    """Two hundred forged announcements, some in the phones' own names, and goodbyes for them."""
    names = heard_names(village.stranger, len(village.phones), AGREE_S_MAX)
    village.require(len(names) >= len(village.phones), f"a stranger hears who announces: {names}")
    group = bytes.fromhex(village.secretary.book()["group_id"])
    packets = forged(chance, group, village.stranger.address, names, ADS)
    shout(village.stranger, packets)
    village.record_all()
    village.agree()
    lured = (village.secretary.name, village.stranger.name)
    before = village.switch.carried[lured]
    for one in village.phones:
        one.phone.stop()
    for one in village.phones:  # at other ports: what they remember of each other is worth nothing
        one.start()
        shout(village.stranger, packets)
    took_s = village.until(lambda: all_linked(village), "found among forged ones")
    village.require(village.switch.carried[lured] > before, "forged addresses are tried")
    return f"all linked among {ADS} forged announcements after {took_s:.1f} s"


def wrong_clock(village: Village, chance: random.Random) -> str:
    """One phone believes that it is about 1970, then that it is about 2100."""
    wrong = chance.choice(village.phones)
    for ahead_s in (-56 * YEARS_S, 74 * YEARS_S):
        village.restart([wrong], ahead_s=ahead_s)
        village.until(lambda: bool(wrong.links()), "a phone with a wrong date is let in")
        village.record_all()
        village.agree()
    village.restart([wrong])
    return f"{wrong.name} was in 1970 and in 2100"


def storm(village: Village, chance: random.Random) -> str:
    """A seeded mix of everything, again and again, while everybody records."""
    deeds = 0
    for _ in range(chance.randrange(4, 9)):
        village.switch.heal()
        village.switch.weather = drawn(chance)
        one, other = chance.sample(village.phones, 2)
        if chance.random() < 0.4:
            village.switch.cut([one.name], [other.name], one_way=chance.random() < 0.5)
        if chance.random() < 0.25:
            _pull_battery(one)
            deeds += 1
        for handset in chance.sample(village.phones, 2):
            village.record(handset)
        let_pass(village, chance.randrange(20, 120))
    village.switch.heal()
    return f"{deeds} batteries pulled, in step {village.agree():.1f} s after"


def let_pass(village: Village, frames: int) -> None:
    """Wait until so many more frames were carried or lost; a silent wire ends it as well."""

    def passed() -> int:
        return sum(village.switch.carried.values()) + sum(village.switch.faults.values())

    goal = passed() + frames
    wait_until(lambda: passed() >= goal, PASSING_S_MAX, LOOK_S)


def all_linked(village: Village) -> bool:
    """Whether every phone is connected to every other one."""
    return all(len(one.links()) >= len(village.phones) - 1 for one in village.phones)


def _pull_battery(handset: Handset) -> None:
    handset.phone.kill()
    handset.start()


def _require_faults(village: Village, *kinds: str) -> None:
    for kind in kinds:
        village.require(village.switch.faults[kind] > 0, f"the wire did this: {kind}")


SCENES: Final = (
    Scene("found under loss", found_under_loss, True),
    Scene("loss and delay", loss_and_delay, True),
    Scene("forged frames", forged_frames, True),
    Scene("one-way cut", one_way_cut, True),
    Scene("partition", partition, True),
    Scene("multicast blocked", multicast_blocked, True),
    Scene("second radio", second_radio, False),
    Scene("moved phones", moved_phones, False),
    Scene("goodbye lost", goodbye_lost, True),
    Scene("frozen peer", frozen_peer, True),
    Scene("held lines", held_lines, True),
    Scene("forged announcements", forged_ads, True),
    Scene("wrong clock", wrong_clock, True),
    Scene("storm", storm, True),
)
