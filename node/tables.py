"""Answers as aligned tables and plain sentences, for a person at a terminal."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from unicodedata import combining, east_asian_width

from model.money import format_amount


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns side by side: numbers and amounts to the right, words to the left."""
    cells = [[_text(cell) for cell in row] for row in rows]
    widths = [
        max([_width(head), *(_width(row[column]) for row in cells)])
        for column, head in enumerate(heads)
    ]
    right = [
        bool(cells) and all(_is_number(row[column]) for row in cells)
        for column in range(len(heads))
    ]
    lines = [
        _line(list(heads), widths, right),
        _line(["─" * width for width in widths], widths, right),
    ]
    lines += [_line(row, widths, right) for row in cells]
    return "\n".join(lines)


def amount(answer: Mapping[str, Any], amount_minor: int | None) -> str:
    """An amount in the answer's currency; "withheld" while totals can't be known."""
    if amount_minor is None:
        return "withheld"
    return format_amount(amount_minor, int(answer["exponent"]))


def moment(time_ms: int) -> str:
    """What a device's clock claimed, to the minute, in UTC."""
    try:
        return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
    except (OverflowError, ValueError, OSError):
        return "impossible time"


def percent(rate_ppm: int) -> str:
    """Parts per million as a percentage: 25000 is 2.5 %."""
    whole, part = divmod(rate_ppm, 10_000)
    return f"{whole}.{part:04d}".rstrip("0").rstrip(".") + " %"


def sentences(findings: Sequence[Mapping[str, Any]]) -> str:
    """Findings as a list, what needs doing first."""
    if not findings:
        return "Nothing needs attention."
    marks = {"task": "!", "notice": "·"}
    return "\n".join(f" {marks.get(one['weight'], '·')} {one['sentence']}" for one in findings)


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = [
        " " * (width - _width(cell)) + cell if to_right else cell + " " * (width - _width(cell))
        for cell, width, to_right in zip(cells, widths, right, strict=True)
    ]
    return "  ".join(padded).rstrip()


def _text(cell: object) -> str:
    """One cell on one line; what would move the cursor is left out."""
    text = "" if cell is None else str(cell)
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _is_number(text: str) -> bool:
    return text in ("", "withheld") or text.lstrip("-").replace(",", "").replace(".", "").isdigit()


def _width(text: str) -> int:
    """Columns that a text takes on a terminal."""
    return sum(
        0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1 for letter in text
    )
