"""What is said about members, their goals and their consent."""

from __future__ import annotations

from typing import Final

from model.wording.places import Sentences

SENTENCES: Final[Sentences] = {
    "not_active": (
        "task",
        "Entry {entry}, {first}, is about {who}, who was {what} as far as its author knew. It "
        "counts. Make the member active again, or let another officer reverse the entry.",
    ),
    "recorded_under_both": (
        "task",
        "Before two members were merged into {who}, two officers recorded {what} in {where} under "
        "both: {ways}. If it was one, let another officer reverse one of them.",
    ),
    "same_member": (
        "notice",
        "Entry {entry} merges a member with the same member. It has no effect; name two members.",
    ),
    "contested_goal": (
        "task",
        "Officers recorded a goal of {who} differently, and did not know of each other. The lower "
        "one holds; set the goal once more.",
    ),
    "contested_consent": (
        "task",
        "Officers recorded differently what {who} allows (entry {entry}), and did not know of each "
        "other. Meanwhile it is not allowed; ask {who} and record it once more.",
    ),
}
"""Code of a finding -> weight and sentence."""
