"""What a group is told of its readers without asking: grants that end soon, and those now over.

The day is the phone's own, given by whoever asks: nothing in the log knows what day it is.
"""

from collections.abc import Iterator
from typing import Final

from model.findings import Finding
from node.names import Names
from node.node import Group
from node.reader_words import ENDS_SOON_DAYS, days_left, granted, is_over, is_reader, scope_of, till

TOLD_MAX: Final = 20
"""Readers whose end is told at once; the list of all is elsewhere."""


def watched_readers(group: Group, day: str) -> Iterator[Finding]:
    """Grants that end within thirty days of an ISO day, or ended before it and still stand."""
    names = Names(group)
    told = 0
    for key, one in group.roster.devices.items():
        left = days_left(one.until, day) if is_reader(one) and one.state == "active" else None
        if left is None or left > ENDS_SOON_DAYS or told == TOLD_MAX:
            continue
        told += 1
        if key == group.device:
            code, sentence = _own(group, one.until, left)
        else:
            code, sentence = _other(names, key, one.until, left)
        yield Finding(code, key.hex(), "notice", sentence, (), "", None, None, ())


def _other(names: Names, key: bytes, until: str, left: int) -> tuple[str, str]:
    called = names.phone(key)
    if left < 0:
        return "reader_ended", (
            f"The reader {called} could read until {until}; it is given nothing more. To let it go "
            "on, add its code again: mkutano readers add. To take it off the list: mkutano readers "
            f"end {names.typed(key)}"
        )
    return "reader_ends_soon", (
        f"The reader {called} may read until {until}, {_days(left)}. To let it go on longer, add "
        "its code again with a later day: mkutano readers add"
    )


def _own(group: Group, until: str, left: int) -> tuple[str, str]:
    if left < 0:
        return "own_grant_ended", (
            f"This device could read the books of {group.name} until {until}, and gets nothing "
            "more. What it has read it keeps. To go on, ask the officers for a longer grant."
        )
    return "own_grant_ends_soon", (
        f"This device may read the books of {group.name} until {until}, {_days(left)}. To go on "
        "longer, ask the officers in time."
    )


def _days(left: int) -> str:
    return "that is today" if not left else "one more day" if left == 1 else f"{left} more days"


def own_grant(group: Group, day: str) -> str:
    """What this very device may read in a group, in a sentence; "" for an officer's phone."""
    own = group.roster.devices.get(group.device)
    if own is None or not is_reader(own):
        return ""
    if is_over(own, day):
        return f"This device could read {group.name} {till(own.until)}, and gets nothing more."
    return f"This device reads {granted(scope_of(own), own.until)}."
