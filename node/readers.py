"""Who outside the group reads its books, until when, and by whose word; and who ever did.

A grant is in the group's own log, signed by whoever gave it, so every phone shows the same list for
ever. Whether one is over follows from the day that this phone shows, as nothing in the log asks a
clock; the phone itself then gives that reader nothing more (node/doors.py).
"""

from collections.abc import Iterator
from typing import Annotated, Any

from msgspec import Meta

from model.identifiers import entry_id, receipt_code
from node import proposals, proposing, reader_grants
from node.answers import Answer, GroupRequest, choose_group
from node.clock import day_of
from node.names import Names, plain
from node.node import Group, Node
from node.reader_code import ReaderCode, format_reader_code, parse_reader_code
from node.reader_words import (
    READS,
    days_left,
    is_over,
    is_reader,
    scope_of,
)
from node.recording import Context
from node.records import receipt_answer
from node.relay_address import relay_name
from node.status import status
from replication.control import DeviceEnrolled
from replication.limits import LABEL_CHARS_MAX
from replication.motions import Act, Motion, Stop

Word = Annotated[str, Meta(max_length=200)]


class ReadersRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who reads; with every grant there ever was."""

    history: bool = False


class AddReaderRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Let a reader in, or change what it was given."""

    code: Annotated[str, Meta(min_length=1, max_length=2048)]
    """The whole MKREAD line."""
    scope: Word = ""
    """summary (unless said), ledger or people."""
    until: Word = ""
    """The last day, ISO; empty: in a year; never: without an end."""
    name: Annotated[str, Meta(max_length=LABEL_CHARS_MAX)] = ""
    """What the group calls the reader; empty: as its code says."""
    dry_run: bool = False
    """Only say what it would ask for."""


class EndReaderRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """End a reader's grant for good."""

    reader: Annotated[str, Meta(min_length=1, max_length=200)]
    """Its name, or the first letters of its key."""
    reason: Annotated[str, Meta(max_length=LABEL_CHARS_MAX)] = ""


class ReaderCodeRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """This device's own reader code."""

    name: Annotated[str, Meta(max_length=LABEL_CHARS_MAX)] = ""
    """What the reader calls itself; empty: what this device is called."""
    relays: Annotated[tuple[Word, ...], Meta(max_length=4)] = ()


def code(node: Node, asked: ReaderCodeRequest, now_ms: int) -> Answer:
    """What this device shows so that groups can let it read."""
    name = " ".join((asked.name or node.home.name).split())
    made = ReaderCode(node.device, name, asked.relays)
    body = {"code": format_reader_code(made), "name": name, "relays": list(asked.relays)}
    return Answer(body)


def add(node: Node, asked: AddReaderRequest, now_ms: int) -> Answer:
    """Ask officers to let a reader in, or say what they would be asked."""
    group, day = choose_group(node, asked.group), day_of(now_ms)
    read = parse_reader_code(asked.code)
    draft = reader_grants.granting(group, read, asked.scope, asked.until, asked.name, day)
    record = draft.records[0]
    if not isinstance(record, DeviceEnrolled):
        raise AssertionError("a grant is an enrolment")
    facts = {
        "reader": record.label,
        "device": read.device.hex(),
        "scope": record.scope,
        "sees": READS[record.scope],
        "until": record.until,
        "looks_at": list(read.relays),
        "elsewhere": _elsewhere(group, read),
    }
    if asked.dry_run:
        names = Names(group)
        what = [proposals.worded(group, names, one) for one in draft.records]
        others = proposing.others_needed(group, draft)
        return Answer({**facts, "what": what, "others_needed": others})
    given = receipt_answer(proposing.propose(Context(node, group, now_ms), draft))
    return Answer({**given.body, **facts}, given.step)


def _elsewhere(group: Group, read: ReaderCode) -> list[str]:
    """The group's relays when the reader looks at none of them, as its code says."""
    urls = [one.url for one in group.replica.relays()]
    looks = {url.rstrip("/").lower() for url in read.relays}
    is_found = not looks or any(url.rstrip("/").lower() in looks for url in urls)
    return [] if is_found else urls


def end(node: Node, asked: EndReaderRequest, now_ms: int) -> Answer:
    """Ask officers to end a reader's grant."""
    group = choose_group(node, asked.group)
    draft = reader_grants.ending(group, asked.reader, asked.reason)
    given = receipt_answer(proposing.propose(Context(node, group, now_ms), draft))
    names = Names(group)
    for key in sorted(proposals.devices_in(draft.records)):
        if group.roster.devices[key].state == "active":
            now = f"{given.body['sentence']} To stop it at once: mkutano suspend {names.typed(key)}"
            return Answer({**given.body, "sentence": now}, given.step)
    return given


def readers(node: Node, asked: ReadersRequest, now_ms: int) -> Answer:
    """Everybody outside who reads, as of this phone's day; who waits; and every grant ever."""
    group, day = choose_group(node, asked.group), day_of(now_ms)
    names = Names(group)
    known = proposals.asked(group, names)
    waiting = [
        proposals.row(group, names, one)
        for one in known
        if proposals.is_open(one) and any(_grants(record) for record in one.proposal.records)
    ]
    body = {
        "group": group.id.hex(),
        "group_name": group.name,
        "day": day,
        "readers": rows(group, day),
        "waiting": waiting,
        "letters": [
            {"relay": relay_name(one.url), "letters": one.doors.hex()[:8]}
            for one in group.replica.relays()
        ],
    }
    return Answer({**body, "history": history(group)} if asked.history else body)


def rows(group: Group, day: str) -> list[dict[str, Any]]:
    """The readers of a group that are in its roster, the working ones first."""
    names = Names(group)
    holds = {one.device: one for one in status(group).holders}
    agreed = {act.device: act for act in _acts(group, names) if act.kind == "granted"}
    found = []
    for key, one in group.roster.devices.items():
        if not is_reader(one):
            continue
        told, holder = agreed.get(key), holds.get(key)
        found.append(
            {
                "device": key.hex(),
                "name": names.label(key),
                "typed": names.typed(key).strip('"'),
                "scope": scope_of(one),
                "sees": READS[scope_of(one)],
                "until": one.until,
                "days_left": days_left(one.until, day),
                "state": "ended" if one.state == "active" and is_over(one, day) else one.state,
                "agreed": list(told.agreed) if told else [],
                "card": told.card if told else False,
                "granted_ms": told.at_ms if told else 0,
                "acknowledged": bool(holder and holder.acknowledged),
                "holds": holder.sentence if holder else "",
            }
        )
    order = ["active", "ended"]
    return sorted(found, key=lambda row: (row["state"] not in order, row["name"], row["device"]))


class _Told:
    """One act about a reader, as it is told."""

    def __init__(self, group: Group, names: Names, act: Motion | Stop, device: bytes) -> None:
        self.act = act
        self.device = device
        self.change_hash = act.mark.change_hash
        ballots = group.replica.decisions.ballots(self.change_hash)
        votes = (act.mark, *ballots.votes, *ballots.late)
        self.agreed = tuple(names.person(who) for who in dict.fromkeys(m.person for m in votes))
        self.card = bool(ballots.cards)
        found = group.replica.find(self.change_hash)
        self.at_ms = found.change.time_ms if found is not None else 0
        self.kind = _kind(act, device)
        passed = self.change_hash in group.replica.decisions.now.passed
        self.holds = self.kind == "suspended" or passed or self._takes_back(group)

    def _takes_back(self, group: Group) -> bool:
        """Whether who ordered a suspension lifts it alone."""
        author = self.act.mark.device
        return self.kind == "lifted" and any(
            isinstance(act, Stop) and (act.device, act.mark.device) == (self.device, author)
            for act in group.replica.decisions.acts
        )


def _kind(act: Motion | Stop, device: bytes) -> str:
    if isinstance(act, Stop):
        return "suspended"
    if device in act.revokes:
        return "ended"
    return "granted" if any(one.device == device for one in act.enrols) else "lifted"


def _acts(group: Group, names: Names) -> Iterator[_Told]:
    """Everything that was asked or done about readers and holds, in order of arrival here."""
    for told in _every_act(group, names):
        if told.holds:
            yield told


def _every_act(group: Group, names: Names) -> Iterator[_Told]:
    ever: set[bytes] = set()
    for act in group.replica.decisions.acts:
        granted_here = _granted_in(act)
        ever |= {one.device for one in granted_here}
        if isinstance(act, Motion):
            about = {one.device for one in granted_here} | (act.revokes | act.lifts) & ever
        elif isinstance(act, Stop):
            about = {act.device} & ever
        else:
            continue
        for device in sorted(about):
            yield _Told(group, names, act, device)


def _granted_in(act: Act) -> list[DeviceEnrolled]:
    return [one for one in act.enrols if _grants(one)] if isinstance(act, Motion) else []


def _grants(record: object) -> bool:
    """Whether a record lets somebody read who does not record."""
    if not isinstance(record, DeviceEnrolled):
        return False
    return record.right == "read" or (record.right == "pull" and bool(record.scope))


def history(group: Group) -> list[dict[str, Any]]:
    """Every grant that was ever asked for, changed or ended: the list that is never shortened."""
    names = Names(group)
    called: dict[bytes, str] = {}
    found = []
    for told in _every_act(group, names):
        act = told.act
        given = next((one for one in _granted_in(act) if one.device == told.device), None)
        called[told.device] = plain(given.label) if given else called[told.device]
        found.append(
            {
                "receipt": receipt_code(entry_id(told.change_hash[:16], 0)),
                "time_ms": told.at_ms,
                "what": told.kind,
                "device": told.device.hex(),
                "name": called[told.device],
                "scope": (given.scope or "ledger") if given else "",
                "until": given.until if given else "",
                "reason": plain(act.reason) if isinstance(act, Stop) and act.reason else "",
                "by": names.person(act.mark.person),
                "agreed": list(told.agreed),
                "card": told.card,
                "holds": told.holds,
            }
        )
    return found
