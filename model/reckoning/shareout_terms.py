"""What a share-out is reckoned from: the money, the members, the rules, and one hash of all three.

A preview and the payment a week later must speak of the same figures. So everything that the
result depends on is in these three values, and `digest` names them in 64 letters: whoever has the
same figures gets the same name, in whatever order the members were listed.
"""

from fractions import Fraction
from hashlib import sha256
from itertools import pairwise
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from model.money import AMOUNT_MINOR_MAX, ROUNDINGS, Minor, Rounding
from model.reckoning.splitting import PARTS_MAX, RESIDUES, WEIGHT_MAX, Residue

Basis: TypeAlias = Literal["shares", "amount", "amount_time", "equal"]
"""What a member weighs: `shares` bought (VSLA), the `amount` paid in (SILC, where members save what
they can), `amount_time` (Σ amount * time: SHG, ASCA; see `amount_days`), or all alike (`equal`)."""

Capital: TypeAlias = Literal["in_pool", "returned_first"]
"""`in_pool`: savings and profit are divided together, as one worth of a share (VSLA).
`returned_first`: everybody gets back what they paid in, and only the profit is divided by weight
(SHG, ASCA, fixed contributions); a loss is borne in proportion to what was paid in."""

Welfare: TypeAlias = Literal["keep", "equal", "pro_rata"]
"""The social fund stays with the group (the default: https://www.vsla.net/the-vsla-methodology),
is divided equally among the members, or by the same weights as the pool."""


class ShareOutError(ValueError):
    """There is no share-out from these figures; the message says what to change."""


class Fund(NamedTuple):
    """The money and the debts of the group on the day of the share-out, in minor units.

    `loans_minor` is the principal that members still owe, counted as money of the group because it
    is netted from what they get: None takes the sum over the members, which is right unless loans
    of people who are not sharing out are to be divided too. `receivables_minor` is unpaid interest,
    penalties and fines that the group wants to divide as if they were paid; the usual nothing
    leaves what is netted of them in the box, for the next cycle. `debt_minor` is owed to a bank or
    partner, `reserve_minor` is kept back. `declared_pool_minor` is a pool that the meeting decided
    instead of the computed one (LedgerLink has such an override); the difference stays in the box.
    """

    cash_minor: Minor
    bank_minor: Minor = 0
    mobile_minor: Minor = 0
    loans_minor: Minor | None = None
    receivables_minor: Minor = 0
    debt_minor: Minor = 0
    reserve_minor: Minor = 0
    welfare_minor: Minor = 0
    declared_pool_minor: Minor | None = None


class Saver(NamedTuple):
    """One member: what was put in and what is owed, all in minor units but `shares`.

    `number` is the member number, which also orders the rows; `member` is a name or id and tells
    apart two members whose numbers are the same. `paid_in_minor` is the par value paid for shares
    in this cycle. `reinvest_minor` is what the member wishes to leave in as savings of the next
    cycle, at most what is due to her. `shares_welfare` False leaves a member out of the social
    fund.
    """

    number: int
    member: str = ""
    shares: int = 0
    paid_in_minor: Minor = 0
    amount_time: int = 0
    principal_minor: Minor = 0
    interest_minor: Minor = 0
    penalty_minor: Minor = 0
    fines_minor: Minor = 0
    social_dues_minor: Minor = 0
    reinvest_minor: Minor = 0
    shares_welfare: bool = True

    @property
    def owed_minor(self) -> Minor:
        """Everything that the member owes the group."""
        return (
            self.principal_minor
            + self.interest_minor
            + self.penalty_minor
            + self.fines_minor
            + self.social_dues_minor
        )


class ShareOutRules(NamedTuple):
    """How the group divides; the defaults are those of a village savings and loan association.

    `share_value_step` None divides the pool itself, to the last unit, by `residue`. Given (in minor
    units, a fraction allowed), the value of one share is rounded to that step first and each
    member gets shares * value, the practice on paper; the rest stays in the box.
    `payout_step_minor` is the smallest coin in which the gross payout is handed out. `netting`
    False deducts nothing: loans and fines are carried into the next cycle as they are and loans
    are not part of the pool.
    """

    basis: Basis = "shares"
    capital: Capital = "in_pool"
    residue: Residue = "largest_remainder"
    share_value_step: Fraction | int | None = None
    share_value_rounding: Rounding = "floor"
    payout_step_minor: Minor = 1
    welfare: Welfare = "keep"
    netting: bool = True


CANONICAL_NAME: Final = "mkutano share-out 1"
"""First line of the text that is hashed: the version of the figures' form."""
_MAY_BE_NEGATIVE: Final = ("cash_minor", "bank_minor", "mobile_minor", "declared_pool_minor")


def in_order(savers: tuple[Saver, ...]) -> tuple[Saver, ...]:
    """The members by number (then name), the order of every row and every tie."""
    return tuple(sorted(savers, key=lambda saver: (saver.number, saver.member)))


def digest(fund: Fund, savers: tuple[Saver, ...], rules: ShareOutRules) -> str:
    """SHA-256 in hex over the figures written out line by line; blind to the order of members.

    The text is `name=value` lines of the fund and of the rules, then one line a member with its
    fields in the order of `Saver`, the name last, in hex of UTF-8: whoever writes the same lines
    gets the same hash. Amounts are decimal, truth values 0 or 1, nothing is the empty text.
    """
    lines = [CANONICAL_NAME]
    lines += [f"fund.{name}={_plain(value)}" for name, value in fund._asdict().items()]
    lines += [f"rules.{name}={_plain(value)}" for name, value in rules._asdict().items()]
    for saver in in_order(savers):
        figures = [_plain(value) for name, value in saver._asdict().items() if name != "member"]
        lines.append(" ".join(("member", *figures, saver.member.encode().hex())))
    return sha256("\n".join(lines).encode()).hexdigest()


def _plain(value: object) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else str(value)


def check(fund: Fund, savers: tuple[Saver, ...], rules: ShareOutRules) -> None:
    """Raise `ShareOutError` unless the figures are within bounds and no member stands twice."""
    if not 1 <= len(savers) <= PARTS_MAX:
        raise ShareOutError(f"A share-out has 1 to {PARTS_MAX} members.")
    _check_rules(rules)
    for name, value in fund._asdict().items():
        low = -AMOUNT_MINOR_MAX if name in _MAY_BE_NEGATIVE else 0
        if value is not None and not low <= value <= AMOUNT_MINOR_MAX:
            raise ShareOutError(f"The fund's {_words(name)} cannot be {value}.")
    for saver in savers:
        _check_saver(saver)
    for first, second in pairwise(in_order(savers)):
        if (first.number, first.member) == (second.number, second.member):
            raise ShareOutError(f"Member {first.number} stands in the list twice.")


def _check_rules(rules: ShareOutRules) -> None:
    known = (
        (rules.basis, get_args(Basis)),
        (rules.capital, get_args(Capital)),
        (rules.welfare, get_args(Welfare)),
        (rules.residue, RESIDUES),
        (rules.share_value_rounding, ROUNDINGS),
    )
    for value, allowed in known:
        if value not in allowed:
            raise ShareOutError(f"“{value}” is not a way to share out: use {', '.join(allowed)}.")
    step = Fraction(1 if rules.share_value_step is None else rules.share_value_step)
    if not 0 < step <= AMOUNT_MINOR_MAX or step.denominator > AMOUNT_MINOR_MAX:
        raise ShareOutError("The value of a share is rounded to a step above nothing.")
    if not 1 <= rules.payout_step_minor <= AMOUNT_MINOR_MAX:
        raise ShareOutError("Payouts are rounded to at least the smallest unit.")
    if rules.capital == "returned_first" and rules.share_value_step is not None:
        raise ShareOutError("A share has one value only if savings and profit are divided as one.")


def _check_saver(saver: Saver) -> None:
    for name, value in saver._asdict().items():
        if name in ("member", "number", "shares_welfare"):
            continue
        limit = WEIGHT_MAX if name == "amount_time" else AMOUNT_MINOR_MAX
        if not 0 <= value <= limit:
            raise ShareOutError(f"The {_words(name)} of member {saver.number} cannot be {value}.")


def _words(name: str) -> str:
    return name.removesuffix("_minor").replace("_", " ")
