"""A round of a merry-go-round by bidding: whoever forgoes most of the pot takes it.

What the winner forgoes (the *discount*) is shared among the members as a dividend, which lowers
what each pays in. Chit funds in India work so, by rules that differ in three points, each of them a
parameter here:

- `fee_from`: the organiser's fee is taken out of the `discount` before it is shared (Kapil Chits:
  pot 500,000, discount 175,000, fee 25,000, dividend 150,000 among 50), out of the `prize`
  (Chetana Chits: 500,000 - 100,000 - 25,000 = 375,000), or `added` to the contributions
  (Nagashiva: 5,000 + 300).
- `sharers`: `all` members, the winner included (Kapil, Surabhi), the `others` (vidivelli.org:
  25,000 among the other 19), or those `waiting`, who have not had the pot and do not get it now.
- a highest permitted discount: 30 to 40 % of the pot. Where several bid as much, lots decide.

    Σ dues = prize + fee + residue
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from model.money import AMOUNT_MINOR_MAX, Minor, divide
from model.reckoning.draw import lot
from model.reckoning.rotation import SLOTS_MAX, RotationError
from model.reckoning.splitting import Residue, split_equally

FeeFrom: TypeAlias = Literal["discount", "prize", "added"]
Sharers: TypeAlias = Literal["all", "others", "waiting"]

PPM: Final = 1_000_000


class Auction(NamedTuple):
    """What was agreed; `slots` names the holder of each slot (a member once for each)."""

    contribution_minor: Minor
    slots: tuple[str, ...]
    fee_ppm: int = 0
    fee_from: FeeFrom = "discount"
    sharers: Sharers = "all"
    discount_ppm_max: int = PPM
    residue: Residue = "largest_remainder"

    @property
    def pot_minor(self) -> Minor:
        """What a full round brings together, a fee that is added not counted."""
        return self.contribution_minor * len(self.slots)

    @property
    def fee_minor(self) -> Minor:
        """The organiser's part of each pot, rounded half up."""
        return divide(self.pot_minor * self.fee_ppm, PPM, "half_up")


class AuctionRound(NamedTuple):
    """How a round came out.

    `dues_minor` is what each slot pays in, in the order of the slots, below nothing when the
    dividend is more than the contribution. `dividends_minor` likewise; `residue_minor` could not be
    shared evenly and stays with the group.
    """

    winner: int
    discount_minor: Minor
    fee_minor: Minor
    prize_minor: Minor
    dividends_minor: tuple[Minor, ...]
    dues_minor: tuple[Minor, ...]
    residue_minor: Minor


def auction_round(
    auction: Auction, winner: int, discount_minor: Minor, had_pot: Sequence[int] = ()
) -> AuctionRound:
    """The prize, the dividends and what each slot pays, when slot `winner` forgoes the discount.

    Slots count from 0; `had_pot` are those that won earlier rounds. Raises `RotationError` when the
    winner had the pot already, bids more than is permitted, or bids less than the fee that is to
    be taken from the discount.
    """
    _check(auction)
    if not 0 <= winner < len(auction.slots) or winner in had_pot:
        raise RotationError("The winner must hold a slot that has not had the pot yet.")
    pot, fee = auction.pot_minor, auction.fee_minor
    if not 0 <= discount_minor * PPM <= pot * auction.discount_ppm_max:
        raise RotationError("The discount is larger than the group permits.")
    shared = discount_minor - fee if auction.fee_from == "discount" else discount_minor
    prize = pot - discount_minor - (fee if auction.fee_from == "prize" else 0)
    if shared < 0 or prize < 0:
        raise RotationError(f"A bid of {discount_minor} cannot pay the fee of {fee}.")
    dividends, residue = _dividends(auction, winner, shared, had_pot)
    added = _fee_each(auction) if auction.fee_from == "added" else (0,) * len(auction.slots)
    dues = tuple(
        auction.contribution_minor + extra - dividend
        for extra, dividend in zip(added, dividends, strict=True)
    )
    return AuctionRound(winner, discount_minor, fee, prize, dividends, dues, residue)


def winning_bid(bids: Mapping[int, Minor], seed: bytes) -> tuple[int, Minor]:
    """The slot that forgoes most, and how much; equal bids are decided by lot (draw.py).

    `seed` is revealed after bidding, as for a draw; the smallest lot of `#SLOT` wins.
    """
    if not bids or min(bids.values()) < 0:
        raise RotationError("There must be a bid, and no bid is below nothing.")
    highest = max(bids.values())
    tied = [slot for slot, bid in bids.items() if bid == highest]
    return min(tied, key=lambda slot: lot(seed, f"#{slot}")), highest


def _dividends(
    auction: Auction, winner: int, shared: Minor, had_pot: Sequence[int]
) -> tuple[tuple[Minor, ...], Minor]:
    left_out: set[int] = set()
    if auction.sharers != "all":
        left_out.add(winner)
    if auction.sharers == "waiting":
        left_out.update(had_pot)
    sharing = [slot for slot in range(len(auction.slots)) if slot not in left_out]
    if not sharing:  # the last round of those waiting: nobody is left to share with
        return (0,) * len(auction.slots), shared
    parts = split_equally(shared, len(sharing), residue=auction.residue)
    dividends = dict(zip(sharing, parts.parts, strict=True))
    each = tuple(dividends.get(slot, 0) for slot in range(len(auction.slots)))
    return each, parts.residue_minor


def _fee_each(auction: Auction) -> tuple[Minor, ...]:
    return split_equally(auction.fee_minor, len(auction.slots)).parts


def _check(auction: Auction) -> None:
    if not 2 <= len(auction.slots) <= SLOTS_MAX:
        raise RotationError(f"A rotation has 2 to {SLOTS_MAX} slots.")
    if not 0 < auction.contribution_minor <= AMOUNT_MINOR_MAX:
        raise RotationError("A contribution must be more than nothing.")
    if auction.pot_minor > AMOUNT_MINOR_MAX:
        raise RotationError("The pot is too large to be true.")
    if not 0 <= auction.fee_ppm <= PPM or not 0 <= auction.discount_ppm_max <= PPM:
        raise RotationError("The fee and the highest discount are between 0 and 100 percent.")
    if auction.fee_from not in get_args(FeeFrom) or auction.sharers not in get_args(Sharers):
        raise RotationError("The fee or the sharing of the discount is not known here.")
