"""What stopped phones wrote, for officers to go through: let it count, or leave it out for good.

An officer's verdict names entries, or all that this phone knows of; it takes effect when enough
officers agree. What only decides something can't be ratified: whoever still wants it asks anew.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final, NamedTuple

from msgspec import Meta

from model import events as e
from model.events.governance import HELD_NAMED_MAX
from model.identifiers import receipt_code
from model.suspense_view import suspense_view
from node import agreeing, deciding, desk
from node.answers import Answer, GroupRequest, choose_group
from node.errors import CommandRefused
from node.names import Names, joined
from node.node import Group, Node
from node.phones import phone
from node.recording import Context, Receipt, decided
from node.records import receipt_answer

Word = Annotated[str, Meta(max_length=200)]
NOTHING: Final = "Nothing is in suspense: no phone was stopped, or officers have gone through it."


class SuspenseRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What waits of stopped phones; of one, or of all."""

    phone: Word = ""
    every: bool = False
    """Also what officers have decided about already."""


class RatifyRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An officer's verdict on what a stopped phone wrote."""

    phone: Word = ""
    """May be left out when entries are named, or when one phone alone has any."""
    entries: Annotated[tuple[Word, ...], Meta(max_length=HELD_NAMED_MAX)] = ()
    """Receipts; none together with `every`."""
    every: bool = False
    """All of that phone that waits, as far as this phone knows it."""
    reject: bool = False
    """It did not happen so: it is left out."""
    reason: Annotated[str, Meta(max_length=200)] = ""


class _Reach(NamedTuple):
    """What a verdict is about."""

    device: bytes
    entries: tuple[bytes, ...]
    """None: all that waits."""
    rows: Sequence[dict[str, Any]]


def suspense(node: Node, asked: SuspenseRequest, now_ms: int) -> Answer:
    """Stopped phones and what of theirs waits, entry by entry."""
    group = choose_group(node, asked.group)
    shown = _phones(group, every=asked.every)
    if asked.phone:
        wanted = phone(group, asked.phone).key.hex()
        shown = [one for one in shown if one["device"] == wanted]
    return Answer({**agreeing.money(group), "phones": shown})


def _phones(group: Group, *, every: bool = False) -> list[dict[str, Any]]:
    """The model's view with the names of phones."""
    names = Names(group)
    found = []
    for one in suspense_view(group.book, group.people.name_by_hex, every=every):
        key = bytes.fromhex(one["device"])
        if one["waiting"] or (every and one["entries"]):
            person = bytes.fromhex(one["person"])
            called = names.phone_and_owner(key, person)
            state = group.roster.devices.get(key)
            found.append(
                {
                    **one,
                    "name": names.label(key),
                    "typed": names.typed(key),
                    "called": called,
                    "state": state.state if state is not None else "never let in",
                }
            )
    return found


def judge(node: Node, asked: RatifyRequest, now_ms: int) -> Answer:
    """Sign a verdict. CommandRefused says what else to do."""
    at = Context(node, choose_group(node, asked.group), now_ms)
    reach = _reach(at.group, asked)
    return receipt_answer(_sign(at, reach, asked))


def _reach(group: Group, asked: RatifyRequest) -> _Reach:
    phones = _phones(group)
    if not phones:
        raise CommandRefused(NOTHING, "nothing_held")
    if asked.entries and asked.every:
        raise CommandRefused("Name entries, or say --all; not both.", "not_clear")
    if not asked.entries and not asked.every:
        raise CommandRefused(
            "Which entries? Name them by their receipts, or say --all. See them with: mkutano "
            "ratify",
            "incomplete",
        )
    one = _of_named(group, phones, asked) if asked.entries else _of_phone(group, phones, asked)
    device = bytes.fromhex(one["device"])
    if not asked.entries:
        return _Reach(device, (), one["entries"])
    wanted = {desk.entry(group, word)[0].hex() for word in asked.entries}
    rows = [row for row in one["entries"] if row["id"] in wanted]
    return _Reach(device, tuple(bytes.fromhex(row["id"]) for row in rows), rows)


def _of_phone(
    group: Group, phones: Sequence[dict[str, Any]], asked: RatifyRequest
) -> dict[str, Any]:
    """The phone that is meant, among those of which something waits."""
    if asked.phone:
        key = phone(group, asked.phone).key.hex()
        for one in phones:
            if one["device"] == key:
                return one
        raise CommandRefused(
            f"Nothing of {Names(group).phone(bytes.fromhex(key))} is in suspense.", "nothing_held"
        )
    if len(phones) == 1:
        return phones[0]
    told = joined([one["called"] for one in phones])
    raise CommandRefused(f"Of which phone? Something waits of {told}.", "which_device")


def _of_named(
    group: Group, phones: Sequence[dict[str, Any]], asked: RatifyRequest
) -> dict[str, Any]:
    """The phone that wrote all the entries which are named."""
    where = {row["id"]: one for one in phones for row in one["entries"]}
    found: list[dict[str, Any]] = []
    for word in asked.entries:
        target, _ = desk.entry(group, word)
        one = where.get(target.hex())
        if one is None:
            raise CommandRefused(
                f"Entry {receipt_code(target)} is not in suspense. See what is with: mkutano "
                "ratify",
                "nothing_held",
            )
        if one not in found:
            found.append(one)
    if len(found) > 1:
        raise CommandRefused(
            f"These entries are of several phones: {joined([one['called'] for one in found])}. Go "
            "through one phone at a time.",
            "several_phones",
        )
    return found[0]


def _sign(at: Context, reach: _Reach, asked: RatifyRequest) -> Receipt:
    group = at.group
    anew = [row for row in reach.rows if not row["can_be_ratified"]]
    if reach.entries and anew and not asked.reject:
        raise CommandRefused(
            f"Entry {anew[0]['receipt']} can't be ratified: {anew[0]['why']} Whoever still wants "
            "it records it once more, on a phone that is heard.",
            "decide_anew",
        )
    where = deciding.meeting_of_words(at) if asked.reject else desk.meeting(group, at.meeting)
    kind = e.SuspenseRejected if asked.reject else e.SuspenseRatified
    event = kind(reach.device, reach.entries, *where, asked.reason)
    return decided(at, event, _told(group, reach, asked.reject))


def _told(group: Group, reach: _Reach, rejects: bool) -> str:
    """What a verdict says, with the cash it is about."""
    rows = [row for row in reach.rows if rejects or row["can_be_ratified"]]
    received = sum(max(0, row["cash_minor"]) for row in rows)
    paid_out = -sum(min(0, row["cash_minor"]) for row in rows)
    cash = " and ".join(
        f"{desk.money(group, minor)} {how}"
        for minor, how in ((received, "received"), (paid_out, "paid out"))
        if minor
    )
    count = "1 entry" if len(rows) == 1 else f"{len(rows)} entries"
    called = Names(group).phone_and_owner(reach.device)
    about = f"{count} of {called}{f' ({cash})' if cash else ''}"
    if rejects:
        return f"You say that {about} did not happen so, and should count nowhere."
    return f"You say that {about} should count."
