"""The questions that a device answers: each reads the book and gives values that become JSON.

Amounts are whole numbers of the currency's smallest unit; ids are hex; names are there where this
phone may know them. Nothing here writes.
"""

import base64
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from model.book import Book
from model.export import Balance, Money, to_beancount, to_csv, to_hledger
from model.findings import who
from model.goals import goals_view
from model.history import audit_view, journal
from model.identifiers import receipt_code
from model.journal_entry import JournalEntry
from model.members import roles_of
from model.offices import offices_of
from model.statements import meeting_view, passbook_view
from model.views import accounts_view, book_view, findings_view, loans_view, meetings_view
from node import desk, erasing, readers
from node.answers import Answer, GroupRequest, choose_group
from node.clock import day_of
from node.council_watch import with_those_of_the_book
from node.errors import CommandRefused
from node.node import Group, Node
from node.relay_status import as_json, backups
from node.status import status
from node.verify import verify


class NoRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question that needs no detail."""


class MemberRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A question about one member."""

    member: Annotated[str, Meta(min_length=1, max_length=200)]
    """Number or name."""


class AuditRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who recorded what; of one member or of all."""

    member: Annotated[str, Meta(max_length=200)] = ""


class LoansRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Open loans, or every loan there was."""

    every: bool = False


class MeetingRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One meeting; the newest unless said."""

    cycle: Annotated[int, Meta(ge=0, le=10_000)] = 0
    session: Annotated[int, Meta(ge=0, le=10_000)] = 0


class JournalRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The journal as text for another program."""

    format: Literal["beancount", "hledger", "csv"] = "csv"


def groups(node: Node, asked: NoRequest, now_ms: int) -> Answer:
    """The groups of this phone, and the phone itself."""
    held = [
        {
            "group": group.id.hex(),
            "name": group.name,
            "may_write": group.roster.may_write(node.device),
            "devices": len(group.roster.devices),
            **_role(group),
        }
        for group in node.groups.values()
    ]
    held += [
        {"group": group.hex(), "name": name, "may_write": False, "devices": 0, **_UNREADABLE}
        for group, name in node.unreadable.items()
    ]
    return Answer({"device": node.device.hex(), "name": node.home.name, "groups": held})


_UNREADABLE: Mapping[str, Any] = {"state": "unreadable", "right": "", "offices": []}


def _role(group: Group) -> dict[str, Any]:
    """What this phone and its owner are in one group; nothing of it holds in another."""
    own = group.roster.devices.get(group.device)
    if own is None:
        return {"state": "waiting", "right": "", "offices": []}
    offices = offices_of(group.book, own.person.hex(), None)
    return {"state": own.state, "right": own.right, "offices": offices}


def book(node: Node, asked: GroupRequest, now_ms: int) -> Answer:
    """Members, accounts, cash and findings, with the digest that equal books share."""
    group = choose_group(node, asked.group)
    view = book_view(group.book, group.people.name_by_hex)
    heads = [head.hex() for head in group.replica.heads]
    found = with_those_of_the_book(group, view["findings"], day_of(now_ms))
    members = _named(group, view)
    return Answer(
        {"group_id": group.id.hex(), "heads": heads, **view, "members": members, "findings": found}
    )


def _named(group: Group, view: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"number": row["number"], "name": group.people.name_by_hex(row["id"]), **row}
        for row in view["members"]
    ]


def members(node: Node, asked: GroupRequest, now_ms: int) -> Answer:
    """The members by number, with names and phones as far as this phone may know them."""
    group = choose_group(node, asked.group)
    details = group.people.names()
    rows = []
    everyone = desk.members(group, merged=True)
    numbers = {one.id.hex(): one.number for one in everyone}
    for one in everyone:
        page = group.book.members.find(one.id.hex())
        known = details.get(one.id)
        rows.append(
            {
                "id": one.id.hex(),
                "number": one.number,
                "name": one.name,
                "phone": known.phone if known else "",
                "status": page.status if page else "",
                "joined_on": page.joined_on if page else "",
                "merged_into": numbers.get(page.merged_into) if page else None,
                "exited": bool(page and page.exited),
                "erased": bool(page and page.erased),
                "gender": page.gender if page else "",
                "birth_year": page.birth_year or None if page else None,
                "roles": roles_of(group.book, one.id.hex()),
                "goals": goals_view(group.book, one.id.hex()),
            }
        )
    return Answer({"members": rows})


def passbook(node: Node, asked: MemberRequest, now_ms: int) -> Answer:
    """One member's page."""
    group = choose_group(node, asked.group)
    one = desk.member(group, asked.member)
    view = passbook_view(group.book, one.id.hex())
    return Answer({"name": one.name, **_money(group), **view})


def loans(node: Node, asked: LoansRequest, now_ms: int) -> Answer:
    """Loans with what is owed."""
    group = choose_group(node, asked.group)
    name_of = group.people.name_by_hex
    rows = [
        {
            "receipt": receipt_code(bytes.fromhex(row["id"])),
            "who": who(group.book, row["member"], name_of),
            **row,
        }
        for row in loans_view(group.book, asked.every)
    ]
    return Answer({**_money(group), "loans": rows})


def audit(node: Node, asked: AuditRequest, now_ms: int) -> Answer:
    """The audit trail in the order that all phones share."""
    group = choose_group(node, asked.group)
    member = desk.member(group, asked.member).id.hex() if asked.member else ""
    name_of = group.people.name_by_hex
    labels = {device.hex(): known.label for device, known in group.roster.devices.items()}
    rows = [
        {
            **row,
            "who": who(group.book, _about(group.book, row), name_of),
            "device_name": labels.get(row["device"], ""),
        }
        for row in audit_view(group.book, member)
    ]
    grants = [] if member else readers.history(group)
    return Answer({**_money(group), "entries": rows, "readers": grants})


def findings(node: Node, asked: GroupRequest, now_ms: int) -> Answer:
    """What needs a person's attention, tasks first."""
    group = choose_group(node, asked.group)
    of_the_book = findings_view(group.book, group.people.name_by_hex)
    found = with_those_of_the_book(group, of_the_book, day_of(now_ms))
    return Answer({"findings": found})


def meeting(node: Node, asked: MeetingRequest, now_ms: int) -> Answer:
    """What happened in a meeting."""
    group = choose_group(node, asked.group)
    newest = group.book.latest.find("meeting")
    key = (asked.cycle, asked.session) if asked.session else newest
    if key is None or group.book.meetings.find(key) is None:
        raise CommandRefused("There is no such meeting in these books.", "no_meeting")
    view = meeting_view(group.book, *key)
    return Answer({**_money(group), **view})


def meetings(node: Node, asked: GroupRequest, now_ms: int) -> Answer:
    """Every meeting there was."""
    group = choose_group(node, asked.group)
    return Answer({"meetings": meetings_view(group.book)})


def who_holds(node: Node, asked: GroupRequest, now_ms: int) -> Answer:
    """Who holds the group's books, from signed acknowledgements alone."""
    group = choose_group(node, asked.group)
    found = status(group)
    holders = [{**one._asdict(), "device": one.device.hex()} for one in found.holders]
    read_by = [one for one in readers.rows(group, day_of(now_ms)) if one["state"] == "active"]
    body = {
        "group": group.id.hex(),
        **found._asdict(),
        "holders": holders,
        "readers": read_by,
        "erasures": erasing.reminders(group),
    }
    body["backups"] = [as_json(one) for one in backups(group, now_ms)]
    return Answer(body)


def verified(node: Node, asked: NoRequest, now_ms: int) -> Answer:
    """Every group derived again from the signed changes, and what differs."""
    found = [
        {
            **one._asdict(),
            "group": one.group.hex(),
            "heads": [head.hex() for head in one.heads],
            "differences": [difference._asdict() for difference in one.differences],
        }
        for one in verify(node)
    ]
    return Answer({"ok": not any(one["differences"] for one in found), "groups": found})


def journal_text(node: Node, asked: JournalRequest, now_ms: int) -> Answer:
    """The journal with the book's own balances as assertions."""
    group = choose_group(node, asked.group)
    page = desk.described(group.book)
    money = Money(page.currency, page.exponent)
    entries = list(_with_short_names(group))
    if asked.format == "csv":
        return Answer({"format": "csv", "text": to_csv(entries, money)})
    balances = [
        Balance(account["code"], None, account["balance_minor"])
        for account in accounts_view(group.book)
    ]
    write = to_beancount if asked.format == "beancount" else to_hledger
    return Answer({"format": asked.format, "text": write(entries, money, balances, page.name)})


def _with_short_names(group: Group) -> list[JournalEntry]:
    """Members by number and loans by receipt, where that names one thing only."""
    numbers: dict[str, list[int]] = {}
    for one in desk.members(group, merged=True):
        numbers.setdefault(str(one.number), []).append(one.number)
    short = {}
    for one in desk.members(group, merged=True):
        plain = str(one.number)
        code = receipt_code(one.id)
        short[one.id.hex()] = plain if len(numbers[plain]) == 1 else f"{plain}-{code}"
    for name, _ in group.book.loans.rows():
        short[name] = receipt_code(bytes.fromhex(name))
    return [
        entry._replace(
            lines=tuple(
                line._replace(subject=short.get(line.subject or "", line.subject))
                for line in entry.lines
            )
        )
        for entry in journal(group.book)
    ]


def automerge(node: Node, asked: GroupRequest, now_ms: int) -> Answer:
    """The group's document for any Automerge, in base64."""
    group = choose_group(node, asked.group)
    chains = group.store.chains(group.row.group_no)
    document = group.replica.open_document(chains.everything())
    heads = [head.hex() for head in document.heads()]
    return Answer({"heads": heads, "document": base64.b64encode(document.save()).decode("ascii")})


def _about(book: Book, row: dict[str, Any]) -> str:
    """Whom or what an entry is about: its member, where it is recorded under something else."""
    page = book.entries.find(row["id"])
    return (page.member or page.subject) if page is not None else str(row["subject"])


def _money(group: Group) -> dict[str, Any]:
    """The currency that a table's amounts are in."""
    page = desk.described(group.book)
    return {"currency": page.currency, "exponent": page.exponent}
