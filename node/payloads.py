"""What is signed, as bytes, and what could not be signed, as sentences.

An event or a record that is out of bounds is refused before anything is signed.
"""

from collections.abc import Sequence

from model.codec import encode
from model.events import Event
from model.identifiers import CHANGE_PREFIX_BYTES, entry_id
from node.errors import CommandRefused, NodeError, StoreFailed
from node.ranges import fault
from replication.control import Record, encode_record
from replication.errors import LocalError
from replication.history import Admitted
from replication.limits import LABEL_CHARS_MAX


def ids_of(admitted: Sequence[Admitted]) -> list[bytes]:
    """The entry ids of everything in these changes, in order."""
    return [
        entry_id(one.change.change_hash[:CHANGE_PREFIX_BYTES], index)
        for one in admitted
        for index in range(len(one.change.events))
    ]


def payloads_of(events: Sequence[Event]) -> list[bytes]:
    """Events as they are signed. CommandRefused when one is out of bounds."""
    payloads = []
    for event in events:
        try:
            payloads.append(encode(event))
        except ValueError as error:
            raise CommandRefused(f"{fault(event)} Nothing was recorded.", "out_of_range") from error
    return payloads


def encoded(record: Record) -> bytes:
    """A control record as it is signed. CommandRefused when it is out of bounds."""
    try:
        return encode_record(record)
    except ValueError as error:
        raise CommandRefused(
            f"A phone's name, or a reason, has 1 to {LABEL_CHARS_MAX} letters. Nothing was "
            "recorded.",
            "out_of_range",
        ) from error


MAY_NOT_WRITE = (
    "This device may read this group's books, but not write in them. "
    "Ask an officer to let it: mkutano propose enrol PHONE"
)
_SENTENCES = {
    "no_right": MAY_NOT_WRITE,
    "too_large": "This is too much for one entry. Shorten the text and try again.",
    "bad_time": "The clock of this device is far off. Set its date and try again.",
}


def refused(error: LocalError) -> NodeError:
    """Why a change could not be signed, in words."""
    if error.code.startswith("document"):
        return StoreFailed(f"The entry could not be checked ({error.detail}). Try again.")
    sentence = _SENTENCES.get(error.code, f"This can't be recorded: {error.detail or error.code}.")
    return CommandRefused(sentence, error.code)
