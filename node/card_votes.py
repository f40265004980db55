"""A paper card stands in for one missing vote: typed on an officer's phone, for one thing only.

The card signs for the change that asks, so whatever that change asks for has the card's vote: a
phone let in, an election, a rule. It counts once, beside at least one officer's own word; the rules
are in `replication/council.py` (phones) and `model/decisions.py` (books).
"""

from typing import Any

from model.identifiers import CHANGE_PREFIX_BYTES, receipt_code
from node import deciding, desk, proposals
from node.errors import CommandRefused
from node.names import Names
from node.node import Group
from node.paper_cards import USED, card_in
from node.plan import Plan
from node.recording import Context, Receipt, done
from replication.cards import sign_vote
from replication.control import CardVoted


def question(at: Context, said: str) -> dict[str, Any]:
    """What a card would vote for, shown before its words are asked for. CommandRefused."""
    group = at.group
    one = proposals.maybe(group, said)
    if one is not None:
        _require_waiting(group, one)
        names = Names(group)
        return {**proposals.row(group, names, one), "left": proposals.left(group, names, one)}
    target, page = desk.entry(group, said)
    name = target.hex()
    if group.book.waiting.find(name) is None:
        raise CommandRefused(
            f"No card is needed for {deciding.called(at, target, page)}: it does not wait for "
            "officers. See what waits with: mkutano approve",
            "not_waiting",
        )
    return {
        "code": receipt_code(target),
        "change": _change_of(group, target).hex(),
        "state": "open",
        "what": [deciding.called(at, target, page)],
        "entries": [name],
        "left": "",
    }


def _require_waiting(group: Group, one: proposals.Asked) -> None:
    if not proposals.is_open(one):
        raise CommandRefused(
            f"A card is not needed there. {proposals.left(group, Names(group), one)}",
            "not_waiting",
        )
    if one.proposal.card:
        raise CommandRefused(
            "A card has voted for that already, and a second one counts for nothing. "
            f"{proposals.left(group, Names(group), one)}",
            "card_voted",
        )


def vote(at: Context, said: str, secret: bytes) -> Receipt:
    """Have a card vote for all that one change asks. CommandRefused."""
    group = at.group
    wanted = question(at, said)
    number, card = card_in(group, secret)
    change = bytes.fromhex(wanted["change"])
    plan = Plan(group)
    plan.records.append(CardVoted(number, change, sign_vote(card, group.id, change)))
    in_force = [
        told
        for name in wanted["entries"]
        if (told := deciding.add_approval(at, plan, bytes.fromhex(name), number))
    ]
    given = done(at, plan, "")
    after = proposals.by_change(group, Names(group), change[:CHANGE_PREFIX_BYTES])
    left = proposals.left(group, Names(group), after) if after is not None else ""
    told = f"Card {number} votes for it: {'; '.join(wanted['what'])}."
    return given._replace(sentence=" ".join(filter(None, (told, *in_force, left, USED))))


def _change_of(group: Group, entry: bytes) -> bytes:
    """The hash of the change that holds an entry."""
    prefix = entry[:CHANGE_PREFIX_BYTES]
    rest = 32 - CHANGE_PREFIX_BYTES
    chains = group.store.chains(group.row.group_no)
    return next(iter(chains.between(prefix + bytes(rest), prefix + b"\xff" * rest)))
