"""Who holds what is told by what others signed, alone."""

from pathlib import Path

from node.node import Node
from node.status import status, who_holds
from tests.node.phones import add_member, enrolled, founded, sync


def holds(node: Node, group: bytes, change_hash: bytes) -> bool:
    return node.group(group).replica.find(change_hash) is not None


def test_only_what_others_signed_for_counts_as_held(tmp_path: Path) -> None:
    secretary, group = founded(tmp_path / "s")
    assert "only on this phone" in status(secretary.group(group)).sentence
    treasurer = enrolled(tmp_path / "t", secretary, group)
    seen = status(secretary.group(group))
    assert seen.sentence == "Everything here is also on Treasurer's phone."
    assert seen.holders[0].sentence == "Also on Treasurer's phone (up to date)."
    for number in (1, 2, 3):
        add_member(secretary, group, number)
    seen = status(secretary.group(group))
    assert seen.only_here_entries == 3
    assert seen.sentence.startswith("3 entries are only on this phone")
    assert seen.holders[0].sentence == "Treasurer's phone lacks 3 changes that are here."
    head = secretary.group(group).replica.heads[0]
    assert who_holds(secretary.group(group), head) == ()
    # An open connection proves nothing: the changes arrive, the acknowledgement does not.
    sync(secretary, treasurer, group, until=lambda: holds(treasurer, group, head))
    assert holds(treasurer, group, head)
    secretary.close()
    with Node.open(tmp_path / "s") as again:
        assert status(again.group(group)).only_here_entries == 3
        sync(again, treasurer, group)
        assert status(again.group(group)).only_here_entries == 0
        assert who_holds(again.group(group), head) == ("Treasurer's phone",)
    treasurer.close()


def test_what_the_other_phone_wrote_is_not_only_here(tmp_path: Path) -> None:
    secretary, group = founded(tmp_path / "s")
    treasurer = enrolled(tmp_path / "t", secretary, group)
    add_member(treasurer, group, 1)
    assert status(treasurer.group(group)).only_here_entries == 1
    sync(treasurer, secretary, group)
    assert status(secretary.group(group)).only_here_entries == 0
    assert status(treasurer.group(group)).only_here_entries == 0
    secretary.close()
    treasurer.close()


def test_a_phone_that_wrote_an_entry_has_signed_for_it_and_all_it_knew(tmp_path: Path) -> None:
    secretary, group = founded(tmp_path / "s")
    with secretary, enrolled(tmp_path / "t", secretary, group) as treasurer:
        add_member(secretary, group, 1)
        secretary_wrote = secretary.group(group).replica.heads[0]
        sync(secretary, treasurer, group, until=lambda: holds(treasurer, group, secretary_wrote))
        add_member(treasurer, group, 2)
        add_member(secretary, group, 3)
        treasurer_wrote = treasurer.group(group).replica.heads[0]
        sync(secretary, treasurer, group, until=lambda: holds(secretary, group, treasurer_wrote))
        seen = status(secretary.group(group))
        assert seen.only_here_entries == 1, "its own third member"
        assert who_holds(secretary.group(group), secretary_wrote) == ("Treasurer's phone",)
        assert who_holds(secretary.group(group), treasurer_wrote) == ("Treasurer's phone",)
