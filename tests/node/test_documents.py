"""A phone that stays on has Automerge make its changes too, and goes on where Automerge can't."""

from pathlib import Path

from model.events import MemberAdded
from replication.document import Document
from tests.node.phones import NOW_MS, add_member, enrolled, founded, sync


def test_changes_are_made_by_automerge_too_whatever_arrives_between(tmp_path: Path) -> None:
    secretary, group = founded(tmp_path / "secretary")
    with secretary, enrolled(tmp_path / "treasurer", secretary, group) as treasurer:
        secretary.open_documents()
        add_member(secretary, group, 1)
        add_member(treasurer, group, 2)
        sync(secretary, treasurer, group)
        secretary.append(
            group, [MemberAdded(3, "2026-01-01"), MemberAdded(4, "2026-01-01")], NOW_MS
        )
        held = secretary.group(group)
        assert held.replica.has_document
        chunks = [
            held.replica.chunk(row) for row in held.store.chains(held.row.group_no).everything()
        ]
        assert Document(chunks, held.replica.heads).heads() == held.replica.heads


def test_a_failed_step_gives_the_document_up_and_loses_nothing(tmp_path: Path) -> None:
    secretary, group = founded(tmp_path / "secretary")
    with secretary:
        secretary.open_documents()
        secretary._forget()
        add_member(secretary, group, 1)
        assert not secretary.group(group).replica.has_document
        secretary.open_documents()
        add_member(secretary, group, 2)
        assert secretary.group(group).replica.has_document
