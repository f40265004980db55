"""The group's members, officers and cycles: added, corrected, elected, opened.

A member's name and phone leave this device only as ciphertext (node/people.py).
"""

from datetime import UTC, datetime

from model import events as e
from model.offices import founded
from node import desk
from node.electing import election_of
from node.errors import CommandRefused
from node.people import checked, phone_form, tags
from node.plan import Plan
from node.proposing import propose
from node.recording import Context, Receipt, done, record


def add_member(
    at: Context, name: str, phone: str = "", number: int = 0, joined_on: str = ""
) -> Receipt:
    """Add a member; the number is the next free one unless given."""
    plan = Plan(at.group)
    number = plan_member(plan, name, phone, number, joined_on or _today(at))
    return done(at, plan, f"{' '.join(name.split())} is member {number}.")


def plan_member(
    plan: Plan, name: str, phone: str, number: int, joined_on: str, line: int = 0
) -> int:
    """Plan a new member with sealed details; the number. The first planned event is the member."""
    group = plan.group
    details = checked(name, phone)
    everyone = desk.members(group)
    taken = {one.number: one for one in everyone}
    number = number or max(taken, default=0) + 1
    if number in taken:
        raise CommandRefused(
            f"Number {number} is {desk.called(taken[number])} already. Choose another.",
            "number_taken",
        )
    for known in group.people.names().values():
        if details.phone and phone_form(known.phone) == phone_form(details.phone):
            raise CommandRefused(
                f"{known.name} has the phone {known.phone} already. Is it the same person?",
                "phone_taken",
            )
    key, fresh = group.people.tag_key()
    name_tag, phone_tag = tags(key, details)
    draft = plan.add(e.MemberAdded(number, desk.day(joined_on), name_tag, phone_tag), line)
    sealed = group.people.seal(draft, details)
    plan.add(sealed.event, line)
    plan.keys += [*fresh, *sealed.keys]
    return number


def set_details(at: Context, member: str, name: str, phone: str = "") -> Receipt:
    """Correct a member's name or phone."""
    one = desk.member(at.group, member)
    page = at.group.book.members.find(one.id.hex())
    if page is not None and page.erased:
        raise CommandRefused(
            f"The officers decided to forget who member {one.number} is, and that is for good. "
            "Whoever joins again is a new member: mkutano record member --name NAME",
            "erased",
        )
    plan = Plan(at.group)
    sealed = at.group.people.seal(one.id, checked(name, phone))
    plan.add(sealed.event)
    plan.keys += sealed.keys
    return done(at, plan, f"Member {one.number} is now {' '.join(name.split())}.")


def set_member_status(
    at: Context, member: str, status: e.MemberStatus, reason: str = ""
) -> Receipt:
    """Suspend a member, let one rest, or make one active again."""
    one = desk.member(at.group, member)
    event = e.MemberStatusSet(one.id, status, reason)
    return record(at, event, f"{desk.called(one)} is now {status}.")


def elect(at: Context, title: e.Title, device: bytes, member: str = "") -> Receipt:
    """Elect the person behind an enrolled device to an office; once the group is founded, ask."""
    known = at.group.roster.devices.get(device)
    if known is None:
        raise CommandRefused("That phone is not enrolled in the group.", "unknown_device")
    one = desk.member(at.group, member).id if member else b""
    if founded(at.group.book, None):
        return propose(at, election_of(at.group, title, known.person, one))
    event = e.OfficerElected(title, known.person, one)
    return record(at, event, f"{known.label} is now {title.replace('_', ' ')}.")


def open_cycle(at: Context, cycle: int, starts_on: str, ends_on: str) -> Receipt:
    """Open a savings cycle: the one after the newest, unless it was otherwise (`anyway`)."""
    event = e.CycleOpened(cycle, desk.day(starts_on), desk.day(ends_on))
    if event.ends_on < event.starts_on:
        raise CommandRefused(
            f"The cycle would end on {event.ends_on}, before it begins on {event.starts_on}. "
            "Nothing was recorded. Check both days.",
            "ends_before_start",
        )
    if not at.anyway:
        _require_next(at, cycle)
    return record(at, event, f"Cycle {cycle} is open from {event.starts_on} to {event.ends_on}.")


def _require_next(at: Context, cycle: int) -> None:
    """Refuse a cycle that is open already or leaves one out; meetings may have begun without it."""
    book = at.group.book
    opened = {int(name): page for name, page in book.cycles.rows()}
    newest = max(opened, default=0)
    met = (book.latest.find("meeting") or (0, 0))[0]
    if cycle in opened:
        days = f"from {opened[cycle].starts_on} to {opened[cycle].ends_on}"
        why = f"Cycle {cycle} was opened already, {days}."
    elif newest < cycle <= max(newest, met) + 1:
        return
    else:
        why = f"The next cycle is {max(newest, met) + 1}, not {cycle}."
    raise CommandRefused(
        f"{why} Nothing was recorded. If it really happened so, record it again with --anyway.",
        "not_the_next_cycle",
    )


def _today(at: Context) -> str:
    """The day of the open meeting, or of the device's clock."""
    newest = at.group.book.latest.find("meeting")
    page = at.group.book.meetings.find(newest) if newest is not None else None
    if page is not None and page.held_on:
        return page.held_on
    return datetime.fromtimestamp(at.now_ms / 1000, UTC).date().isoformat()
