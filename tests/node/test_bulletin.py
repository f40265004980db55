"""Who connects and leaves and what was exchanged is told, and nothing else."""

from pathlib import Path

from node.bulletin import GONE_MS, Bulletin, Phone, name_of
from tests.node.calling_phones import phone
from tests.node.phones import enrolled, founded

TREASURER = Phone(b"g" * 32, b"t" * 32)
CHAIRPERSON = Phone(b"g" * 32, b"c" * 32)


def words(bulletin: Bulletin, now_ms: float = 0.0) -> list[str]:
    return [words for _, words in bulletin.due(now_ms)]


def test_a_phone_is_told_of_when_it_comes_exchanges_and_goes() -> None:
    bulletin = Bulletin()
    bulletin.happened(TREASURER, "t-1", "connected", (0, 0), 0)
    assert words(bulletin) == [" is connected."]
    bulletin.happened(TREASURER, "t-1", "in step", (12, 3), 0)
    assert words(bulletin) == [": 12 changes received, 3 sent."]
    bulletin.happened(TREASURER, "t-1", "in step", (13, 3), 0)
    assert words(bulletin) == [": 1 change received, 0 sent."]
    bulletin.happened(TREASURER, "t-1", "ended", (13, 3), 0)
    assert words(bulletin) == []
    assert bulletin.wait_s(0) == GONE_MS / 1000
    assert words(bulletin, GONE_MS) == [" has left."]
    assert bulletin.wait_s(GONE_MS) is None
    assert words(bulletin, GONE_MS) == []


def test_what_happens_between_two_looks_is_one_line() -> None:
    bulletin = Bulletin()
    bulletin.happened(TREASURER, "t-1", "connected", (0, 0), 0)
    for received in range(1, 400):
        bulletin.happened(TREASURER, "t-1", "in step", (received, 0), 0)
    bulletin.happened(CHAIRPERSON, "c-1", "connected", (0, 0), 0)
    assert bulletin.due(0) == [
        (TREASURER, " is connected."),
        (TREASURER, ": 399 changes received, 0 sent."),
        (CHAIRPERSON, " is connected."),
    ]


def test_a_network_that_comes_and_goes_is_not_told_of() -> None:
    bulletin = Bulletin()
    told: list[str] = []
    for number in range(100):
        now_ms = number * 1_000.0
        bulletin.happened(TREASURER, f"t-{number}", "connected", (0, 0), now_ms)
        bulletin.happened(TREASURER, f"t-{number}", "in step", (0, 0), now_ms)
        told += words(bulletin, now_ms)
        bulletin.happened(TREASURER, f"t-{number}", "ended", (0, 0), now_ms + 500)
        told += words(bulletin, now_ms + 500)
    assert told == [" is connected."]


def test_a_second_link_takes_the_place_of_the_first_without_a_word() -> None:
    bulletin = Bulletin()
    bulletin.happened(TREASURER, "t-1", "connected", (0, 0), 0)
    words(bulletin)
    bulletin.happened(TREASURER, "t-2", "connected", (0, 0), 0)
    bulletin.happened(TREASURER, "t-1", "ended", (2, 0), 0)
    assert words(bulletin, GONE_MS) == [": 2 changes received, 0 sent."]
    assert bulletin.wait_s(GONE_MS) is None


def test_a_call_that_moved_nothing_between_two_looks_is_not_told_of() -> None:
    bulletin = Bulletin()
    bulletin.happened(TREASURER, "t-1", "connected", (0, 0), 0)
    bulletin.happened(TREASURER, "t-1", "ended", (0, 0), 0)
    assert words(bulletin, GONE_MS) == []
    assert bulletin.wait_s(0) is None


def test_a_phone_is_called_as_the_group_calls_it(tmp_path: Path) -> None:
    node, group = founded(tmp_path / "s")
    treasurer = enrolled(tmp_path / "t", node, group)
    assert name_of(node, Phone(group, treasurer.device)) == "Treasurer's phone"
    node.found("Tumaini", bytes(16), 0)
    assert name_of(node, Phone(group, treasurer.device)) == "Treasurer's phone (Umoja)"
    assert name_of(node, Phone(group, bytes(32))) == "A phone (Umoja)"
    assert name_of(node, Phone(bytes(32), bytes(32))) == "A phone"
    node.close()
    treasurer.close()


async def test_links_tell_the_bulletin(tmp_path: Path) -> None:
    async with phone(tmp_path / "s") as secretary, phone(tmp_path / "t") as treasurer:
        group = await secretary.found()
        link = await treasurer.join(secretary, group)
        await link.synced.wait()
        bulletin = treasurer.links.bulletin
        told = bulletin.due(0)
        assert told[0] == (Phone(group, secretary.node.device), " is connected.")
        assert "changes received, 0 sent." in told[1][1]
        link.end("done")
        await link.over.wait()
        assert [words for _, words in bulletin.due(float("inf"))] == [" has left."]
