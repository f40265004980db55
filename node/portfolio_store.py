"""The portfolio in the ledger file: what this device follows, with figures that are at hand.

A row of a group whose ledger is here is a copy: what it was made of says when it is to be worked
out anew. A row of a group that is followed by its summaries is the newest that was verified;
whoever verifies them puts it here (`follow`, `keep_summary`). Nothing here opens a group.
"""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

import msgspec

from model.reports.ages import Age
from model.reports.indicator_shape import Indicators, from_plain
from node.database import Database, Row

Source = Literal["ledger", "summary"]
State = Literal["active", "suspended", "displaced", "revoked", "waiting", "unreadable"]

_AGES: Final = msgspec.json.Decoder(tuple[Age, ...])
_FIGURES: Final = msgspec.json.Decoder(Indicators)


class Followed(NamedTuple):
    """One group of the portfolio.

    `scope`: summary, ledger or people, "write" on an officer's phone, "" for nothing yet; `until`
    its last day, ISO, "" without an end. `state`: of this device in the group, or of its books.
    `figures`: None before the first; of a ledger they are those of `made_of`, and `ages` carry them
    to later days, up to `next_on`: the first day after theirs that something in the books is
    dated, "" for none.
    """

    group_id: bytes
    source: Source
    name: str
    scope: str
    until: str
    state: str
    figures: Indicators | None = None
    ages: tuple[Age, ...] = ()
    made_of: str = ""
    next_on: str = ""


class Ledger(NamedTuple):
    """A group whose ledger is here, as far as one look at the file tells."""

    group_no: int
    group_id: bytes
    label: str
    reducer_version: int
    changes: int


class PortfolioStore:
    """The portfolio's table of one ledger file. Methods raise NodeError when the file fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rows(self) -> list[Followed]:
        """Every group that is followed; one whose row can't be read has no figures."""
        found = self._database.rows(
            "SELECT group_id, source, name, scope, until, state, figures, ages, made_of, next_on "
            "FROM portfolio ORDER BY group_id"
        )
        return [_read(row) for row in found]

    def ledgers(self) -> list[Ledger]:
        """Every group whose ledger is here, with its number of changes, in the order of joining.

        One look at the end of each chain: the cost does not grow with the histories.
        """
        rows = self._database.rows(
            "SELECT g.group_no, g.group_id, g.label, g.reducer_version, coalesce((SELECT sum("
            "(SELECT max(n) FROM changes c WHERE c.group_no = l.group_no AND c.lane = l.lane)"
            " - l.fork_n) FROM lanes l WHERE l.group_no = g.group_no), 0) "
            "FROM groups g ORDER BY g.group_no"
        )
        return [Ledger(*row) for row in rows]

    def keep(self, rows: Iterable[Followed]) -> None:
        """Put the figures of groups whose ledger is here in place, durably, all at once."""
        with self._database.transaction():
            self._database.write_all(
                "INSERT OR REPLACE INTO portfolio (group_id, source, name, scope, until, state, "
                "figures, ages, made_of, next_on) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [_row(row) for row in rows],
            )

    # Groups that are followed by their summaries

    def follow(
        self, group_id: bytes, name: str, scope: str, until: str, state: State = "active"
    ) -> None:
        """Follow a group by its summaries, or note that its name, scope, end or state changed."""
        with self._database.transaction():
            self._database.write(
                "INSERT INTO portfolio (group_id, source, name, scope, until, state, "
                "figures, ages, made_of, next_on) "
                "VALUES (?, 'summary', ?, ?, ?, ?, '', '[]', '', '') "
                "ON CONFLICT DO UPDATE SET name = excluded.name, scope = excluded.scope, "
                "until = excluded.until, state = excluded.state WHERE source = 'summary'",
                (group_id, name, scope, until, state),
            )

    def keep_summary(self, group_id: bytes, plain: object) -> None:
        """Put the indicators of the newest verified summary in place, of a group that is followed.

        `plain`: as they were unpacked. Raises IndicatorsError (a ValueError) when they can't be
        read. Of a group whose ledger is here nothing changes: its own books say more.
        """
        figures = _json(from_plain(plain))
        with self._database.transaction():
            self._database.write(
                "UPDATE portfolio SET figures = ? WHERE group_id = ? AND source = 'summary'",
                (figures, group_id),
            )

    def unfollow(self, group_id: bytes) -> None:
        """Let go of a group and of what was kept of it here."""
        with self._database.transaction():
            self._database.write("DELETE FROM portfolio WHERE group_id = ?", (group_id,))
            self._database.write("DELETE FROM heard WHERE group_id = ?", (group_id,))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _row(row: Followed) -> tuple[object, ...]:
    figures = "" if row.figures is None else _json(row.figures)
    return (*row[:6], figures, _json(row.ages), row.made_of, row.next_on)


def _read(row: Row) -> Followed:
    figures, ages, made_of, next_on = row[6:]
    try:
        return Followed(*row[:6])._replace(
            figures=_FIGURES.decode(figures) if figures else None,
            ages=_AGES.decode(ages),
            made_of=made_of,
            next_on=next_on,
        )
    except (msgspec.DecodeError, msgspec.ValidationError):
        return Followed(*row[:6])  # altered by hand: it is worked out anew, or heard again
