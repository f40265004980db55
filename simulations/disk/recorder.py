"""A phone's program that records and exchanges without end, and says what is stored, until it dies.

    python -m simulations.disk.recorder FOLDER

FOLDER holds the homes `secretary` and `treasurer`. A line is an acknowledgement, written after the
step had returned: nanoseconds of CLOCK_MONOTONIC, whose phone has it, and the entry's id.
"""

import sys
import time
from itertools import count
from pathlib import Path

from model.events import SharePurchased
from node import desk
from node.node import Node
from simulations.disk.meeting import NOW_MS, exchange

EXCHANGE_EVERY = 4
SECRETARY, TREASURER = "secretary", "treasurer"


def say(phone: str, entry: bytes, at_ns: int) -> None:
    """Acknowledge."""
    sys.stdout.write(f"{at_ns} {phone} {entry.hex()}\n")
    sys.stdout.flush()


def record_without_end(folder: Path) -> None:
    """Each entry on one of the phones, and every few of them an exchange."""
    with Node.open(folder / SECRETARY) as node, Node.open(folder / TREASURER) as other:
        (group,) = node.groups
        member = desk.member(node.group(group), "1").id
        new: list[bytes] = []
        for n in count(1):
            writer, name = (other, TREASURER) if n % 3 == 0 else (node, SECRETARY)
            bought = SharePurchased(1, 1, member, 1, 100 * 100, n)
            (entry,) = writer.append(group, [bought], NOW_MS).receipts
            say(name, entry, time.monotonic_ns())
            new.append(entry)
            if n % EXCHANGE_EVERY == 0:
                for refused in exchange(node, other, group):
                    if refused:
                        raise SystemExit(f"refused: {refused}")
                at_ns = time.monotonic_ns()
                for entry in new:
                    say(SECRETARY, entry, at_ns)
                    say(TREASURER, entry, at_ns)
                new.clear()


if __name__ == "__main__":
    record_without_end(Path(sys.argv[1]))
