"""Control records: who may write, who decides about it, and what officers decided.

They are events of compartment 0, the only ones that this package reads. Persons are opaque
16-byte ids here; titles, names and money belong to the model. A record that is malformed, or of
a kind or version that is not known here, is kept and relayed like any event and has no effect:
refusing it would split a group between old and new versions. What the records come to is
reckoned in `council.py`.

Wire form: canonical CBOR array `[0, kind, version, *fields]`, fields in the order below.
"""

from datetime import date
from typing import NamedTuple

from replication.cbor import dumps, loads
from replication.errors import RemoteError
from replication.limits import CHAIN_LENGTH_MAX, LABEL_CHARS_MAX, URL_CHARS_MAX

COMPARTMENT_CONTROL = 0
COMPARTMENT_LEDGER = 1
COMPARTMENT_PEOPLE = 2

PROTOCOL_VERSION = 1
ADMISSION_VERSION = 2
"""Of the rules by which rights follow from control records. Groups founded under 1 have no
founding key; all else of version 2 holds for them too."""

KEY_BYTES = 32
PERSON_BYTES = 16
RIGHTS = ("pull", "read", "write")
"""Each right contains the ones before it: a relay pulls, an NGO reads, an officer writes."""

SCOPES = ("", "summary", "ledger", "people")
"""What a reader is given: totals of sealed meetings; the group's log; names and phones too. Empty:
what the right says, the ledger to who may read."""

SERIES = ("ledger", "summary")
"""Keys under which a relay's mailboxes are sealed: of the group's log, and of the summaries."""

VERDICTS = ("restored", "copied")
"""Of two changes at one chain position: the same phone went on from a backup, or two phones do."""

CARDS = 3
"""Paper cards of a group, numbered from 1."""

OFFICERS_MAX = 128
"""Largest quorum that can be asked for; a group has far fewer officers."""


class GroupFounded(NamedTuple):
    """First record of a group; the hash of its change is the group id."""

    protocol: int
    admission: int
    nonce: bytes
    person: bytes
    label: str
    founding_key: bytes = b""
    """Ed25519 public key that signs once, to end the founding; since version 2."""


class DeviceEnrolled(NamedTuple):
    """A device gets a right in the group."""

    device: bytes
    person: bytes
    right: str
    label: str
    scope: str = ""
    """One of SCOPES; since version 2, in which summary goes with pull, the others with read."""
    until: str = ""
    """Last day of the grant, ISO; empty: without end. Whose clock says it is over gives nothing
    more; the record itself never expires."""


class FoundingEnded(NamedTuple):
    """The founder gives up enrolling alone; from here on officers decide by quorum.

    The founding key's signature covers the change's place in the founder's chain (`founding.py`);
    after it the key is destroyed, so that no phone can found the group once more.
    """

    signature: bytes = b""
    """64 bytes since version 2."""


class HeadsJoined(NamedTuple):
    """Follows more heads than one change can, so that the next may follow them all."""


class QuorumSet(NamedTuple):
    """How many officers a decision needs; never below a strict majority, never below two."""

    officers_min: int


class VoteCast(NamedTuple):
    """An officer's vote on all that a change asks officers for; against is shown, and stops only
    a restoration by paper cards."""

    proposal: bytes
    """Hash of the change that asks, 32 bytes."""
    approve: bool


class DeviceSuspended(NamedTuple):
    """One officer stops a device at once ("lost phone"); reversible, grants nothing."""

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


class MeetingSealed(NamedTuple):
    """An officer co-signs the close of a meeting: no suspension touches what it covers."""

    close: bytes
    """Hash of the change that closes, 32 bytes."""


class OfficersRestored(NamedTuple):
    """Two paper cards make the author's device the officers' first, when all phones are gone."""

    person: bytes
    label: str
    first_card: int
    first_signature: bytes
    second_card: int
    second_signature: bytes


class RelayChosen(NamedTuple):
    """The group backs up at this relay, or no longer does; any officer says so."""

    relay: bytes
    """Its Ed25519 key."""
    url: str
    log: bytes
    """Mailbox ids of the four compartments, 32 bytes each."""
    doors: bytes
    people: bytes
    summary: bytes
    in_use: bool


class EpochBegun(NamedTuple):
    """A new key for what goes to relays from here on.

    Its author gives it to all who, as far as it knew, may read this series on that day.
    """

    series: str
    key_id: bytes
    """16 bytes made of the key (`sealing.epoch_key_id`)."""
    day: str
    """ISO day by its author's clock: grants that ended before it don't get the key."""


Record = (
    GroupFounded
    | DeviceEnrolled
    | FoundingEnded
    | HeadsJoined
    | QuorumSet
    | VoteCast
    | DeviceSuspended
    | DeviceReinstated
    | DeviceRevoked
    | ForkJudged
    | CardsIssued
    | CardVoted
    | MeetingSealed
    | OfficersRestored
    | RelayChosen
    | EpochBegun
)


class _Form(NamedTuple):
    """How a kind is written in one of its versions."""

    kind: str
    version: int
    record: type[Record]
    fields: int


_FORMS = (
    _Form("group.founded", 1, GroupFounded, 5),
    _Form("group.founded", 2, GroupFounded, 6),
    _Form("device.enrolled", 1, DeviceEnrolled, 4),
    _Form("device.enrolled", 2, DeviceEnrolled, 6),
    _Form("founding.ended", 1, FoundingEnded, 0),
    _Form("founding.ended", 2, FoundingEnded, 1),
    _Form("heads.joined", 1, HeadsJoined, 0),
    _Form("quorum.set", 1, QuorumSet, 1),
    _Form("vote.cast", 2, VoteCast, 2),
    _Form("device.suspended", 1, DeviceSuspended, 2),
    _Form("device.reinstated", 1, DeviceReinstated, 1),
    _Form("device.revoked", 1, DeviceRevoked, 2),
    _Form("fork.judged", 1, ForkJudged, 3),
    _Form("cards.issued", 1, CardsIssued, 3),
    _Form("card.voted", 2, CardVoted, 3),
    _Form("meeting.sealed", 1, MeetingSealed, 1),
    _Form("officers.restored", 1, OfficersRestored, 6),
    _Form("relay.chosen", 1, RelayChosen, 7),
    _Form("epoch.begun", 1, EpochBegun, 3),
)
_BY_NAME = {(form.kind, form.version): form for form in _FORMS}

_BYTES_LENGTH = {
    "nonce": 16,
    "person": PERSON_BYTES,
    "device": KEY_BYTES,
    "founding_key": KEY_BYTES,
    "first": KEY_BYTES,
    "second": KEY_BYTES,
    "third": KEY_BYTES,
    "proposal": 32,
    "close": 32,
    "signature": 64,
    "first_signature": 64,
    "second_signature": 64,
    "relay": KEY_BYTES,
    "log": 32,
    "doors": 32,
    "people": 32,
    "summary": 32,
    "key_id": 16,
}


def encode_record(record: Record) -> bytes:
    """The event bytes of a control record, in its lowest version; ValueError when out of bounds."""
    fault = _fault(record)
    if fault:
        raise ValueError(fault)
    form = next(form for form in _FORMS if type(record) is form.record and _fits(record, form))
    return dumps([COMPARTMENT_CONTROL, form.kind, form.version, *record[: form.fields]])


def _fits(record: Record, form: _Form) -> bool:
    """Whether all that lies past the fields of this version is empty."""
    return not any(record[form.fields :])


def decode_record(event: bytes) -> Record | None:
    """The record in a control event; None when it is malformed or of an unknown kind.

    `event` is canonical CBOR already (admission checked it).
    """
    compartment, kind, *rest = loads(event)
    if compartment != COMPARTMENT_CONTROL or not rest or type(kind) is not str:
        return None
    version, *fields = rest
    form = _BY_NAME.get((kind, version)) if type(version) is int else None
    if form is None or len(fields) != form.fields:
        return None
    shape = form.record
    annotations = shape.__annotations__
    if any(type(v) is not annotations[f] for f, v in zip(shape._fields, fields, strict=False)):
        return None
    record = shape(*fields)
    # A record is read only in the form in which it is written, so that no two forms say the same.
    return None if _fault(record) or encode_record(record) != event else record


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
        left_out = value == b"" and field in record._field_defaults
        if isinstance(value, bytes) and len(value) != length and not left_out:
            return f"{field} must be {length} bytes"
        if field in _WORDS and value not in _WORDS[field]:
            return f"{field} must be one of {', '.join(_WORDS[field])}"
        chars_max = URL_CHARS_MAX if field == "url" else LABEL_CHARS_MAX
        if isinstance(value, str) and len(value) > chars_max:
            return f"{field} is longer than {chars_max} characters"
        if field in _NUMBERS and value not in _NUMBERS[field]:
            return f"{field} is out of range"
        if (field == "day" or (field == "until" and value)) and not _is_day(value):
            return f"{field} is no ISO day"
    if isinstance(record, DeviceEnrolled) and record.scope:
        goes_with = "pull" if record.scope == "summary" else "read"
        return "" if record.right == goes_with else "scope and right do not go together"
    return ""


def _is_day(value: object) -> bool:
    """Whether this is a day in its one form, such as 2026-11-21."""
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


_WORDS = {"right": RIGHTS, "verdict": VERDICTS, "scope": SCOPES, "series": SERIES}
_NUMBERS = {
    "card": range(1, CARDS + 1),
    "first_card": range(1, CARDS + 1),
    "second_card": range(1, CARDS + 1),
    "officers_min": range(1, OFFICERS_MAX + 1),
    "n": range(1, CHAIN_LENGTH_MAX + 1),
}
