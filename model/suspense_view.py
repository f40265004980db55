"""What stopped devices wrote, device by device: for officers who go through it, and for all to see.

Plain data for programs and screens. Names of devices are not the books': a screen puts the label of
the phone there.
"""

from __future__ import annotations

from typing import Any, Final

from model import listing
from model.book import Book
from model.findings import NameOf, receipt, who
from model.held_kinds import HELD, comes_in
from model.journal import entry_page
from model.offered import rests_topic
from model.pages import NO_MEETING, EntryPage
from model.stopped import ANEW, FOLLOWED_MAX, RATIFIED, REJECTED, followed, held_by, verdicts_on
from model.suspense import is_moot
from model.suspense_watch import Aside, cash_of, set_aside, waits, whose_phone

Plain = dict[str, Any]
RESTING_SHOWN_MAX: Final = 64  # newest entries of others that are named beside one


def suspense_view(book: Book, name_of: NameOf | None = None, *, every: bool = False) -> list[Plain]:
    """Stopped devices, and their entries one by one: those that wait, or `every` one.

    `cash_minor`: what came in, or below zero what went out. `can_be_ratified`: what only decides
    something is done anew (`why`). `rests`: entries of other phones that build on it, the newest of
    them. `unfollowed`: entries of a flood that are only counted. `asked`: verdicts that wait for
    more officers.
    """
    return [_device(book, one, name_of, every=every) for one in set_aside(book)]


def _device(book: Book, one: Aside, name_of: NameOf | None, *, every: bool) -> Plain:
    rows = ((name, entry_page(book, name)) for name in followed(book, one.device))
    stopped = book.stopped.find(one.device)
    return {
        "device": one.device,
        "person": one.person,
        "whose": whose_phone(book, one.person),
        "waiting": one.waiting,
        "received_minor": one.received_minor,
        "paid_out_minor": one.paid_out_minor,
        "resting": one.resting,
        "written": sum(1 for _ in held_by(book, one.device)),
        "unfollowed": stopped.unfollowed if stopped is not None else 0,
        "followed_max": FOLLOWED_MAX,
        "asked": _asked(book, one.device),
        "entries": [_row(book, name, page, name_of) for name, page in rows if every or waits(page)],
    }


def _asked(book: Book, device: str) -> list[Plain]:
    """Verdicts that officers gave and that need more of them."""
    asked = []
    for name in verdicts_on(book, device):
        page = entry_page(book, name)
        if book.waiting.find(name) is None or is_moot(book, name, page):
            continue
        asked.append(
            {
                "id": name,
                "receipt": receipt(name),
                "kind": page.kind,
                "count": page.count or 1,
                "asked_by": page.person,
                "reason": page.text,
            }
        )
    return asked


def _row(book: Book, name: str, page: EntryPage, name_of: NameOf | None) -> Plain:
    meeting = page.cycle != NO_MEETING and page.session != NO_MEETING
    topic = rests_topic(name)
    return {
        "id": name,
        "receipt": receipt(name),
        "kind": page.kind,
        "who": who(book, page.member or page.subject, name_of),
        "amount_minor": page.amount or None,
        "cash_minor": cash_of(page),
        "cycle": page.cycle if meeting else None,
        "session": page.session if meeting else None,
        "time_ms": page.time_ms,
        "detail": page.detail,
        "text": page.text,
        "status": page.status,
        "verdict": _verdict(page),
        "can_be_ratified": comes_in(page.kind) and page.status == "suspense",
        "why": HELD[page.kind][1] if page.kind in HELD else "",
        "rests": [receipt(other) for other in listing.newest(book, topic, RESTING_SHOWN_MAX)],
        "resting": book.lengths.find(topic) or 0,
    }


def _verdict(page: EntryPage) -> str:
    """How officers decided; `waits` before they did, `none` where there was nothing to decide."""
    for reason, told in ((RATIFIED, "ratified"), (REJECTED, "rejected"), (ANEW, "anew")):
        if reason in page.reasons:
            return told
    return "waits" if waits(page) else "none"
