"""The group's phones and its officers as they stand now, and what waits for whom.

What is lacking is said with the command that mends it: an office without a phone, cards that were
never made, fewer officers who can be heard than a decision needs.
"""

from collections.abc import Iterator
from typing import Any

from model.offices import founded, holder
from model.titles import FOUNDING_OFFICES, OFFICES
from node import agreeing, proposals, stopped
from node.answers import Answer, GroupRequest, choose_group
from node.names import Names, plain
from node.node import Group, Node
from node.status import status
from replication.roster import Device


def devices(node: Node, asked: GroupRequest, now_ms: int) -> Answer:
    """Every phone: whose it is, what it may do, what it holds, what of it waits."""
    group = choose_group(node, asked.group)
    names = Names(group)
    known = [one for one in proposals.asked(group, names) if proposals.is_open(one)]
    holds = {one.device: one for one in status(group).holders}
    held = stopped.entries_held(group)
    stops = stopped.stopped_phones(group)
    rows = []
    for key, one in group.roster.devices.items():
        told = stops.get(key)
        holder_of = holds.get(key)
        rows.append(
            {
                **_phone(group, names, one),
                "suspended_by": [names.label(order.by) for order in told.orders] if told else [],
                "reason": plain(told.orders[0].reason) if told else "",
                "contested": bool(told and told.is_contested),
                "in_suspense": held.get(key, 0),
                "holds": holder_of.sentence if holder_of else "",
                "changes_lacking": holder_of.changes_lacking if holder_of else 0,
                "proposals": [known_.code for known_ in known if key in proposals.about(known_)],
            }
        )
    waiting = [
        {**proposals.row(group, names, one), "phones": [names.label(k) for k in strangers]}
        for one in known
        if (strangers := sorted(proposals.about(one).difference(group.roster.devices)))
    ]
    founding = group.roster.founding
    body = {"group": group.id.hex(), "founding": founding, "devices": rows, "waiting": waiting}
    return Answer(body)


def _phone(group: Group, names: Names, one: Device) -> dict[str, Any]:
    """What is known of a phone, as values."""
    owner = names.owner(one.person)
    return {
        "device": one.key.hex(),
        "name": names.label(one.key),
        "typed": names.typed(one.key).strip('"'),
        "right": one.right,
        "scope": one.scope,
        "until": one.until,
        "state": one.state,
        "person": one.person.hex(),
        "owner": names.person(one.person) if owner.titles or owner.member else "",
        "title": owner.titles[0].replace(" ", "_") if owner.titles else "",
        "titles": [title.replace(" ", "_") for title in owner.titles],
        "member": owner.number,
        "member_name": owner.name,
        "this_phone": one.key == group.device,
        "founder": one.key == group.roster.founder,
    }


def officers(node: Node, asked: GroupRequest, now_ms: int) -> Answer:
    """The people who decide, with offices and phones, and what the group lacks."""
    group = choose_group(node, asked.group)
    names, roster = Names(group), group.roster
    phones = roster.officers
    people = dict.fromkeys([*phones, *_holders(group)])
    rows = []
    for person in people:
        owner = names.owner(person)
        own = [one for one in roster.devices.values() if one.person == person]
        rows.append(
            {
                "person": person.hex(),
                "called": names.person(person),
                "member": owner.number,
                "name": owner.name,
                "offices": [title.replace(" ", "_") for title in owner.titles],
                "phones": [{"name": names.label(one.key), "state": one.state} for one in own],
                "votes": person in phones,
                "heard": any(one.state == "active" and one.right == "write" for one in own),
            }
        )
    body = {
        "group": group.id.hex(),
        "officers": rows,
        "votes_needed": roster.votes_needed,
        "quorum_set": roster.quorum_min,
        "founding": roster.founding,
        "founder_here": roster.founding and roster.founder == group.device,
        "cards": bool(roster.cards),
        "lacks": list(_lacks(group, names)),
        "waiting": agreeing.waiting(group),
        "decisions": [
            row for row in agreeing.decisions(group) if row["kind"].startswith("officer.")
        ],
    }
    return Answer(body)


def _holders(group: Group) -> Iterator[bytes]:
    """The people who hold an office, in the order of offices."""
    for office in OFFICES:
        person = holder(group.book, office)
        if person:
            yield bytes.fromhex(person)


def _lacks(group: Group, names: Names) -> Iterator[str]:
    """What the group should mend before it is needed, each with how."""
    roster = group.roster
    heard = {
        one.person
        for one in roster.devices.values()
        if one.state == "active" and one.right == "write"
    }
    if len(roster.officers) < 2:
        yield (
            "Only one officer has a phone that records: whoever finds it is the group, and if it "
            "is lost nobody else can write. Let in a second before you lend: mkutano invite "
            "--title treasurer"
        )
    elif len(heard) < roster.votes_needed:
        card = " (a paper card can stand in for one)" if roster.cards else ""
        yield (
            f"Decisions need {roster.votes_needed} officers, and only {len(heard)} can be heard "
            f"now{card}. Lift a suspension, or let in a phone: mkutano devices"
        )
    for title in FOUNDING_OFFICES:
        person = holder(group.book, title)
        if not person:
            yield f"Nobody holds the office of {title}. Propose somebody: mkutano propose officer"
        elif bytes.fromhex(person) not in roster.officers:
            yield f"The {title} has no phone that records: mkutano invite --title {title}"
    if not roster.cards:
        yield "The three paper cards were never made: mkutano cards --replace"
    for officer in roster.officers if founded(group.book, None) else ():
        if not names.owner(officer).titles:
            yield (
                f"{_capital(names.person(officer))} votes, and holds no office, so nothing that is "
                "recorded there counts. Propose an office: mkutano propose officer"
            )
    if roster.founding and len(roster.officers) > 1:
        founder = names.phone(roster.founder)
        yield (
            f"The group is still being founded: {founder} lets phones in and out alone. The next "
            "meeting that is opened ends that, or at once: mkutano officers --end-founding"
        )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
