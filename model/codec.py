"""Event to canonical CBOR and back: `[compartment, kind, version, *fields]`.

`decode` is total and bounded: any bytes give an event or an `Unreadable`, never an exception.
The pair (kind, version) picks one class and a number of fields, and msgspec checks them against
that class alone (a union is analysed anew at each call and takes twice as long). An event of a
later version of Mkutano is kept, passed on and shown as "update this phone".
"""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple, NoReturn

import cbor2
import msgspec

from model.events import EVENTS, LEDGER, Event, EventKind
from model.identifiers import ENTRY_ID_BYTES, LOCAL_ID_BYTES

EVENT_BYTES_MAX: Final = 16 * 1024  # one sealed person or one close of 128 devices, with room
DEPTH_MAX: Final = 4
KIND_SHOWN_MAX: Final = 64  # letters of a stranger's kind that are kept for display


class Unreadable(NamedTuple):
    """An event that this phone can't read: of a later version, or malformed."""

    kind: str
    reason: Literal["unknown", "malformed"]
    compartment: int = LEDGER


class _Form(NamedTuple):
    compartment: int
    size: int  # items of the whole array
    event_class: type[Event]
    references: tuple[int, ...]  # places in the whole array, header included
    optional: tuple[int, ...]  # of these, the ones that may be empty


def _refuse_tag(_decoder: object, _immutable: bool) -> NoReturn:
    raise ValueError("tags carry no facts")


# Every tag that the library would turn into an object; others become a CBORTag, which no field
# takes. Without this, tag 35 compiles a stranger's regular expression.
_NO_TAGS: Final = dict.fromkeys(
    [*range(6), *range(21, 38), 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799], _refuse_tag
)

_HEADER: Final = 3


def _forms() -> dict[tuple[str, int], _Form]:
    forms = {}
    for row in EVENTS:
        names = row.event_class.__struct_fields__
        for version, size in enumerate(row.versions, 1):
            held = [name for name in row.references if names.index(name) < size]
            places = tuple(_HEADER + names.index(name) for name in held)
            optional = tuple(_HEADER + names.index(name) for name in held if name in row.optional)
            form = _Form(row.compartment, _HEADER + size, row.event_class, places, optional)
            forms[row.kind, version] = form
    return forms


_FORMS: Final = _forms()
_KNOWN: Final = {row.event_class: row for row in EVENTS}


def _said_first(row: EventKind) -> tuple[dict[str, Any], ...]:
    """For each version but the newest: the fields that it lacks, and what they say by default."""
    told = msgspec.structs.fields(row.event_class)
    return tuple(
        {
            field.name: (
                field.default
                if field.default_factory is msgspec.NODEFAULT
                else field.default_factory()
            )
            for field in told[size:]
        }
        for size in row.versions[:-1]
    )


_LACKS: Final = {row.event_class: _said_first(row) for row in EVENTS}


def _version(event: Event) -> int:
    """The lowest version that holds an event: what came later and says nothing is left out."""
    lacks = _LACKS[type(event)]
    for version, later in enumerate(lacks, 1):
        if all(getattr(event, name) == value for name, value in later.items()):
            return version
    return len(lacks) + 1


def kind_of(event: Event | Unreadable) -> str:
    """The kind's wire name, such as `share.purchased`; at most 64 letters for a stranger's."""
    return event.kind if isinstance(event, Unreadable) else _KNOWN[type(event)].kind


def encode(event: Event) -> bytes:
    """Canonical CBOR of an event; the receiver's `decode` gives an equal event.

    Raises ValueError when a field is out of its range: an event is checked when it is made, too.
    """
    row = _KNOWN[type(event)]
    version = _version(event)
    fields = msgspec.to_builtins(event, builtin_types=(bytes,))[: row.versions[version - 1]]
    payload = cbor2.dumps([row.compartment, row.kind, version, *fields], canonical=True)
    checked = decode(payload, bytes(ENTRY_ID_BYTES - LOCAL_ID_BYTES))
    if isinstance(checked, Unreadable):
        raise ValueError(_first_fault(event))
    return payload


def decode(payload: bytes, change_hash16: bytes) -> Event | Unreadable:
    """Read one event of the change whose hash begins with `change_hash16`; never raises.

    References of one byte come out as full entry ids of that change.
    """
    if len(payload) > EVENT_BYTES_MAX:
        return Unreadable("", "malformed")
    try:
        fields: Any = cbor2.loads(
            payload,
            max_depth=DEPTH_MAX,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            semantic_decoders=_NO_TAGS,
        )
        form = _FORMS[fields[1], fields[2]]
        if type(fields[0]) is not int or fields[0] != form.compartment or len(fields) != form.size:
            return _unreadable(payload)
        for place in form.references:
            reference = fields[place]
            if len(reference) == ENTRY_ID_BYTES or _complete(fields, place, change_hash16):
                continue
            if reference != b"" or place not in form.optional:
                return _unreadable(payload)
        del fields[:_HEADER]
        return msgspec.convert(fields, form.event_class)
    except Exception:  # whatever a stranger's bytes provoke is one answer, found below
        return _unreadable(payload)


def _complete(fields: Any, place: int, change_hash16: bytes) -> bool:
    reference = fields[place]
    if type(reference) is not bytes or len(reference) != LOCAL_ID_BYTES:
        return False
    fields[place] = change_hash16 + reference
    return True


def _unreadable(payload: bytes) -> Unreadable:
    """Tell an event of a later version from a broken one; only the header is looked at."""
    try:
        header: Any = cbor2.loads(
            payload, max_depth=DEPTH_MAX * 4, allow_indefinite=False, semantic_decoders=_NO_TAGS
        )
        compartment, kind, version = header[0], header[1], header[2]
    except Exception:
        return Unreadable("", "malformed")
    if type(compartment) is not int or type(kind) is not str or type(version) is not int:
        return Unreadable("", "malformed")
    known = (kind, version) in _FORMS
    return Unreadable(kind[:KIND_SHOWN_MAX], "malformed" if known else "unknown", compartment)


def _first_fault(event: Event) -> str:
    try:
        msgspec.convert(list(msgspec.to_builtins(event, builtin_types=(bytes,))), type(event))
    except msgspec.ValidationError as fault:
        return f"{type(event).__name__}: {fault}"
    return f"{type(event).__name__}: too large or a reference that is no entry id"
