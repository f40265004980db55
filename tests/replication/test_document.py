"""Automerge behind its door: the cache holds what was signed, and says so when it can't."""

import pytest

from replication.document import Document, DocumentError
from replication.errors import LocalError
from tests.replication.phones import Phone, found_with, ledger_event, sync


def test_local_changes_are_made_by_automerge_too_and_agree() -> None:
    secretary, treasurer = found_with("tre")
    secretary.replica.open_document(secretary.everything())
    secretary.write(ledger_event(1))
    treasurer.write(ledger_event(2), ledger_event(3))
    treasurer.restart()
    treasurer.write(ledger_event(4))
    sync(secretary, treasurer)
    secretary.write(ledger_event(5), ledger_event(6))
    document = secretary.replica.open_document(secretary.everything())
    assert document.heads() == secretary.replica.heads


@pytest.mark.parametrize("turns", ["s.t.s", "t.s.t.s", "s.tt.ss.t.s", "st.s.t.s", "s.ts.s.t.t.s"])
def test_phones_that_write_in_turn_keep_automerge_beside_them(turns: str) -> None:
    secretary, treasurer = found_with("tre")
    secretary.replica.open_document(secretary.everything())
    for number, turn in enumerate(turns):
        if turn == ".":
            sync(secretary, treasurer)
        else:
            (secretary if turn == "s" else treasurer).write(ledger_event(number))
        assert secretary.replica.has_document
    sync(secretary, treasurer)
    secretary.write(ledger_event(99))
    treasurer.write(ledger_event(98))
    sync(secretary, treasurer)
    secretary.write(ledger_event(97))  # brings the document up to date and compares the heads
    assert secretary.replica.has_document
    document = secretary.replica.open_document(secretary.everything())
    assert document.heads() == secretary.replica.heads


def test_a_saved_document_is_opened_by_automerge_with_the_same_heads() -> None:
    secretary, treasurer = found_with("tre")
    for number in range(5):
        treasurer.write(ledger_event(number))
    sync(secretary, treasurer)
    saved = secretary.replica.open_document(secretary.everything()).save()
    assert Document([saved], secretary.replica.heads).heads() == treasurer.replica.heads


def test_a_missing_change_is_noticed() -> None:
    (secretary,) = found_with()
    for number in range(4):
        secretary.write(ledger_event(number))
    rows = secretary.everything()
    with pytest.raises(DocumentError):
        secretary.replica.open_document([*rows[:2], *rows[3:]])


def test_a_rebuild_that_disagrees_with_automerge_is_not_signed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (secretary,) = found_with()
    secretary.replica.open_document(secretary.everything())
    monkeypatch.setattr("replication.admission.body_hash", lambda _body: b"?" * 32)
    before = secretary.replica.heads
    with pytest.raises(LocalError, match="document_disagrees"):
        secretary.replica.append([ledger_event(1)], 5_000)
    assert secretary.replica.heads == before


def test_one_actor_used_on_two_branches_stays_out_of_automerge_only() -> None:
    secretary, treasurer = found_with("tre")
    twin = Phone("tre", secretary.group, salt=treasurer.salt - 1)
    sync(twin, secretary)
    treasurer.write(ledger_event(1))
    twin.write(ledger_event(2))
    sync(secretary, treasurer)
    sync(secretary, twin)
    both = {a.change.change_hash for a in secretary.history.at(treasurer.keys.public, 1)}
    assert len(both) == 2
    with pytest.raises(DocumentError):
        secretary.replica.open_document(secretary.everything())
    secretary.write(ledger_event(3))
