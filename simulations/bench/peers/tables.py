"""What people read: one table, a candidate a row, each figure with its multiple of ours."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from simulations.bench.peers.running import Taken
from simulations.bench.peers.worker import CANDIDATES, OURS

PER_EVENT: Final = ("bootstrap_bytes", "at_rest_bytes", "signed_at_rest_bytes")
_WIDTH: Final = 9
_TITLES: Final = {
    "meeting_bytes": "meeting B",
    "meeting_ms": "meet ms",
    "bootstrap_bytes": "boot B/ev",
    "bootstrap_ms": "boot ms",
    "at_rest_bytes": "rest B/ev",
    "durable_ms": "write ms",
    "open_ms": "open ms",
    "advance_ms": "adv. ms",
}

_TIMES: Final = [figure for figure in _TITLES if figure.endswith("_ms")]


class Column(NamedTuple):
    """A figure at a length of the history."""

    figure: str
    history: int


def tables(taken: Sequence[Taken]) -> str:
    """The medians, what is to be said of them, and the least of each time."""
    rounds = max(one.rounds for one in taken)
    least = [one._replace(median=one.least) for one in taken if one.figure in _TIMES]
    parts = [table(taken), "\n".join([*_notes(taken), _LEGEND])]
    if rounds > 1:
        parts.append(f"The least of {rounds} rounds, the machine at its quietest:\n{table(least)}")
    return "\n\n".join(parts)


def table(taken: Sequence[Taken]) -> str:
    """All candidates; under each figure how many times ours it is."""
    found = {(one.candidate, Column(one.figure, one.history)): per_event(one) for one in taken}
    columns = [
        Column(figure, history)
        for figure in _TITLES
        for history in sorted({one.history for one in taken if one.figure == figure})
    ]
    names = [name for name in CANDIDATES if any((name, column) in found for column in columns)]
    words = [word for name in names for word in (name, CANDIDATES[name].says)]
    width = max(map(len, words), default=0) + 2
    lines = [
        " " * width + "".join(_TITLES[column.figure].rjust(_WIDTH + 1) for column in columns),
        "history".ljust(width) + "".join(_thousands(c.history).rjust(_WIDTH + 1) for c in columns),
    ]
    for name in names:
        row = [found.get((name, column)) for column in columns]
        lines.append(name.ljust(width) + "".join(_cell(value) for value in row))
        ours = [found.get((OURS, column)) for column in columns]
        if name != OURS:
            ratios = [_ratio(value, by) for value, by in zip(row, ours, strict=True)]
            lines.append(f"  {CANDIDATES[name].says}".ljust(width) + "".join(ratios))
    return "\n".join(lines)


_LEGEND: Final = (
    "x is a multiple of ours. Medians; write: one entry, durable; open: to the figures on the "
    "screen; adv.: 90 entries that arrived into the figures."
)


def per_event(one: Taken) -> float:
    """The median; of what grows with the history, for one event."""
    return one.median / one.history if one.figure in PER_EVENT else one.median


def _notes(taken: Sequence[Taken]) -> Iterator[str]:
    by_name = {one.figure: per_event(one) for one in taken}
    if "signed_at_rest_bytes" in by_name:
        signed = number(by_name["signed_at_rest_bytes"])
        yield (
            f"Of ours at rest {signed} B an event are the signed changes and their indexes; the "
            "rest is the book, kept as pages to be read one by one, and derived anew by `verify`."
        )
    if "sign_us" in by_name:
        words = (f"{word} {by_name[f'{word}_us']:.0f} us" for word in ("sign", "verify"))
        yield f"Ed25519: {', '.join(words)}."


def _cell(value: float | None) -> str:
    return ("" if value is None else number(value)).rjust(_WIDTH + 1)


def _ratio(value: float | None, ours: float | None) -> str:
    return ("" if value is None or not ours else f"x{number(value / ours)}").rjust(_WIDTH + 1)


def number(value: float) -> str:
    """Three digits, whole above a hundred."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.01 else f"{value:.4f}"


def _thousands(count: int) -> str:
    return f"{count // 1000}k" if count % 1000 == 0 else str(count)
