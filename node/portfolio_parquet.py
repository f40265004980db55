"""The portfolio as a Parquet file, written by DuckDB: the one place that calls it.

DuckDB comes with the extra `analysis` and is imported when somebody asks for Parquet. It is given
no network and no settings of its own: it writes one file from rows that are at hand.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from node.errors import NodeError
from node.portfolio_table import COLUMNS, Cell, Kind
from node.private_file import FILE_MODE

_TYPES: Final[Mapping[Kind, str]] = {
    "text": "VARCHAR",
    "number": "BIGINT",
    "yes_no": "BOOLEAN",
    "day": "DATE",
}
_SETTINGS: Final = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "threads": "1",
}


def write_parquet(path: Path, rows: Sequence[Sequence[Cell]]) -> None:
    """Replace `path` by a Parquet file of the portfolio's rows (node/portfolio_table.py).

    NodeError when DuckDB is not installed, or the file can't be written.
    """
    try:
        import duckdb
    except ImportError as error:
        raise NodeError(
            "Parquet files are written by DuckDB, which is not installed here. Install Mkutano "
            "with its extra: pip install 'mkutano[analysis]', or take --csv, which needs nothing.",
            "no_duckdb",
        ) from error
    columns = ", ".join(f'"{name}" {_TYPES[kind]}' for name, kind in COLUMNS.items())
    lists = ", ".join(f"unnest(?::{_TYPES[kind]}[])" for kind in COLUMNS.values())
    beside = path.with_name(f"{path.name}.new")
    try:
        beside.unlink(missing_ok=True)
        with duckdb.connect(":memory:", config=dict(_SETTINGS)) as database:
            database.execute(f"CREATE TABLE portfolio ({columns})")
            if rows:  # a column at a time: row by row costs dozens of times as much
                columns_of = [[*column] for column in zip(*rows, strict=True)]
                database.execute(f"INSERT INTO portfolio SELECT {lists}", columns_of)
            target = str(beside).replace("'", "''")
            database.execute(f"COPY portfolio TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
        beside.chmod(FILE_MODE)
        os.replace(beside, path)
    except (OSError, duckdb.Error) as error:
        beside.unlink(missing_ok=True)
        raise NodeError(f"{path} can't be written: {_why(error)}.", "cannot_write") from error


def _why(error: Exception) -> str:
    said = getattr(error, "strerror", None) or str(error).splitlines()[0]
    return str(said).rstrip(".")
