"""Why one phone took nothing from another, in words for the owner of either.

The code comes from the exchange (`replication/exchange.py`); with `peer_` before it, it is what the
other phone said of this one.
"""

from collections.abc import Mapping
from typing import Final

OVER: Final = "grant_ended"
"""Said to a reader whose last day has passed, by the date of the phone that says so."""

REFUSED: Final[Mapping[str, str]] = {
    "suspended": "That phone is suspended: what it had written was taken, and it was given "
    "nothing. See: mkutano devices",
    "peer_suspended": "The other phone says that this phone is suspended: it took what was written "
    "here, which waits until officers ratify it, and gives this phone nothing. Talk to the "
    "officers: one of them lifts it with mkutano suspend --lift, or they shut this phone out.",
    "revoked": "That phone was shut out of the group by the officers: what it had written was "
    "taken and waits until they judge it, and it was given nothing. See: mkutano devices",
    "peer_revoked": "The other phone says that the officers shut this phone out of the group: it "
    "took what was written here, which waits until they judge it, and gives this phone nothing. If "
    "that is wrong, talk to the officers.",
    OVER: "That reader's last day has passed, so it was given nothing. See: mkutano readers",
    f"peer_{OVER}": "The other phone says that this device's last day as a reader has passed, and "
    "gives it nothing more. What it has read it keeps. Ask the officers for a longer grant.",
    "not_a_member": "That phone is not in this group: nothing was exchanged. See: mkutano devices",
    "peer_not_a_member": "The other phone says that this phone is not in the group. Nothing was "
    "exchanged. If that is wrong, ask an officer for an invitation.",
    "flood": "That phone sends far more than a group writes, and nobody else has built on it. The "
    "rest is not taken. If you don't know why, stop it: mkutano suspend PHONE",
    "peer_flood": "The other phone takes no more from this one: it holds far more that nobody else "
    "has built on than a group writes. Meet another officer's phone first.",
}
"""Code of a refusal -> what its owner reads."""


def why_refused(code: str, detail: str) -> str:
    """A refusal in words; what is not known here is told as the other side worded it."""
    return REFUSED.get(code) or detail
