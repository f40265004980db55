"""Every code that a refusal of a stranger's bytes carries, and what it says: the stable list.

A code is never given another meaning and never taken away; a new rule gets a new one. The same
list stands in `PROTOCOL.md`, and a test holds both against the sources. Of `link-`, `join-` and
`card-` the device's program speaks (`node`), as of summaries; all else is said in this package.
"""

from collections.abc import Mapping
from typing import Final

MEANINGS: Final[Mapping[str, str]] = {
    # The canonical form
    "bad_cbor": "not one CBOR item within the limits",
    "bad_type": "a type, a number or a depth that is not allowed",
    "not_canonical": "not the one encoding of its value",
    "event_too_large": "an event of more than 16 KiB",
    "bad_event": "no array of compartment, kind and more",
    # Bundles
    "bundle_version": "of another version of the format",
    "bad_bundle": "damaged, cut off, too large, or saying what no writer says",
    "unknown_name": "names an entry of the bundle before it comes",
    "run_too_long": "too many changes wait for a signature",
    "unsigned_end": "ends while changes wait for a signature",
    "flood": "more than is taken from one device that nobody builds upon, or that was stopped",
    # Admission
    "bad_events": "a change without events, or with more than 64",
    "too_large": "a change's events together, or a message, are too large",
    "bad_time": "the claimed time is out of range",
    "bad_position": "the chain position is out of range",
    "too_many_deps": "follows more than 16 changes directly",
    "redundant_dep": "follows a change that another one that it follows contains",
    "counter_exhausted": "the operation counter is out of range",
    "foreign_actor": "the actor is not the device's",
    "actor_reused": "an actor that was given up",
    "broken_chain": "does not continue its device's chain",
    "forgets_itself": "does not follow its device's change before",
    "skips_itself": "follows a later change of its device than the one it continues",
    "other_group": "of another group",
    "not_founding": "follows nothing, and is no founding change",
    "no_right": "the device had no right to write when it wrote this",
    "bad_signature": "a signature does not match",
    # Conversations
    "bad_message": "no session message of this version",
    "bad_tips": "tips that can't be ones",
    "unexpected_message": "a message that may not come now",
    "missing_dependencies": "changes that follow others come again and again without these",
    "too_many_proofs": "proves again and again what is not here, and does not bring it",
    "bad_key": "a key under an id that is not its own",
    "not_a_member": "the device is not in the group",
    "suspended": "the device is stopped until officers decide",
    "revoked": "the device lost its right",
    # Proofs, labels, numbers on two screens
    "bad_proof": "no proof of a fork",
    "bad_label": "no device name",
    "compare-size": "no commitment or nonce",
    "compare-changed": "the nonce is not the one that was committed to",
    # The channel
    "noise-short": "ends in the middle of a key, or has no tag",
    "noise-long": "longer than any message of the channel",
    "noise-tampered": "altered, replayed, reordered, or under another key",
    "noise-low-order": "a key that makes no secret",
    "noise-exhausted": "the counter of a key is used up",
    "noise-framing": "pieces that are not cut as they should be",
    # Sealed bytes
    "not_opened": "damaged, of another place, or under another key",
    "unknown_epoch": "under a key that is not here",
    "not_for_us": "nothing in it is for this device",
    "bad_slot": "a door or a slot of keys that says what none does",
    "update": "made by a later version",
    # The device's program
    "link-hello": "no first message of a device",
    "link-version": "of another version of the link",
    "link-label": "a label that may not come now",
    "link-long": "longer than any message of the link",
    "link-message": "something that is no message",
    "join-message": "no message of joining",
    "join-version": "of another version of joining",
    "join-key": "a device key that was not proved",
    "card-message": "no message about paper cards",
    "card-version": "of another version of these",
    "card-key": "a device key that was not proved, beside cards",
    "unreadable": "what was sealed for a log is no bundle",
    "bad_summary": "no summary of a meeting",
    "other_signer": "a summary that another device signed than the one whose box it lies in",
}

CODES: Final = frozenset(MEANINGS)
