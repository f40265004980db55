"""What is said about stopped devices, and about what officers decide of their entries."""

from __future__ import annotations

from typing import Final

from model.wording.places import Sentences

SENTENCES: Final[Sentences] = {
    "stopped_device": (
        "task",
        "In suspense, because the phone was stopped: {named} ({second} received, {third} paid "
        "out). Officers go through them in the meeting, and ratify or reject them with: "
        "mkutano ratify",
    ),
    "nothing_held": (
        "notice",
        "Entry {entry} ({what}) is about nothing that is in suspense now. It changes nothing.",
    ),
    "other_device": (
        "task",
        "Entry {entry} ({what}) names an entry of another phone. It has no effect; go through one "
        "phone at a time.",
    ),
    "decide_anew": (
        "task",
        "Entry {entry} ratifies something that a stopped phone decided or asked for. That can't be "
        "ratified, and the entry has no effect; whoever still wants it records it once more.",
    ),
}
