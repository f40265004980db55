"""The strings of a bundle, each said once: texts, byte strings with the names, other items.

Most byte strings in events are entry ids: 16 bytes of a change hash and the event's index. One
that names an earlier change of the same bundle is said as that change's row, and one that names
a change which the receiver already has as (device, position): both take a byte or two instead
of seventeen. The receiver knows the hashes and puts the id back.

    texts    number count, column of lengths, the UTF-8 (dense); an index below `len(WORDS)` is
             one of those words (`vocabulary.py`), the others count on from there
    bytes    number a, columns of a rows and a event indexes (entries of this bundle);
             number b, columns of b devices, positions and event indexes (entries known before);
             number c, column of c lengths, number 0 or 1, the strings (dense or plain);
             an index counts through all three
    others   number count, column of lengths, the canonical CBOR items (dense)
"""

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, chain
from typing import NamedTuple, Protocol

from replication.cbor import dumps
from replication.change import Change
from replication.columns import ColumnReader, ColumnWriter, is_noise
from replication.errors import LocalError, RemoteError
from replication.limits import (
    BUNDLE_CHANGES_MAX,
    BUNDLE_STRINGS_MAX,
    CHAIN_LENGTH_MAX,
    CHANGE_EVENTS_MAX,
    EVENT_BYTES_MAX,
)
from replication.vocabulary import WORDS

NAME_BYTES = 17
"""An entry id."""

NAMES_MAX = 8 * 1024
"""Names of one kind in a bundle; further ones are literal strings."""

_HASH_BYTES = 16


class Place(NamedTuple):
    """Where a change stands: a device and a position in its chain."""

    device: bytes
    n: int


class Known(Protocol):
    """What both ends of a session hold beforehand, as either end sees it."""

    def change_at(self, device: bytes, n: int) -> Change | None:
        """The change at this position; None when there is none there, or several."""
        ...

    def device_from(self, key_start: bytes) -> bytes | None:
        """The only device that is known whose public key begins with these 8 bytes."""
        ...


class Told(Known, Protocol):
    """The same at the sending end: nothing that the receiver might lack."""

    def place_of(self, hash_start: bytes) -> Place | None:
        """Where the change stands whose hash begins with these 16 bytes; None as above."""
        ...


class Nothing:
    """Two ends that share no history yet."""

    def change_at(self, device: bytes, n: int) -> None:
        """No change."""

    def device_from(self, key_start: bytes) -> None:
        """No device."""

    def place_of(self, hash_start: bytes) -> None:
        """No place."""


class Strings:
    """The strings of a bundle being written, in order of their first appearance."""

    def __init__(self) -> None:
        self._texts = {word: index for index, word in enumerate(WORDS)}
        self._others: dict[bytes, int] = {}
        self._first_use: dict[bytes, int] = {}
        self._bytes: dict[bytes, int] = {}

    def texts(self, texts: Sequence[str]) -> list[int]:
        """The indexes of texts."""
        return _indexes(self._texts, texts)

    def others(self, items: Sequence[bytes]) -> list[int]:
        """The indexes of encoded items."""
        return _indexes(self._others, items)

    def note(self, values: Sequence[bytes], rows: Sequence[int]) -> None:
        """Collect byte strings; `rows` are the changes that use them, ascending."""
        first_use = dict(zip(reversed(values), reversed(rows), strict=True))
        for value in dict.fromkeys(values):
            row = first_use[value]
            if row < self._first_use.get(value, row + 1):
                self._first_use[value] = row

    def byte_strings(self, values: Sequence[bytes]) -> list[int]:
        """The indexes of byte strings that were noted; only after `write`."""
        return [*map(self._bytes.__getitem__, values)]

    def write(
        self,
        writer: ColumnWriter,
        row_of: Mapping[bytes, int],
        place_of: Callable[[bytes], Place | None],
        device_index: Callable[[bytes], int],
    ) -> None:
        """Write all three dictionaries.

        `row_of`: row by the first 16 bytes of a change hash; `place_of`: where the receiver has
        the change whose hash begins so; `device_index`: a device in the bundle's table.
        """
        _write_strings(writer, [text.encode() for text in [*self._texts][len(WORDS) :]])
        rows: dict[bytes, int] = {}
        places: dict[bytes, Place] = {}
        literal: list[bytes] = []
        for value, first_use in self._first_use.items():
            prefix = value[:_HASH_BYTES]
            is_name = len(value) == NAME_BYTES and value[-1] < CHANGE_EVENTS_MAX
            if is_name and row_of.get(prefix, first_use) < first_use and len(rows) < NAMES_MAX:
                rows[value] = row_of[prefix]
            elif is_name and len(places) < NAMES_MAX and (place := place_of(prefix)):
                places[value] = place
            else:
                literal.append(value)
        writer.number(len(rows))
        writer.column([*rows.values()])
        writer.column([value[-1] for value in rows])
        writer.number(len(places))
        writer.column([device_index(place.device) for place in places.values()])
        writer.column([place.n for place in places.values()])
        writer.column([value[-1] for value in places])
        _write_strings(writer, literal, may_be_plain=True)
        order = chain(rows, places, literal)
        self._bytes = {value: index for index, value in enumerate(order)}
        _write_strings(writer, [*self._others])


def _indexes(dictionary: dict[str, int] | dict[bytes, int], values: Sequence[object]) -> list[int]:
    """The indexes of values in a dictionary that grows by those it lacks."""
    known: dict[object, int] = dictionary  # type: ignore[assignment]
    for value in dict.fromkeys(values):
        known.setdefault(value, len(known))
    return [*map(known.__getitem__, values)]


def _write_strings(
    writer: ColumnWriter, strings: Sequence[bytes], may_be_plain: bool = False
) -> None:
    if len(strings) > BUNDLE_STRINGS_MAX:
        raise LocalError("bundle_too_large", "too many different strings for one bundle")
    writer.number(len(strings))
    writer.column([*map(len, strings)])
    joined = b"".join(strings)
    is_plain = may_be_plain and is_noise(joined)
    if may_be_plain:
        writer.number(is_plain)
    (writer.plain if is_plain else writer.dense).extend(joined)


class Dictionary(dict[int, bytes]):
    """A dictionary as read: index to encoded CBOR item, made and checked when first asked for."""

    def __init__(self, count: int, make: Callable[[int], bytes]) -> None:
        super().__init__()
        self._count, self._make = count, make

    def __missing__(self, index: int) -> bytes:
        if not 0 <= index < self._count:
            raise RemoteError("bad_bundle", "an index is outside its dictionary")
        item = self[index] = self._make(index)
        return item


class Dictionaries(NamedTuple):
    """All three, as read."""

    texts: Dictionary
    byte_strings: Dictionary
    others: Dictionary
    """Unchecked: whoever makes an event of them checks that."""


def read_dictionaries(
    reader: ColumnReader, devices: Sequence[bytes], known: Known, hashes: Sequence[bytes]
) -> Dictionaries:
    """Read the dictionaries; `devices` is the bundle's table, `hashes` grows with its rows."""
    texts = _read_texts(reader)
    byte_strings = _read_bytes(reader, devices, known, hashes)
    others = _read_strings(reader)

    return Dictionaries(texts, byte_strings, Dictionary(len(others), others.__getitem__))


def _read_texts(reader: ColumnReader) -> Dictionary:
    strings = _read_strings(reader)

    def text(index: int) -> bytes:
        if index < len(WORDS):
            return dumps(WORDS[index])
        try:
            return dumps(strings[index - len(WORDS)].decode())
        except UnicodeDecodeError as error:
            raise RemoteError("bad_bundle", "a text is not UTF-8") from error

    return Dictionary(len(WORDS) + len(strings), text)


def _read_bytes(
    reader: ColumnReader, devices: Sequence[bytes], known: Known, hashes: Sequence[bytes]
) -> Dictionary:
    rows = reader.bounded(reader.number(NAMES_MAX), BUNDLE_CHANGES_MAX)
    row_events = reader.bounded(len(rows), CHANGE_EVENTS_MAX - 1)
    placed = reader.number(NAMES_MAX)
    place_devices = reader.bounded(placed, len(devices) - 1)
    place_n = reader.bounded(placed, CHAIN_LENGTH_MAX)
    place_events = reader.bounded(placed, CHANGE_EVENTS_MAX - 1)
    strings = _read_strings(reader, may_be_plain=True)

    def byte_string(index: int) -> bytes:
        if index < len(rows):
            if rows[index] >= len(hashes):
                raise RemoteError("unknown_name", "an entry is named before it comes")
            return dumps(hashes[rows[index]][:_HASH_BYTES] + bytes((row_events[index],)))
        index -= len(rows)
        if index < placed:
            change = known.change_at(devices[place_devices[index]], place_n[index])
            if change is None:
                raise RemoteError("unknown_name", "an entry is named that is not known here")
            return dumps(change.change_hash[:_HASH_BYTES] + bytes((place_events[index],)))
        return dumps(strings[index - placed])

    return Dictionary(len(rows) + placed + len(strings), byte_string)


class _Slices:
    """Byte strings that lie one after the other, cut out only when asked for."""

    def __init__(self, lengths: Iterable[int], joined: bytes) -> None:
        self._starts = array("I", accumulate(lengths, initial=0))
        self._joined = joined

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, index: int) -> bytes:
        return self._joined[self._starts[index] : self._starts[index + 1]]


def _read_strings(reader: ColumnReader, may_be_plain: bool = False) -> _Slices:
    lengths = reader.bounded(reader.number(BUNDLE_STRINGS_MAX), EVENT_BYTES_MAX)
    is_plain = may_be_plain and reader.number(1)
    total = sum(lengths)
    return _Slices(lengths, reader.plain(total) if is_plain else reader.dense(total))
