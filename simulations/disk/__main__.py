"""Trials of crashes and disks, as long as one likes.

    python -m simulations.disk torn   [--relay] [--share S] [--rounds R] [--only WRITES/WAY]
    python -m simulations.disk errors [--relay] [--share S] [--only CALL/N/FAULT/TIMES]
    python -m simulations.disk rot    [--share S]
    python -m simulations.disk kills  [--relay] [--count N]
    python -m simulations.disk power  [--count N] [--filesystem ext4|xfs]     (or --power-cuts N)

Every trial tells its name when it fails, by which it is played again with the same --seed. Exit
code: 0 when every promise was kept, 1 when not, 2 where this machine can't do it.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Final

from simulations.disk.errors import ErrorPoint, error_points, fault_at
from simulations.disk.inspection import fault_of, images
from simulations.disk.kills import (
    PUSHER,
    RECORDER,
    ended_in_the_middle,
    kill,
    phones_fault,
    relay_fault,
    state_in,
)
from simulations.disk.mailboxes import (
    relay_day,
    relay_error_points,
    relay_fault_at,
    relay_fault_of,
    relay_images,
)
from simulations.disk.meeting import SOONER, Meeting, found_phones, hold_meeting
from simulations.disk.power import FILE_SYSTEMS, CannotMount, power_cuts
from simulations.disk.rot import offsets, small_ledger, turned_over

Trial = tuple[str, str]
"""Its name, and what is wrong, "" for nothing."""

PLANTED: Final = {"PRAGMA synchronous = FULL": "PRAGMA synchronous = NORMAL"}
_EVERY_S: Final = 5.0


def main() -> int:
    """Run one kind of trial and tell what came of it."""
    asked = _asked()
    with tempfile.TemporaryDirectory(prefix="disk-") as folder, state_in(Path(folder)):
        try:
            return _told(asked, _TRIALS[asked.trial](asked, Path(folder)))
        except CannotMount as error:
            sys.stderr.write(f"No power was cut: {error}.\n")
            return 2


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulations.disk")
    parser.add_argument("trial", nargs="?", default="torn", choices=sorted(_TRIALS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", type=float, default=1.0, help="of all trials, by chance")
    parser.add_argument("--rounds", type=int, default=1, help="of payments in the meeting")
    parser.add_argument("--count", type=int, default=20, help="kills, or cuts of the power")
    parser.add_argument("--power-cuts", type=int, metavar="N", help="the same as: power --count N")
    parser.add_argument("--filesystem", choices=FILE_SYSTEMS, default="ext4")
    parser.add_argument("--relay", action="store_true", help="a relay's store, not a phone's")
    parser.add_argument("--only", default="", metavar="NAME", help="one trial again")
    parser.add_argument("--plant", action="store_true", help="synchronous=NORMAL: must be found")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.power_cuts is not None:
        asked.trial, asked.count = "power", asked.power_cuts
    return asked


def _told(asked: argparse.Namespace, trials: Iterable[Trial]) -> int:
    began_s = shown_s = time.monotonic()
    count, faults = 0, 0
    kinds: Counter[str] = Counter()
    for name, fault in trials:
        count += 1
        kinds[name.partition(" ")[0] if asked.trial == "rot" else asked.trial] += 1
        if fault:
            faults += 1
            sys.stderr.write(f"{name}: {fault}\n")
        if time.monotonic() - shown_s > _EVERY_S:
            shown_s = time.monotonic()
            sys.stderr.write(f"{count} trials, {faults} faults\n")
    told = {"trial": asked.trial, "trials": count, "faults": faults, "kinds": dict(kinds)}
    told["seconds"] = round(time.monotonic() - began_s, 1)
    words = f"{count} trials in {told['seconds']} s, {faults} faults. {_in_words(kinds)}"
    sys.stdout.write(f"{json.dumps(told) if asked.json else words.strip()}\n")
    return 1 if faults else 0


def _in_words(kinds: Counter[str]) -> str:
    if len(kinds) < 2:
        return ""
    return ", ".join(f"{kind.replace('-', ' ')}: {count}" for kind, count in kinds.most_common())


def _meeting(asked: argparse.Namespace, folder: Path) -> Meeting:
    instead = {**SOONER, **(PLANTED if asked.plant else {})}
    return hold_meeting(folder, instead, asked.rounds, asked.seed)


def _chosen(asked: argparse.Namespace, name: str) -> bool:
    if asked.only:
        return bool(name == asked.only)
    share: float = asked.share
    return Random(f"{asked.seed} {name}").random() < share


def _torn(asked: argparse.Namespace, folder: Path) -> Iterator[Trial]:
    if asked.relay:
        yield from _relay_torn(asked, folder)
        return
    meeting = _meeting(asked, folder)
    for image in images(meeting, asked.seed, 1.0 if asked.only else asked.share):
        if not asked.only or image.name == asked.only:
            yield image.name, fault_of(meeting, image)


def _relay_torn(asked: argparse.Namespace, folder: Path) -> Iterator[Trial]:
    day = asyncio.run(relay_day(folder, PLANTED if asked.plant else {}))
    for image in relay_images(day, asked.seed, 1.0 if asked.only else asked.share):
        if not asked.only or image.name == asked.only:
            yield image.name, asyncio.run(relay_fault_of(day, image))


def _errors(asked: argparse.Namespace, folder: Path) -> Iterator[Trial]:
    if asked.relay:
        day = asyncio.run(relay_day(folder, {}))
        for point in relay_error_points(day):
            if _chosen(asked, point.name):
                yield point.name, asyncio.run(relay_fault_at(day, point))
        return
    meeting = _meeting(asked, folder)
    chosen: list[ErrorPoint] = [
        point for point in error_points(meeting) if _chosen(asked, point.name)
    ]
    for point in chosen:
        yield point.name, fault_at(meeting, point)


def _rot(asked: argparse.Namespace, folder: Path) -> Iterator[Trial]:
    ledger = small_ledger(_meeting(asked, folder))
    for offset, bit in offsets(ledger, asked.seed):
        name = f"{offset}/{bit}"
        if _chosen(asked, name):
            found = turned_over(ledger, offset, bit)
            yield f"{(found.found or 'fault').replace(' ', '-')} {name}", found.fault


def _kills(asked: argparse.Namespace, folder: Path) -> Iterator[Trial]:
    founded = None if asked.relay else found_phones(folder)
    program = RECORDER if founded else PUSHER
    for number in range(asked.count):
        ended = ended_in_the_middle(program, folder, Random(f"{asked.seed} {number}"), kill)
        if founded is None:
            yield f"kill {number}", relay_fault(folder, ended)
        else:
            yield f"kill {number}", phones_fault(folder, founded.group, ended)


def _power(asked: argparse.Namespace, folder: Path) -> Iterator[Trial]:
    acknowledged = 0
    for number, (ended, fault) in enumerate(power_cuts(asked.filesystem, asked.count, asked.seed)):
        acknowledged += len(ended.said)
        yield f"cut {number} ({len(ended.said)} acknowledged)", fault
    sys.stderr.write(f"{acknowledged} acknowledgements before the cuts\n")


_TRIALS: Final = {
    "torn": _torn,
    "errors": _errors,
    "rot": _rot,
    "kills": _kills,
    "power": _power,
}

if __name__ == "__main__":
    sys.exit(main())
