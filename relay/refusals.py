"""Why something was not done, as a code for programs and a sentence for people.

What a database said stays in the operator's log: it may name hosts and files.
"""

from typing import Final

from relay.facts import ProtocolError
from relay.limits import TooFast
from relay.protocol import RETRY_CODES, Failed
from relay.store import StoreError

_SENTENCES: Final = {
    "unavailable": "The relay's database does not answer just now. Nothing was stored; try later.",
    "storage_full": "The relay's disk is full. Nothing was stored; its operator has to make room.",
    "too_busy": "The relay has too much to do just now. Nothing was stored; try in a moment.",
    "unknown_mailbox": "This relay has no such mailbox. Create it again from the lists you keep.",
    "exists": "This relay has this mailbox already. Open it.",
    "stale_access": "Another access list came first. Read the lists, then sign the next one.",
    "stale_checkpoint": "The log does not stand as this checkpoint says. Pull, then sign again.",
    "quota_exceeded": "This mailbox is full; nothing that is in it was let go. Two officers can "
    "sign a checkpoint, or ask the relay's operator for more room.",
    "too_many_pending": "Too much waits for signatures in this mailbox. Let officers sign first.",
}
_WAIT_MS: Final = {"unavailable": 5_000, "storage_full": 60_000, "too_busy": 1_000}


def refusal(error: ProtocolError | StoreError) -> Failed:
    """The reply to a request that was refused."""
    code = error.code
    if isinstance(error, TooFast):
        return Failed(code, "Too many requests. Nothing was done; ask again later.", error.wait_ms)
    if isinstance(error, StoreError):
        wait_ms = _WAIT_MS.get(code, 0) if code in RETRY_CODES else 0
        return Failed(code, _SENTENCES.get(code, "The relay could not do this."), wait_ms)
    sentence = error.detail[:1].upper() + error.detail[1:]
    return Failed(code, f"{sentence}." if sentence else "This was refused.", 0)


FAULT: Final = Failed("fault", "The relay failed to do this. Its operator finds why in the log.", 0)
"""What a mistake of the relay's own program is answered with."""
