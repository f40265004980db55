"""A portfolio: the figures of the books, worked out when books are new, and not otherwise."""

import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from model.reports.indicator_shape import MONEY, IndicatorsError, to_plain
from model.reports.indicators import indicators
from model.reports.reading import read
from node import held_groups, portfolio_figures
from node.errors import NodeError
from node.heard import AGAIN_MS, last_heard, note_heard
from node.node import Node
from node.portfolio import RefreshRequest, portfolio, refresh_portfolio
from node.portfolio_choice import PortfolioRequest, Sort
from node.portfolio_store import PortfolioStore
from simulations.many_groups import VillageGroup, village_groups
from tests.node.calling_phones import phone

DAY_MS = 86_400_000
NOW_MS = 1_777_593_600_000  # 2026-05-01
DAY = "2026-05-01"
RELAY = b"relay".ljust(32, b".")


class Organisation:
    """A reader's device that follows some groups, all of them handed over once."""

    def __init__(self, path: Path, groups: list[VillageGroup]) -> None:
        self.path = path
        self.node = Node.open(path)
        self.groups = groups

    def again(self) -> None:
        self.node.close()
        self.node = Node.open(self.path)

    def refresh(self, most: int = 50, now_ms: int = NOW_MS) -> tuple[int, int]:
        found = refresh_portfolio(self.node, RefreshRequest(most=most), now_ms).body
        return found["done"], found["left"]

    def ask(self, now_ms: int = NOW_MS, **asked: Any) -> Any:
        return portfolio(self.node, PortfolioRequest(**asked), now_ms).body

    def names(self, now_ms: int = NOW_MS, **asked: Any) -> list[str]:
        return [row["name"] for row in self.ask(now_ms, **asked)["groups"]]

    def figures(self, group: VillageGroup, day: str = DAY) -> dict[str, Any]:
        """The oracle: the figures straight from the group's own book."""
        found = indicators(read(self.node.group(group.id).book), day)
        return {name: getattr(found, name) for name in found.__struct_fields__}

    @property
    def store(self) -> PortfolioStore:
        return PortfolioStore(self.node.store.database)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[VillageGroup]]:
    """A home that four groups' books were handed to, to be copied."""
    home = tmp_path_factory.mktemp("organisation") / "home"
    with Node.create(home, "Organisation") as node:
        groups = list(village_groups(4, node.device, weeks=3))
        for group in groups:
            group.give(node)
    return home, groups


@pytest.fixture
def organisation(tmp_path: Path, filled: tuple[Path, list[VillageGroup]]) -> Iterator[Organisation]:
    home, groups = filled
    made = Organisation(copytree(home, tmp_path / "home"), groups)
    yield made
    made.node.close()


@pytest.fixture
def worked_out(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the groups whose figures are worked out, as it happens."""
    done: list[str] = []
    original = portfolio_figures._worked_out

    def noted(node: Node, ledger: Any, day: str) -> Any:
        row = original(node, ledger, day)
        done.append(row.name)
        return row

    monkeypatch.setattr(portfolio_figures, "_worked_out", noted)
    return done


def test_the_figures_are_those_of_the_books(organisation: Organisation) -> None:
    assert organisation.refresh() == (4, 0)
    answer = organisation.ask()
    assert (answer["day"], answer["followed"], answer["left"]) == (DAY, 4, 0)
    rows = {row["name"]: row for row in answer["groups"]}
    for group in organisation.groups:
        row = rows[group.name]
        own = organisation.figures(group)
        assert {name: row["figures"][name] for name in own} == own
        assert (row["scope"], row["until"], row["state"]) == ("ledger", "2027-12-31", "following")
        assert row["figures"]["par30"] == [own["par30_minor"], own["loans_minor"]]


def test_what_is_not_new_costs_nothing(organisation: Organisation, worked_out: list[str]) -> None:
    organisation.refresh()
    del worked_out[:]
    organisation.again()
    assert organisation.refresh() == (0, 0)
    tumaini = organisation.groups[0]
    tumaini.meet()
    assert tumaini.give(organisation.node) > 0
    assert organisation.ask()["left"] == 1
    (stale,) = (row for row in organisation.ask()["groups"] if row["stale"])
    assert stale["name"] == tumaini.name
    assert organisation.refresh() == (1, 0)
    assert worked_out == [tumaini.name]
    (row,) = (row for row in organisation.ask()["groups"] if row["name"] == tumaini.name)
    assert row["figures"]["meetings"] == 4
    assert not row["stale"]


def test_a_new_morning_costs_nothing_and_loans_grow_older(
    organisation: Organisation, worked_out: list[str]
) -> None:
    organisation.refresh()
    del worked_out[:]
    for days in (1, 40, 400):
        then = NOW_MS + days * DAY_MS
        assert organisation.refresh(now_ms=then) == (0, 0)
        answer = organisation.ask(then)
        for group in organisation.groups:
            (row,) = (one for one in answer["groups"] if one["name"] == group.name)
            own = organisation.figures(group, answer["day"])
            assert {name: row["figures"][name] for name in own} == own
    assert worked_out == []


def test_a_clock_that_was_ahead_is_forgotten(organisation: Organisation) -> None:
    organisation.refresh(now_ms=NOW_MS + 900 * DAY_MS)
    assert organisation.refresh() == (4, 0)
    for now_ms in (0, 2**62):
        organisation.refresh(now_ms=now_ms)
        assert organisation.ask(now_ms)["left"] == 0


def test_a_call_does_so_many_groups_and_says_how_many_are_left(
    organisation: Organisation, worked_out: list[str]
) -> None:
    assert organisation.refresh(most=3) == (3, 1)
    organisation.again()
    assert organisation.refresh(most=3) == (1, 0)
    assert sorted(worked_out) == sorted(group.name for group in organisation.groups)


def test_no_group_is_opened_for_it(
    organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_groups, "READ_AT_ONCE", 1)
    organisation.again()
    organisation.refresh()
    organisation.ask()
    opened = [organisation.node.groups.opened(group.id) for group in organisation.groups]
    assert [one is not None for one in opened] == [True, False, False, False]
    assert len(organisation.node.groups) == 4
    last = organisation.groups[-1]
    assert organisation.node.group(last.id).name == last.name
    assert set(organisation.node.groups) == {group.id for group in organisation.groups}
    assert [one.name for one in organisation.node.groups.values()] == [
        group.name for group in organisation.groups
    ]


def test_a_damaged_group_is_named_and_the_others_go_on(
    organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_groups, "READ_AT_ONCE", 1)
    bad = organisation.groups[2]
    organisation.node.close()
    with sqlite3.connect(organisation.path / "ledger.sqlite") as file:
        number = "(SELECT group_no FROM groups WHERE group_id = ?)"
        file.execute(f"UPDATE changes SET events = x'ff' WHERE group_no = {number}", (bad.id,))
    file.close()
    organisation.node = Node.open(organisation.path)
    assert organisation.refresh() == (4, 0)
    states = {row["name"]: row["state"] for row in organisation.ask()["groups"]}
    assert [states[group.name] for group in organisation.groups if group is not bad] == [
        "following"
    ] * 3
    assert states[bad.name] == "unreadable"
    assert organisation.refresh() == (0, 0)
    with pytest.raises(NodeError, match="damaged"):
        organisation.node.group(bad.id)
    assert {*organisation.node.groups} == {one.id for one in organisation.groups} - {bad.id}
    assert len(organisation.node.groups) == 3


def test_altered_figures_are_worked_out_anew(organisation: Organisation) -> None:
    organisation.refresh()
    before = organisation.ask()
    organisation.node.close()
    with sqlite3.connect(organisation.path / "ledger.sqlite") as file:
        file.execute('UPDATE portfolio SET figures = \'{"version": "none"}\'')
    file.close()
    organisation.node = Node.open(organisation.path)
    assert organisation.refresh() == (4, 0)
    assert organisation.ask() == before


# What a row says beside its figures


def test_grants_that_ended_and_groups_that_wait(tmp_path: Path) -> None:
    with Node.create(tmp_path / "home", "Organisation") as node:
        over = VillageGroup(1, node.device, weeks=1, until="2026-04-30")
        today = VillageGroup(2, node.device, weeks=1, until=DAY)
        strange = VillageGroup(3, b"another device".ljust(32, b"."), weeks=1)
        for group in (over, today):
            group.give(node)
        node.join(strange.id, "Imara")
        refresh_portfolio(node, RefreshRequest(), NOW_MS)
        answer = portfolio(node, PortfolioRequest(), NOW_MS).body
        states = {row["name"]: row["state"] for row in answer["groups"]}
        assert states == {over.name: "ended", today.name: "following", "Imara": "waiting"}
        ended = portfolio(node, PortfolioRequest(ended=True), NOW_MS).body["groups"]
        assert [row["name"] for row in ended] == [over.name]
        assert sum(total["groups"] for total in answer["totals"]) == 1


def test_totals_are_sums_within_a_currency(organisation: Organisation) -> None:
    organisation.refresh()
    totals = {total["currency"]: total for total in organisation.ask()["totals"]}
    assert set(totals) == {"KES", "TZS", "UGX"}
    for currency, total in totals.items():
        own = [organisation.figures(group) for group in organisation.groups]
        own = [one for one in own if one["currency"] == currency]
        assert (total["groups"], total["withheld"]) == (len(own), 0)
        for name in ("members", "shares_minor", "loans_minor", "par30_minor", "due_minor"):
            assert total[name] == sum(one[name] for one in own)
        assert sum(total["bands"].values()) == len(own)


def crafted(store: PortfolioStore, **figures: Any) -> None:
    """A group called after its figures, followed by a summary with just these."""
    name = " ".join(f"{one} {value}" for one, value in figures.items())
    group = sha256(name.encode()).digest()
    store.follow(group, name, "summary", "")
    store.keep_summary(group, {"version": 1, "day": DAY, "currency": "KES", **figures})


def test_filters_and_orders(tmp_path: Path) -> None:
    with Node.create(tmp_path / "home", "Organisation") as node:
        for risk, score in ((0, 90), (10, 70), (11, 50), (100, 70)):
            crafted(
                PortfolioStore(node.store.database),
                par30_minor=risk,
                loans_minor=100,
                score=score,
                sealed_on=f"2026-02-{10 + score // 10}",
            )
        crafted(PortfolioStore(node.store.database), members=3)

        def risks(**asked: Any) -> list[int | None]:
            rows = portfolio(node, PortfolioRequest(**asked), NOW_MS).body["groups"]
            return [row["figures"]["par30_minor"] for row in rows]

        assert risks(sort="risk") == [100, 11, 10, 0, None]
        assert risks(sort="score") == [11, 10, 100, 0, None]
        assert risks(sort="sealed") == [None, 11, 10, 100, 0]  # longest ago first, never before all
        assert risks(sort="members")[0] is None
        assert [risks(sort="risk", at_risk=percent) for percent in (0, 10, 99, 100)] == [
            [100, 11, 10],
            [100, 11],
            [100],
            [],
        ]
        assert risks(currency="kes") == risks()
        assert risks(currency="UGX") == []
        orders: tuple[Sort, ...] = ("savings", "loans", "heard", "until")
        for sort in orders:
            assert sorted(risks(sort=sort), key=str) == [0, 10, 100, 11, None]


def test_one_group_with_the_evidence_of_its_score(organisation: Organisation) -> None:
    organisation.refresh()
    group = organisation.groups[1]
    for said in (group.name, group.name.upper()[:4], group.id.hex()[:8]):
        found = organisation.ask(group=said)
        assert found["group"] == group.id.hex()
    factors = found["health"]["factors"]
    assert sum(factor["points"] for factor in factors) == (
        found["health"]["governance"] + found["health"]["compliance"]
    )
    assert all(factor["evidence"] for factor in factors)
    for said, sentence in (("Nobody", "No group in the portfolio"), ("", "")):
        if said:
            with pytest.raises(NodeError, match=sentence):
                organisation.ask(group=said)


# Groups that are followed by their summaries


def summary(organisation: Organisation, group: VillageGroup, day: str = "2026-01-28") -> Any:
    return to_plain(indicators(read(organisation.node.group(group.id).book), day))


FAR = b"far away".ljust(32, b".")


def test_a_group_that_sends_summaries(organisation: Organisation) -> None:
    store, now_ms = organisation.store, NOW_MS
    organisation.refresh()
    store.follow(FAR, "Mbali", "summary", "2026-12-31")
    row = organisation.ask(group="Mbali")
    assert (row["state"], row["figures"], row["heard"]) == ("empty", None, None)
    plain = summary(organisation, organisation.groups[0])
    store.keep_summary(FAR, {**plain, "group": "Mbali", "women_in_office": 3})
    note_heard(organisation.node.store.database, FAR, "relay", RELAY, "wss://relay", now_ms)
    row = organisation.ask(now_ms + 3 * DAY_MS, group="Mbali")
    assert (row["state"], row["source"], row["stale"]) == ("following", "summary", False)
    assert row["figures"]["day"] == "2026-01-28"  # of its last sealed meeting, on any later day
    assert (row["heard"]["way"], row["heard"]["days"]) == ("relay", 3)
    assert row["health"] is not None
    assert organisation.ask(NOW_MS + 400 * DAY_MS, group="Mbali")["state"] == "ended"
    store.follow(FAR, "Mbali", "summary", "", "revoked")
    assert organisation.ask(group="Mbali")["state"] == "stopped"
    organisation.again()
    assert organisation.ask(group="Mbali")["figures"]["members"] == plain["members"]
    organisation.store.unfollow(FAR)
    assert "Mbali" not in organisation.names()
    assert FAR not in last_heard(organisation.node.store.database)


def test_a_summary_of_a_later_version_or_without_amounts(organisation: Organisation) -> None:
    organisation.refresh()
    plain = summary(organisation, organisation.groups[0])
    bare = {name: value for name, value in plain.items() if name not in MONEY}
    for number, one in enumerate(({**plain, "version": 2}, {**bare, "withheld": "update"})):
        organisation.store.follow(bytes([number]) * 32, f"Far {number}", "summary", "")
        organisation.store.keep_summary(bytes([number]) * 32, one)
    assert organisation.names(update=True) == ["Far 0", "Far 1"]
    (total,) = organisation.ask(update=True)["totals"]
    assert (total["groups"], total["withheld"]) == (2, 1)
    assert total["shares_minor"] == plain["shares_minor"]


def test_a_summary_never_takes_the_place_of_the_books(organisation: Organisation) -> None:
    organisation.refresh()
    before = organisation.ask()
    group = organisation.groups[0]
    organisation.store.follow(group.id, "False", "summary", "")
    organisation.store.keep_summary(group.id, {"version": 1, "day": DAY, "members": 999})
    assert organisation.ask() == before
    organisation.store.follow(FAR, "Mbali", "summary", "")
    for plain in (b"", {}, {"version": 1, "day": DAY, "members": -1}):
        with pytest.raises(IndicatorsError):
            organisation.store.keep_summary(FAR, plain)
    assert organisation.ask(group="Mbali")["figures"] is None


def test_a_group_whose_ledger_comes_later_is_one_row(organisation: Organisation) -> None:
    late = VillageGroup(9, organisation.node.device, weeks=2)
    organisation.store.follow(late.id, late.name, "summary", "")
    assert organisation.ask(group=late.name)["source"] == "summary"
    late.give(organisation.node)
    organisation.refresh()
    assert organisation.ask(group=late.name)["source"] == "ledger"
    assert organisation.ask()["followed"] == 5


# Last heard


def test_heard_is_noted_once_a_minute(organisation: Organisation) -> None:
    database = organisation.node.store.database
    for now_ms, expected in (
        (NOW_MS, NOW_MS),
        (NOW_MS + AGAIN_MS - 1, NOW_MS),
        (NOW_MS + AGAIN_MS, NOW_MS + AGAIN_MS),
        (NOW_MS, NOW_MS),  # the clock was set back
    ):
        note_heard(database, FAR, "phone", RELAY, "A", now_ms)
        assert last_heard(database)[FAR].heard_ms == expected
    note_heard(database, FAR, "phone", FAR, "B", NOW_MS + AGAIN_MS - 1)
    assert last_heard(database)[FAR].label == "A"  # one room: who is heard is not written each time
    note_heard(database, FAR, "relay", RELAY, "wss://relay", NOW_MS + DAY_MS)
    assert last_heard(database)[FAR].way == "relay"
    organisation.refresh()
    assert len(organisation.names(not_heard=1)) == 4  # of these nothing was ever heard
    heard = organisation.groups[0]
    note_heard(database, heard.id, "phone", RELAY, "A", NOW_MS)
    assert heard.name not in organisation.names(NOW_MS + DAY_MS - 1, not_heard=1)
    assert heard.name in organisation.names(NOW_MS + DAY_MS, not_heard=1)


async def test_an_exchange_with_a_phone_is_heard(tmp_path: Path) -> None:
    async with (
        phone(tmp_path / "s", "Secretary's phone") as secretary,
        phone(tmp_path / "t", "T") as treasurer,
    ):
        group = await secretary.found()
        await treasurer.join_and_sync(secretary, group)
        found = await treasurer.thread.run(lambda: last_heard(treasurer.node.store.database)[group])
        assert (found.way, found.source) == ("phone", secretary.node.device)
        assert found.label == "Secretary's phone"
