"""Each round everybody pays in the same amount, and one of them takes the pot: a merry-go-round.

Also known as ROSCA, tontine, susu, tanda, or chit fund. There are as many rounds as slots; whoever
holds two slots pays twice and is paid twice (http://www.gdrc.org/icm/model/rosca.html: twelve
people, 100 a month, 1,200 to one of them each month). Who is paid when is decided by a **fixed
order**, by a **draw** that everybody can check (draw.py), or round by round by **bidding**
(auction.py).

A missed contribution is owed by the member who missed it. The recipient gets only what was
collected, and the rest when it comes in; or the group covers the gap at once from its own fund and
is owed the contribution instead (`cover="group"`). Overpaying a round is refused: it would be
money of another round.

    Σ contributed + covered = Σ received + fees
"""

from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from model.days import add_days, add_months, parse_day
from model.money import AMOUNT_MINOR_MAX, Minor

Every: TypeAlias = Literal["day", "week", "fortnight", "month"]
Cover: TypeAlias = Literal["recipient", "group"]

SLOTS_MAX: Final = 10_000
PAYMENTS_MAX: Final = 200_000
"""More than a meeting could ever record; bounds the work of one reckoning."""
_DAYS: Final = {"day": 1, "week": 7, "fortnight": 14}


class RotationError(ValueError):
    """The rotation cannot be so; the message says what to change."""


class Rotation(NamedTuple):
    """What was agreed. `contribution_minor` is for each slot and round.

    `order` names the holder of each slot, in the order of payment. `fee_minor` is taken from each
    pot for the group. Rounds are held every day, week, fortnight or month from `first_day` on; a
    monthly round keeps its day of the month, and short months do not shorten the ones after.
    """

    contribution_minor: Minor
    order: tuple[str, ...]
    first_day: str
    every: Every = "month"
    fee_minor: Minor = 0
    cover: Cover = "recipient"

    @property
    def pot_minor(self) -> Minor:
        """What a full round brings together, before the fee."""
        return self.contribution_minor * len(self.order)


class Paid(NamedTuple):
    """A member's contribution to a round (numbers count from 1); late ones name their old round."""

    round_number: int
    member: str
    amount_minor: Minor


class Round(NamedTuple):
    """One round of the plan: who is paid and how much, if everybody brings their contribution."""

    number: int
    day: str
    member: str
    due_minor: Minor
    fee_minor: Minor
    payout_minor: Minor


class RoundState(NamedTuple):
    """One round as it went. `payout_minor` goes to the recipient, `missing_minor` is still owed.

    `covered_minor` is what the group paid in place of those who have not paid yet.
    """

    number: int
    day: str
    member: str
    due_minor: Minor
    collected_minor: Minor
    missing_minor: Minor
    covered_minor: Minor
    fee_minor: Minor
    payout_minor: Minor


class Standing(NamedTuple):
    """One member after some rounds: `balance_minor` = received - contributed.

    A balance above nothing is what the member has had in advance and still pays back by coming to
    the rounds that are left; below nothing it is what he has saved. `owed_minor` is missed.
    """

    member: str
    slots: int
    contributed_minor: Minor
    received_minor: Minor
    owed_minor: Minor
    balance_minor: Minor


class Progress(NamedTuple):
    """The rotation after some rounds: rounds in order, members in the order they are first paid."""

    rounds: tuple[RoundState, ...]
    members: tuple[Standing, ...]
    fees_minor: Minor
    covered_minor: Minor


def plan(rotation: Rotation) -> tuple[Round, ...]:
    """Every round with its day, its recipient and its pot; `RotationError` if it cannot be."""
    _check(rotation)
    pot, fee = rotation.pot_minor, rotation.fee_minor
    return tuple(
        Round(number, round_day(rotation, number), member, pot, fee, pot - fee)
        for number, member in enumerate(rotation.order, 1)
    )


def round_day(rotation: Rotation, number: int) -> str:
    """The day of a round, counted from the first one (ISO text)."""
    if rotation.every == "month":
        return add_months(rotation.first_day, number - 1)
    return add_days(rotation.first_day, _DAYS[rotation.every] * (number - 1))


def progress(rotation: Rotation, paid: Sequence[Paid], rounds_held: int) -> Progress:
    """How the rotation stands after `rounds_held` rounds, from what was paid in, in any order.

    Several payments of one member in one round add up, to at most what his slots owe. Raises
    `RotationError` for a payment of nobody in the rotation, of a round that was not held, or of
    more than the round asks.
    """
    _check(rotation)
    if not 0 <= rounds_held <= len(rotation.order) or len(paid) > PAYMENTS_MAX:
        raise RotationError(f"This rotation has {len(rotation.order)} rounds.")
    slots = _slots(rotation)
    collected = _collected(rotation, paid, rounds_held, slots)
    rounds = tuple(
        _round_state(rotation, number, collected.get(number, {}))
        for number in range(1, rounds_held + 1)
    )
    return Progress(
        rounds,
        tuple(_standings(rotation, rounds, collected, slots)),
        sum(each.fee_minor for each in rounds),
        sum(each.covered_minor for each in rounds),
    )


def _collected(
    rotation: Rotation, paid: Sequence[Paid], rounds_held: int, slots: dict[str, int]
) -> dict[int, dict[str, Minor]]:
    collected: dict[int, dict[str, Minor]] = {}
    for payment in paid:
        if payment.member not in slots:
            raise RotationError(f"“{payment.member}” holds no slot in this rotation.")
        if not 1 <= payment.round_number <= rounds_held:
            raise RotationError(f"Round {payment.round_number} has not been held.")
        members = collected.setdefault(payment.round_number, {})
        sum_minor = members.get(payment.member, 0) + payment.amount_minor
        due_minor = slots[payment.member] * rotation.contribution_minor
        if payment.amount_minor < 0 or sum_minor > due_minor:
            raise RotationError(
                f"In round {payment.round_number} “{payment.member}” pays {due_minor}, not more."
            )
        members[payment.member] = sum_minor
    return collected


def _round_state(rotation: Rotation, number: int, members: dict[str, Minor]) -> RoundState:
    due, collected = rotation.pot_minor, sum(members.values())
    missing = due - collected
    covered = missing if rotation.cover == "group" else 0
    there = collected + covered
    # A pot that is smaller than the fee pays the fee as far as it goes.
    fee = min(rotation.fee_minor, there)
    return RoundState(
        number,
        round_day(rotation, number),
        rotation.order[number - 1],
        due,
        collected,
        missing,
        covered,
        fee,
        there - fee,
    )


def _standings(
    rotation: Rotation,
    rounds: Sequence[RoundState],
    collected: dict[int, dict[str, Minor]],
    slots: dict[str, int],
) -> Iterator[Standing]:
    contributed = dict.fromkeys(slots, 0)
    received = dict.fromkeys(slots, 0)
    for members in collected.values():
        for member, amount_minor in members.items():
            contributed[member] += amount_minor
    for each in rounds:
        received[each.member] += each.payout_minor
    for member, count in slots.items():
        due = count * rotation.contribution_minor * len(rounds)
        balance = received[member] - contributed[member]
        owed = due - contributed[member]
        yield Standing(member, count, contributed[member], received[member], owed, balance)


def _slots(rotation: Rotation) -> dict[str, int]:
    slots: dict[str, int] = {}
    for member in rotation.order:
        slots[member] = slots.get(member, 0) + 1
    return slots


def _check(rotation: Rotation) -> None:
    if not 2 <= len(rotation.order) <= SLOTS_MAX:
        raise RotationError(f"A rotation has 2 to {SLOTS_MAX} slots.")
    if not 0 < rotation.contribution_minor <= AMOUNT_MINOR_MAX:
        raise RotationError("A contribution must be more than nothing.")
    if rotation.pot_minor > AMOUNT_MINOR_MAX:
        raise RotationError("The pot is too large to be true.")
    if not 0 <= rotation.fee_minor <= rotation.pot_minor:
        raise RotationError("The fee cannot be more than the pot.")
    if rotation.every not in get_args(Every) or rotation.cover not in get_args(Cover):
        raise RotationError("Rounds are held every day, week, fortnight or month.")
    parse_day(rotation.first_day)
