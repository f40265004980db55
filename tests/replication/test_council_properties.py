"""Whatever officers do to each other, in whatever order others learn of it: one outcome, and safe.

Two to five officers ask, vote, suspend, lift, seal and write money, each knowing what they happen
to know; some phones are copies that go on apart. Nothing here knows what ought to come out: only
that it is the same everywhere, that no group is left to one person alone, and that nobody honest is
ever refused.
"""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replication.control import ForkJudged, FoundingEnded, MeetingSealed, QuorumSet
from replication.errors import LocalError
from replication.roster import Roster
from replication.suspense import limits
from tests.replication.councils import (
    A,
    Council,
    X,
    Y,
    enrolled,
    lifted,
    orders,
    revoked,
    state,
    suspended,
    taken_in,
    write_money,
)
from tests.replication.phones import KEYS, Wire

ACTS = ("suspend", "lift", "revoke", "swap", "enrol", "narrow", "quorum", "vote", "vote", "vote")
MORE = ("card", "seal", "money", "tell", "tell", "tell", "copy", "copied", "end")

steps = st.lists(
    st.tuples(
        st.sampled_from(ACTS + MORE), st.integers(0, 5), st.integers(0, 5), st.integers(1, 3)
    ),
    max_size=24,
)


def play(council: Council, story: list[tuple[str, int, int, int]]) -> None:
    """Let phones do these things, each as far as its own replica lets it."""
    asked: list[bytes] = []
    closes: list[bytes] = []
    for what, who, whom, number in story:
        names = list(council.phones)
        actor, target = names[who % len(names)], council.names[whom % len(council.names)]
        try:
            match what:
                case "suspend":
                    council.ask(actor, suspended(target))
                case "copied":
                    council.ask(actor, ForkJudged(KEYS[target].public, 1, "copied"))
                case "lift":
                    asked.append(council.ask(actor, lifted(target)))
                case "revoke":
                    asked.append(council.ask(actor, revoked(target)))
                case "swap":
                    asked.append(council.ask(actor, revoked(target), enrolled(X)))
                case "enrol":
                    asked.append(council.ask(actor, enrolled((X, Y, target)[number - 1])))
                case "narrow":
                    asked.append(council.ask(actor, enrolled(target, "read")))
                case "quorum":
                    asked.append(council.ask(actor, QuorumSet(number + 1)))
                case "vote" if asked:
                    known = council[actor].hashes()
                    for one in [one for one in asked if one in known][-number:]:
                        council.vote(actor, one)
                case "card" if asked and asked[-1] in council[actor].hashes():
                    council.show_card(actor, number, asked[-1])
                case "seal" if closes and closes[-1] in council[actor].hashes():
                    council.ask(actor, MeetingSealed(closes[-1]))
                case "money":
                    closes.append(write_money(council[actor], len(closes)).change.change_hash)
                case "end":
                    council.ask(A, FoundingEnded())
                case "tell":
                    council.tell(actor, names[whom % len(names)])
                case "copy" if len(names) < 7:
                    council.copy(target, f"{target} {len(names)}")
                case _:
                    pass
        except LocalError as error:
            if error.code != "no_right":  # of a phone that knows that it was revoked
                raise


def outcomes(council: Council, count: int) -> list[tuple[Roster, set[bytes]]]:
    """What all changes come to in so many orders: the roster, and the changes in suspense."""
    found = []
    for order in orders(council.everything(), count):
        ancestry = taken_in(council.group, order)
        held = limits(ancestry.decisions, [branch.device for branch in ancestry.branches])
        waiting = {
            one.change.change_hash
            for lane, limit in held.items()
            for one in ancestry.run(lane, 1, ancestry.tips[lane].change.n)
            if one.change.n > limit
        }
        found.append((ancestry.decisions.roster, waiting))
    return found


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(2, 5), st.booleans(), steps)
def test_every_order_comes_to_the_same_and_leaves_nobody_alone(
    count: int, ended: bool, story: list[tuple[str, int, int, int]]
) -> None:
    council = Council(count, ended=ended)
    play(council, story)
    (roster, waiting), *others = outcomes(council, 4)
    assert all(other == (roster, waiting) for other in others)
    # A founder may undo what the founding did; afterwards nobody is left alone.
    assert len(roster.officers) >= (2 if ended else 1)
    assert 1 <= roster.votes_needed <= len(roster.officers)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(2, 4), steps)
def test_nobody_who_may_write_is_ever_refused(
    count: int, story: list[tuple[str, int, int, int]]
) -> None:
    council = Council(count)
    play(council, story)
    names = list(council.names)
    for _ in range(2):
        for left in names:
            for right in names:
                if left == right:
                    continue
                wire = Wire(council[left], council[right])
                wire.deliver()
                wire.cut()
                codes = {one.code for name in names for one in council[name].refused}
                assert codes <= {"suspended", "revoked", "peer_suspended", "peer_revoked"}
    # Whoever is active everywhere holds the same.
    views = [council[name].replica.roster for name in names]
    active = [name for name in names if all(state(view, name) == "active" for view in views)]
    assert len({frozenset(council[name].hashes()) for name in active}) <= 1
