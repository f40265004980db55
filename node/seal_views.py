"""Questions about seals: how far each meeting has come, who signed, and whether it still fits."""

from typing import Annotated, Any

from msgspec import Meta

from model.book import Book
from model.closing import not_undone, state_of
from model.findings import receipt
from model.journal import entry_page
from model.pages import ClosingPage, MeetingPage
from model.signatures import missing_signatures, signers, unsigned_offices, wanted
from node import desk, seal_check, sealing
from node.answers import Answer, GroupRequest, choose_group
from node.errors import CommandRefused
from node.names import Names
from node.node import Group, Node
from node.recording import Context

MEETINGS_SHOWN = 12
"""Newest meetings that are shown unless all are asked for: a season of weekly meetings."""

Number = Annotated[int, Meta(ge=0, le=10_000)]


class SealsRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How far the seals are; one meeting where it is named, else the newest, or `every` one."""

    cycle: Number = 0
    session: Number = 0
    every: bool = False


class SealRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One close: by its receipt or its id in hex, else of a meeting, else the newest that waits."""

    cycle: Number = 0
    session: Number = 0
    close: Annotated[str, Meta(max_length=40)] = ""


class SignRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Sign the close with this id (hex), as it was shown."""

    close: Annotated[str, Meta(min_length=34, max_length=34)]


def seals(node: Node, asked: SealsRequest, _now_ms: int) -> Answer:
    """The meetings that were ever closed, the newest first, and how far their seals have come."""
    group = choose_group(node, asked.group)
    names, rows = Names(group), []
    key = _named(asked.cycle, asked.session, group.book)
    for where, meeting in sorted(group.book.meetings.rows(), reverse=True):
        if key not in (None, where) or not (meeting.closings or key):
            continue
        rows.append(_meeting(group, names, where, meeting))
        if len(rows) == MEETINGS_SHOWN and not asked.every:
            break
    if key is not None and not rows:
        raise CommandRefused(
            f"There is no meeting {key[1]} of cycle {key[0]}. See them all with: mkutano seal "
            "--every",
            "no_meeting",
        )
    return Answer({**_money(group), "meetings": rows})


def _named(cycle: int, session: int, book: Book) -> tuple[int, int] | None:
    """The meeting that is meant, in the newest cycle unless said; None when none is named."""
    if not session:
        return None
    newest = book.latest.find("meeting") or (1, 1)
    return (cycle or newest[0], session)


def _meeting(
    group: Group, names: Names, key: tuple[int, int], meeting: MeetingPage
) -> dict[str, Any]:
    book = group.book
    standing = set(not_undone(book, meeting))
    closes = []
    for close in meeting.closings:
        said = book.closings.find(close) or ClosingPage()
        by, signed = entry_page(book, close).person, sorted(signers(book, close))
        others = [person for person in signed if person != by]
        closes.append(
            {
                "id": close,
                "receipt": receipt(close),
                "fingerprint": said.fingerprint,
                "closed_by": names.person(bytes.fromhex(by)),
                "signed_by": [names.person(bytes.fromhex(person)) for person in others],
                "mine": group.roster.person_of(group.device).hex() in signed,
                "holds": close in meeting.closes,
                "undone": close not in standing,
                "wanted": wanted(book, close),
                "missing": missing_signatures(book, close),
                "offices_missing": list(unsigned_offices(book, close)),
                "told": sealing.who_signs(group, close),
                "counted": dict(said.counted),
                **{total: dict(said.read_out).get(total, 0) for total in seal_check.TOTALS},
            }
        )
    contested = book.findings.find(("contested_close", f"{key[0]}/{key[1]}")) is not None
    return {
        "cycle": key[0],
        "session": key[1],
        "held_on": meeting.held_on,
        "state": state_of(meeting),
        "contested": contested,
        "reopened": sum(entry_page(book, one).status == "counted" for one in meeting.reopenings),
        "closes": closes,
    }


def to_sign(node: Node, asked: SealRequest, _now_ms: int) -> Answer:
    """The close that this officer is asked to sign, reckoned again on this phone."""
    group = choose_group(node, asked.group)
    where = _named(asked.cycle, asked.session, group.book)
    found = sealing.to_sign(group, where, asked.close)
    return Answer(_checked(group, found.close, found.check))


def sign(node: Node, asked: SignRequest, now_ms: int) -> Answer:
    """Sign a close; it is checked once more before."""
    group = choose_group(node, asked.group)
    found = sealing.to_sign(group, said=asked.close)
    given = sealing.sign(Context(node, group, now_ms), found)
    body = _checked(group, found.close, found.check)
    return Answer(
        {
            **body,
            "receipt": given.code,
            "sentence": given.sentence,
            "entries": [one.hex() for one in given.entries],
        },
        given.step,
    )


def verify(node: Node, asked: SealRequest, _now_ms: int) -> Answer:
    """Reckon the closes of a meeting again: the newest that is closed, unless said."""
    group = choose_group(node, asked.group)
    book = group.book
    if asked.close:
        closes = [desk.entry(group, asked.close)[0].hex()]
    else:
        where = _named(asked.cycle, asked.session, book)
        rows = sorted(book.meetings.rows(), reverse=True)
        meetings = (page for key, page in rows if page.closes and where in (None, key))
        closes = list(next(meetings, MeetingPage("")).closes)
    if not closes or book.closings.find(closes[0]) is None:
        raise CommandRefused(
            "There is no such close to check. See the meetings with: mkutano seal", "no_close"
        )
    checked = [_checked(group, close, seal_check.check(group, close)) for close in closes]
    return Answer({**_money(group), "agrees": all(one["agrees"] for one in checked),
                   "closes": checked})  # fmt: skip


def _checked(group: Group, close: str, found: seal_check.Check) -> dict[str, Any]:
    book, page = group.book, entry_page(group.book, close)
    said = book.closings.find(close) or ClosingPage()
    return {
        **_money(group),
        "id": close,
        "receipt": receipt(close),
        "cycle": page.cycle,
        "session": page.session,
        "closed_by": Names(group).person(bytes.fromhex(page.person)),
        "fingerprint": said.fingerprint,
        "agrees": found.agrees,
        "unchanged": found.unchanged,
        "rules": found.rules,
        "rules_here": found.rules_here,
        "digest": found.digest,
        "digest_here": found.digest_here,
        "rows": [row._asdict() for row in found.rows],
    }


def _money(group: Group) -> dict[str, Any]:
    page = desk.described(group.book)
    return {"currency": page.currency, "exponent": page.exponent}
