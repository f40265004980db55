"""Stopping a phone at once, and undoing it: one officer stops, officers (or the same one) lift.

A suspension is signed without asking anybody: it grants nothing and can be taken back. What this
phone knew of the other one stands; everything else of it waits until officers ratify it.
"""

from node import proposals, stopped
from node.errors import CommandRefused
from node.names import Names
from node.node import Group
from node.phones import phone
from node.plan import Plan
from node.recording import Context, Receipt, done
from replication.control import DeviceReinstated, DeviceSuspended
from replication.council import REPEATS_MAX
from replication.roster import Device

LOST = "lost"


def suspend(at: Context, said: str, reason: str = LOST) -> Receipt:
    """Stop a phone at once. `at.anyway`: although it is the one in the owner's hand."""
    group = at.group
    one = phone(group, said)
    stopped.require_heard(group, frozenset((one.key,)))
    _require_stoppable(at, one)
    plan = Plan(group)
    plan.records.append(DeviceSuspended(one.key, reason.strip() or LOST))
    given = done(at, plan, "")
    return given._replace(sentence=_told(at.group, one))


def _require_stoppable(at: Context, one: Device) -> None:
    """Refuse what would stop nothing, or the group itself."""
    group, names = at.group, Names(at.group)
    called = names.phone(one.key)
    if one.state == "revoked":
        raise CommandRefused(f"{called} was revoked already: nothing of it is taken.", "revoked")
    known = stopped.stopped_phones(group).get(one.key)
    if known is not None and not known.is_contested:
        raise CommandRefused(
            f"{called} is suspended already, by {stopped.orders_of(names, known)}. "
            f"{_next(names, one)}",
            "suspended_already",
        )
    require_followed(group, names, one.key)
    if one.key != group.device:
        return
    if sum(other.state == "active" for other in _writers(group)) == 1:
        raise CommandRefused(
            f"{called} is this phone, and no other phone of the group records: suspended, it "
            "would stop the books. Let in another officer's phone first: mkutano invite",
            "only_phone",
        )
    if not at.anyway:
        raise CommandRefused(
            f"{called} is this very phone. Suspended, it can't record what counts until you or "
            "the officers lift that. If you mean it, say it again with --anyway.",
            "own_phone",
        )


def require_followed(group: Group, names: Names, device: bytes) -> None:
    """Refuse one suspension more than is followed of this phone: every phone would pass it over."""
    if group.replica.decisions.has_stopped_enough(group.device, device):
        raise CommandRefused(
            f"This phone has suspended {names.phone(device)} {REPEATS_MAX} times, and once more "
            "would not be followed. Let another officer suspend it on their own phone, or ask the "
            f"officers to shut it out: mkutano propose revoke {names.typed(device)}",
            "suspended_often",
        )


def _writers(group: Group) -> list[Device]:
    return [one for one in group.roster.devices.values() if one.right == "write"]


def _told(group: Group, one: Device) -> str:
    """What happens now, and what to do next."""
    names = Names(group)
    held = stopped.entries_held(group).get(one.key, 0)
    waits = f"{stopped.counted_entries(held)} of it" if held else "Nothing of it"
    verb = "waits" if held <= 1 else "wait"
    parts = [
        f"{names.phone_and_owner(one.key)} is suspended now. It is given nothing more. What this "
        "phone knew of it counts; everything else that it wrote or will write waits until officers "
        f"ratify it. {waits} {verb} so far."
    ]
    now = stopped.stopped_phones(group).get(one.key)
    if now is not None and now.is_contested:
        parts.append(
            "That phone has suspended this one, too: neither order holds alone until other "
            "officers decide."
        )
    return " ".join((*parts, *_too_few(group), _next(names, one)))


def _next(names: Names, one: Device) -> str:
    typed = names.typed(one.key)
    return (
        f"If it is lost for good: mkutano propose revoke {typed} (and invite the owner's new "
        f"phone). If it turns up: mkutano suspend --lift {typed}"
    )


def _too_few(group: Group) -> list[str]:
    """A warning when fewer officers can be heard now than a decision needs."""
    roster = group.roster
    active = {one.person for one in _writers(group) if one.state == "active"}
    if len(active) >= roster.votes_needed:
        return []
    card = " A paper card can stand in for one missing officer." if roster.cards else ""
    has = "has a phone that is" if len(active) == 1 else "have phones that are"
    return [
        f"Decisions need {roster.votes_needed} officers, and only {len(active)} {has} heard "
        f"now.{card}"
    ]


def lift(at: Context, said: str) -> Receipt:
    """Lift a suspension: at once where this phone alone ordered it, else officers decide."""
    group = at.group
    one = phone(group, said)
    names = Names(group)
    known = stopped.stopped_phones(group).get(one.key)
    if known is None:
        raise CommandRefused(_not_suspended(names, one), "not_suspended")
    stopped.require_heard(group, frozenset((one.key,)))
    wanted = (DeviceReinstated(one.key),)
    for asked in proposals.asked(group, names):
        is_asked = asked.state == "open" and proposals.same(wanted, asked)
        if is_asked and known.by != {group.device}:
            raise CommandRefused(
                f"That was proposed already by {names.person(asked.proposal.person)}. "
                f"{proposals.left(group, names, asked)}",
                "proposed_already",
            )
    plan = Plan(group)
    plan.records += wanted
    given = done(at, plan, "")
    if one.key not in stopped.stopped_phones(at.group):
        called = Names(at.group).phone_and_owner(one.key)
        sentence = f"The suspension of {called} is lifted. What it wrote counts again."
        return given._replace(sentence=sentence)
    return given._replace(sentence=proposals.proposed(at.group, given.entries[0], wanted))


def _not_suspended(names: Names, one: Device) -> str:
    if one.state == "revoked":
        return (
            f"{names.phone(one.key)} was revoked for good. Officers can let it in again: "
            f"mkutano propose enrol {names.typed(one.key)}"
        )
    return f"{names.phone(one.key)} is not suspended."
