"""Real cuts of the power on a mounted disk: what was acknowledged before the cut is there.

Left out, with the reason, where this machine mounts no disk of one's own. `python -m
simulations.disk power --count N --filesystem xfs` goes on as long as one likes.
"""

import pytest

from simulations.disk.power import FILE_SYSTEMS, CannotMount, FileSystem, power_cuts

CUTS = 3


@pytest.mark.parametrize("kind", FILE_SYSTEMS)
def test_what_was_acknowledged_before_the_power_went_is_there(kind: FileSystem) -> None:
    acknowledged = 0
    try:
        for ended, fault in power_cuts(kind, CUTS, seed=1):
            assert fault == ""
            acknowledged += len(ended.said)
    except CannotMount as error:
        pytest.skip(f"No power is cut here: {error}.")
    assert acknowledged > CUTS
