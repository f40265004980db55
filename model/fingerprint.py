"""The short fingerprint of a close, nine digits that officers read aloud and write in the minutes.

SHA-256 over `mkutano/seal/1`, the close's entry id (which names the signed change and so all that
the close says), the digest of the journal and the chain heads that it names; its first eight bytes
as a number, the last nine digits of it. A program finds another close with the same fingerprint in
minutes: it guards against mistakes at the table, and the signatures guard the rest.
"""

from __future__ import annotations

import hashlib
from typing import Final

from model.events import MeetingClosed

_DIGITS: Final = 9
_GROUP: Final = 3


def fingerprint(close: bytes, event: MeetingClosed) -> str:
    """Nine decimal digits in groups of three, such as `041 772 905`."""
    seen = hashlib.sha256(b"mkutano/seal/1")
    for part in (close, event.journal_digest, heads_digest(event)):
        seen.update(len(part).to_bytes(2, "big") + part)
    number = int.from_bytes(seen.digest()[:8], "big") % 10**_DIGITS
    digits = f"{number:0{_DIGITS}}"
    return " ".join(digits[at : at + _GROUP] for at in range(0, _DIGITS, _GROUP))


def heads_digest(event: MeetingClosed) -> bytes:
    """SHA-256 of the chain heads that a close names, in whatever order it names them."""
    seen = hashlib.sha256()
    for tip in sorted(event.covers, key=lambda tip: (tip.device, tip.n, tip.chain_hash)):
        seen.update(tip.device + tip.n.to_bytes(8, "big") + tip.chain_hash)
    return seen.digest()
