"""Starts Mkutano on a phone whose date is wrong: the wall clock is moved, durations stay true.

python -m simulations.wire.wrong_clock SECONDS --home DIR run ...
"""

import sys
import time


def main() -> None:
    """Move the clock by the first argument, in seconds, and give the rest to the command."""
    shift_ns = int(float(sys.argv.pop(1)) * 1_000_000_000)
    really_ns, really = time.time_ns, time.time
    time.time_ns = lambda: really_ns() + shift_ns
    time.time = lambda: really() + shift_ns / 1_000_000_000
    from node.cli import main as mkutano  # only now: some modules look at the clock when they load

    mkutano()


if __name__ == "__main__":
    main()
