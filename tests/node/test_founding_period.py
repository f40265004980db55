"""The founding ends by itself once two officers meet, and the key that ends it is gone."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from model.events import OfficerElected
from node import commands, founding_period
from node.errors import CommandRefused
from node.founding import Terms
from node.node import Node
from node.recording import Context
from replication.agenda import proposals
from replication.control import DeviceEnrolled, FoundingEnded, decode_record, is_control
from tests.node.phones import NOW_MS, TREASURER, enrolled, sync

TERMS = Terms(share_value="100")


@pytest.fixture
def secretary(tmp_path: Path) -> Any:
    with Node.create(tmp_path / "secretary", "Secretary's phone") as node:
        yield node


def found(node: Node) -> bytes:
    group, _ = commands.found_group(node, "Umoja", "KES", TERMS, NOW_MS)
    return group


def at(node: Node, group: bytes) -> Context:
    return Context(node, node.group(group), NOW_MS)


def seed_of(node: Node, group: bytes) -> bytes:
    key = node.group(group).founding_key
    assert key is not None
    return key.seed


def ends(node: Node, group: bytes) -> list[FoundingEnded]:
    chains = node.store.chains(node.group(group).row.group_no)
    records = [
        decode_record(event)
        for admitted in chains.everything()
        for event in admitted.change.events
        if is_control(event)
    ]
    return [record for record in records if isinstance(record, FoundingEnded)]


def files_with(home: Path, secret: bytes) -> list[str]:
    """The files of a home in which a secret stands, as bytes or in hex."""
    return [
        one.name
        for one in home.rglob("*")
        if one.is_file()
        for content in [one.read_bytes()]
        if secret in content or secret.hex().encode() in content.lower()
    ]


def test_a_meeting_of_one_officer_does_not_end_it_and_of_two_does(
    secretary: Node, tmp_path: Path
) -> None:
    group = found(secretary)
    told = commands.open_meeting(at(secretary, group), "2026-01-08")
    assert "founding" not in told.sentence
    assert secretary.group(group).roster.founding
    commands.close_meeting(at(secretary, group)._replace(anyway=True))
    with enrolled(tmp_path / "treasurer", secretary, group) as treasurer:
        assert secretary.group(group).roster.founding, "nothing is open"
        told = commands.open_meeting(at(secretary, group), "2026-01-15")
        assert told.sentence.endswith(founding_period.ENDED)
        assert len(ends(secretary, group)) == 1
        sync(secretary, treasurer, group)
        for node in (secretary, treasurer):
            assert not node.group(group).roster.founding
    commands.close_meeting(at(secretary, group)._replace(anyway=True))
    told = commands.open_meeting(at(secretary, group), "2026-01-22")
    assert "founding" not in told.sentence
    assert len(ends(secretary, group)) == 1


def test_the_key_is_wiped_in_the_step_that_ends_it(secretary: Node, tmp_path: Path) -> None:
    group = found(secretary)
    seed = seed_of(secretary, group)
    home = secretary.home.path
    assert files_with(home, seed), "the search finds it while it is there"
    with enrolled(tmp_path / "treasurer", secretary, group) as treasurer:
        assert not files_with(tmp_path / "treasurer", seed)
        commands.open_meeting(at(secretary, group), "2026-01-15")
        assert files_with(home, seed) == []
        assert secretary.group(group).founding_key is None
        sync(secretary, treasurer, group)
    secretary.close()
    assert files_with(home, seed) == []
    with Node.open(home) as again:
        assert again.group(group).founding_key is None
        assert not again.group(group).roster.founding


def test_it_survives_a_restart_until_then(secretary: Node, tmp_path: Path) -> None:
    group = found(secretary)
    seed, home = seed_of(secretary, group), secretary.home.path
    secretary.close()
    with Node.open(home) as again:
        assert seed_of(again, group) == seed
        with enrolled(tmp_path / "treasurer", again, group):
            founding_period.end(again, group, NOW_MS)
        assert not again.group(group).roster.founding


def test_a_meeting_that_another_phone_opened_ends_it_at_the_founders_next_entry(
    secretary: Node, tmp_path: Path
) -> None:
    group = found(secretary)
    commands.add_member(at(secretary, group), "Amina")
    with enrolled(tmp_path / "treasurer", secretary, group) as treasurer:
        commands.open_meeting(at(treasurer, group), "2026-01-08")
        assert treasurer.group(group).roster.founding
        sync(secretary, treasurer, group)
        told = commands.buy_shares(at(secretary, group), "1", shares=1)
        assert told.sentence.endswith(founding_period.ENDED)
        assert not secretary.group(group).roster.founding


def test_by_hand_it_ends_only_on_the_founders_phone_and_with_a_second_officer(
    secretary: Node, tmp_path: Path
) -> None:
    group = found(secretary)
    with pytest.raises(CommandRefused, match="only officer with a phone"):
        founding_period.end(secretary, group, NOW_MS)
    with enrolled(tmp_path / "treasurer", secretary, group) as treasurer:
        with pytest.raises(CommandRefused, match="Only the phone that founded the group"):
            founding_period.end(treasurer, group, NOW_MS)
        founding_period.end(secretary, group, NOW_MS)
        assert not secretary.group(group).roster.founding
        with pytest.raises(CommandRefused, match="has ended already"):
            founding_period.end(secretary, group, NOW_MS)


def test_a_founders_phone_from_a_backup_lets_nobody_in_once_the_founding_is_over(
    secretary: Node, tmp_path: Path
) -> None:
    """The backup holds all keys of that time, as a thief would have them."""
    group = found(secretary)
    with enrolled(tmp_path / "treasurer", secretary, group) as treasurer:
        secretary.close()
        shutil.copytree(secretary.home.path, tmp_path / "backup")
        with Node.open(tmp_path / "secretary") as founder:
            commands.open_meeting(at(founder, group), "2026-01-08")
            sync(founder, treasurer, group)
        thief = b"t" * 32
        with Node.open(tmp_path / "backup") as backup:
            backup.group(group).continuity.go_on()  # a thief's program does not ask
            record = DeviceEnrolled(thief, b"thief".ljust(16, b"."), "write", "Thief's phone")
            backup.enrol(group, record, NOW_MS)
            backup.append(group, [OfficerElected("chairperson", TREASURER)], NOW_MS)
            assert backup.group(group).roster.may_write(thief), "as far as the backup knows"
            sync(treasurer, backup, group)
            for node in (treasurer, backup):
                roster = node.group(group).roster
                assert not roster.may_read(thief)
                assert len(roster.officers) == 2
                (waits,) = proposals(node.group(group).replica.decisions)
                assert (waits.records, waits.state, waits.needed) == ((record,), "open", 2)
            assert backup.group(group).founding_key is None, "learning of the end wipes it too"


def test_a_restored_phone_that_opens_a_meeting_again_does_no_harm(
    secretary: Node, tmp_path: Path
) -> None:
    group = found(secretary)
    with enrolled(tmp_path / "treasurer", secretary, group) as treasurer:
        secretary.close()
        shutil.copytree(secretary.home.path, tmp_path / "backup")
        with Node.open(tmp_path / "secretary") as founder:
            commands.open_meeting(at(founder, group), "2026-01-08")
            sync(founder, treasurer, group)
        with Node.open(tmp_path / "backup") as backup:
            backup.group(group).continuity.go_on()  # its owner could reach nobody
            commands.open_meeting(at(backup, group)._replace(anyway=True), "2026-01-08")
            assert not backup.group(group).roster.founding
            sync(treasurer, backup, group)
            for node in (treasurer, backup):
                assert len(node.group(group).roster.officers) == 2
                assert not node.group(group).roster.founding
