"""However changes arrive and however often a phone restarts, its book is that of one fold."""

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.events import LoanApplied, MeetingOpened, MemberAdded, SharePurchased, SocialContributed
from model.reducer import REDUCER_VERSION, fold
from node import books, commands
from node.books import Books
from node.commands import Context
from node.entries import fold_all
from node.node import Node
from node.verify import verify
from tests.node.phones import NOW_MS, add_member, digest, enrolled, founded, sync


def folded(node: Node, group: bytes) -> dict[tuple[str, str], bytes]:
    """The pages of one fold over everything, apart from any book."""
    chains = node.store.chains(node.group(group).row.group_no)
    pages = fold(fold_all(chains, chains.everything())).take_dirty()
    return {(name, key): value for name, key, value in pages if value is not None}


def stored(node: Node, group: bytes) -> dict[tuple[str, str], bytes]:
    group_no = node.group(group).row.group_no
    return {
        (name, key): value
        for name in node.store.page_tables(group_no)
        for key, value in node.store.unchecked_pages(group_no, name)
    }


def buy(node: Node, group: bytes, member: bytes, line: int, shares: int = 1) -> None:
    event = SharePurchased(1, 1, member, shares, 100 * shares, line)
    node.append(group, [event], NOW_MS)


def test_a_reopened_book_is_read_not_folded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, group = founded(tmp_path)
    amina = add_member(node, group, 1)
    for line in range(1, 30):
        buy(node, group, amina, line)
    before = digest(node, group)
    node.close()

    def no_folding(*_: object) -> None:
        raise AssertionError("opening folds nothing")

    monkeypatch.setattr(books, "apply", no_folding)
    with Node.open(tmp_path) as again:
        assert digest(again, group) == before
        assert stored(again, group) == folded(again, group)


def test_late_entries_are_put_in_their_place(tmp_path: Path) -> None:
    secretary, group = founded(tmp_path / "s")
    amina = add_member(secretary, group, 1)
    treasurer = enrolled(tmp_path / "t", secretary, group)
    for line in range(1, 12):
        buy(secretary, group, amina, line)
        buy(treasurer, group, amina, line, shares=1 + line % 2)
    sync(secretary, treasurer, group)
    assert digest(secretary, group) == digest(treasurer, group)
    for node in (secretary, treasurer):
        assert stored(node, group) == folded(node, group)
        node.close()


def test_a_change_that_reaches_past_the_undo_records_folds_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "UNDO_KEPT", 16)
    monkeypatch.setattr(books, "UNDO_SLACK", 4)
    secretary, group = founded(tmp_path / "s")
    amina = add_member(secretary, group, 1)
    treasurer = enrolled(tmp_path / "t", secretary, group)
    buy(treasurer, group, amina, 1)
    for line in range(1, 60):
        buy(secretary, group, amina, line)
    assert secretary.store.applied_count(1) < 24
    sync(secretary, treasurer, group)
    assert digest(secretary, group) == digest(treasurer, group)
    assert stored(secretary, group) == folded(secretary, group)
    assert secretary.store.applied_count(1) == 16
    buy(secretary, group, amina, 60)
    secretary.close()
    with Node.open(tmp_path / "s") as again:
        assert stored(again, group) == folded(again, group)
    treasurer.close()


def test_a_name_that_comes_with_a_change_from_far_back_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("books", "verify"):
        monkeypatch.setattr(f"node.{module}.UNDO_KEPT", 16)
    monkeypatch.setattr(books, "UNDO_SLACK", 4)
    secretary, group = founded(tmp_path / "s")
    with secretary, enrolled(tmp_path / "t", secretary, group) as treasurer:
        at = Context(treasurer, treasurer.group(group), NOW_MS)
        commands.add_member(at, "Baraka", joined_on="2026-01-01")
        for number in range(10, 50):
            add_member(secretary, group, number)
        sync(secretary, treasurer, group)
        names = {details.name for details in secretary.group(group).people.names().values()}
        assert names == {"Baraka"}
        assert verify(secretary)[0].differences == ()


def test_a_book_made_by_other_rules_is_folded_anew_when_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an update: the old pages must not stand beside new ones."""
    secretary, group = founded(tmp_path)
    buy(secretary, group, add_member(secretary, group, 1), 1)
    before = stored(secretary, group)
    with secretary.store.database.transaction():
        secretary.store.database.write("UPDATE pages SET value = '{}' WHERE name = 'members'")
    secretary.close()
    with Node.open(tmp_path) as again:
        assert stored(again, group) != before
    for module in ("node", "store"):
        monkeypatch.setattr(f"node.{module}.REDUCER_VERSION", REDUCER_VERSION + 1)
    with Node.open(tmp_path) as updated:
        assert stored(updated, group) == before
        assert verify(updated)[0].differences == ()

    def no_folding(*_: object) -> None:
        raise AssertionError("once is enough")

    monkeypatch.setattr(Books, "fold_anew", no_folding)
    Node.open(tmp_path).close()


def test_a_book_that_forgets_its_pages_reads_them_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "PAGES_KEPT", 5)
    node, group = founded(tmp_path)
    amina = add_member(node, group, 1)
    for line in range(1, 20):
        buy(node, group, amina, line)
    assert stored(node, group) == folded(node, group)
    node.close()


def test_an_author_knew_exactly_what_its_change_follows(tmp_path: Path) -> None:
    secretary, group = founded(tmp_path / "s")
    treasurer = enrolled(tmp_path / "t", secretary, group)
    for number in range(1, 9):
        add_member(secretary, group, number)
        add_member(treasurer, group, 100 + number)
        if number % 3 == 0:
            sync(secretary, treasurer, group)
    sync(secretary, treasurer, group)
    chains = secretary.store.chains(1)
    follows: dict[bytes, set[bytes]] = {}
    for one in chains.everything():
        deps = one.change.deps
        follows[one.change.change_hash[:16]] = {dep[:16] for dep in deps}.union(
            *(follows[dep[:16]] for dep in deps)
        )
    entries = list(fold_all(chains, chains.everything()))
    assert len(entries) > 16
    for entry in entries:
        known = {other.id for other in entries if other.id in entry.past}
        assert known == {other.id for other in entries if other.id[:16] in follows[entry.id[:16]]}
    secretary.close()
    treasurer.close()


def test_an_event_knew_only_the_earlier_ones_of_its_own_change(tmp_path: Path) -> None:
    node, group = founded(tmp_path)
    node.append(group, [MemberAdded(n, "2026-01-01") for n in (1, 2, 3)], NOW_MS)
    chains = node.store.chains(1)
    first, second, third = list(fold_all(chains, chains.everything()))[-3:]
    assert first.id in second.past
    assert second.id not in second.past
    assert third.id not in second.past
    node.close()


moves = st.lists(st.sampled_from(["s", "t", "sync", "reopen s", "reopen t", "few"]), max_size=25)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(moves=moves, seed=st.integers(0, 2**16))
def test_whatever_is_cut_and_restarted_the_book_equals_the_fold(
    tmp_path_factory: pytest.TempPathFactory, moves: list[str], seed: int
) -> None:
    chance = random.Random(seed)
    path = tmp_path_factory.mktemp("village")
    secretary, group = founded(path / "s")
    members = [add_member(secretary, group, number) for number in (1, 2, 3)]
    nodes = {"s": secretary, "t": enrolled(path / "t", secretary, group)}
    for move in moves:
        if move in nodes:
            nodes[move].append(group, deed(chance, members), NOW_MS)
        elif move == "sync":
            sync(nodes["s"], nodes["t"], group)
        elif move == "few":  # the network goes after a few messages
            sync(nodes["s"], nodes["t"], group, chance.randrange(5))
        else:
            who = move[-1]
            nodes[who].close()
            nodes[who] = Node.open(path / who)
    for node in nodes.values():
        assert stored(node, group) == folded(node, group)
    sync(nodes["s"], nodes["t"], group)
    assert digest(nodes["s"], group) == digest(nodes["t"], group)
    for node in nodes.values():
        assert stored(node, group) == folded(node, group)
        node.close()


def deed(
    chance: random.Random, members: list[bytes]
) -> list[SharePurchased | SocialContributed | MeetingOpened | LoanApplied]:
    member, line = chance.choice(members), chance.randrange(1, 4)
    shares = chance.randrange(1, 4)
    return chance.choice(
        [
            [SharePurchased(1, 1, member, shares, 100 * shares, line)],
            [SocialContributed(1, 1, member, 50 * line, line)],
            [MeetingOpened(1, chance.randrange(1, 3), "2026-01-07")],
            [LoanApplied(1, 1, member, 1000, "stock", 3, line)],
            [
                SharePurchased(1, 1, member, shares, 100 * shares, line),
                SocialContributed(1, 1, member, 50, line),
            ],
        ]
    )
