"""What officers were asked about phones and votes, as they read it: what, by whom, who is missing.

All that one change asks for stands or falls together, and has one code: the receipt of the change.
Where the same change asks for something in the books too (an election, say), that belongs to it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from model.identifiers import CHANGE_PREFIX_BYTES, entry_id, receipt_code
from node import desk, electing, reader_words
from node.errors import CommandRefused
from node.names import Names, joined, plain
from node.node import Group
from replication.agenda import Proposal, hearing, proposals
from replication.control import (
    CardsIssued,
    DeviceEnrolled,
    DeviceReinstated,
    DeviceRevoked,
    QuorumSet,
    Record,
)
from replication.roster import Roster

NAMED_MAX: Final = 8
"""People whom one sentence names."""

SHOWN_MAX: Final = 200
"""Proposals that are put in words, the newest; a group decides a few in a year."""

RIGHTS: Final = {"write": "records", "read": "only reads", "pull": "only carries the books"}
"""What a phone may do, in a word or two."""


Hearing = Callable[[bytes, frozenset[bytes]], bool]
"""Whether a word of a phone counts in a decision that stops some phones."""

Standing = Literal["open", "passed", "contested", "void", "declined", "settled"]
"""As `agenda.State`, and: declined, when too few are left who could agree; settled, when what it
asks for is so without it; contested also when enough agreed and it does not hold for all that."""


class Asked(NamedTuple):
    """What one change asks officers for."""

    code: str
    proposal: Proposal
    what: tuple[str, ...]
    """One clause for each thing that is asked."""
    entries: tuple[str, ...]
    """Decisions of the books that the same change asks for: hex ids of their entries."""
    state: Standing
    missing: int
    """Officers who must still agree; 0 unless it is open."""
    silent: tuple[bytes, ...]
    """Officers who may still agree, and whose phone is given the proposal."""
    apart: tuple[bytes, ...]
    """Officers who would be heard although their phone is stopped, but are given nothing."""
    may_agree: bool
    """Whether this phone's owner is one of them, and heard on this phone."""


def asked(group: Group, names: Names) -> list[Asked]:
    """Everything officers were asked about phones and votes, oldest first."""
    found = proposals(group.replica.decisions)[-SHOWN_MAX:]
    waiting: dict[bytes, list[str]] = {}
    for name, _ in group.book.waiting.rows():
        waiting.setdefault(bytes.fromhex(name)[:CHANGE_PREFIX_BYTES], []).append(name)
    is_heard = hearing(group.replica.decisions)
    return [_asked(group, names, one, waiting, is_heard) for one in found]


def _asked(
    group: Group,
    names: Names,
    one: Proposal,
    waiting: Mapping[bytes, list[str]],
    is_heard: Hearing,
) -> Asked:
    prefix = one.change_hash[:CHANGE_PREFIX_BYTES]
    entries = tuple(sorted(waiting.get(prefix, ())))
    what = [electing.worded(group, names, name) for name in entries if _elects(group, name)]
    what += [worded(group, names, record) for record in one.records]
    if not one.records:
        what = [f"let {names.phone(one.device)} begin with the officers anew, by two paper cards"]
    missing, heard = _missing(one), _heard(group.roster, one, is_heard)
    silent = {person for person in heard.values() if person not in one.agreed}
    active = {key for key, device in group.roster.devices.items() if device.state == "active"}
    reached = {heard[key] for key in active & heard.keys()} & silent
    standing = _standing(group, one, missing)
    may_agree = standing in ("open", "contested") and heard.get(group.device) in silent
    return Asked(
        receipt_code(entry_id(prefix, 0)),
        one,
        tuple(what),
        entries,
        standing,
        missing,
        tuple(sorted(reached)),
        tuple(sorted(silent - reached)),
        may_agree or (standing == "declined" and heard.get(group.device) in silent),
    )


def _elects(group: Group, name: str) -> bool:
    return group.book.waiting.find(name) == "officer.proposed"


def _heard(roster: Roster, one: Proposal, is_heard: Hearing) -> dict[bytes, bytes]:
    """Phone -> its owner, of those whose word on a proposal counts; none that it stops itself."""
    stops = stopped_by(one.records)
    about = stops if one.records else frozenset((one.device,))
    return {
        key: device.person
        for key, device in roster.devices.items()
        if device.right == "write"
        and device.person in one.electorate
        and device.state != "revoked"
        and key not in stops
        and is_heard(key, about)
    }


def _missing(one: Proposal) -> int:
    """Officers who must still agree to an open proposal."""
    agreed = len(one.electorate.intersection(one.agreed)) + one.card
    return max(0, one.needed - agreed) if one.state == "open" else 0


def _standing(group: Group, one: Proposal, missing: int) -> Standing:
    """How far a proposal is, as people have to know it."""
    if one.state != "open":
        return one.state
    if one.records and all(_holds_already(group.roster, record) for record in one.records):
        return "settled"
    if not missing:  # who agreed was stopped since, or two removals were made apart
        return "contested"
    silent = one.electorate.difference(one.agreed, one.against)
    can_show = bool(group.roster.cards) and not one.card
    return "declined" if missing > len(silent) + can_show else "open"


def _holds_already(roster: Roster, record: Record) -> bool:
    """Whether what a record asks for is so without it."""
    match record:
        case DeviceEnrolled(device, _, right, _, scope, until):
            known = roster.devices.get(device)
            given = (known.right, known.scope, known.until) if known is not None else ()
            return known is not None and known.state == "active" and given == (right, scope, until)
        case DeviceReinstated(device):
            known = roster.devices.get(device)
            return known is not None and known.state != "suspended"
        case DeviceRevoked(device):
            known = roster.devices.get(device)
            return known is not None and known.state == "revoked"
        case QuorumSet(officers_min):
            return roster.quorum_min == officers_min
        case CardsIssued():
            return roster.cards == tuple(record)
        case _:
            return False


def worded(group: Group, names: Names, record: Record) -> str:
    """What a record asks officers for, as the end of “asks to …”."""
    match record:
        case DeviceEnrolled(scope=scope) if scope:
            return _grant(group, names, record)
        case DeviceEnrolled(device, person, right, _):
            return _enrolment(group, names, device, person, right)
        case DeviceReinstated(device):
            return f"lift the suspension of {names.phone_and_owner(device)}"
        case DeviceRevoked(device, reason):
            why = f" ({plain(reason)})" if reason else ""
            if _is_reader(group, device):
                return f"end what the reader {names.phone(device)} may see{why}"
            return f"revoke {names.phone_and_owner(device)} for good{why}"
        case QuorumSet(officers_min):
            return f"let {officers_min} officers decide about phones, offices and rules"
        case CardsIssued():
            return "replace the three paper cards with new ones"
        case _:
            return "decide something that this version of Mkutano does not know"


def _enrolment(group: Group, names: Names, device: bytes, person: bytes, right: str) -> str:
    known = group.roster.devices.get(device)
    may = RIGHTS[right]
    if known is not None and known.state == "active" and known.right != right:
        return f"change what {names.phone_and_owner(device)} may do: it {may} from then on"
    again = " again" if known is not None and known.state == "revoked" else ""
    owner = names.owner(person)
    is_known = (
        owner.titles
        or owner.member
        or any(one.person == person for one in group.roster.devices.values() if one.key != device)
    )
    whose = f", a phone of {names.person(person)}" if is_known else ""
    return f"let in {names.phone(device)}{again}{whose}, which {may}"


def _is_reader(group: Group, device: bytes) -> bool:
    known = group.roster.devices.get(device)
    return known is not None and reader_words.is_reader(known)


def _grant(group: Group, names: Names, record: DeviceEnrolled) -> str:
    """What a reader would see from then on, and until when."""
    sees = reader_words.granted(record.scope, record.until)
    known = group.roster.devices.get(record.device)
    given = (known.scope, known.until) if known is not None and known.state == "active" else ()
    called = names.phone(record.device) if known is not None else f"“{plain(record.label)}”"
    if given not in ((), (record.scope, record.until)):
        return f"let the reader {called} see from then on: {sees}"
    return f"let the reader {called} see {sees}"


def find(group: Group, said: str) -> Asked:
    """The proposal with this code. CommandRefused when there is none."""
    found = [one for one in asked(group, Names(group)) if is_called(one, said)]
    if len(found) != 1:
        raise CommandRefused(
            f"No proposal has the code “{said.strip()[:40]}”. See them with: "
            "mkutano propose --list",
            "unknown_proposal",
        )
    return found[0]


def maybe(group: Group, said: str) -> Asked | None:
    """The proposal with this code, if there is one."""
    found = [one for one in asked(group, Names(group)) if is_called(one, said)]
    return found[0] if len(found) == 1 else None


def is_called(one: Asked, said: str) -> bool:
    """Whether a person who types this means that change, by its code or its hash in hex."""
    code = desk.receipt_letters(said)
    return code == one.code or said.strip().lower() == one.proposal.change_hash.hex()


def by_change(group: Group, names: Names, entry: bytes) -> Asked | None:
    """The proposal in the change of an entry."""
    prefix = entry[:CHANGE_PREFIX_BYTES]
    for one in asked(group, names):
        if one.proposal.change_hash.startswith(prefix):
            return one
    return None


def proposed(
    group: Group, entry: bytes, records: Sequence[Record], besides: Sequence[str] = ()
) -> str:
    """What became of a proposal that was just made, and who must do what.

    `besides`: what the same change asks of the books, in words.
    """
    names = Names(group)
    one = by_change(group, names, entry)
    what = joined([*besides, *(worded(group, names, record) for record in records)])
    if one is not None and one.state != "passed":
        return f"You ask the officers to {what}. {left(group, names, one)}"
    told = f"You decided to {what}. That holds at once: no other officer had to agree."
    return f"{told} {then(group, names, records)}".rstrip()


_ENDED: Final[Mapping[str, str]] = {
    "passed": "Enough officers agree: it holds now.",
    "contested": "It does not hold although officers agreed: another decision, or the suspension "
    "of a phone that agreed, stands against it, made without knowing of it. Look at all of them "
    "with “mkutano propose --list”, and propose again what you want.",
    "void": "It can have no effect. Propose it again.",
    "declined": "Too few officers are left who could agree. It has no effect.",
    "settled": "That is so already, by another decision.",
}


def left(group: Group, names: Names, one: Asked) -> str:
    """Who must still say what."""
    if one.state != "open":
        return _ENDED[one.state]
    can_show = one.missing == 1 and bool(group.roster.cards) and not one.proposal.card
    card = f"mkutano cards --vote {one.code}"
    if not one.silent:
        shown = f" (or with a paper card: {card})" if can_show else ""
        if one.apart:
            return (
                f"{_must(one.missing)}, and only {names.people(one.apart)} would be heard, on a "
                "phone that is stopped and is given nothing. Lift that suspension first: mkutano "
                f"suspend --lift{shown}"
            )
        return (
            f"{_must(one.missing)}, and nobody is left whose phone is heard. Lift a suspension, or "
            f"let in a phone first{shown}."
        )
    instead = f" (or with a paper card: {card})" if can_show else ""
    who = names.people(one.silent[:NAMED_MAX])
    return f"{_must(one.missing)} ({who}), on their own phone: mkutano approve {one.code}{instead}"


def _must(missing: int) -> str:
    return "One more officer must agree" if missing == 1 else f"{missing} more officers must agree"


def then(group: Group, names: Names, records: Iterable[Record]) -> str:
    """What is to be done once these hold; "" when nothing."""
    for record in records:
        match record:
            case DeviceEnrolled(device=device, scope=scope) if scope:
                return _then_reads(group, names, device, scope)
            case DeviceEnrolled(device=device, right=right) if right != "pull":
                return (
                    f"{names.phone(device)} is in. Its owner fetches the books there with: "
                    "mkutano run"
                )
            case DeviceRevoked(device) if _is_reader(group, device):
                return f"{names.phone(device)} is given nothing more; what it has read it keeps."
            case DeviceRevoked(device):
                return (
                    f"No phone takes anything from {names.phone(device)} any more. What it wrote "
                    "before is judged with: mkutano ratify"
                )
            case _:
                pass
    return ""


def _then_reads(group: Group, names: Names, device: bytes, scope: str) -> str:
    """How a reader comes to what it was given."""
    if group.replica.relays():
        return f"{names.phone(device)} finds it at the group's cloud backup by itself."
    if scope == "summary":
        return (
            f"{names.phone(device)} finds it at the group's cloud backup, and the group has none "
            "yet: mkutano cloud add ADDRESS"
        )
    return (
        f"{names.phone(device)} gets it from an officer's phone on the same network, or from the "
        "cloud backup, if the group has one: mkutano cloud add ADDRESS"
    )


def row(group: Group, names: Names, one: Asked) -> dict[str, Any]:
    """A proposal as values for programs and screens."""
    proposal = one.proposal
    person = group.roster.person_of(group.device)
    return {
        "code": one.code,
        "change": proposal.change_hash.hex(),
        "state": one.state,
        "what": list(one.what),
        "by": names.person(proposal.person),
        "phone": names.label(proposal.device),
        "agreed": [names.person(who) for who in proposal.agreed],
        "against": [names.person(who) for who in proposal.against],
        "card": proposal.card,
        "needed": proposal.needed,
        "missing": one.missing,
        "missing_people": [names.person(who) for who in (*one.silent, *one.apart)],
        "mine": person in proposal.agreed,
        "may_agree": one.may_agree,
        "entries": list(one.entries),
    }


def is_stopped_by(one: Asked, device: bytes) -> bool:
    """Whether a phone would lose the right to record by it."""
    return device in stopped_by(one.proposal.records)


def about(one: Asked) -> frozenset[bytes]:
    """The phones that a proposal is about."""
    proposal = one.proposal
    return devices_in(proposal.records) if proposal.records else frozenset((proposal.device,))


def devices_in(records: Iterable[Record]) -> frozenset[bytes]:
    """The phones that records are about."""
    return frozenset(
        record.device
        for record in records
        if isinstance(record, DeviceEnrolled | DeviceReinstated | DeviceRevoked)
    )


def stopped_by(records: Iterable[Record]) -> frozenset[bytes]:
    """The phones that lose the right to record by these."""
    return frozenset(
        record.device
        for record in records
        if isinstance(record, DeviceRevoked)
        or (isinstance(record, DeviceEnrolled) and record.right != "write")
    )


def subject(one: Asked) -> frozenset[bytes]:
    """The phones that it stops, or lets in by cards: of those a stopped phone may speak."""
    proposal = one.proposal
    return stopped_by(proposal.records) if proposal.records else frozenset((proposal.device,))


def is_open(one: Asked) -> bool:
    """Whether officers can still say something that matters."""
    return one.state in ("open", "contested")


def same(records: Sequence[Record], one: Asked) -> bool:
    """Whether a proposal asks for all that these records ask, and no less; reasons aside."""

    def key(record: Record) -> tuple[object, ...]:
        if isinstance(record, DeviceRevoked):
            return (DeviceRevoked, record.device)
        return (type(record), *record)

    return {key(record) for record in records} == {key(record) for record in one.proposal.records}
