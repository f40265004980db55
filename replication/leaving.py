"""Who left: what stops each device now, and which enrolments stand; asked about epoch keys.

A device that came after a key was begun is given it, so it matters for the key when it leaves,
though it was no reader when the key was made. Whether it left before or after is a question of what
the key's author knew.
"""

from replication.council import Decisions
from replication.epochs import Left
from replication.motions import Motion
from replication.roster import Device
from replication.suspense import stopping


def left(decisions: Decisions) -> Left:
    """The devices that left, as all control changes have it."""
    now = decisions.now
    gone = [key for key, one in now.roster.devices.items() if one.state != "active"]
    stops = stopping(now, gone) if gone else {}
    enrolments: dict[bytes, dict[bytes, str]] = {}
    for act in decisions.acts:
        if isinstance(act, Motion) and act.mark.change_hash in now.passed:
            for one in act.enrols:
                given = Device(one.device, one.person, one.right, one.label, b"", scope=one.scope)
                enrolments.setdefault(one.device, {})[act.mark.change_hash] = given.reads
    return Left({device: tuple(acts) for device, acts in stops.items()}, enrolments)
