"""The page that cards are printed on: narrow enough for a phone, and nothing but the cards."""

import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from node.card_page import COLUMNS, Card, cards_of, html_page, page_of, text_page
from node.card_words import secret_of, words_of

SECRETS = tuple(bytes([at]) * 16 for at in (1, 2, 3))
GROUP = bytes.fromhex("3fa291bc") + bytes(28)
CARDS = cards_of(SECRETS, "Umoja", GROUP, "2026-01-01")


@given(
    st.lists(st.binary(min_size=16, max_size=16), min_size=3, max_size=3),
    st.text(st.characters(categories=("L", "N", "Zs", "P")), min_size=1, max_size=80),
)
def test_the_text_is_never_wider_than_forty_columns_and_holds_every_word(
    secrets: list[bytes], name: str
) -> None:
    page = text_page(cards_of(secrets, name, GROUP, "2026-01-01"))
    assert max(map(len, page.splitlines())) <= COLUMNS
    for secret, part in zip(secrets, page.split("PAPER CARD ")[1:], strict=True):
        printed = re.findall(r"^ ?\d+ .*$", part, re.M)
        assert secret_of(" ".join(printed[-4:])) == secret


def test_a_card_says_what_it_is_for_and_whose() -> None:
    page = text_page(CARDS)
    for said in ("PAPER CARD 1 OF 3", "PAPER CARD 3 OF 3", "Umoja", "Group 3fa2 91bc, 2026-01-01"):
        assert said in page
    words = " ".join(page.split())
    for said in (
        "one card stands in for that one vote",
        "any two of the three cards let a new phone go on with the books",
        "A member who is no officer, as with the keys of the cash box",
        "Never photograph or copy it",
        "mkutano cards --replace",
    ):
        assert words.count(said) == 3


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []
        self.said = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] == "li":
            self.words.append(data)
        self.said += data


def test_the_web_page_fetches_nothing_and_a_groups_name_is_only_text() -> None:
    name = "<script src='http://example.org'></script> & \"Umoja\""
    page = html_page(cards_of(SECRETS, name, GROUP, "2026-01-01"))
    reader = _Reader()
    reader.feed(page)
    allowed = {"html", "head", "meta", "title", "style", "body", "section"}
    assert set(reader.tags) <= allowed | {"h1", "h2", "p", "ol", "li"}
    assert name in reader.said
    assert reader.words == [word for secret in SECRETS for word in words_of(secret)]
    assert "default-src 'none'" in page


def test_the_files_name_says_which_page_it_is() -> None:
    assert page_of(CARDS, "cards.HTML").startswith("<!DOCTYPE html>")
    assert page_of(CARDS, "cards.txt") == page_of(CARDS, "cards") == text_page(CARDS)
    assert isinstance(CARDS[0], Card)
