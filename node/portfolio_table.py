"""The portfolio as rows for other programs: one group a row, every figure in a column of its own.

Amounts are whole minor units with `currency` and `exponent` beside them; a ratio is its parts in
two columns, so that whoever adds groups up weighs them right. Days are ISO days. What is not known
or withheld is empty (NULL), which is not 0. In CSV no text can run as a formula (the rule of
model/export.py), and the file begins with a byte order mark, without which Excel takes names that
are not English for something else.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from model.reports.indicator_shape import Indicators

Kind = Literal["text", "number", "yes_no", "day"]
Cell = str | int | bool | None

_OF_ROW: Final[Mapping[str, Kind]] = {
    "group_id": "text",
    "name": "text",
    "source": "text",
    "scope": "text",
    "until": "day",
    "state": "text",
    "needs_update": "yes_no",
    "heard_on": "day",
    "heard_days": "number",
    "heard_way": "text",
    "heard_from": "text",
}
_TEXTS: Final = frozenset(
    {"group", "kind", "currency", "withheld", "meeting_state", "band", "findings", "health_facts"}
)
_LEFT_OUT: Final = frozenset({"group"})  # what the group calls itself is `name`
_FORMULA_STARTS: Final = ("=", "+", "-", "@")


def _kind_of(field: str) -> Kind:
    if field in _TEXTS:
        return "text"
    if field == "day" or field.endswith(("_on", "_day")):
        return "day"
    return "yes_no" if field == "cycle_closed" else "number"


COLUMNS: Final[Mapping[str, Kind]] = {
    **_OF_ROW,
    **{field: _kind_of(field) for field in Indicators.__struct_fields__ if field not in _LEFT_OUT},
    "cycle_state": "text",
}
"""Column → what is in it. Findings and health facts are JSON text."""


def table_rows(groups: Iterable[Mapping[str, Any]]) -> list[tuple[Cell, ...]]:
    """The cells of each group of a portfolio's answer (node/portfolio.py), by `COLUMNS`."""
    cells = (_cells(group) for group in groups)
    return [tuple(one[name] for name in COLUMNS) for one in cells]


def _cells(group: Mapping[str, Any]) -> Mapping[str, Cell]:
    heard, figures = group["heard"] or {}, group["figures"] or {}
    cells: dict[str, Any] = {name: figures.get(name) for name in COLUMNS}
    for name in ("findings", "health_facts"):
        cells[name] = json.dumps(figures[name]) if name in figures else None
    return {
        **{name: None if value == "" else value for name, value in cells.items()},
        "group_id": group["group"],
        "name": group["name"],
        "source": group["source"],
        "scope": group["scope"] or None,
        "until": group["until"],
        "state": group["state"],
        "needs_update": group["needs_update"],
        "heard_on": heard.get("on"),
        "heard_days": heard.get("days"),
        "heard_way": heard.get("way"),
        "heard_from": heard.get("from"),
    }


def to_csv(rows: Iterable[Sequence[Cell]]) -> bytes:
    """A file of comma-separated values (RFC 4180) in UTF-8, its heads first."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_written(cell) for cell in row])
    return out.getvalue().encode("utf-8-sig")


def _written(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if not isinstance(cell, str):
        return "" if cell is None else str(cell)
    text = " ".join("".join(c if c.isprintable() else " " for c in cell).split())
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
