"""References and names as they are compared: what people type differently is still one thing.

Only the letters A to Z are changed and only plain blanks dropped, so that every phone compares
alike, whatever version of Unicode it knows. `ref …` is the sheet on which everything stands that
names one reference of a provider or bank, see receipts.py.
"""

from __future__ import annotations

import re
from typing import Final

from model.book import Book
from model.claims import said
from model.journal import entry_page, reversed_by
from model.sheets import claims_once
from model.stopped import is_apart

REFERENCE: Final = "ref "
_BLANKS: Final = re.compile("[\x00-\x20\x7f\u00a0]+")
_LOWER: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_UPPER: Final = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def plain(text: str) -> str:
    """A name or title as it is compared: small letters, single blanks."""
    return _BLANKS.sub(" ", text).strip(" ").translate(_LOWER)


def plain_reference(text: str) -> str:
    """A provider's reference as it is compared: capital letters, no blanks (`qx 1` is `QX1`)."""
    return _BLANKS.sub("", text).translate(_UPPER)


def reference_key(text: str) -> str:
    """The thing that happens once under a reference; empty when none was given."""
    reference = plain_reference(text) if text else ""
    return REFERENCE + reference if reference else ""


def thing_named(book: Book, reference: bytes, kind: str) -> str:
    """What an entry of this kind tells of, by any of the entries for it; empty when none does.

    Funding, investments, receipts and requests are named by an entry; two officers who recorded
    the same one named it twice.
    """
    page = book.entries.find(book.hexed[reference])
    return page.subject if page is not None and page.kind == kind else ""


def tellers(book: Book, thing: str, kind: str) -> list[str]:
    """Every entry of a kind that tells of a thing which happens once, in the shared order."""
    return [name for slot, line, name in claims_once(book, thing) if line and slot == kind]


def first_teller(book: Book, thing: str, kind: str) -> str:
    """Of these the one that gives the thing its name, whoever wrote first; empty when none does.

    It is of no stopped device, if possible, and says the least; of equal ones the lowest.
    """
    rows = [(name, entry_page(book, name)) for name in tellers(book, thing, kind)]
    return min(rows, key=lambda row: (is_apart(row[1]), said(row[1]), row[0]), default=("",))[0]


def counted_one(book: Book, thing: str, kind: str) -> str:
    """Of these the one that counts and was not taken back; empty when none does."""
    for name in tellers(book, thing, kind):
        page = entry_page(book, name)
        if page.status == "counted" and not reversed_by(book, page):
            return name
    return ""
