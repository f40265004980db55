"""Keeps the portfolio's figures of groups whose ledger is here: worked out when books are new.

What is compared is how many changes a group has, which one look at the file tells of all groups.
Figures carry over to later days by the ages of the loans, so a new morning costs nothing. Books
are read by themselves, page by page, and let go again: following a thousand groups keeps none of
them in memory. A call does a bounded number of groups, and says how many are left.
"""

from typing import Final, NamedTuple

from model.book import Book
from model.reducer import REDUCER_VERSION
from model.reports.indicator_shape import INDICATORS_VERSION
from model.reports.indicators import next_day, reckon
from model.reports.reading import read
from node.books import StoredPages
from node.chain_store import ChainStore
from node.errors import NodeError, StoreDamaged
from node.ledger_file import sqlite_errors
from node.node import Node
from node.portfolio_store import Followed, Ledger, PortfolioStore
from replication.council import decisions_of
from replication.roster import Device

KEPT_AT_ONCE: Final = 16
"""Groups whose figures are stored together: a few seconds of work that a power cut may cost."""


class Refreshed(NamedTuple):
    """How many groups were worked out, and how many still are to be."""

    done: int
    left: int


def stale(node: Node, day: str) -> list[Ledger]:
    """Groups whose figures for an ISO day are not at hand, in the order of joining."""
    store = PortfolioStore(node.store.database)
    known = {row.group_id: row for row in store.rows() if row.source == "ledger"}
    return [one for one in store.ledgers() if not _holds(known.get(one.group_id), one, day)]


def refresh(node: Node, day: str, most: int) -> Refreshed:
    """Work out the figures of at most so many groups for an ISO day, and keep them."""
    waiting = stale(node, day)
    now = waiting[:most]
    store = PortfolioStore(node.store.database)
    for at in range(0, len(now), KEPT_AT_ONCE):
        store.keep([_worked_out(node, one, day) for one in now[at : at + KEPT_AT_ONCE]])
    return Refreshed(len(now), len(waiting) - len(now))


def _made_of(ledger: Ledger) -> str:
    return f"{INDICATORS_VERSION}/{REDUCER_VERSION}/{ledger.changes}"


def _holds(row: Followed | None, ledger: Ledger, day: str) -> bool:
    """Do kept figures still say what the books would say on this day?"""
    if row is None or row.made_of != _made_of(ledger):
        return False
    if row.figures is None:
        return True
    return row.figures.day <= day and not (row.next_on and row.next_on <= day)


def _worked_out(node: Node, ledger: Ledger, day: str) -> Followed:
    """The row of a group; without figures where its books are not here yet or can't be read."""
    row = Followed(ledger.group_id, "ledger", ledger.label, "", "", "waiting")
    row = row._replace(made_of=_made_of(ledger))
    try:
        return _read_books(node, ledger, row, day) if ledger.changes else row
    except Exception as error:
        is_damage = isinstance(error, StoreDamaged) or not isinstance(error, NodeError)
        if not is_damage or isinstance(error.__cause__, sqlite_errors()):
            raise  # of the file as a whole, or of this moment
        return row._replace(state="unreadable")


def _read_books(node: Node, ledger: Ledger, row: Followed, day: str) -> Followed:
    if ledger.reducer_version != REDUCER_VERSION:
        node.group(ledger.group_id)  # folds the book anew, under our rules
    database = node.store.database
    chains = ChainStore(database, ledger.group_no)
    device = decisions_of(chains.control_changes(), chains.find).roster.devices.get(node.device)
    reading = read(Book(StoredPages(node.store, ledger.group_no)))
    found = reckon(reading, day)
    return row._replace(
        name=found.indicators.group or ledger.label,
        scope=_scope(device),
        until=device.until if device is not None else "",
        state=device.state if device is not None else "waiting",
        figures=found.indicators,
        ages=found.ages,
        next_on=next_day(reading, day),
    )


def _scope(device: Device | None) -> str:
    """What this device may read of a group, in the portfolio's words."""
    if device is None:
        return ""
    return "write" if device.right == "write" else device.reads
