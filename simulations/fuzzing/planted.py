"""Parsers with a fault each: by these it is known that every law is watched.

Each is fed like any other target and must be found with the kind that is named here, within
`EXECUTIONS` inputs. They are in no ordinary run.
"""

import os
import re
from typing import Final

from replication.cbor import loads
from simulations.fuzzing.mutation import bytes_of, cbor_of
from simulations.fuzzing.target import Broken, Kind, Mutate, Parser, Target

EXECUTIONS: Final = 300
_SEEDS: Final = (b"\x83\x01\x02\x43abc", b"\x82\x61x\xa1\x61k\x05", b"a=1;b=22;c=333")


class Refused(Exception):
    """What the planted parsers document."""


def _fed(take, mutate: Mutate = bytes_of) -> Parser:  # type: ignore[no-untyped-def]
    return Parser(take, _SEEDS, (Refused,), mutate)


def _lookup() -> Parser:
    """Raises KeyError where a word is missing."""

    def take(data: bytes) -> object:
        return {b"a": 1, b"\x83": 2, b"\x82": 3}[data[:1]]

    return _fed(take)


def _deep() -> Parser:
    """Goes one call deeper for every bracket."""

    def depth(data: bytes, at: int) -> int:
        return 1 + depth(data, at + 1) if at < len(data) and data[at] == data[0] else 0

    return _fed(lambda data: depth(data, 0))


def _claimed() -> Parser:
    """Makes room for as many bytes as the input says that there will be."""

    def take(data: bytes) -> object:
        return b"\x01" * (int.from_bytes(data[:4], "little") % 2**27)

    return _fed(take)


def _endless() -> Parser:
    """Goes on until a mark comes, which some inputs don't have."""

    def take(data: bytes) -> None:
        at = 0
        while data and data[at % len(data)] not in b"ck":
            at += 1

    return _fed(take)


def _backtracking() -> Parser:
    """Hangs inside a library that no signal handler interrupts."""
    form = re.compile(rb"([^\x00]+)+\x00$")

    def take(data: bytes) -> object:
        return form.match(data[:64])

    return _fed(take)


def _slow() -> Parser:
    """Takes the square of what it should, and more than the law allows."""

    def take(data: bytes) -> int:
        return sum(1 for one in data[:3000] for other in data[:3000] if one < other)

    return _fed(take)


def _abort() -> Parser:
    """Ends the process, as a library's assertion does."""

    def take(data: bytes) -> None:
        if data[:1] == b"\xff":
            os.abort()

    return _fed(take)


def _two_forms() -> Parser:
    """Takes what it would not have written."""

    def take(data: bytes) -> None:
        try:
            value = loads(data)
        except Exception as error:
            raise Refused from error
        if value in ([1, 2], [True, 2], [1, 2, b"abc", None]) or value is None:
            raise Broken("two forms of one value")

    return _fed(take, cbor_of)


def _unlisted() -> Parser:
    """Refuses under a code that is in no list."""

    class Coded(Refused):
        code = "made_up"

    def take(data: bytes) -> None:
        if b"=" not in data:
            raise Coded

    return Parser(take, _SEEDS, (Refused,), bytes_of, (), frozenset({"known"}))


PLANTED: Final[tuple[tuple[Target, Kind], ...]] = (
    (Target("planted-lookup", _lookup), "exception"),
    (Target("planted-depth", _deep), "exception"),
    (Target("planted-claim", _claimed), "memory"),
    (Target("planted-endless", _endless), "hang"),
    (Target("planted-backtracking", _backtracking), "hang"),
    (Target("planted-slow", _slow), "slow"),
    (Target("planted-abort", _abort), "death"),
    (Target("planted-two-forms", _two_forms), "broken"),
    (Target("planted-code", _unlisted), "code"),
)
