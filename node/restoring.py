"""Restoring the officers by two paper cards, when all their phones are gone.

A new phone fetches the group's books from any phone that holds them, or from a copy of an old home,
and then signs one record with both cards in it: from then on it is the officers' only phone. It
speaks as one of the officers whom the books know, so that an office goes on. Every other officer's
phone is shut out; if one of them is still in use its owner objects, and then the officers' votes or
the third card decide (`replication/council.py`).

Rule: nothing is signed before the person has seen which group it is, and said who they are.
"""

from typing import Any, NamedTuple

from model.identifiers import CHANGE_PREFIX_BYTES, entry_id, receipt_code
from node.card_call import Pair
from node.card_words import secret_of
from node.errors import CommandRefused
from node.names import Names, Owner
from node.node import Group, Node, Step
from replication.cards import card_keys, sign_restoration, sign_vote
from replication.control import CARDS, CardVoted, OfficersRestored, Record, encode_record
from replication.identity import DeviceKeys
from replication.motions import Restoration


class Officer(NamedTuple):
    """Somebody whom the new phone can speak for."""

    person: bytes
    called: str
    owner: Owner


def pair_of(first: str, second: str) -> Pair:
    """The two cards behind what was typed. CommandRefused says which one is wrong."""
    cards = []
    for place, typed in (("first", first), ("second", second)):
        try:
            cards.append(card_keys(secret_of(typed)))
        except CommandRefused as error:
            raise CommandRefused(f"The {place} card: {error.sentence}", error.code) from None
    if cards[0].public == cards[1].public:
        raise CommandRefused(
            "That is one card typed twice. Two different cards are needed.", "same_card"
        )
    return cards[0], cards[1]


def by_cards(node: Node, cards: Pair) -> Group | None:
    """The group on this phone that has these two cards."""
    keys = {card.public for card in cards}
    for group in node.groups.values():
        if keys <= set(group.roster.cards):
            return group
    return None


def require_new(group: Group) -> None:
    """CommandRefused when this phone is in the group already."""
    known = group.roster.devices.get(group.device)
    if known is None:
        return
    if known.right == "write" and known.state == "active":
        raise CommandRefused(
            f"This phone is an officers' phone of {group.name} already. Go on with: mkutano book",
            "in_already",
        )
    raise CommandRefused(
        f"This phone was let into {group.name} before, to read, or was shut out. Use a phone that "
        "is new to the group, or make this one anew in another folder: mkutano --home FOLDER init",
        "phone_known",
    )


def officers(group: Group) -> list[Officer]:
    """The people whom the new phone can speak for: who holds an office, then who recorded."""
    names = Names(group)
    people = {
        one.person: None
        for one in group.roster.devices.values()
        if one.right == "write" and one.state != "revoked"
    }
    found = [Officer(person, names.person(person), names.owner(person)) for person in people]
    in_office = [one for one in found if one.owner.titles]
    return sorted(in_office or found, key=lambda one: one.called)


def officer(group: Group, said: str) -> Officer:
    """The officer that a person says to be: by office, name, member number or place in the list."""
    everyone = officers(group)
    word = " ".join(said.casefold().replace("_", " ").split())
    found = [one for one in everyone if _is(one, word)]
    if word.isdecimal() and not found and 1 <= int(word) <= len(everyone):
        found = [everyone[int(word) - 1]]
    if len(found) == 1:
        return found[0]
    listed = "; ".join(one.called for one in everyone)
    raise CommandRefused(
        f"“{said[:40]}” is not one of the officers whom the books know: {listed}. Say which one "
        "goes on with this phone: --as OFFICE",
        "which_officer",
    )


def _is(one: Officer, word: str) -> bool:
    owner = one.owner
    return word in owner.titles or (bool(owner.name) and word == owner.name.casefold())


def shown(group: Group) -> dict[str, Any]:
    """What the person sees before anything is signed."""
    newest = group.book.latest.find("meeting")
    page = group.book.meetings.find(newest) if newest is not None else None
    return {
        "group": group.id.hex(),
        "group_name": group.name,
        "last_meeting": page.held_on if page is not None else "",
        "members": sum(1 for _ in group.book.members.rows()),
        "officers": [
            {"number": at, "called": one.called, "titles": list(one.owner.titles)}
            for at, one in enumerate(officers(group), 1)
        ],
    }


def opposed(group: Group) -> Restoration | None:
    """This phone's own restoration, if an officer's phone objected and it does not stand."""
    decisions = group.replica.decisions
    for act in decisions.acts:
        if isinstance(act, Restoration) and act.mark.device == group.device:
            return None if act.mark.change_hash in decisions.now.passed else act
    return None


def restore(
    node: Node, group: Group, cards: Pair, person: bytes, now_ms: int, third: DeviceKeys | None
) -> Step:
    """Sign the record that makes this phone the officers' only one. CommandRefused.

    Where an officer's phone objected, it takes the `third` card as well.
    """
    before = opposed(group)
    shown = [*cards, third] if third is not None else list(cards)
    numbers = dict(sorted(_numbered(group, shown).items()))
    records: list[Record] = []
    if before is not None:
        if len(numbers) < CARDS:
            raise CommandRefused(_opposed_sentence(group, before), "opposed")
        asked, last = before.mark.change_hash, before.third_card
        signature = sign_vote(numbers.pop(last), group.id, asked)
        records.append(CardVoted(last, asked, signature))
    (first, one), (second, other) = list(numbers.items())[:2]
    about = (group.id, group.device, person)
    restored = OfficersRestored(
        person,
        node.home.name,
        first,
        sign_restoration(one, *about),
        second,
        sign_restoration(other, *about),
    )
    batch = node.batch(group.id, now_ms)
    batch.append_encoded([encode_record(record) for record in (restored, *records)])
    return batch.commit()


def _opposed_sentence(group: Group, before: Restoration) -> str:
    code = receipt_code(entry_id(before.mark.change_hash[:CHANGE_PREFIX_BYTES], 0))
    return (
        f"An officer's phone of {group.name} objected to this, so two cards are not enough. Talk "
        f"to the officers: they can agree on their own phones (mkutano approve {code}), or the "
        "third card decides: say it again with --third."
    )


def _numbered(group: Group, cards: list[DeviceKeys]) -> dict[int, DeviceKeys]:
    known = group.roster.cards
    if not {card.public for card in cards} <= set(known):
        raise CommandRefused(
            f"These are not cards of {group.name} that are in force. See if there are newer ones.",
            "not_two_cards",
        )
    return {known.index(card.public) + 1: card for card in cards}
