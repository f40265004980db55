"""What needs officers' attention beside the books: who waits for whom, and the exact next command.

These findings follow from what is known of phones and votes, and stand beside the book's own in the
same form. Each says who has to do what next; of many alike the first are told, and how many more.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from model.findings import Finding
from model.wording import Weight
from node import proposals, stopped
from node.names import Names
from node.node import Group
from node.reader_watch import watched_readers
from node.summary_views import watched_summaries
from replication.agenda import founded_apart
from replication.motions import NO_BALLOTS, Restoration, Stop, cut_clock

TOLD_MAX: Final = 20
"""Findings of one kind that are told; a flood must not bury what matters."""


def with_those_of_the_book(
    group: Group, of_the_book: Sequence[Mapping[str, Any]], day: str = ""
) -> list[Mapping[str, Any]]:
    """Everything that needs a person, tasks first: about phones and votes, then of the book."""
    own = [{**one._asdict(), "entries": [], "amounts": []} for one in watched(group, day)]
    return sorted([*own, *of_the_book], key=lambda one: bool(one["weight"] != "task"))


def watched(group: Group, day: str = "") -> list[Finding]:
    """What is to be decided about phones and votes; with an ISO day, of readers' grants too."""
    names = Names(group)
    known = proposals.asked(group, names)
    found = [
        *_own_phone(group, names),
        *_forks(group, names),
        *_founded_apart(group, names),
        *_restorations(group, names, known),
        *_stopped(group, names, known),
        *_proposals(group, names, known),
        *_spared(group, names),
        *(watched_readers(group, day) if day else ()),
        *(watched_summaries(group) if day else ()),
    ]
    return sorted(found, key=lambda one: one.weight != "task")


def _finding(code: str, about: str, weight: Weight, sentence: str) -> Finding:
    return Finding(code, about, weight, sentence, (), "", None, None, ())


def _own_phone(group: Group, names: Names) -> Iterator[Finding]:
    why = stopped.why_held(group)
    if why:
        known = group.roster.devices[group.device]
        yield _finding(f"this_phone_{known.state}", group.device.hex(), "task", why)
    unproven = group.continuity.sentence()
    if unproven:
        yield _finding("this_phone_unproven", group.device.hex(), "task", unproven)


def _founded_apart(group: Group, names: Names) -> Iterator[Finding]:
    """Two ends of the founding: what either knew stands, so somebody may have let phones in."""
    if founded_apart(group.replica.decisions):
        founder = group.roster.founder
        yield _finding(
            "founded_apart",
            founder.hex(),
            "task",
            f"The founding of the group was ended twice: by {names.phone_and_owner(founder)}, and "
            "by a copy of that phone from that time. See whether every phone in the list is yours, "
            "and have officers shut out those that are not: mkutano devices",
        )


def _forks(group: Group, names: Names) -> Iterator[Finding]:
    """Phones that wrote two different changes under one number; of each the first number."""
    own_is_told = bool(group.continuity.sentence())
    told: dict[bytes, int] = {}
    for fork in group.replica.forks():
        known = group.roster.devices.get(fork.device)
        if not fork.is_answered and known is not None and known.state == "active":
            told.setdefault(fork.device, fork.n)
    for device, n in list(told.items())[:TOLD_MAX]:
        if device == group.device and own_is_told:
            continue
        typed = names.typed(device)
        what = (
            f"{names.phone_and_owner(device)} wrote two different entries under its number {n}. "
            "Either it was restored from a backup, or two phones use its key."
        )
        if device == group.device and len(group.roster.officers) > 1:
            yield _finding(
                "this_phone_forked",
                device.hex(),
                "task",
                f"{what} That is this phone: another officer says which, on another phone: "
                "mkutano forks",
            )
        else:
            yield _finding(
                "phone_forked",
                device.hex(),
                "task",
                f"{what} Ask its owner; then, if it was restored: mkutano forks --restored {typed} "
                f"(if there are two: mkutano forks --copied {typed})",
            )


def _proposals(group: Group, names: Names, known: list[proposals.Asked]) -> Iterator[Finding]:
    told = [one for one in known if proposals.is_open(one) and one.proposal.records]
    for one in told[:TOLD_MAX]:
        what = f"{_by(names, one)} asked the officers to {'; '.join(one.what)}."
        if one.state == "contested":
            code, sentence = "proposal_contested", f"{what} {proposals.left(group, names, one)}"
        else:
            code, sentence = "proposal_waits", f"{what} {_next(group, names, one)}"
        yield _finding(code, one.code, "task", sentence)
    if len(told) > TOLD_MAX:
        more = f"{len(told) - TOLD_MAX} more proposals wait for officers: mkutano propose --list"
        yield _finding("proposal_waits", "more", "task", more)


def _by(names: Names, one: proposals.Asked) -> str:
    who = names.person(one.proposal.person)
    return f"{who[0].upper()}{who[1:]}"


def _next(group: Group, names: Names, one: proposals.Asked) -> str:
    """What this phone's owner can do about an open proposal, or who else must."""
    if not one.may_agree:
        return proposals.left(group, names, one)
    must = "one more officer" if one.missing == 1 else f"{one.missing} more officers"
    return (
        f"It waits for {must}. If you agree: mkutano approve {one.code} (if not: mkutano propose "
        f"--object {one.code})"
    )


def _stopped(group: Group, names: Names, known: list[proposals.Asked]) -> Iterator[Finding]:
    stops = stopped.stopped_phones(group)
    every = [one for one in stops.values() if one.device != group.device]
    asked_about = {
        device for one in known if one.state == "open" for device in proposals.about(one)
    }
    for one in every[:TOLD_MAX]:
        called, by = names.phone_and_owner(one.device), stopped.orders_of(names, one)
        what = f"{called} is suspended by {by}."
        weight: Weight = "notice" if one.device in asked_about else "task"
        is_mutual = one.is_contested or any(by in stops for by in one.by)
        code = "suspension_contested" if is_mutual else "phone_suspended"
        if is_mutual:
            what += (
                " Who ordered that was stopped, too. The other officers decide which of the phones "
                "they trust."
            )
        yield _finding(code, one.device.hex(), weight, f"{what} {_either(names, one)}")
    if len(every) > TOLD_MAX:
        more = f"{len(every) - TOLD_MAX} more phones are suspended: mkutano devices"
        yield _finding("phone_suspended", "more", "task", more)


def _either(names: Names, one: stopped.Stopped) -> str:
    typed = names.typed(one.device)
    return (
        f"If it is lost for good: mkutano propose revoke {typed} (if it turned up: mkutano suspend "
        f"--lift {typed})"
    )


def _restorations(group: Group, names: Names, known: list[proposals.Asked]) -> Iterator[Finding]:
    """Two paper cards let a phone in: until the cards are new ones, everybody should know."""
    cards = {
        act.mark.change_hash: act.cards
        for act in group.replica.decisions.acts
        if isinstance(act, Restoration)
    }
    told = [one for one in known if not one.proposal.records]
    for one in told[-TOLD_MAX:]:
        if cards.get(one.proposal.change_hash) != group.roster.cards:
            continue
        called = names.phone(one.proposal.device)
        if one.state == "passed":
            yield _finding(
                "officers_restored",
                one.code,
                "task",
                f"Two paper cards made {called} the officers' phone, and stopped every other one. "
                f"If that is wrong, on any officer's phone: mkutano propose --object {one.code} "
                "(if it is right, the cards were seen: mkutano cards --replace)",
            )
        else:
            yield _finding(
                "restoration_opposed",
                one.code,
                "task",
                f"Two paper cards should make {called} the officers' phone, and an officer is "
                f"against it. If it should be let in, {one.proposal.needed} officers must agree: "
                f"mkutano approve {one.code}",
            )


def _spared(group: Group, names: Names) -> Iterator[Finding]:
    """Stops whose author did not know of a close that others signed: what it covers stands."""
    limits = group.replica.limits()
    lanes = group.store.chains(group.row.group_no).lanes()
    now = group.replica.decisions.now
    told: set[bytes] = set()
    for at in sorted(now.outcome.possible):
        act = now.case.acts[at]
        if not isinstance(act, Stop) or act.device in told or len(told) >= TOLD_MAX:
            continue
        (clock,) = cut_clock(act, now.case.ballots.get(act.mark.change_hash, NO_BALLOTS))
        if any(
            limits.get(lane, 0) > (clock[lane] if lane < len(clock) else 0)
            for lane, one in enumerate(lanes)
            if one.device == act.device and lane in limits
        ):
            told.add(act.device)
            yield _finding(
                "suspension_reaches_back",
                act.device.hex(),
                "notice",
                f"{names.phone(act.mark.device)} suspended {names.phone(act.device)} without "
                "knowing of a close that other officers signed. What that close covers counts; "
                "only what the phone wrote after it waits.",
            )
