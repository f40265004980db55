"""The floors under every figure: the payload compressed, a bare insert, a signature.

Nothing that replicates, signs or keeps can be below them by much. A meeting's floor is both tails
as sent by somebody who knows already what the other lacks; columns leave names out, for both sides
know the members.
"""

import sqlite3
import zlib
from collections.abc import Callable, Sequence
from contextlib import closing
from statistics import median
from typing import Final

import cbor2
from nacl.signing import SigningKey

from simulations.bench.disk import bare_table, insert
from simulations.bench.figures import timed
from simulations.bench.peers.candidate import WRITES_A_ROUND, Answer, Missing, Setting, Step
from simulations.bench.peers.rows import Row, Workload, add_up, balances

try:
    import zstandard
except ImportError:
    zstandard = None

ZSTD_LEVEL: Final = 19
SIGNED_BYTES: Final = 100
SIGNATURES_A_ROUND: Final = 200

Pack = Callable[[Sequence[bytes], bool], bytes]
"""These rows as bytes; the flag says whether the reader knows the names already."""


class Payload:
    """Rows compressed in one way, and nothing else done with them."""

    def __init__(self, setting: Setting, pack: Pack) -> None:
        self._workload = Workload.load(setting.workload)
        self._pack = pack

    def take(self, step: Step, length: int, run: int) -> Answer:
        """Bytes of a meeting and of everything."""
        match step:
            case "meeting":
                tails = self._workload.tails[length, run]
                return {"meeting_bytes": sum(len(self._pack(tail, True)) for tail in tails)}
            case "bootstrap":
                size = len(self._pack(self._workload.rows[:length], False))
                return {"bootstrap_bytes": size, "at_rest_bytes": size}
            case _:
                return {}


class Rows(Payload):
    """Rows under one compression, read back to the balances."""

    def __init__(
        self,
        setting: Setting,
        compress: Callable[[bytes], bytes],
        decompress: Callable[[bytes], bytes],
    ) -> None:
        super().__init__(setting, lambda rows, _known: compress(cbor2.dumps([*rows])))
        everything = self._pack(self._workload.rows, False)
        self._path = setting.folder / "bare.sqlite"
        self._balances = balances(self._workload.rows)
        self._decompress = decompress
        with closing(bare_table(self._path)) as table:
            insert(table, everything)

    def take(self, step: Step, length: int, run: int) -> Answer:
        """Sizes, a bare insert of one row, and reading all back."""
        match step:
            case "durable":
                return {"durable_ms": self._durable()}
            case "open":
                return {"open_ms": timed(self._open)}
            case "advance":
                tail = self._workload.tails[length, run][0]
                return {"advance_ms": timed(lambda: add_up(self._balances, tail))}
            case "bootstrap":
                packed = self._pack(self._workload.rows[:length], False)
                ms = timed(lambda: cbor2.loads(self._decompress(packed)))
                return {**super().take(step, length, run), "bootstrap_ms": ms}
            case _:
                return super().take(step, length, run)

    def _durable(self) -> float:
        with closing(bare_table(self._path)) as table:
            row = self._workload.rows[0]
            taken = [timed(lambda: insert(table, row)) for _ in range(WRITES_A_ROUND)]
            table.execute("DELETE FROM entries WHERE number > 1")
        return median(taken)

    def _open(self) -> None:
        with closing(sqlite3.connect(self._path)) as table:
            ((packed,),) = table.execute("SELECT entry FROM entries")
        assert balances(cbor2.loads(self._decompress(packed))) == self._balances


class Signatures:
    """Ed25519 alone, on as many bytes as a hash and its context have."""

    def __init__(self, setting: Setting) -> None:
        self._key = SigningKey(bytes(32))
        self._signed = self._key.sign(bytes(SIGNED_BYTES))

    def take(self, step: Step, length: int, run: int) -> Answer:
        """Microseconds of a signature and of checking one."""
        if step != "durable":
            return {}
        message, verify = bytes(SIGNED_BYTES), self._key.verify_key.verify
        works: dict[str, Callable[[], object]] = {
            "sign_us": lambda: [self._key.sign(message) for _ in range(SIGNATURES_A_ROUND)],
            "verify_us": lambda: [verify(self._signed) for _ in range(SIGNATURES_A_ROUND)],
        }
        return {name: timed(work) * 1000 / SIGNATURES_A_ROUND for name, work in works.items()}


def rows_zstd(setting: Setting) -> Rows:
    """CBOR rows under zstd."""
    if zstandard is None:
        raise Missing("the package zstandard")
    compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL)
    return Rows(setting, compressor.compress, zstandard.ZstdDecompressor().decompress)


def rows_zlib(setting: Setting) -> Rows:
    """CBOR rows under zlib."""
    return Rows(setting, lambda data: zlib.compress(data, 9), zlib.decompress)


def columns_zlib(setting: Setting) -> Payload:
    """Columns of deltas under zlib."""
    return Payload(setting, columns)


def columns(rows: Sequence[bytes], names_known: bool) -> bytes:
    """The rows column by column: names as numbers, numbers as differences, then zlib."""
    table = [Row(*cbor2.loads(row)) for row in rows]
    names = sorted({row.member for row in table} | {row.recorder for row in table})
    number = {name: at for at, name in enumerate(names)}
    parts = [] if names_known else names
    return zlib.compress(
        b"".join(
            (
                *parts,
                bytes(row.kind for row in table),
                _differences([number[row.member] for row in table]),
                _differences([row.amount_minor for row in table]),
                _differences([row.meeting for row in table]),
                _differences([row.time_ms for row in table]),
                _differences([number[row.recorder] for row in table]),
            )
        ),
        9,
    )


def _differences(values: Sequence[int]) -> bytes:
    """Each value less the one before, zigzag LEB128."""
    out = bytearray()
    before = 0
    for value in values:
        step, before = value - before, value
        rest = step * 2 if step >= 0 else -step * 2 - 1
        while rest > 127:
            out.append(rest & 127 | 128)
            rest >>= 7
        out.append(rest)
    return bytes(out)
