"""A flood of facts about the group's own money costs what its entries cost.

Work is counted in pages read and bytes kept for undoing, as in test_floods.py.
"""

from collections.abc import Callable

import pytest

from model import events as e
from tests.model.test_floods import FEW, MANY, Writer, work
from tests.strategies import Village

Start = Callable[[Village], bytes]
Flood = Callable[[bytes, int], e.Event]


def promised(village: Village) -> bytes:
    return village.secretary.record(e.FundingPromised(b"", "Tujenge", "loan", 500))


def bought(village: Village) -> bytes:
    return village.treasurer.record(e.InvestmentBought(1, 1, "stocks", "KenGen", 500))


def received(village: Village) -> bytes:
    return village.treasurer.record(e.PaymentReceived("mpesa", "QX1", 500, "2026-01-05", 1, 1))


def asked(village: Village) -> bytes:
    request = e.WithdrawalRequested(1, 1, 500, "savings", village.members[0])
    return village.secretary.record(request)


def nothing(village: Village) -> bytes:
    return village.members[0]


def place(n: int) -> tuple[int, int, int]:
    """Cycle, session and line of the n-th entry."""
    return 1, 1 + n // 50, 1 + n % 50


FLOODS: dict[str, tuple[Start, Flood]] = {
    "partners": (nothing, lambda *_: e.PartnerSet(b"", "Tujenge", "ngo")),
    "one promise": (nothing, lambda *_: e.FundingPromised(b"", "Tujenge", "loan", 500)),
    "funding received": (
        promised,
        lambda at, n: e.FundingReceived(at, *place(n)[:2], 5, place(n)[2]),
    ),
    "funding paid back": (
        promised,
        lambda at, n: e.FundingRepaid(at, *place(n)[:2], 5, 1, place(n)[2]),
    ),
    "investments": (
        nothing,
        lambda _, n: e.InvestmentBought(*place(n)[:2], "stocks", "x", 5, place(n)[2]),
    ),
    "income": (bought, lambda at, n: e.InvestmentPaid(at, *place(n)[:2], 5, place(n)[2])),
    "sales": (bought, lambda at, n: e.InvestmentSold(at, *place(n)[:2], 5, 6, place(n)[2])),
    "values": (
        bought,
        lambda at, n: e.InvestmentValued(at, n, f"20{n // 336:02}-{n // 28 % 12 + 1:02}-01"),
    ),
    "receipts": (
        nothing,
        lambda _, n: e.PaymentReceived("mpesa", f"R{n}", 5, "2026-01-05", *place(n)[:2]),
    ),
    "one receipt over and over": (
        nothing,
        lambda *_: e.PaymentReceived("mpesa", "QX1", 5, "2026-01-05", 1, 1),
    ),
    "one reference of many providers": (
        nothing,
        lambda _, n: e.PaymentReceived(f"p{n}", "QX1", 5, "2026-01-05", 1, 1),
    ),
    "matches of one receipt": (received, lambda at, n: e.PaymentMatched(at, at, 1, 1)),
    "statements": (
        nothing,
        lambda _, n: e.Reconciled("bank", f"20{n // 336:02}-{n // 28 % 12 + 1:02}-01", n, 1, 1),
    ),
    "requests": (
        nothing,
        lambda at, n: e.WithdrawalRequested(*place(n)[:2], 5, "savings", at, line=place(n)[2]),
    ),
    "payments of one request": (asked, lambda at, _: e.WithdrawalPaid(at, 1, 1)),
    "attempts to pay one request": (
        asked,
        lambda at, n: e.PayoutAttempted(at, f"P{n}", "mpesa", 1, 1),
    ),
    "answers about one attempt": (
        asked,
        lambda at, _: e.PayoutResult(at, "P1", "unknown", 1, 1),
    ),
    "successes": (asked, lambda at, n: e.PayoutResult(at, f"P{n}", "success", 1, 1)),
    "releases": (
        promised,
        lambda at, n: e.FundingReleased(at, *place(n)[:2], "written_off", 5, place(n)[2]),
    ),
}
_OF_SECRETARY = frozenset({"partners", "one promise", "requests", "releases"})


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_of_money_costs_what_its_entries_cost(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, flood = FLOODS[name]
    village = Village()
    begun = start(village)
    village.meet()
    writer = Writer(village.secretary if name in _OF_SECRETARY else village.treasurer, village)
    for number in range(MANY):
        writer.write(flood(begun, number))
    reads, kept = work([*village.entries, *writer.entries], monkeypatch)
    early, late = slice(FEW // 2, FEW), slice(MANY - FEW // 2, MANY)
    assert sum(reads[late]) <= 2 * sum(reads[early]) + 500
    assert sum(kept[late]) <= 3 * sum(kept[early]) + 20_000
