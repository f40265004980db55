"""What a phone holds of the book in memory to show it: members and open loans, not the history.

The book is read page by page. After the home is opened and the book has been shown, the pages in
memory are counted, on a phone with a long history and on one with a short history of the same
village.
"""

from collections.abc import Iterator, Sequence

from model.views import book_view
from node.node import Node
from simulations.bench.figures import Figure, at_most
from simulations.bench.phone import Phone

GROWTH_MAX = 1.3


def figures(phones: Sequence[Phone]) -> Iterator[Figure]:
    """Kilobytes of pages in memory after showing the book, long history against short."""
    short, long = phones[0], phones[-1]
    held = {}
    for phone in (short, long):
        with phone.opened() as node:
            held[phone.length] = shown_kilobytes(node, phone.history.group)
    compared = f"with {short.length:,} events"
    figure = Figure(
        "memory_shown", long.length, held[long.length], "kB", held[short.length], compared
    )
    yield at_most(figure, GROWTH_MAX)


def shown_kilobytes(node: Node, group: bytes) -> float:
    """Show the book; the kilobytes of its pages in memory afterwards."""
    book = node.group(group).book
    book_view(book)
    pages = (table.dump(page) for table in book.tables.values() for page in table.values())
    return sum(len(page) for page in pages if page is not None) / 1000
