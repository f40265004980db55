"""What is said about meetings, counts, decisions and minutes."""

from __future__ import annotations

from typing import Final

from model.wording.places import Sentences

SENTENCES: Final[Sentences] = {
    "too_few_keys": (
        "task",
        "{Where} was opened with {plain_first} keys; the constitution asks for {plain_second}. "
        "Open it on this phone with all who brought a key: mkutano record meeting --keys 1,2,3",
    ),
    "no_quorum": (
        "task",
        "In {where} {plain_first} members came, and {plain_second} are needed to decide. Read out "
        "what was decided in the next meeting, and let it decide again.",
    ),
    "agenda_jumped": (
        "task",
        "{Where} went on without coming to: {named}. Come to it now, or plan it for the next "
        "meeting.",
    ),
    "votes_exceed_present": (
        "task",
        "The resolution in entry {entry} has {plain_first} votes, but {plain_second} members came "
        "to {where}. Mark who was there, or record the votes again.",
    ),
    "variance_differs": (
        "task",
        "The difference in {what} that officers accepted in {where} is {first}; the count differs "
        "by {second}. Let another officer reverse entry {entry}, and record the right difference.",
    ),
    "variance_without_count": (
        "task",
        "Officers accepted a difference of {first} in {where}, but nobody counted. Record the "
        "count, or let another officer reverse entry {entry}.",
    ),
    "close_with_disputes": (
        "task",
        "{Where} is closed although something in it is still disputed or was counted "
        "differently ({plain_first} in all). Settle each one; it is listed here by itself.",
    ),
    "not_sealed": (
        "task",
        "The close of {where} waits until {count_wanted} more sign it{named}. Sign it on another "
        "officer's phone with: mkutano seal --sign",
    ),
    "digest_differs": (
        "task",
        "The journal of {where} as officers sealed it has another digest on this phone. Update "
        "Mkutano on every phone, and compare the figures with: mkutano seal --verify",
    ),
    "reckoned_differently": (
        "task",
        "Two phones closed {where}, knew the same entries, and reckon differently: by rules "
        "{plain_first} and {plain_second} of Mkutano. Update both phones before anybody signs, and "
        "compare with: mkutano seal --verify",
    ),
    "covers_differ": (
        "task",
        "The close of {where} (entry {entry}) names other entries than its phone really knew. "
        "Nobody should sign it: let officers reopen the meeting, and close it on another phone.",
    ),
    "close_outranked": (
        "notice",
        "{Where} was closed once more (entry {entry}), apart from the close that officers sealed. "
        "That changes nothing in the sealed books; what only it holds is late.",
    ),
    "sealed_corrected": (
        "notice",
        "{What} of {who}{amount} changed after {where} was sealed. The sealed books stay as they "
        "were signed; the difference is posted in the meeting that decided (entry {entry}).",
    ),
    "was_reopened": (
        "notice",
        "Officers opened {where} again after it had been closed (entry {entry}). This stays "
        "visible, also when it is closed anew.",
    ),
    "reopened_behind": (
        "task",
        "{Where} was opened again while a later meeting was being closed. Close it again, and "
        "compare its last count with the first count of the next meeting.",
    ),
    "action_overdue": (
        "notice",
        "What {who} was asked to do until {named} is not done. Ask in the meeting; when it is "
        "done, record it with: mkutano record action-done --receipt {entry}",
    ),
    "contested_schedule": (
        "task",
        "Officers planned {where} differently, and did not know of each other: {choices}. The "
        "earlier day holds meanwhile; plan it once more.",
    ),
    "contested_minutes": (
        "task",
        "Two officers wrote minutes of {where}, and did not know of each other (entries "
        "{receipts}). Read both, and record one that holds everything.",
    ),
    "contested_ballot": (
        "task",
        "The vote of {who} was written down differently: {choices}. It does not count until it "
        "is written down once more.",
    ),
    "disputed_resolution": (
        "task",
        "Officers wrote down a resolution of {where} differently: {choices}. Choose the "
        "right one with: mkutano resolve RECEIPT; if these are two, record one under another line.",
    ),
}
