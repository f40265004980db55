"""Real processes that are killed in the middle: what they said is stored, is stored.

`python -m simulations.disk kills --count N` goes on as long as one likes.
"""

from pathlib import Path
from random import Random

from simulations.disk.kills import (
    PUSHER,
    RECORDER,
    Ended,
    ended_in_the_middle,
    kill,
    phones_fault,
    relay_fault,
    state_in,
)
from simulations.disk.meeting import found_phones

PHONE_KILLS, RELAY_KILLS = 12, 8


def test_no_acknowledged_entry_is_lost_when_the_program_is_killed(tmp_path: Path) -> None:
    with state_in(tmp_path):
        founded = found_phones(tmp_path)
    acknowledged = 0
    for number in range(PHONE_KILLS):
        ended = ended_in_the_middle(RECORDER, tmp_path, Random(number), kill)
        assert phones_fault(tmp_path, founded.group, ended) == "", number
        acknowledged += len(ended.said)
    assert acknowledged > 10 * PHONE_KILLS
    promised_only = Ended(0, (("secretary", "00" * 17),), "")
    assert "1 of 1 acknowledged entries are lost" in phones_fault(
        tmp_path, founded.group, promised_only
    )
    assert "recorded nothing: why" in phones_fault(tmp_path, founded.group, Ended(0, (), "why"))


def test_no_acknowledged_push_is_lost_when_the_relay_is_killed(tmp_path: Path) -> None:
    acknowledged = 0
    for number in range(RELAY_KILLS):
        ended = ended_in_the_middle(PUSHER, tmp_path, Random(number), kill)
        assert relay_fault(tmp_path, ended) == "", number
        acknowledged += len(ended.said)
    assert acknowledged > 5 * RELAY_KILLS
    promised_only = Ended(0, (("0", "1000000", "00" * 32),), "")
    assert relay_fault(tmp_path, promised_only) == "1 of 1 acknowledged pushes are lost"
