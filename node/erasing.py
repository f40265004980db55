"""Erasing a person: asked for by an officer, decided by officers, obeyed by every phone, and shown.

What goes: the member's key, out of every key box and out of the slots at relays; with it the name
and the phone number, which lie nowhere else but sealed under it. What stays: the number, the
entries, every amount. Each phone obeys when the decision reaches it (node/people.py), so who has
not confirmed it yet is told by what each phone has signed for, and by what lies in the slots.

Rule: what can't be reached is said before and after, never left out: paper, copies of old ledgers,
what somebody wrote into a text, and what a reader has seen.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from msgspec import Meta

from model import events as e
from model.agreement import agreeing
from model.decisions import decision, missing, outcome
from model.erasing import erased_members, requests
from model.identifiers import CHANGE_PREFIX_BYTES, receipt_code
from model.members import names_of
from node import desk, slot_store
from node.answers import Answer, GroupRequest, choose_group
from node.errors import CommandRefused
from node.names import Names, joined
from node.node import Group, Node
from node.people import name_form, phone_form
from node.plan import Plan
from node.recording import Context, Receipt, done
from node.records import receipt_answer
from node.relay_address import relay_name
from node.status import holders_of_change
from replication.roster import Device

UNREACHABLE: Final = (
    "Not reached are paper, printed or exported reports, backups of old ledgers, phones that were "
    "suspended or revoked before, and what readers have seen."
)
STAYS: Final = (
    "The number, every entry and every amount stay, and all totals are as before. What the member "
    "saved or owes is kept under the number."
)
_TEXTS_MAX: Final = 8
"""Receipts of entries with the name in their text that are told; more are counted."""


class EraseRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Forget a member's name and phone, when officers agree."""

    member: Annotated[str, Meta(min_length=1, max_length=200)]
    """Number or name."""
    reason: Annotated[str, Meta(max_length=200)] = ""
    """Kept for ever, and read by all who read the books: no name belongs into it."""
    dry_run: bool = False
    """Only say what would go and what stays."""


def erase(node: Node, asked: EraseRequest, now_ms: int) -> Answer:
    """Ask officers to erase a member, or say what it would do."""
    group = choose_group(node, asked.group)
    one = desk.member(group, asked.member)
    wanted = [name for name in names_of(group.book, one.id.hex()) if not _is_erased(group, name)]
    if not wanted:
        raise CommandRefused(
            f"Member {one.number} is erased already. See what is left of it: mkutano members "
            "erased",
            "erased",
        )
    _require_no_name(group, wanted, asked.reason)
    told = _told(group, one, wanted)
    if asked.dry_run:
        return Answer(told)
    given = _asked(Context(node, group, now_ms), one, wanted, asked.reason)
    answer = receipt_answer(given)
    return answer._replace(body={**told, **answer.body, "erasures": rows(node.group(group.id))})


def _asked(at: Context, one: desk.Member, wanted: list[str], reason: str) -> Receipt:
    """Record the request; names of one person are asked for in one change."""
    plan = Plan(at.group)
    for name in wanted:
        plan.add(e.PersonErased(bytes.fromhex(name), " ".join(reason.split())))
    given = done(at, plan, "")
    book = at.group.book
    waits = [name.hex() for name in given.entries if book.waiting.find(name.hex()) is not None]
    if not waits:
        told = (
            f"The name and phone number of member {one.number} are forgotten on this phone. Every "
            "other phone forgets them when this reaches it: mkutano members erased"
        )
        return given._replace(sentence=told)
    left = max(missing(book, agreeing(book, name)) for name in waits)
    who = "one more officer agrees" if left == 1 else f"{left} more officers agree"
    codes = " and ".join(f"mkutano approve {receipt_code(bytes.fromhex(name))}" for name in waits)
    told = (
        f"Asked to forget the name and phone number of member {one.number}. Nothing is erased "
        f"until {who}: {codes}"
    )
    return given._replace(sentence=told)


def _require_no_name(group: Group, wanted: list[str], reason: str) -> None:
    """Refuse a reason that says who it is: the reason stays."""
    details = group.people.names()
    words = f" {name_form(reason)} "
    for name in wanted:
        known = details.get(bytes.fromhex(name))
        if known is None:
            continue
        parts = [part for part in name_form(known.name).split() if len(part) > 2]
        digits = phone_form(known.phone)
        if any(f" {part} " in words for part in parts) or (digits and digits in _digits(reason)):
            raise CommandRefused(
                "The reason says who it is, and the reason stays in the books for ever. Nothing "
                "was recorded. Write it without the name and the phone number.",
                "reason_names",
            )


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def _told(group: Group, one: desk.Member, wanted: list[str]) -> dict[str, Any]:
    """What goes and what stays."""
    texts = list(_texts_with_name(group, wanted))
    return {
        "group": group.id.hex(),
        "number": one.number,
        "names": len(wanted),
        "texts": [receipt_code(bytes.fromhex(name)) for name in texts[:_TEXTS_MAX]],
        "texts_count": len(texts),
        "stays": STAYS,
        "unreachable": UNREACHABLE,
    }


def _texts_with_name(group: Group, wanted: list[str]) -> Iterator[str]:
    """Entries in whose text somebody typed the whole name: they are signed, and stay."""
    details = group.people.names()
    forms = [
        f" {form} "
        for name in wanted
        if (known := details.get(bytes.fromhex(name))) and (form := name_form(known.name))
    ]
    if not forms:
        return
    for name, page in group.book.entries.rows():
        if page.text and any(form in f" {name_form(page.text)} " for form in forms):
            yield name


# How far it has come


def erased(node: Node, asked: GroupRequest, now_ms: int) -> Answer:
    """Every member who is erased, or is to be: who has not confirmed it, and where the key is."""
    group = choose_group(node, asked.group)
    body = {"group": group.id.hex(), "erasures": rows(group), "unreachable": UNREACHABLE}
    return Answer(body)


def rows(group: Group) -> list[dict[str, Any]]:
    """One row a member, by number."""
    names = Names(group)
    found = [_row(group, names, member) for member in _members(group)]
    return sorted(found, key=lambda row: (row["number"], row["member"]))


def reminders(group: Group) -> list[str]:
    """What is left to do about erasures, in sentences; none where every copy has confirmed."""
    return [
        f"The name of member {row['number']} is erased here. {row['left']}"
        for row in rows(group)
        if row["state"] == "erased" and row["left"]
    ]


def _members(group: Group) -> set[str]:
    """The members who are erased, and those about whom officers are asked."""
    book = group.book
    asked = {
        page.subject
        for name, kind in book.waiting.rows()
        if kind == "person.erased" and (page := book.entries.find(name)) is not None
    }
    return asked | set(erased_members(book))


def _row(group: Group, names: Names, member: str) -> dict[str, Any]:
    page = group.book.members.find(member)
    asked = requests(group.book, member)
    row: dict[str, Any] = {
        "member": member,
        "number": page.number if page is not None else 0,
        "state": "erased" if page is not None and page.erased else "waiting",
        "receipts": [receipt_code(bytes.fromhex(name)) for name in asked],
        "phones": [],
        "readers": [],
        "relays": [],
        "left": "",
    }
    if row["state"] == "waiting":
        names_alike = agreeing(group.book, asked[0]) if asked else []
        if names_alike and outcome(group.book, names_alike) == "waiting":
            row["left"] = f"It waits for {missing(group.book, names_alike)} more."
        return row
    lacking = list(_unconfirmed(group, asked))
    row["phones"] = [names.phone(one.key) for one in lacking if one.right == "write"]
    row["readers"] = [names.phone(one.key) for one in lacking if one.right != "write"]
    row["relays"] = _slots(group, names, bytes.fromhex(member))
    row["left"] = _left(row)
    return row


def _unconfirmed(group: Group, asked: list[str]) -> Iterator[Device]:
    """Devices with names that have not signed for all that decided it."""
    words = {
        bytes.fromhex(name)[:CHANGE_PREFIX_BYTES]
        for request in asked
        for name in (request, *_agreed_by(group, request))
    }
    chains = group.store.chains(group.row.group_no)
    changes = [found.change.change_hash for one in words if (found := chains.find_prefix(one))]
    signed = [set(holders_of_change(group, change)) for change in changes]
    for key, one in group.roster.devices.items():
        knows_names = one.state == "active" and one.reads == "people"
        if knows_names and key != group.device and not all(key in some for some in signed):
            yield one


def _agreed_by(group: Group, request: str) -> list[str]:
    """The entries of officers' words on a request."""
    return [voice.entry for voice in decision(group.book, request).voices]


def _slots(group: Group, names: Names, member: bytes) -> list[dict[str, Any]]:
    """The slots at relays that held a key of the member when they were last looked at."""
    database, group_no = group.store.database, group.row.group_no
    key_ids = group.store.erased_people(group_no).get(member, frozenset())
    where = {one.people: relay_name(one.url) for one in group.replica.relays()}
    return [
        {"relay": where[mailbox], "phone": names.phone(device)}
        for mailbox, device in slot_store.holders_of(database, group_no, key_ids)
        if mailbox in where
    ]


def _left(row: dict[str, Any]) -> str:
    """Who has not confirmed yet, in a sentence; "" where all have."""
    parts = []
    if row["phones"]:
        parts.append(f"Not confirmed yet by {joined(row['phones'])}.")
    if row["readers"]:
        parts.append(f"Nor by {joined(row['readers'])}, who read names.")
    relays: dict[str, list[str]] = {}
    for one in row["relays"]:
        relays.setdefault(one["relay"], []).append(one["phone"])
    parts += [
        f"At {relay} the key still lies in the slot of {joined(phones)}: it goes when that phone "
        "next backs up."
        for relay, phones in sorted(relays.items())
    ]
    return " ".join(parts)


def _is_erased(group: Group, member: str) -> bool:
    page = group.book.members.find(member)
    return page is not None and page.erased
