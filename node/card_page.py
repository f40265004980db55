"""The three paper cards as a page to print: each with its words, and what its holder must know.

Two forms of one content: plain text of 40 columns, for a phone's screen or a till printer, and a
web page without scripts, pictures or addresses, one card a sheet. Neither is kept by Mkutano.
"""

import textwrap
from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple

from node.card_words import words_of

COLUMNS: Final = 40
WORDS_A_ROW: Final = 3
GROUP_LETTERS: Final = 8
"""Of the group's id: enough to tell the groups of a village apart."""


class Card(NamedTuple):
    """What one card shows."""

    number: int
    group_name: str
    group: str
    """The group's id in hex."""
    made_on: str
    """ISO date, by the clock of the phone that made it."""
    words: tuple[str, ...]


def cards_of(secrets: Sequence[bytes], group_name: str, group: bytes, made_on: str) -> list[Card]:
    """The cards of these secrets, numbered from 1."""
    return [
        Card(number, group_name, group.hex(), made_on, words_of(secret))
        for number, secret in enumerate(secrets, 1)
    ]


_SAYS: Final = (
    (
        "What it is for",
        "This card is one vote on paper. When an officer can't vote because a phone is lost, one "
        "card stands in for that one vote. When the phones of all officers are gone, any two of "
        "the three cards let a new phone go on with the books.",
    ),
    (
        "Who holds it",
        "A member who is no officer, as with the keys of the cash box: three cards, three "
        "members, three houses. Keep it dry, where the holder alone finds it.",
    ),
    (
        "Never",
        "Never photograph or copy it, never read it out over a telephone, never give two cards to "
        "one person. Type it only into Mkutano, in a meeting, with the officers looking on.",
    ),
    (
        "When it was used or is lost",
        "Tell the officers. They make three new cards, and the old ones are worth nothing: "
        "mkutano cards --replace",
    ),
)


def page_of(cards: Sequence[Card], name: str) -> str:
    """What to write to a file of this name: a web page for .html, otherwise text."""
    return html_page(cards) if name.lower().endswith((".html", ".htm")) else text_page(cards)


def text_page(cards: Sequence[Card]) -> str:
    """All cards as text, at most 40 columns wide, to be cut apart at the lines."""
    cut = "- " * (COLUMNS // 2 - 1) + "-"
    return f"\n{cut}\n".join(_text(card) for card in cards)


def _text(card: Card) -> str:
    parts = [
        *_wrapped(f"PAPER CARD {card.number} OF 3"),
        *_wrapped(card.group_name),
        *_wrapped(f"Group {_short(card)}, {card.made_on}"),
        "",
        *_rows(card.words),
        "",
    ]
    for head, said in _SAYS:
        parts += [head.upper(), *_wrapped(said), ""]
    return "\n".join((*parts, "Holder: " + "_" * (COLUMNS - 8), ""))


def _rows(words: Sequence[str]) -> list[str]:
    told = [f"{place:2} {word}" for place, word in enumerate(words, 1)]
    rows = range(0, len(told), WORDS_A_ROW)
    return ["".join(one.ljust(13) for one in told[at : at + WORDS_A_ROW]).rstrip() for at in rows]


def _wrapped(said: str) -> list[str]:
    return textwrap.wrap(said, COLUMNS, break_on_hyphens=False)


def _short(card: Card) -> str:
    """The group's number as people compare it: 3fa2 91bc."""
    letters = card.group[:GROUP_LETTERS]
    return f"{letters[:4]} {letters[4:]}"


_STYLE: Final = (
    "body{font:12pt serif;margin:0}"
    "section{padding:12mm;border-bottom:1px dashed #000;page-break-after:always}"
    "ol{columns:3;font:bold 14pt monospace;border:1px solid #000;padding:4mm 4mm 4mm 14mm}"
    "h1{font-size:16pt;margin:0}h2{font-size:12pt;margin:4mm 0 0}p{margin:1mm 0 0}"
)


def html_page(cards: Sequence[Card]) -> str:
    """All cards as one web page for printing; nothing in it is fetched from anywhere."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>Paper cards</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(map(_html, cards))
        + "\n</body></html>\n"
    )


def _html(card: Card) -> str:
    words = "".join(f"<li>{escape(word)}</li>" for word in card.words)
    said = "".join(f"<h2>{escape(head)}</h2><p>{escape(text)}</p>" for head, text in _SAYS)
    return (
        f"<section><h1>Paper card {card.number} of 3: {escape(card.group_name)}</h1>"
        f"<p>Group {_short(card)}, {escape(card.made_on)}</p><ol>{words}</ol>{said}"
        "<h2>Holder</h2><p>______________________________</p></section>"
    )
