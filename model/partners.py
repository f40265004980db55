"""Organisations that the group works with: registered, verified, inactive.

A later description by an officer who knew the earlier one replaces it. Of descriptions written
apart the most careful holds until it is written once more: verified only if all say so, inactive
as soon as one does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from model import events as e
from model.book import Book
from model.entry import Entry
from model.fund_pages import PartnerPage
from model.notes import note, void
from model.pages import FindingPage
from model.references import plain

APART_MAX: Final = 16  # newest descriptions of one partner that did not know of each other


def set_partner(book: Book, entry: Entry, event: e.PartnerSet, _keeper: bool) -> None:
    """Register an organisation, or describe it anew."""
    name = entry.id.hex()
    partner = partner_named(book, event.partner) if event.partner else name
    known = book.partners.find(partner)
    if not partner:
        void(book, entry, "partner.set", "unknown_reference")
        return
    note(
        book, entry, "partner.set", "counted", subject=partner,
        detail=_state(event.verified, not event.active), text=event.name,
    )  # fmt: skip
    said = PartnerPage(
        event.name, event.kind, event.contact, event.country, event.verified, not event.active
    )
    book.described.put(name, said)
    heads = known.heads if known is not None else ()
    apart = tuple(head for head in heads if bytes.fromhex(head) not in entry.past)
    _describe(book, partner, (*apart, name)[-APART_MAX:])


def partner_named(book: Book, reference: bytes) -> str:
    """The partner (hex) that a reference means, by any description of it; empty when none."""
    page = book.entries.find(book.hexed[reference])
    return page.subject if page is not None and page.kind == "partner.set" else ""


def _state(verified: bool, inactive: bool) -> str:
    return "inactive" if inactive else "verified" if verified else "registered"


def _describe(book: Book, partner: str, heads: tuple[str, ...]) -> None:
    """Put what the newest descriptions say together; which of them is first decides nothing."""
    said = [page for head in heads if (page := book.described.find(head)) is not None]
    least = min(said, key=lambda page: (page.name, page.kind, page.contact, page.country))
    page = PartnerPage(
        least.name,
        least.kind,
        least.contact,
        least.country,
        all(one.verified for one in said),
        any(one.inactive for one in said),
        heads,
    )
    book.partners.put(partner, page)
    finding = None
    if len(set(said)) > 1:
        finding = FindingPage(heads, detail=least.name)
    if finding != book.findings.find(("contested_partner", partner)):
        book.findings.put(("contested_partner", partner), finding)


def watch_partners(book: Book) -> Iterator[tuple[str, str, FindingPage]]:
    """Partners that were registered twice under one name."""
    named: dict[str, list[str]] = {}
    for partner, page in book.partners.rows():
        if not page.inactive:
            named.setdefault(plain(page.name), []).append(partner)
    for name, partners in named.items():
        if len(partners) > 1:
            yield "partner_twice", name, FindingPage(tuple(partners[:APART_MAX]), detail=name)


RULES: Final = {e.PartnerSet: set_partner}
