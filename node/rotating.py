"""The merry-go-round by name: started, drawn, paid into, paid out.

A round is the next one that was not paid out, and a pot what was collected in it, unless said. The
words of a draw's seed are hashed when the rotation starts and told when it is drawn; whoever knows
them must keep them to himself until then.
"""

from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from typing import Literal, get_args

from model import events as e
from model.identifiers import receipt_code
from model.pages import RotationPage
from model.reckoning.draw import SEED_BYTES_MIN, commitment
from model.rotations import collected_in, holder_of, payout_of, rotation_named, rotations
from node import desk
from node.errors import CommandRefused
from node.recording import Context, Receipt, decided, in_meeting, record

Order = Literal["fixed", "drawn", "bid"]


def start_rotation(
    at: Context,
    members: str,
    amount: str,
    order: str = "fixed",
    seed: str = "",
    fee: str = "",
    covers: bool = False,
) -> Receipt:
    """Propose a merry-go-round; `members` are numbers or names in the order of payment."""
    where = desk.meeting(at.group, at.meeting)
    slots = [desk.member(at.group, said) for said in members.split(",") if said.strip()]
    if len(slots) < 2:
        raise CommandRefused(
            "A merry-go-round has at least two places. Name the members in their order: "
            "--members 3,1,2",
            "too_few_slots",
        )
    how = _order(order)
    committed = b""
    if how == "drawn":
        committed = bytes.fromhex(commitment(seed_of(seed)))
    amount_minor = desk.amount(at.group, amount)
    fee_minor = desk.amount_or_zero(at.group, fee) if fee else 0
    line = desk.next_line(at.group.book, where, "rotation", "rotation.started")
    event = e.RotationStarted(
        *where,
        amount_minor,
        tuple(one.id for one in slots),
        how,
        committed,
        fee_minor,
        covers,
        line,
    )
    pot = desk.money(at.group, amount_minor * len(slots))
    turns = ", ".join(desk.called(one) for one in slots)
    told = {
        "fixed": f"in this order: {turns}",
        "drawn": f"by lot; the hash of the seed is {committed.hex()}",
        "bid": "to whoever forgoes most",
    }[how]
    return decided(at, event, f"A merry-go-round of {len(slots)} rounds pays {pot} each {told}.")


def seed_of(words: str) -> bytes:
    """The seed that the words of a draw stand for."""
    if len(words.encode()) < SEED_BYTES_MIN:
        raise CommandRefused(
            f"A draw needs secret words of at least {SEED_BYTES_MIN} letters, so that nobody can "
            "guess them: --seed “…”. Tell them to nobody before the draw.",
            "seed_too_short",
        )
    return sha256(words.encode()).digest()


def draw(at: Context, words: str, rotation: str = "") -> Receipt:
    """Reveal the seed; every phone works out the same order from it."""
    name, page = _one(at, rotation, lambda found: found.order == "drawn", " by lot")
    event = e.RotationDrawn(bytes.fromhex(name), seed_of(words))
    if commitment(event.seed) != page.commitment:
        raise CommandRefused(
            "These are not the words that the draw began with. Nothing was recorded.",
            "not_the_seed",
        )
    return record(at, event, "The order of the merry-go-round is drawn; see mkutano rotations")


def pay_in(
    at: Context,
    member: str,
    amount: str = "",
    number: int = 0,
    rotation: str = "",
    channel: e.Channel = "box",
) -> Receipt:
    """A member pays into a round."""
    where, one = desk.meeting(at.group, at.meeting), desk.member(at.group, member)
    name, page = _one(at, rotation, lambda found: one.id.hex() in found.slots, f" with {one.name}")
    number = number or _next_round(at, name, page)
    due = page.contribution_minor * Counter(page.slots)[one.id.hex()]
    amount_minor = desk.amount(at.group, amount) if amount else due
    slot = f"rotation.paid_in {number} {one.id.hex()}"
    line = desk.next_line(at.group.book, where, name, slot)
    event = e.RotationPaidIn(
        bytes.fromhex(name), *where, number, one.id, amount_minor, line, channel
    )
    what = f"{desk.called(one)} paid {desk.money(at.group, amount_minor)} into round {number}"
    return record(at, event, f"{what}{in_meeting(where)}.")


def pay_out(
    at: Context,
    member: str = "",
    amount: str = "",
    number: int = 0,
    rotation: str = "",
    discount: str = "",
    channel: e.Channel = "box",
) -> Receipt:
    """The pot of a round goes to the member whose turn it is."""
    where = desk.meeting(at.group, at.meeting)
    name, page = _one(at, rotation, lambda _: True)
    number = number or _next_round(at, name, page)
    turn = holder_of(page, number)
    if not member and not turn:
        raise CommandRefused("Whose turn is it? Say --member.", "whose_turn")
    one = desk.member(at.group, member or turn)
    collected = sum(collected_in(at.group.book, name, number).values())
    if page.group_covers:
        collected = max(collected, page.contribution_minor * len(page.slots))
    forgone = desk.amount_or_zero(at.group, discount) if discount else 0
    fee = min(page.fee_minor, collected)
    amount_minor = desk.amount(at.group, amount) if amount else collected - fee - forgone
    if amount_minor <= 0:
        raise CommandRefused(f"Nothing was paid into round {number} yet.", "empty_pot")
    event = e.RotationPaidOut(
        bytes.fromhex(name), *where, number, one.id, amount_minor, fee, channel, forgone
    )
    what = f"{desk.called(one)} got the pot of round {number}"
    return record(at, event, f"{what}, {desk.money(at.group, amount_minor)}{in_meeting(where)}.")


def _order(said: str) -> Order:
    word = said.strip().lower() or "fixed"
    for order in get_args(Order):
        if order == word:
            found: Order = order
            return found
    raise CommandRefused(
        f"“{said}” is no order of payment. It is one of: {', '.join(get_args(Order))}.", "choice"
    )


def _one(
    at: Context, said: str, fits: Callable[[RotationPage], bool], which: str = ""
) -> tuple[str, RotationPage]:
    """The rotation that is meant: by receipt, or the only one that fits and goes on.

    `which`: what fits, as the end of a sentence that there is none.
    """
    book = at.group.book
    if said:
        target, _ = desk.entry(at.group, said)
        name, page = rotation_named(book, target)
        if page is None:
            raise CommandRefused(f"Entry {said} starts no merry-go-round.", "no_rotation")
        return name, page
    found = [
        (name, page)
        for name, page in rotations(book)
        if fits(page) and any(payout_of(book, name, at) is None for at in _rounds(page))
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise CommandRefused(
            f"No merry-go-round{which} goes on. Start one with: mkutano record rotation",
            "no_rotation",
        )
    several = ", ".join(receipt_code(bytes.fromhex(name)) for name, _ in found[:8])
    raise CommandRefused(
        f"Several merry-go-rounds go on: {several}. Say which with --rotation.", "which_rotation"
    )


def _rounds(page: RotationPage) -> range:
    return range(1, len(page.slots) + 1)


def _next_round(at: Context, name: str, page: RotationPage) -> int:
    for number in _rounds(page):
        if payout_of(at.group.book, name, number) is None:
            return number
    raise CommandRefused("Every round of it was paid out.", "no_round_left")
