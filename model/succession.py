"""Of facts that take each other's place (elections, constitutions): which one is in force.

A fact is settled when every other on its topic either knew it or was known to it. The newest
settled one is in force; facts that did not know of each other settle nothing until one knows them
all. Both follow from who knew what, so that no order of writing gives anybody power.
Each question can be asked for an author's past: who wrote apart is judged by what could be known
there. Costs follow the facts that are not settled, never the length of the history.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from model.book import Book
from model.entry import Entry, Past
from model.pages import SettledTurn, TopicPage, Turn

Says = Callable[[str], object]
"""What a fact says, by its entry: facts that did not know of each other may still agree."""

QUARREL_MAX: Final = 256  # unsettled facts on one topic that are followed; more is a flood


def take_turn(book: Book, topic: str, entry: Entry) -> bool:
    """Add a fact to its topic; False when the quarrel is already too long to follow."""
    page = book.topics.find(topic) or TopicPage()
    name, past = entry.id.hex(), entry.past
    depth = page.depth
    while depth and not _knows(past, _settled(book, topic, depth - 1).entry):
        depth -= 1
    heads = (*(head for head in page.heads if not _knows(past, head)), name)
    settles = len(heads) == 1
    first = _settled(book, topic, depth - 1).place + 1 if depth else 0
    if page.count - first > QUARREL_MAX and not settles:
        return False
    unknown: tuple[str, ...] = ()
    if not settles:
        earlier = (_turn(book, topic, place).entry for place in range(first, page.count))
        unknown = tuple(other for other in earlier if not _knows(past, other))
    for gone in range(depth, page.depth):
        book.settled.put((gone, topic), None)
    if settles:
        book.settled.put((depth, topic), SettledTurn(name, page.count))
        depth += 1
    book.turns.put((page.count, topic), Turn(name, unknown))
    book.topics.put(topic, TopicPage(page.count + 1, depth, heads))
    return True


class Standing(NamedTuple):
    """What is known on a topic: its newest settled fact, and what came after it, in order."""

    settled: str
    """Empty when none is."""
    since: tuple[Turn, ...]
    """None of these is settled: each did not know of another one, or was not known to it."""


def standing_of(book: Book, topic: str, past: Past | None = None) -> Standing:
    """What of a topic is known to all, or to an author with this past."""
    page = book.topics.find(topic)
    if page is None:
        return Standing("", ())
    if past is None or all(_knows(past, head) for head in page.heads):
        newest = _settled(book, topic, page.depth - 1) if page.depth else _NOTHING
        since = (_turn(book, topic, place) for place in range(newest.place + 1, page.count))
        return Standing(newest.entry, tuple(since))
    low, high = 0, page.depth  # settled turns below `low` are known, those from `high` on are not
    while low < high:
        middle = (low + high) // 2
        if _knows(past, _settled(book, topic, middle).entry):
            low = middle + 1
        else:
            high = middle
    below = _settled(book, topic, low - 1) if low else _NOTHING
    end = _settled(book, topic, low).place if low < page.depth else page.count
    if end - below.place - 1 > QUARREL_MAX:
        return Standing(below.entry, ())
    return _followed(book, topic, below, end, past)


_NOTHING: Final = SettledTurn("", -1)


def _followed(book: Book, topic: str, below: SettledTurn, end: int, past: Past) -> Standing:
    """As `take_turn` would have it, over the few turns of a quarrel that the author knew."""
    settled, apart = [below], [below.entry]
    known: list[tuple[int, Turn]] = []
    for place in range(below.place + 1, end):
        turn = _turn(book, topic, place)
        if not _knows(past, turn.entry):
            continue
        known.append((place, turn))
        while settled[-1].entry in turn.unknown:
            settled.pop()
        apart = [head for head in apart if head in turn.unknown]
        apart.append(turn.entry)
        if len(apart) == 1:
            settled.append(SettledTurn(turn.entry, place))
    newest = settled[-1]
    return Standing(newest.entry, tuple(turn for place, turn in known if place > newest.place))


def in_force(book: Book, topic: str, says: Says, past: Past | None = None) -> str:
    """The fact that holds, for all or for an author with this past; empty when none does."""
    standing = standing_of(book, topic, past)
    heads = _newest(standing.since)
    return (_agreed(heads, says) if heads else "") or standing.settled


def rivals(book: Book, topic: str, says: Says) -> tuple[str, ...]:
    """Facts that did not know of each other and differ; empty when the topic is settled."""
    heads = _newest(standing_of(book, topic).since)
    return () if _agreed(heads, says) else heads


def _newest(turns: Sequence[Turn]) -> tuple[str, ...]:
    """Of some turns in their order those that no later one knew."""
    heads: tuple[str, ...] = ()
    for turn in turns:
        heads = (*(head for head in heads if head in turn.unknown), turn.entry)
    return heads


def _agreed(heads: Sequence[str], says: Says) -> str:
    """One of the newest facts when all of them say the same; empty when they differ."""
    first = min(heads, default="")
    if len(heads) < 2:
        return first
    said = says(first)
    return first if all(says(head) == said for head in heads) else ""


def _knows(past: Past, name: str) -> bool:
    return bytes.fromhex(name) in past


def _turn(book: Book, topic: str, place: int) -> Turn:
    turn = book.turns.find((place, topic))
    if turn is None:
        raise LookupError(f"{topic} {place}")  # a topic counts only turns that it holds
    return turn


def _settled(book: Book, topic: str, depth: int) -> SettledTurn:
    settled = book.settled.find((depth, topic))
    if settled is None:
        raise LookupError(f"{topic} {depth}")  # as deep as its topic says
    return settled
