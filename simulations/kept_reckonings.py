"""Reckonings whose results are frozen: from one version to the next, equal terms give equal money.

The logs of kept_books.py seldom agree on rare terms of a loan, of a share-out or a dividend; here
such terms are reckoned by themselves. Nothing here says that a sum is right, which other tests
show; it says that it is the same under one `REDUCER_VERSION`. Each line of
`tests/vectors/reckonings.jsonl` has a kind of case (reckoned_cases.py), its inputs without what
is left at its default, and a check of all that comes out, or the sentence that refuses it.

    python -m simulations.kept_reckonings               check them; after a rise of
                                                        REDUCER_VERSION, or where only sentences
                                                        changed, write the new ones in their place
    python -m simulations.kept_reckonings --draw 300    choose other cases of each kind, that
                                                        together go many ways
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple, get_args, get_origin

import click

from model.accounts import Account
from simulations.drawn_cases import Draw, Given, slips
from simulations.drawn_pages import fields, is_page
from simulations.keeping import (
    ROOT,
    must_be_written,
    places_chosen,
    read_lines,
    ways_through,
    write_lines,
)
from simulations.reckoned_cases import RECKONED

FILE: Final = ROOT / "tests" / "vectors" / "reckonings.jsonl"
KEPT: Final = {"loan": 180, "history": 80, "sharing_out": 30, "calendar": 60, "group_ratio": 60}
"""How many cases of a kind are chosen, out of four times as many; of the others 20."""
_SHORT: Final = 3  # fields
_RULED_OUT: Final = ("PenaltyRule.basis other", "PenaltyRule.unit other")  # by types alone


class Kept(NamedTuple):
    """A case, and what it gave: a check of eight hex digits, or the sentence that refused it."""

    kind: str
    given: dict[str, Any]  # as it stands in the file
    gave: str

    @property
    def refused(self) -> bool:
        """Were the inputs refused?"""
        return " " in self.gave

    def reckoned(self) -> Kept:
        """The same case by the rules of today."""
        return self._replace(gave=gave(self.kind, _inputs(self.kind, self.given, meant)))


def read() -> tuple[int, list[Kept]]:
    """The version of the rules that the file was made by, and what it keeps."""
    version, lines = read_lines(FILE)
    return version, [Kept(line["of"], line["given"], line["gave"]) for line in lines]


def write(kept: list[Kept]) -> None:
    """Keep cases with what they give by the rules of today."""
    write_lines(FILE, ({"of": one.kind, "given": one.given, "gave": one.gave} for one in kept))


def gave(kind: str, given: Given) -> str:
    """A check over all that a case comes to, or the sentence that refuses it."""
    known = frozenset(_pages_in(given))
    try:
        told = "\n".join(_told(result, known) for result in RECKONED[kind](**given))
    except ValueError as refusal:
        return f"{type(refusal).__name__}: {refusal}"
    return f"{zlib.crc32(told.encode()):08x}"


def _told(value: Any, given: frozenset[type]) -> str:
    """A result as one text. Sentences for people are left out, and pages of a type that was given,
    which are known: a new field with a default changes nothing that is reckoned."""
    match value:
        case Account():
            return value.code
        case tuple() if is_page(type(value)):
            if type(value) in given:
                return ""
            read = (*value, *(getattr(value, name) for name in _properties(type(value))))
            return f"({','.join(_told(part, given) for part in read)})"
        case tuple() | list():
            return f"[{','.join(_told(part, given) for part in value)}]"
        case dict():
            return _told([*value.items()], given)
        case str() if " " in value:
            return ""
        case _:
            return str(value)


@lru_cache(maxsize=256)
def _properties(kind: type) -> list[str]:
    return sorted(name for name, member in vars(kind).items() if isinstance(member, property))


def _pages_in(value: Any) -> Iterator[type]:
    if isinstance(value, tuple | dict):
        if is_page(type(value)):
            yield type(value)
        for part in value.values() if isinstance(value, dict) else value:
            yield from _pages_in(part)


# Inputs as JSON: of a page what is not at its default, of a short one all in its order; a happening
# says of which kind it is


def shown(value: Any, hint: Any) -> Any:
    """A value of a type as JSON."""
    if is_page(type(value)):
        page = _page_shown(value, fields(type(value)))
        return [type(value).__name__, page] if _is_happening(hint) else page
    match value:
        case tuple():
            kinds = _parts(hint, value)
            return [shown(part, kind) for part, kind in zip(value, kinds, strict=True)]
        case bytes():
            return value.hex()
        case Fraction():
            return str(value)
        case _:
            return value


def _page_shown(page: Any, kinds: dict[str, Any]) -> Any:
    if len(kinds) <= _SHORT:
        return [shown(part, kind) for part, kind in zip(page, kinds.values(), strict=True)]
    defaults = page._field_defaults
    return {
        name: shown(part, kinds[name])
        for name, part in page._asdict().items()
        if name not in defaults or part != defaults[name]
    }


def meant(value: Any, hint: Any) -> Any:
    """The value of a type that the JSON stands for; of an unknown form it stays so."""
    if _is_happening(hint):
        return _page_meant(value[1], next(k for k in get_args(hint) if k.__name__ == value[0]))
    page = next((kind for kind in (hint, *get_args(hint)) if is_page(kind)), None)
    match value:
        case dict() | list() if page and get_origin(hint) is not tuple:
            return _page_meant(value, page)
        case list():
            kinds = _parts(hint, value)
            return tuple(meant(part, kind) for part, kind in zip(value, kinds, strict=True))
        case str() if hint is bytes:
            return bytes.fromhex(value)
        case str() if hint is Fraction or Fraction in get_args(hint):
            return Fraction(value)
        case _:
            return value


def _page_meant(value: Any, page: Any) -> Any:
    kinds = fields(page)
    named = value if isinstance(value, dict) else dict(zip(kinds, value, strict=True))
    return page(**{name: meant(part, kinds[name]) for name, part in named.items()})


def _is_happening(hint: Any) -> bool:
    """Does a type name several pages?"""
    return get_origin(hint) is not tuple and sum(map(is_page, get_args(hint))) > 1


def _parts(hint: Any, value: Sequence[Any]) -> Sequence[Any]:
    kinds = get_args(hint)
    return [kinds[0]] * len(value) if kinds[-1] is ... else kinds


def _inputs(kind: str, given: dict[str, Any], way: Callable[[Any, Any], Any]) -> dict[str, Any]:
    kinds = fields(RECKONED[kind])
    return {name: way(value, kinds[name]) for name, value in given.items()}


# Choosing cases


def _drawn(kind: str, given: Given) -> tuple[Kept, set[object]]:
    """A case with what it gives, and the ways that it goes; none where it is refused."""
    told, ways = ways_through("model/reckoning", lambda: gave(kind, given))
    found = Kept(kind, _inputs(kind, given, shown), told)
    if found.refused:
        return found, {told[:40]}
    if kind == "loan":
        ways |= {(way, given["terms"].method) for way in ways}
    return found, ways | set(_agreed(kind, given, ""))


def _agreed(kind: str, value: Any, method: str) -> Iterator[object]:
    """What was agreed in an accepted case: each choice, and that a number is one, by method."""
    if isinstance(value, dict) or is_page(type(value)):
        page = value if isinstance(value, dict) else value._asdict()
        hints = fields(RECKONED[kind] if isinstance(value, dict) else type(value))
        method = page.get("method", method)
        for name, part in page.items():
            yield from _agreed(kind, part, method)
            if get_origin(hints[name]) is Literal or hints[name] is bool:
                yield kind, type(value).__name__, name, part, method
            elif name == "account_code":
                yield kind, name, part
            elif type(part) is int:
                yield kind, type(value).__name__, name, part > 0, method
    elif isinstance(value, tuple):
        for part in value:
            yield from _agreed(kind, part, method)


def _chosen(draw: int) -> Iterator[Kept]:
    """Of each kind the cases that together go many ways, then those with one value at a bound."""
    slipped: set[str] = set()
    for kind in RECKONED:
        many = draw * (4 if kind in KEPT else 1)
        click.echo(f"{many} times {kind}", err=True)
        drawn = [Draw(seed).case(kind) for seed in range(many)]
        found = [_drawn(kind, given) for given in drawn]
        ways, lengths = [ways for _, ways in found], [len(str(kept)) + 50 for kept, _ in found]
        yield from (found[place][0] for place in places_chosen(ways, lengths, KEPT.get(kind, 20)))
        taken = [given for given, (kept, _) in zip(drawn, found, strict=True) if not kept.refused]
        yield from _with_slips(kind, taken, slipped)


def _with_slips(kind: str, taken: list[Given], seen: set[str]) -> Iterator[Kept]:
    """Short cases with each slip once, but no unknown form that nobody looks at."""
    for given in sorted(taken, key=lambda given: len(str(given)))[: len(taken) // 2]:
        for name, slip in slips(kind, given):
            if name not in seen and name not in _RULED_OUT:
                seen.add(name)
                kept = Kept(kind, _inputs(kind, slip, shown), gave(kind, slip))
                if kept.refused or not name.endswith(" other"):
                    yield kept


@click.command()
@click.option("--draw", default=0, help="Choose other cases, out of so many of each kind.")
def main(draw: int) -> None:
    """Hold the kept reckonings against the rules of today."""
    if draw:
        write(list(_chosen(draw)))
        return
    version, every = read()
    now = [kept.reckoned() for kept in every]
    both = [(old, new) for old, new in zip(every, now, strict=True) if old != new]
    worded = sum(old.refused and new.refused for old, new in both)
    changed = len(both) - worded
    click.echo(f"{changed} of {len(every)} reckonings give another result than by rules {version}.")
    click.echo(f"{worded} are refused in other words.")
    if must_be_written(changed, worded, version):
        write(now)


if __name__ == "__main__":
    main()
