"""The three paper cards of a group: made, checked, shown for a vote, replaced.

A card's secret passes through here and is kept nowhere: what the group keeps is its public key, and
what a card signed. Its words leave once, in the answer of the command that made it.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from node.card_words import words_of
from node.clock import random_bytes
from node.errors import CommandRefused
from node.names import Names
from node.node import Group
from node.plan import Plan
from node.proposals import Asked, asked, is_open, row
from node.recording import Context, Receipt, done
from replication.cards import SECRET_BYTES, card_keys, is_restoration, is_vote
from replication.control import (
    CARDS,
    CardsIssued,
    CardVoted,
    OfficersRestored,
    decode_record,
    is_control,
)
from replication.history import Admitted
from replication.identity import DeviceKeys
from replication.motions import Motion

NO_CARDS: Final = (
    "This group has no paper cards. Without them nobody can help when phones are lost. Make them "
    "with: mkutano cards --replace"
)
USED: Final = (
    "A card that was typed was seen. Make three new ones when the officers meet: mkutano cards "
    "--replace"
)


class Use(NamedTuple):
    """One time that a card in force was shown."""

    number: int
    device: bytes
    """On which phone it was typed."""
    time_ms: int
    """As that phone's clock said."""
    restored: bool
    """Whether it restored the officers; else it voted."""


def fresh_secrets() -> tuple[bytes, ...]:
    """Three new cards."""
    return tuple(random_bytes(SECRET_BYTES) for _ in range(CARDS))


def issued(secrets: Sequence[bytes]) -> CardsIssued:
    """The record of three cards: their public keys alone."""
    first, second, third = (card_keys(secret).public for secret in secrets)
    return CardsIssued(first, second, third)


def told_once(group: Group, secrets: Sequence[bytes], now_ms: int) -> list[dict[str, Any]]:
    """What is printed of new cards, as values for programs and screens; see node/card_page.py."""
    made_on = datetime.fromtimestamp(now_ms / 1000, UTC).date().isoformat()
    return [
        {
            "number": number,
            "group_name": group.name,
            "group": group.id.hex(),
            "made_on": made_on,
            "words": list(words_of(secret)),
        }
        for number, secret in enumerate(secrets, 1)
    ]


def status(group: Group) -> dict[str, Any]:
    """Whether there are cards, since when, whether one was used, and what to do."""
    names = Names(group)
    waits = [one for one in asked(group, names) if is_open(one) and _asks_for_cards(one)]
    since = _issuing(group)
    seen = list(uses(group))
    return {
        "made": bool(group.roster.cards),
        "since_ms": since.change.time_ms if since else 0,
        "by": names.phone(since.change.device) if since else "",
        "uses": [
            {**use._asdict(), "device": use.device.hex(), "phone": names.phone(use.device)}
            for use in seen
        ],
        "waiting": [row(group, names, one) for one in waits],
        "advice": USED if seen else "" if group.roster.cards else NO_CARDS,
    }


def _asks_for_cards(one: Asked) -> bool:
    return any(isinstance(record, CardsIssued) for record in one.proposal.records)


def _issuing(group: Group) -> Admitted | None:
    """The change that issued the cards in force."""
    decisions = group.replica.decisions
    for act in reversed(decisions.now.standing()):
        if isinstance(act, Motion) and act.cards and act.cards == group.roster.cards:
            return group.replica.find(act.mark.change_hash)
    return None


def uses(group: Group) -> Iterator[Use]:
    """Every time that a card which is in force now was shown, in order of arrival here."""
    cards = group.roster.cards
    for admitted, record in _records(group):
        change = admitted.change
        match record:
            case CardVoted(card, proposal, signature) if cards:
                if is_vote(cards[card - 1], group.id, proposal, signature):
                    yield Use(card, change.device, change.time_ms, restored=False)
            case OfficersRestored() if cards:
                for card, signature in (
                    (record.first_card, record.first_signature),
                    (record.second_card, record.second_signature),
                ):
                    about = (group.id, change.device, record.person, signature)
                    if is_restoration(cards[card - 1], *about):
                        yield Use(card, change.device, change.time_ms, restored=True)


def _records(group: Group) -> Iterator[tuple[Admitted, object]]:
    """The control records of the group with their changes."""
    for admitted in group.store.chains(group.row.group_no).control_changes():
        for event in admitted.change.events:
            if is_control(event):
                yield admitted, decode_record(event)


def number_of(group: Group, secret: bytes) -> int:
    """Which of the group's cards this is, 1 to 3. CommandRefused when it is none of them."""
    key = card_keys(secret).public
    cards = group.roster.cards
    if key in cards:
        return cards.index(key) + 1
    if not cards:
        raise CommandRefused(NO_CARDS, "no_cards")
    if any(isinstance(record, CardsIssued) and key in record for _, record in _records(group)):
        raise CommandRefused(
            f"This card was made for {group.name}, and is not in force: it was replaced, or the "
            "officers have not agreed to it yet. See: mkutano cards",
            "card_not_in_force",
        )
    raise CommandRefused(
        f"The words fit together, but this is no card of {group.name}. Compare the group's number "
        f"on the card: {group.id.hex()[:4]} {group.id.hex()[4:8]}.",
        "not_our_card",
    )


def replace(at: Context, secrets: Sequence[bytes]) -> Receipt:
    """Propose new cards; the old ones stay in force until enough officers agree."""
    group = at.group
    _require_officer(group)
    plan = Plan(group)
    plan.records.append(issued(secrets))
    given = done(at, plan, "")
    keys = tuple(issued(secrets))
    if group.roster.cards == keys:
        told = "These three cards are in force now. Destroy the old ones, if there were any."
    else:
        told = (
            "These three cards hold once the others have agreed; until then the old ones do. They "
            f"agree with: mkutano approve {given.code}"
        )
    return given._replace(sentence=told)


def _require_officer(group: Group) -> None:
    if not group.roster.may_write(group.device):
        raise CommandRefused(
            "Only an officer's phone can do this. This one may read the group's books.", "no_right"
        )


def card_in(group: Group, secret: bytes) -> tuple[int, DeviceKeys]:
    """The number and keys of a card in force. CommandRefused."""
    return number_of(group, secret), card_keys(secret)
