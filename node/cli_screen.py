"""Answers fitted to the screen: nothing is cut off, and nothing runs over the edge of a phone.

A table that is wider than the terminal is folded: the columns that don't fit stand on a second,
indented line below. A file or a pipe gets every line whole, however long.
"""

import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from node import tables

_INDENT = "    "


def screen_width() -> int:
    """Columns of the terminal that reads this; 0 for a file or a pipe, where nothing is folded."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns side by side, without those that say nothing in any row, folded where they must."""
    told = [
        at for at in range(len(heads)) if not rows or any(row[at] not in ("", None) for row in rows)
    ]
    heads = [heads[at] for at in told]
    rows = [[row[at] for at in told] for row in rows]
    whole = tables.table(heads, rows)
    width = screen_width()
    if not width or all(len(line) <= width for line in whole.splitlines()):
        return whole
    return _folded(heads, rows, _lines_of_columns(whole.splitlines()[1].split("  "), width))


def sentences(findings: Sequence[Mapping[str, Any]]) -> str:
    """Findings as a list, what needs doing first."""
    return "\n".join(paragraph(line, "   ") for line in tables.sentences(findings).splitlines())


def paragraph(text: str, indent: str = "") -> str:
    """One line of text, broken between words where the screen ends; the rest is indented."""
    width = screen_width()
    if not width or len(text) <= width:
        return text
    return textwrap.fill(
        text,
        width,
        subsequent_indent=indent,
        drop_whitespace=True,
        break_long_words=False,
        break_on_hyphens=False,
    )


def counted(number: int, noun: str, nouns: str = "") -> str:
    """A number with its noun: 1 change, 2 changes, 1,005 entries."""
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def _lines_of_columns(rules: Sequence[str], width: int) -> list[list[int]]:
    """Which columns stand on which line: as many on each as fit, and at least one."""
    lines: list[list[int]] = [[]]
    used = 0
    for at, rule in enumerate(rules):
        if lines[-1] and used + 2 + len(rule) > width:
            lines.append([])
            used = len(_INDENT) - 2
        lines[-1].append(at)
        used += len(rule) + (2 if len(lines) > 1 or len(lines[-1]) > 1 else 0)
    return lines


def _folded(
    heads: Sequence[str], rows: Sequence[Sequence[object]], lines: Sequence[Sequence[int]]
) -> str:
    parts = [
        tables.table([heads[at] for at in line], [[row[at] for at in line] for row in rows])
        for line in lines
    ]
    below = [part.split("\n") for part in parts]  # the last row may be empty here
    shown = []
    for at in range(len(rows) + 2):
        for number, part in enumerate(below):
            is_rule = at == 1
            if part[at].strip() and not (is_rule and number):
                shown.append(_INDENT * bool(number) + part[at])
    return "\n".join(shown)
