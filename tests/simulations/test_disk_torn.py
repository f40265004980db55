"""A phone after a power cut at any write: every acknowledged step is there, nothing is half there.

`python -m simulations.disk torn` goes through all images; here a part of them, chosen by chance.
"""

from pathlib import Path

from simulations.disk.inspection import fault_of, images
from simulations.disk.meeting import Meeting
from tests.simulations.disk_meeting import folder, held, meeting

__all__ = ["folder", "meeting"]

IMAGES_MIN = 500
SHARE = 0.26
WHOLE_EVERY = 4
"""How many of them are derived again from the signed changes, and exchanged with another phone."""


def test_every_acknowledged_step_is_there_after_every_cut(meeting: Meeting) -> None:
    count = 0
    for image in images(meeting, seed=1, share=SHARE):
        assert fault_of(meeting, image, whole=count % WHOLE_EVERY == 0) == "", image.name
        count += 1
    assert count >= IMAGES_MIN


def test_the_meeting_has_every_kind_of_write_in_it(meeting: Meeting) -> None:
    of_the_file = [done.kind for done in meeting.log if done.name.endswith(".sqlite")]
    of_the_log = [done.kind for done in meeting.log if done.name.endswith("-wal")]
    assert {"write", "sync", "truncate"} <= set(of_the_file)
    assert {"open", "write", "sync", "delete"} <= set(of_the_log)
    assert {"exchange", "closed", "opened", "close"} <= {one.what for one in meeting.moments}


def test_a_commit_that_does_not_wait_for_the_disk_is_found(folder: Path) -> None:
    careless = held(folder, careless=True)
    faults = [fault_of(careless, image) for image in images(careless, seed=1, share=0.02)]
    assert sum(1 for fault in faults if "changes instead of" in fault) > 5
