"""Cards on officers' phones: made and kept nowhere, checked, shown for one vote, replaced."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from model.events import OfficerElected
from model.offices import offices_of
from node import agreeing, card_votes, commands, electing, governing, paper_cards, proposing
from node.card_words import words_of
from node.errors import CommandRefused
from node.founding import Terms
from node.founding_period import end
from node.node import Node
from node.plan import Plan
from node.recording import Context, done
from replication.control import CardsIssued, DeviceEnrolled, QuorumSet, Record
from replication.identity import DeviceKeys
from tests.node.phones import NOW_MS, TREASURER, enrolled, sync

TERMS = Terms(share_value="100")
SECRETS = tuple(bytes([at]) * 16 for at in (1, 2, 3))
NEWER = tuple(bytes([at]) * 16 for at in (7, 8, 9))
NEW_PHONE = DeviceKeys(b"n" * 32).public


def asked(at: Context, record: Record) -> str:
    """Ask the officers; the code of the proposal."""
    plan = Plan(at.group)
    plan.records.append(record)
    return done(at, plan, "").code


class Village:
    """A secretary's and a treasurer's phone; the founding is over."""

    def __init__(self, secretary: Node, treasurer: Node, group: bytes) -> None:
        self.secretary = secretary
        self.treasurer = treasurer
        self.group = group

    @property
    def at(self) -> Context:
        return Context(self.secretary, self.secretary.group(self.group), NOW_MS)

    @property
    def there(self) -> Context:
        return Context(self.treasurer, self.treasurer.group(self.group), NOW_MS)

    def meet(self) -> None:
        sync(self.secretary, self.treasurer, self.group)

    def asks_for_a_phone(self, label: str = "New phone", key: bytes = NEW_PHONE) -> str:
        """The code of a proposal."""
        record = DeviceEnrolled(key, b"new one".ljust(16, b"."), "write", label)
        return asked(self.at, record)


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    with Node.create(tmp_path / "secretary", "Secretary's phone") as secretary:
        group, _ = commands.found_group(secretary, "Umoja", "KES", TERMS, NOW_MS, cards=SECRETS)
        with enrolled(tmp_path / "treasurer", secretary, group) as treasurer:
            end(secretary, group, NOW_MS)
            sync(secretary, treasurer, group)
            yield Village(secretary, treasurer, group)


def leaks(home: Path, secrets: tuple[bytes, ...]) -> list[str]:
    """Files of a home that hold a card's secret, its signing seed's half, or its words."""
    found = []
    for one in home.rglob("*"):
        content = one.read_bytes() if one.is_file() else b""
        for secret in secrets:
            words = words_of(secret)
            forms = (secret, secret.hex().encode(), " ".join(words).encode())
            if any(form in content for form in forms):
                found.append(one.name)
    return found


def test_no_phone_keeps_what_a_card_hides(village: Village) -> None:
    code = village.asks_for_a_phone()
    card_votes.vote(village.at, code, SECRETS[0])
    paper_cards.replace(village.at, NEWER)
    village.meet()
    for node in (village.secretary, village.treasurer):
        home = node.home.path
        (home / "planted").write_bytes(SECRETS[0])
        assert leaks(home, SECRETS) == ["planted"], "the search finds what is there"
        (home / "planted").unlink()
        assert leaks(home, (*SECRETS, *NEWER)) == []
        node.close()
        assert leaks(home, (*SECRETS, *NEWER)) == []


def test_cards_are_made_with_the_group_and_their_words_are_told_once(tmp_path: Path) -> None:
    from node.records import FoundRequest, found

    with Node.create(tmp_path / "a", "A's phone") as node:
        asked = FoundRequest(name="Umoja", currency="KES", share_value="100")
        told = found(node, asked, NOW_MS).body
        (group,) = node.groups.values()
        assert [one["number"] for one in told["cards"]] == [1, 2, 3]
        for one in told["cards"]:
            assert (one["group"], one["group_name"]) == (group.id.hex(), "Umoja")
        secrets = [tuple(one["words"]) for one in told["cards"]]
        assert len(set(secrets)) == 3
        assert paper_cards.status(group)["made"]
        none = FoundRequest(name="Tumaini", currency="KES", share_value="100", cards=False)
        answer = found(node, none, NOW_MS).body
        assert answer["cards"] == []
        status = paper_cards.status(node.group(bytes.fromhex(answer["group"])))
        assert (status["made"], status["advice"]) == (False, paper_cards.NO_CARDS)


def test_a_card_is_told_by_its_number_and_a_strange_one_is_not_taken(village: Village) -> None:
    group = village.at.group
    assert [paper_cards.number_of(group, secret) for secret in SECRETS] == [1, 2, 3]
    with pytest.raises(CommandRefused, match=f"no card of Umoja.*{group.id.hex()[:4]}"):
        paper_cards.number_of(group, NEWER[0])


def test_a_card_stands_in_for_the_missing_officer(village: Village) -> None:
    code = village.asks_for_a_phone()
    shown = card_votes.question(village.at, code)
    assert shown["what"] == ["let in “New phone”, which records"]
    told = card_votes.vote(village.at, code, SECRETS[1]).sentence
    assert told.startswith("Card 2 votes for it: let in “New phone”, which records.")
    assert "it holds now" in told
    village.meet()
    for context in (village.at, village.there):
        assert context.group.roster.may_write(NEW_PHONE)
    status = paper_cards.status(village.there.group)
    assert [(use["number"], use["restored"]) for use in status["uses"]] == [(2, False)]
    assert status["uses"][0]["phone"] == "“Secretary's phone”"
    assert status["advice"] == paper_cards.USED


def test_what_does_not_wait_takes_no_card(village: Village) -> None:
    code = village.asks_for_a_phone()
    card_votes.vote(village.at, code, SECRETS[1])
    with pytest.raises(CommandRefused, match="A card is not needed there"):
        card_votes.vote(village.at, code, SECRETS[2])
    with pytest.raises(CommandRefused):
        card_votes.question(village.at, "0000000000")


def test_a_second_card_is_refused_where_more_officers_are_missing(village: Village) -> None:
    for number in (1, 2, 3):
        key = DeviceKeys(bytes([number]) * 32).public
        code = village.asks_for_a_phone(f"Phone {number}", key)
        village.meet()
        agreeing.agree(village.there, code)
        village.meet()
    assert village.at.group.roster.votes_needed == 2
    code = asked(village.at, QuorumSet(3))
    card_votes.vote(village.at, code, SECRETS[0])
    assert village.at.group.roster.votes_needed == 3
    code = village.asks_for_a_phone("One more", DeviceKeys(b"m" * 32).public)
    card_votes.vote(village.at, code, SECRETS[0])
    with pytest.raises(CommandRefused, match="a second one counts for nothing"):
        card_votes.vote(village.at, code, SECRETS[1])


def test_a_card_votes_for_a_rule_and_its_last_vote_puts_it_in_force(village: Village) -> None:
    chair = OfficerElected("chairperson", b"chairperson".ljust(16, b"."))
    village.secretary.append(village.group, [chair], NOW_MS)  # with it the books are founded too
    given = governing.propose_constitution(village.at, ["share_value=200"])
    wanted = card_votes.question(village.at, given.code)
    assert (wanted["what"], len(wanted["entries"])) == (
        [f"the new constitution (entry {given.code})"],
        1,
    )
    told = card_votes.vote(village.at, given.code, SECRETS[2]).sentence
    assert "The new constitution is in force" in told
    village.meet()
    for context in (village.at, village.there):
        page = context.group.book.constitution.find("current")
        assert page is not None
        assert page.terms.share_value_minor == 20_000
        assert not [key for key, _ in context.group.book.findings.rows() if "card" in str(key)]


def test_one_card_removes_an_officer_and_the_phone_at_once(village: Village) -> None:
    chair = OfficerElected("chairperson", b"chairperson".ljust(16, b"."))
    village.secretary.append(village.group, [chair], NOW_MS)
    code = asked(
        village.at, DeviceEnrolled(NEW_PHONE, b"third".ljust(16, b"."), "write", "Third phone")
    )
    card_votes.vote(village.at, code, SECRETS[0])  # else nobody but the secretary would be left
    given = proposing.propose(village.at, electing.removal(village.at.group, "treasurer"))
    wanted = card_votes.question(village.at, given.code)
    assert len(wanted["entries"]) == 1, "the office; the phone is asked for in the same change"
    card_votes.vote(village.at, given.code, SECRETS[2])
    group = village.at.group
    assert group.roster.devices[village.treasurer.device].state == "revoked"
    assert not offices_of(group.book, TREASURER.hex(), None)


def test_a_wrong_card_signs_nothing(village: Village) -> None:
    code = village.asks_for_a_phone()
    heads = village.at.group.replica.heads
    with pytest.raises(CommandRefused, match="no card of Umoja"):
        card_votes.vote(village.at, code, NEWER[0])
    assert village.at.group.replica.heads == heads


def test_new_cards_hold_once_the_others_agree(village: Village) -> None:
    given = paper_cards.replace(village.at, NEWER)
    assert f"mkutano approve {given.code}" in given.sentence
    with pytest.raises(CommandRefused, match="is not in force"):
        paper_cards.number_of(village.at.group, NEWER[0])
    assert paper_cards.number_of(village.at.group, SECRETS[0]) == 1
    village.meet()
    waiting = paper_cards.status(village.there.group)["waiting"]
    assert [one["code"] for one in waiting] == [given.code]
    agreeing.agree(village.there, given.code)
    village.meet()
    for context in (village.at, village.there):
        assert paper_cards.number_of(context.group, NEWER[2]) == 3
        with pytest.raises(CommandRefused, match="is not in force"):
            paper_cards.number_of(context.group, SECRETS[0])
        status = paper_cards.status(context.group)
        assert (status["waiting"], status["uses"]) == ([], [])
        assert status["by"] == "“Secretary's phone”"


def test_a_readers_phone_asks_for_no_cards(village: Village, tmp_path: Path) -> None:
    with Node.create(tmp_path / "reader", "Reader's phone") as reader:
        record = DeviceEnrolled(reader.device, bytes(16), "read", "Reader's phone")
        code = asked(village.at, record)
        card_votes.vote(village.at, code, SECRETS[0])
        reader.join(village.group, "Umoja")
        sync(village.secretary, reader, village.group)
        with pytest.raises(CommandRefused, match="Only an officer's phone"):
            paper_cards.replace(Context(reader, reader.group(village.group), NOW_MS), NEWER)


def test_what_is_kept_of_cards_are_their_public_keys() -> None:
    record = paper_cards.issued(SECRETS)
    assert isinstance(record, CardsIssued)
    assert not any(secret in b"".join(record) for secret in SECRETS)
    fresh = paper_cards.fresh_secrets()
    assert len(set(fresh)) == 3
    assert {len(secret) for secret in fresh} == {16}
