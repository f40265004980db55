"""What is said about the group, its constitution and its officers."""

from __future__ import annotations

from typing import Final

from model.wording.places import Sentences

SENTENCES: Final[Sentences] = {
    "not_adopted": (
        "task",
        "The officers agreed to the constitution of entry {entry}, but it is not in force yet. Put "
        "it in force with: mkutano approve {entry}",
    ),
    "constitution_moved_on": (
        "task",
        "Entry {entry} adopts a constitution that was agreed to on top of an older one. It has no "
        "effect; propose it again, so that the officers see what it changes now.",
    ),
    "key_holder_in_committee": (
        "notice",
        "The {what} also holds another office. Let members outside the committee keep the keys, "
        "so that nobody opens the box alone.",
    ),
}
