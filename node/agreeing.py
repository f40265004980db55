"""What waits for this officer, and agreeing to it: one act for all that one change asks for.

A change may ask for something about phones (a phone is revoked) and for something in the books (its
owner loses the office). Who agrees to it agrees to both, in one change of the officer's own.
"""

from collections.abc import Mapping
from typing import Any, Final

from model.identifiers import CHANGE_PREFIX_BYTES
from model.journal import entry_page
from model.proceedings import decisions_view
from node import deciding, electing, proposals, stopped
from node.errors import CommandRefused
from node.names import Names
from node.node import Group
from node.plan import Plan
from node.recording import Context, Receipt, done
from replication.control import VoteCast


def waiting(group: Group) -> list[dict[str, Any]]:
    """The proposals that officers can still speak to, with what their changes ask of the books."""
    names = Names(group)
    return [
        proposals.row(group, names, one)
        for one in proposals.asked(group, names)
        if proposals.is_open(one)
    ]


def decisions(group: Group) -> list[dict[str, Any]]:
    """Decisions of the books that wait for officers; `mine`: this phone's owner agrees to it."""
    person = group.roster.person_of(group.device).hex()
    rows = decisions_view(group.book, group.people.name_by_hex)
    names = Names(group)
    return [
        {**row, "mine": person in row["agreed"], "what": _what(group, names, row)} for row in rows
    ]


def _what(group: Group, names: Names, row: Mapping[str, Any]) -> str:
    """What a decision of the books asks, as the end of “asks to …”; "" where its kind says it."""
    page = entry_page(group.book, row["id"])
    if row["kind"] in VERDICTS:
        entries = "1 entry" if page.count == 1 else f"{page.count} entries"
        called = names.phone(bytes.fromhex(page.subject))
        return VERDICTS[row["kind"]].format(what=f"{entries} of the stopped phone {called}")
    if row["kind"] == "officer.proposed":
        return electing.worded(group, names, row["id"])
    return ""


VERDICTS: Final[Mapping[str, str]] = {
    "suspense.ratified": "let {what} count",
    "suspense.rejected": "leave {what} out for good",
}


def money(group: Group) -> dict[str, Any]:
    """The currency that amounts are in; that of no books yet has no name."""
    page = group.book.group.find("group")
    if page is None:
        return {"currency": "", "exponent": 0}
    return {"currency": page.currency, "exponent": page.exponent}


def agree(at: Context, said: str) -> Receipt:
    """Agree to all that a change asks for, named by its code. CommandRefused says why not."""
    one = proposals.maybe(at.group, said)
    if one is None:
        return deciding.approve(at, said)
    _require_open(at.group, one)
    plan = Plan(at.group)
    if one.may_agree:
        plan.records.append(VoteCast(one.proposal.change_hash, approve=True))
    entries = () if stopped.why_held(at.group) else one.entries  # no book hears a stopped phone
    in_force = [
        told for name in entries if (told := deciding.add_approval(at, plan, bytes.fromhex(name)))
    ]
    if not plan.records and not plan.events:
        names = Names(at.group)
        raise CommandRefused(
            f"You have agreed to that already. {proposals.left(at.group, names, one)}",
            "already_agreed",
        )
    given = done(at, plan, "")
    return given._replace(sentence=_agreed(at.group, one, in_force))


def _require_open(group: Group, one: proposals.Asked) -> None:
    """Refuse a word that would change nothing, and say why."""
    names = Names(group)
    proposal = one.proposal
    stopped.require_heard(group, proposals.subject(one))
    person = group.roster.person_of(group.device)
    if proposal.state == "passed" and not one.entries:
        raise CommandRefused(f"That was decided already. {proposals.left(group, names, one)}",
                             "already_decided")  # fmt: skip
    if one.state == "void":
        raise CommandRefused(proposals.left(group, names, one), "void")
    if proposals.is_stopped_by(one, group.device) and person not in proposal.agreed:
        raise CommandRefused(
            "That would stop this very phone, so a word from it does not count. Another officer "
            "must agree.",
            "own_phone",
        )
    if person not in proposal.electorate and not one.entries:
        raise CommandRefused(
            "You were no officer when that was asked, so your word on it does not count. Whoever "
            "wants it should propose it again.",
            "not_asked",
        )


def _agreed(group: Group, before: proposals.Asked, in_force: list[str]) -> str:
    """What a word came to."""
    names = Names(group)
    one = proposals.by_change(group, names, before.proposal.change_hash[:CHANGE_PREFIX_BYTES])
    what = f"You agree to {names_of(before)}."
    if one is None:
        return " ".join((what, *in_force))
    then = proposals.then(group, names, one.proposal.records) if one.state == "passed" else ""
    return " ".join(filter(None, (what, proposals.left(group, names, one), *in_force, then)))


def names_of(one: proposals.Asked) -> str:
    """What is asked, as the end of “You agree to …”."""
    return "; ".join(one.what)
