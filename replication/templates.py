"""Events as tables: what is alike in many events is said once, the rest in columns.

Events of one compartment, kind, version and number of fields form a table with a column a field.
A column holds integers, or byte strings, texts or other items, these three as indexes into one
dictionary each for the whole bundle. An event that is no such array of fields is a table of one
column of other items. The reader puts events together from encoded items, so what comes out is
canonical CBOR without being encoded anew, and `cbor.check_event` would accept every event.

    number     templates T
    T times    number k: 0 for whole events; 1 + index of a template in `vocabulary.TEMPLATES`;
               past these a new one: the rest of k is the index of its kind in the texts, then
               numbers compartment, version, fields, and a number a field: its type (0 integer,
               1 text, 2 bytes, 3 other)
    column     for each event its template
    the dictionaries of texts, byte strings and others: see `dictionaries.py`
    T tables   a column a field, in order; all but integers are indexes into their dictionary
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple

from replication.cbor import COMPARTMENTS, INTEGER_MAX, INTEGER_MIN, count_containers, dumps, loads
from replication.columns import Column, ColumnReader, ColumnWriter
from replication.dictionaries import Dictionaries, Strings, read_dictionaries
from replication.errors import LocalError, RemoteError
from replication.limits import BUNDLE_BYTES_MAX, BUNDLE_CONTAINERS_MAX
from replication.vocabulary import TEMPLATES, TYPES, Template

TEMPLATES_MAX = 128
"""Kinds of events that get a table of their own in one bundle; a group uses about 25."""

FIELDS_MAX = 24
"""Fields of a table; the longest honest event has 14."""

_VERSION_MAX = 2**16

_HEAD_FIELDS = 3
"""Compartment, kind, version."""

_INTEGER, _TEXT, _BYTES, _OTHER = range(4)
_TYPES: Mapping[type, int] = {int: _INTEGER, bytes: _BYTES, str: _TEXT}


class _Key(NamedTuple):
    """What the events of one table share."""

    compartment: int
    kind: str
    version: int
    fields: int


_WHOLE = _Key(-1, "", 0, 1)
"""The table of events that are said whole."""

_KNOWN_PLACES = {template: place for place, template in enumerate(TEMPLATES)}


class _Table(NamedTuple):
    """The events of one key, and the row of the change that each belongs to."""

    events: list[list[Any]]
    rows: list[int]


class _Typed(NamedTuple):
    """A column and what it holds. Byte strings get their indexes last."""

    type: int
    values: Sequence[Any]


class EventTables:
    """The events of a bundle being written."""

    def __init__(self, strings: Strings) -> None:
        self._strings = strings
        self._sequence: list[int] = []
        self._columns: dict[_Key, list[_Typed]] = {}

    def add(self, events: Iterable[bytes], rows: Iterable[int]) -> None:
        """Take all events, canonical ones, once; `rows` are their changes, ascending."""
        places: dict[_Key, int] = {}
        tables: list[_Table] = []
        containers = 0
        for event, row in zip(events, rows, strict=True):
            fields = _fields_of(event)
            key = _key_of(fields)
            place = places.get(key)
            if place is None:
                if len(places) >= TEMPLATES_MAX - 1:
                    key = _WHOLE
                place = places.setdefault(key, len(places))
                if place == len(tables):
                    tables.append(_Table([], []))
            tables[place].events.append([event] if key is _WHOLE else fields)
            tables[place].rows.append(row)
            if key is _WHOLE:
                containers += _containers(fields)
            self._sequence.append(place)
        for key, table in zip(places, tables, strict=True):
            self._columns[key] = columns = [*self._typed(key, table)]
            if key is not _WHOLE and any(column.type == _OTHER for column in columns):
                containers += sum(map(_containers, table.events))
        if containers > BUNDLE_CONTAINERS_MAX:
            raise LocalError("bundle_too_large", "too many arrays and maps for one bundle")

    def _typed(self, key: _Key, table: _Table) -> Iterator[_Typed]:
        """The columns of one table, all but byte strings as numbers."""
        columns = [*zip(*table.events, strict=True)]
        if key is _WHOLE:
            yield _Typed(_OTHER, self._strings.others(columns[0]))
            return
        for values in columns[_HEAD_FIELDS:]:
            types = set(map(type, values))
            kind = _TYPES.get(types.pop(), _OTHER) if len(types) == 1 else _OTHER
            if kind == _TEXT:
                yield _Typed(_TEXT, self._strings.texts(values))
            elif kind == _OTHER:
                yield _Typed(_OTHER, self._strings.others([*map(dumps, values)]))
            else:
                if kind == _BYTES:
                    self._strings.note(values, table.rows)
                yield _Typed(kind, values)

    def write(self, writer: ColumnWriter, write_strings: Callable[[], None]) -> None:
        """Write templates and their sequence, the strings (by the call), and the tables."""
        writer.number(len(self._columns))
        for key, columns in self._columns.items():
            self._write_template(writer, key, columns)
        writer.column(self._sequence)
        write_strings()
        for columns in self._columns.values():
            writer.table(
                [
                    self._strings.byte_strings(column.values)
                    if column.type == _BYTES
                    else column.values
                    for column in columns
                ]
            )

    def _write_template(self, writer: ColumnWriter, key: _Key, columns: list[_Typed]) -> None:
        if key is _WHOLE:
            writer.number(0)
            return
        types = "".join(TYPES[column.type] for column in columns)
        known = _KNOWN_PLACES.get(Template(key.compartment, key.kind, key.version, types))
        if known is not None:
            writer.number(1 + known)
            return
        (kind,) = self._strings.texts([key.kind])
        for number in (1 + len(TEMPLATES) + kind, key.compartment, key.version, len(types)):
            writer.number(number)
        for column in columns:
            writer.number(column.type)


def _fields_of(event: bytes) -> Any:
    """The decoded event; None for bytes that are no CBOR, which travel as they are."""
    try:
        return loads(event)
    except RemoteError:
        return None


def _containers(value: object) -> int:
    """How many arrays and maps there are in a value."""
    if isinstance(value, list):
        return 1 + sum(map(_containers, value))
    if isinstance(value, dict):
        return 1 + sum(map(_containers, value.values()))
    return 0


def _key_of(fields: Any) -> _Key:
    """The table that an event belongs to."""
    if type(fields) is list and _HEAD_FIELDS <= len(fields) <= _HEAD_FIELDS + FIELDS_MAX:
        compartment, kind, version = fields[:_HEAD_FIELDS]
        if (
            type(compartment) is int
            and 0 <= compartment < COMPARTMENTS
            and type(kind) is str
            and type(version) is int
            and 0 <= version <= _VERSION_MAX
        ):
            return _Key(compartment, kind, version, len(fields) - _HEAD_FIELDS)
    return _WHOLE


class _Spelled(NamedTuple):
    """A template that is spelled out in the bundle; `kind` is an index into the texts."""

    compartment: int
    kind: int
    version: int
    types: str


def read_events(reader: ColumnReader, count: int, hashes: Sequence[bytes]) -> Iterator[bytes]:
    """So many events, each made when it is asked for; RemoteError at once or then.

    `hashes` are the change hashes of the bundle's rows, as far as the caller has come.
    """
    templates = [_read_template(reader) for _ in range(reader.number(TEMPLATES_MAX))]
    sequence = reader.bounded(count, len(templates) - 1)
    counts = Counter(sequence)
    dictionaries = read_dictionaries(reader, hashes)
    check = _Checker()
    tables = [
        _read_table(reader, template, counts[place], dictionaries, check)
        for place, template in enumerate(templates)
    ]
    return map(next, map(tables.__getitem__, sequence))


class _Checker:
    """Checks events that are made of unchecked items, and bounds the work over a bundle."""

    def __init__(self) -> None:
        self._containers_left = BUNDLE_CONTAINERS_MAX

    def __call__(self, event: bytes) -> bytes:
        self._containers_left -= count_containers(event)
        if self._containers_left < 0:
            raise RemoteError("bad_bundle", "there are too many arrays and maps in the events")
        return event


def _read_template(reader: ColumnReader) -> Template | _Spelled | None:
    """A template; None for whole events."""
    number = reader.number(BUNDLE_BYTES_MAX)
    if number == 0:
        return None
    if number <= len(TEMPLATES):
        return TEMPLATES[number - 1]
    compartment, version = reader.number(COMPARTMENTS - 1), reader.number(_VERSION_MAX)
    fields = reader.number(FIELDS_MAX)
    types = "".join(TYPES[reader.number(_OTHER)] for _ in range(fields))
    return _Spelled(compartment, number - 1 - len(TEMPLATES), version, types)


def _read_table(
    reader: ColumnReader,
    template: Template | _Spelled | None,
    count: int,
    dictionaries: Dictionaries,
    check: Callable[[bytes], bytes],
) -> Iterator[bytes]:
    """The events of one table."""
    if count == 0:
        raise RemoteError("bad_bundle", "a template has no event")
    types = "o" if template is None else template.types
    columns: list[Column] = []
    for _ in types:
        columns.append(reader.column(count, columns))
    if template is None:
        return map(check, map(dictionaries.others.__getitem__, columns[0]))
    items = [
        column.through(_INTEGERS.__getitem__)
        if kind == "i"
        else map(dictionaries[TYPES.index(kind) - 1].__getitem__, column)
        for kind, column in zip(types, columns, strict=True)
    ]
    head = _head(template, dictionaries)
    events = map(b"".join, zip(repeat(head, count), *items, strict=False))
    return map(check, events) if "o" in types else events


def _head(template: Template | _Spelled, dictionaries: Dictionaries) -> bytes:
    """The first bytes of all events of a template."""
    length = _HEAD_FIELDS + len(template.types)
    kind = template.kind
    return b"".join(
        (
            bytes((0x80 | length,)) if length < 24 else bytes((0x98, length)),
            dumps(template.compartment),
            dumps(kind) if isinstance(kind, str) else dictionaries.texts[kind],
            dumps(template.version),
        )
    )


class _Integers(dict[int, bytes]):
    """Integers as CBOR; the common ones at hand."""

    def __missing__(self, value: int) -> bytes:
        if not INTEGER_MIN <= value <= INTEGER_MAX:
            raise RemoteError("bad_bundle", "an integer has at most 64 signed bits")
        return dumps(value)


_INTEGERS = _Integers((value, dumps(value)) for value in range(-24, 1024))
