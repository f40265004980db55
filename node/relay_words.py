"""What a relay answers, and what is wrong with what it says, in words for a group's officers.

A code is stable and told to machines; a sentence says what happened and what to do. What a relay
itself writes is shown only where no sentence is known here, and then as its own words.
"""

from collections.abc import Mapping
from typing import Final

FAILED: Final[Mapping[str, str]] = {
    "not_allowed": "The relay does not let this phone in. If officers let it in only today, "
    "another officer's phone must reach the relay first: run mkutano cloud sync there.",
    "unknown_mailbox": "The relay does not know this group: it has lost it, or never had it. "
    "The next officer's phone that reaches it puts everything there again.",
    "too_large": "That is more than the relay takes in one piece. Update Mkutano on this phone.",
    "quota_exceeded": "The group's space at the relay is full: nothing new is backed up there, and "
    "nothing that is there is lost. Ask its operator for more space, or add another relay with "
    "mkutano cloud add. Phones go on exchanging with each other.",
    "rate_limited": "The relay asks this phone to wait: it was asked too much in a short time. "
    "Mkutano tries again by itself.",
    "too_busy": "The relay is too busy just now. Mkutano tries again by itself.",
    "unavailable": "The relay can't reach its own storage just now. Mkutano tries again by itself.",
    "storage_full": "The relay's storage is full: nothing new is backed up there. Tell its "
    "operator, or add another relay with mkutano cloud add.",
    "stale_access": "The list of who may use the group's backup has changed meanwhile. Mkutano "
    "tries again by itself.",
    "exists": "The relay has this group's backup already.",
    "token_needed": "This relay keeps backups for its customers only. Ask its operator for a code, "
    "and give it with --token.",
    "relay_full": "This relay takes no more groups. Choose another one.",
    "too_many_mailboxes": "This phone asks the relay about more groups than one connection may.",
    "too_many_pending": "Too many changes of who may use the backup wait at the relay. Officers' "
    "phones settle that by themselves when they reach it.",
    "too_few_signatures": "More officers' phones must reach the relay before that takes effect.",
    "bad_signature": "The relay says that a signature of this phone does not match. Update Mkutano "
    "on this phone; if it happens again, choose another relay.",
    "bad_access": "The relay does not take the list of who may use the group's backup. Update "
    "Mkutano on this phone.",
    "bad_founding": "The relay does not take this group's backup as it was founded. Choose another "
    "relay.",
    "stale_checkpoint": "The group's backup has moved on meanwhile. Mkutano tries again by itself.",
    "fault": "The relay met a fault of its own. Mkutano tries again by itself.",
    "bad_message": "The relay does not understand this phone. Update Mkutano on this phone, or ask "
    "the relay's operator to update the relay.",
}
"""Code of a refusal -> what an officer reads."""

LIES: Final[Mapping[str, str]] = {
    "rolled_back": "The relay has lost what it had confirmed: it stands at an older point than "
    "before. What it lacks was put there again from this phone. Tell its operator.",
    "restored": "The relay began this group's backup anew, as after a repair or an old backup of "
    "its own. What it lacks is put there again by itself.",
    "forked": "The relay has told two stories about this group's backup: don't rely on it. Your "
    "books on the phones are not affected. Add another relay with mkutano cloud add, and then: "
    "mkutano cloud remove",
    "withheld": "The relay holds something back: it says that there is more than it hands over. "
    "Meet the other phones; if it goes on, add another relay with mkutano cloud add.",
    "behind": "The relay has shown another phone more than it shows this one. Meet the other "
    "phones; if it goes on, add another relay with mkutano cloud add.",
    "altered": "The relay handed over something that no phone of this group has signed in this "
    "form. It was not taken. Add another relay with mkutano cloud add.",
    "stranger": "The relay handed over something from a phone that may not write to this group's "
    "backup. It was not taken. Add another relay with mkutano cloud add.",
    "swapped": "The relay handed over something that was sealed for another place. It was not "
    "taken. Add another relay with mkutano cloud add.",
    "forged_receipt": "The relay confirmed something else than what this phone gave it. It does "
    "not count as backed up. Add another relay with mkutano cloud add.",
    "forged_head": "What answers at the relay's address does not sign as the relay that the group "
    "chose. Nothing was given to it. Check the address with the relay's operator.",
    "bad_access": "The relay shows a list of who may use the group's backup that the officers did "
    "not sign. It is not followed. Add another relay with mkutano cloud add.",
    "shut_out": "The relay does not let this phone in, though the officers' newest list that this "
    "phone knows does. If the officers stopped this phone, talk to them. Otherwise begin anew "
    "there: mkutano cloud remove, then mkutano cloud add.",
    "lost": "The relay had lost this group's backup. It was put there again from this phone.",
}
"""Code of what was wrong with what a relay said -> what the secretary reads."""


def why_failed(code: str, text: str) -> str:
    """A relay's refusal in words."""
    known = FAILED.get(code)
    if known is not None:
        return known
    said = "".join(letter for letter in text if letter.isprintable())[:200].strip()
    return f"The relay refused ({code[:40]}): “{said}”." if said else f"The relay refused ({code})."


def unusable(code: str) -> str:
    """What is told of something that a phone put into a log and that nobody can use."""
    return (
        f"That phone put something into the cloud backup that this one can't use ({code}). It was "
        "left out, and nothing else is affected. Update Mkutano on both phones."
    )


def why_wrong(code: str) -> str:
    """What was wrong with what a relay said, in words."""
    return LIES.get(code, f"Something is wrong with what the relay says ({code}).")
