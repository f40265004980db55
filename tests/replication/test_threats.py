"""What several people can do together, and what lies in an old copy: the README's worst rows."""

import pytest

from replication.cards import sign_vote
from replication.control import CardsIssued, CardVoted, FoundingEnded, QuorumSet
from replication.identity import DeviceKeys
from tests.replication.councils import (
    CARDS,
    A,
    B,
    C,
    Council,
    D,
    E,
    X,
    Y,
    enrolled,
    officers,
    restoring,
    revoked,
    roster_everywhere,
    state,
    suspended,
)
from tests.replication.phones import KEYS, sync
from tests.replication.test_founding import FOUNDING, copy_of, founded_with_key, rosters

HONEST, COLLUDING = (A, B, C), (D, E)


def colluding() -> Council:
    """Two of five officers decide whatever they can, for each other and against the others."""
    council = Council(5)
    first, second = COLLUDING
    cards = [KEYS[name].public for name in (X, Y, E)]
    asked = [
        council.ask(first, enrolled(X), enrolled(Y)),
        council.ask(first, *(revoked(name) for name in HONEST)),
        council.ask(first, QuorumSet(2)),
        council.ask(first, CardsIssued(*cards)),
        council.ask(first, FoundingEnded()),
    ]
    council.meet(first, second)
    for one in asked:
        council.vote(second, one)
    for by, name in zip((first, second, first), HONEST, strict=True):
        council.ask(by, suspended(name))
    council.meet(first, second)
    return council


def test_two_of_five_who_collude_decide_nothing() -> None:
    roster = roster_everywhere(colluding())
    assert officers(roster) == {*HONEST, *COLLUDING}
    assert (state(roster, X), roster.quorum_min) == ("unknown", 0)
    assert roster.cards == tuple(card.public for card in CARDS)


def test_three_cards_end_what_two_of_five_began() -> None:
    """They object to whoever goes on with two cards."""
    council = colluding()
    asked = council.restore(X, D)
    council.tell(X, D)
    council.vote(D, asked, False)
    assert officers(roster_everywhere(council)) == {*HONEST, *COLLUDING}
    council.tell(D, X)
    third = CardVoted(3, asked, sign_vote(CARDS[2], council.group, asked))
    council.ask(X, restoring(council[X]), third)
    assert officers(roster_everywhere(council)) == {X}


def test_with_a_card_two_of_five_are_a_quorum() -> None:
    council = Council(5)
    asked = council.ask(D, enrolled(X))
    council.meet(D, E)
    council.vote(E, asked)
    assert state(roster_everywhere(council), X) == "unknown"
    council.show_card(D, 1, asked)
    assert state(roster_everywhere(council), X) == "active"


def test_a_quorum_acting_together_removes_the_others() -> None:
    council = Council(5)
    asked = council.ask(A, revoked(D), revoked(E), enrolled(X))
    council.meet(*HONEST)
    for name in (B, C):
        council.vote(name, asked)
        council.meet(*HONEST)
    assert officers(roster_everywhere(council)) == {*HONEST, X}


@pytest.mark.parametrize("key", [FOUNDING, None])
def test_a_copy_from_the_founding_decides_alone_only_with_the_founding_key(
    key: DeviceKeys | None,
) -> None:
    phones = founded_with_key(B, C)
    copy = copy_of(phones[A])
    phones[A].step(phones[A].replica.end_founding(FOUNDING, 9))
    sync(phones[B], phones[A])
    copy.enrol(X)
    copy.control(revoked(C))
    if key is None:
        copy.control(FoundingEnded())
    else:
        copy.step(copy.replica.end_founding(key, 9))
    found = {A, B, X} if key else {A, B, C}
    for place in rosters(copy, *phones.values()):
        assert place == (found, False)
