"""The strings of a bundle, each said once: texts, byte strings with the names, other items.

Most byte strings in events are entry ids: 16 bytes of a change hash and the event's index. One
that names an earlier change of the same bundle is said as that change's row, which takes a byte or
two instead of seventeen. The receiver has computed the hash by then and puts the id back.

    texts    number count, column of lengths, the UTF-8 (dense); an index below `len(WORDS)` is
             one of those words (`vocabulary.py`), the others count on from there
    bytes    number a, columns of a rows and a event indexes (entries of this bundle);
             number b, column of b lengths, number 0 or 1, the strings (dense or plain);
             an index counts through both
    others   number count, column of lengths, the canonical CBOR items (dense)
"""

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, chain
from typing import NamedTuple

from replication.cbor import dumps
from replication.columns import ColumnReader, ColumnWriter, is_noise
from replication.errors import LocalError, RemoteError
from replication.limits import (
    BUNDLE_CHANGES_MAX,
    BUNDLE_STRINGS_MAX,
    CHANGE_EVENTS_MAX,
    EVENT_BYTES_MAX,
)
from replication.vocabulary import WORDS

NAME_BYTES = 17
"""An entry id."""

NAMES_MAX = 8 * 1024
"""Entries of a bundle that are named in it; further ones are literal strings."""

_HASH_BYTES = 16


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

    def write(self, writer: ColumnWriter, row_of: Mapping[bytes, int]) -> None:
        """Write all three dictionaries; `row_of`: row by the first 16 bytes of a change hash."""
        _write_strings(writer, [text.encode() for text in [*self._texts][len(WORDS) :]])
        rows: dict[bytes, int] = {}
        literal: list[bytes] = []
        for value, first_use in self._first_use.items():
            prefix = value[:_HASH_BYTES]
            is_name = len(value) == NAME_BYTES and value[-1] < CHANGE_EVENTS_MAX
            if is_name and row_of.get(prefix, first_use) < first_use and len(rows) < NAMES_MAX:
                rows[value] = row_of[prefix]
            else:
                literal.append(value)
        writer.number(len(rows))
        writer.column([*rows.values()])
        writer.column([value[-1] for value in rows])
        _write_strings(writer, literal, may_be_plain=True)
        order = chain(rows, literal)
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


def read_dictionaries(reader: ColumnReader, hashes: Sequence[bytes]) -> Dictionaries:
    """Read the dictionaries; `hashes` grows with the bundle's rows."""
    texts = _read_texts(reader)
    byte_strings = _read_bytes(reader, hashes)
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


def _read_bytes(reader: ColumnReader, hashes: Sequence[bytes]) -> Dictionary:
    rows = reader.bounded(reader.number(NAMES_MAX), BUNDLE_CHANGES_MAX)
    row_events = reader.bounded(len(rows), CHANGE_EVENTS_MAX - 1)
    strings = _read_strings(reader, may_be_plain=True)

    def byte_string(index: int) -> bytes:
        if index < len(rows):
            if rows[index] >= len(hashes):
                raise RemoteError("unknown_name", "an entry is named before it comes")
            return dumps(hashes[rows[index]][:_HASH_BYTES] + bytes((row_events[index],)))
        return dumps(strings[index - len(rows)])

    return Dictionary(len(rows) + len(strings), byte_string)


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
