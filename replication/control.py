"""Control records: who may write, who counts as an officer, and how that changes.

They are events of compartment 0, the only ones that this package reads. Persons are opaque
16-byte ids here; titles, names and money belong to the model. A record that is malformed, or of
a kind that this version does not know, is kept and relayed like any event and has no effect:
refusing it would split a group between old and new versions.

Wire form: canonical CBOR array `[0, kind, version, *fields]`, fields in the order below.
"""

from typing import NamedTuple

from replication.cbor import dumps, loads
from replication.errors import RemoteError
from replication.limits import LABEL_CHARS_MAX

COMPARTMENT_CONTROL = 0
COMPARTMENT_LEDGER = 1
COMPARTMENT_PEOPLE = 2
RECORD_VERSION = 1

PROTOCOL_VERSION = 1
ADMISSION_VERSION = 1

KEY_BYTES = 32
PERSON_BYTES = 16
RIGHTS = ("pull", "read", "write")
"""Each right contains the ones before it: a relay pulls, an NGO reads, an officer writes."""


class GroupFounded(NamedTuple):
    """First record of a group; the hash of its change is the group id."""

    protocol: int
    admission: int
    nonce: bytes
    person: bytes
    label: str


class DeviceEnrolled(NamedTuple):
    """A device gets a right in the group."""

    device: bytes
    person: bytes
    right: str
    label: str


class FoundingEnded(NamedTuple):
    """The founder gives up enrolling alone; from here on officers decide by quorum."""


class HeadsJoined(NamedTuple):
    """Follows more heads than one change can, so that the next may follow them all."""


class OfficerSeated(NamedTuple):
    """A person counts as an officer for quorum."""

    person: bytes


class OfficerUnseated(NamedTuple):
    """A person no longer counts as an officer."""

    person: bytes


class QuorumSet(NamedTuple):
    """How many officers a decision needs; never below a strict majority, never below two."""

    officers_min: int


class VoteCast(NamedTuple):
    """An officer's vote for a proposal, named by its entry id (17 bytes)."""

    proposal: bytes
    approve: bool


class DeviceSuspended(NamedTuple):
    """One officer stops a device at once; reversible, grants nothing."""

    device: bytes
    reason: str


class DeviceReinstated(NamedTuple):
    """A suspension is lifted."""

    device: bytes


class DeviceRevoked(NamedTuple):
    """A device loses its right for good."""

    device: bytes
    reason: str


class ForkJudged(NamedTuple):
    """What officers say of two changes at one chain position: "restored" or "copied"."""

    device: bytes
    n: int
    verdict: str


class CardsIssued(NamedTuple):
    """Public keys of the three paper cards."""

    first: bytes
    second: bytes
    third: bytes


class CardVoted(NamedTuple):
    """A paper card stands in for one missing vote: card number 1..3 and its signature."""

    card: int
    proposal: bytes
    signature: bytes


Record = (
    GroupFounded
    | DeviceEnrolled
    | FoundingEnded
    | HeadsJoined
    | OfficerSeated
    | OfficerUnseated
    | QuorumSet
    | VoteCast
    | DeviceSuspended
    | DeviceReinstated
    | DeviceRevoked
    | ForkJudged
    | CardsIssued
    | CardVoted
)

_KINDS: dict[str, type[Record]] = {
    "group.founded": GroupFounded,
    "device.enrolled": DeviceEnrolled,
    "founding.ended": FoundingEnded,
    "heads.joined": HeadsJoined,
    "officer.seated": OfficerSeated,
    "officer.unseated": OfficerUnseated,
    "quorum.set": QuorumSet,
    "vote.cast": VoteCast,
    "device.suspended": DeviceSuspended,
    "device.reinstated": DeviceReinstated,
    "device.revoked": DeviceRevoked,
    "fork.judged": ForkJudged,
    "cards.issued": CardsIssued,
    "card.voted": CardVoted,
}
_KIND_OF = {record: kind for kind, record in _KINDS.items()}

_BYTES_LENGTH = {
    "nonce": 16,
    "person": PERSON_BYTES,
    "device": KEY_BYTES,
    "first": KEY_BYTES,
    "second": KEY_BYTES,
    "third": KEY_BYTES,
    "proposal": 17,
    "signature": 64,
}


def encode_record(record: Record) -> bytes:
    """The event bytes of a control record; ValueError when a field is out of bounds."""
    fault = _fault(record)
    if fault:
        raise ValueError(fault)
    head = [COMPARTMENT_CONTROL, _KIND_OF[type(record)], RECORD_VERSION]
    return dumps([*head, *record])


def decode_record(event: bytes) -> Record | None:
    """The record in a control event; None when it is malformed or of an unknown kind.

    `event` is canonical CBOR already (admission checked it).
    """
    compartment, kind, *rest = loads(event)
    if compartment != COMPARTMENT_CONTROL or not rest or rest[0] != RECORD_VERSION:
        return None
    shape = _KINDS.get(kind)
    fields = rest[1:]
    if shape is None or len(fields) != len(shape._fields):
        return None
    annotations = shape.__annotations__
    if any(type(v) is not annotations[f] for f, v in zip(shape._fields, fields, strict=True)):
        return None
    record = shape(*fields)
    return None if _fault(record) else record


def is_control(event: bytes) -> bool:
    """Whether a canonical event names the control compartment, without decoding it."""
    first = event[0]
    if first < 0x98:
        return event[1] == COMPARTMENT_CONTROL
    return event[first - 0x96] == COMPARTMENT_CONTROL


def check_label(label: str) -> str:
    """A device label that people will read: one line, not empty, bounded."""
    if not label.strip() or len(label) > LABEL_CHARS_MAX or not label.isprintable():
        raise RemoteError("bad_label", "a device name is 1 to 80 printable characters")
    return label


def _fault(record: Record) -> str:
    """Why a record's values can't be right; empty when they can."""
    for field, value in record._asdict().items():
        length = _BYTES_LENGTH.get(field)
        if isinstance(value, bytes) and len(value) != length:
            return f"{field} must be {length} bytes"
        if field == "right" and value not in RIGHTS:
            return f"{field} must be one of {', '.join(RIGHTS)}"
        if isinstance(value, str) and len(value) > LABEL_CHARS_MAX:
            return f"{field} is longer than {LABEL_CHARS_MAX} characters"
    return ""
