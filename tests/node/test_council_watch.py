"""What the screen says of phones and votes by itself: who does what next, and when it is over."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node import council_news, views
from node.answers import GroupRequest
from node.council_news import CouncilNews
from node.errors import CommandRefused
from node.fork_views import JudgeRequest, judge
from node.links import Refusal
from node.names import Names
from node.node import Node
from node.refused_words import REFUSED, why_refused
from replication.cards import card_keys, sign_restoration
from replication.control import OfficersRestored
from tests.node.officers import Officer, Village, hand_over, village
from tests.node.phones import NOW_MS
from tests.node.test_forks_commands import Story, story

__all__ = ["story", "village"]

SECRETS = tuple(bytes([at]) * 16 for at in (1, 2, 3))


@pytest.fixture
def with_cards(tmp_path: Path) -> Iterator[Village]:
    group = Village(tmp_path, SECRETS)
    yield group
    group.close()


def restore(officer: Officer, person: bytes) -> None:
    """Begin with the officers anew on this phone, by the first and the third card."""
    about = (officer.group_id, officer.key, person)
    first, third = (sign_restoration(card_keys(SECRETS[at]), *about) for at in (0, 2))
    batch = officer.node.batch(officer.group_id, NOW_MS)
    batch.append((), (), (OfficersRestored(person, "New phone", 1, first, 3, third),))
    batch.commit()


def findings(node: Node) -> dict[str, str]:
    found = views.findings(node, GroupRequest(), NOW_MS).body["findings"]
    return {one["code"]: one["sentence"] for one in found}


def test_a_forked_phone_is_named_until_it_is_answered(story: Story) -> None:
    with story.node("juma") as juma:
        told = findings(juma)["phone_forked"]
        assert told.startswith("“Asha's phone” wrote two different entries under its number 5.")
        for answer in ("--restored", "--copied"):
            assert f'mkutano forks {answer} "Asha\'s phone"' in told
        judge(juma, JudgeRequest(phone="Asha's phone", verdict="restored"), NOW_MS)
        assert "phone_forked" not in findings(juma)
    with story.node("asha") as asha:
        assert {"this_phone_forked", "this_phone_unproven"} & findings(asha).keys()


def test_a_restoration_by_cards_is_shown_and_an_officer_objects(
    with_cards: Village, tmp_path: Path
) -> None:
    secretary, _, chairperson = with_cards.officers
    node = Node.create(tmp_path / "thief", "New phone")
    node.join(secretary.group_id, "Umoja")
    thief = Officer(node, secretary.group_id)
    hand_over(thief, secretary, by_cards=True)
    restore(thief, b"thief".ljust(16, b"."))
    hand_over(thief, chairperson, by_cards=True)
    told = chairperson.findings()
    assert "Two paper cards made “New phone” the officers' phone" in told["officers_restored"]
    assert told["this_phone_displaced"].startswith(
        "Two paper cards made “New phone” the officers' phone, and stopped this one."
    )
    code = told["officers_restored"].partition("--object ")[2][:10]
    with pytest.raises(CommandRefused, match="Two paper cards made “New phone”"):
        chairperson.record("fine", member="Amina", code="late")
    with pytest.raises(CommandRefused, match="what this phone decides is not heard"):
        chairperson.suspend("treasurer")
    assert chairperson.object_to(code).startswith("“New phone” is not let in by the two cards.")
    told = chairperson.findings()
    assert "an officer is against it" in told["restoration_opposed"]
    assert "this_phone_displaced" not in told
    assert chairperson.state_of(secretary) == "active"
    chairperson.record("fine", member="Amina", code="late")
    node.close()


def test_a_close_that_others_signed_is_told_of_beside_a_suspension(village: Village) -> None:
    secretary, treasurer, chairperson = village.officers
    treasurer.record("contribution", member="Amina", amount="300")
    treasurer.record("close", anyway=True)
    hand_over(treasurer, chairperson)
    page = chairperson.at.group.book.meetings.find((1, 1))
    assert page is not None
    chairperson.agree(page.closes[0])
    secretary.suspend("treasurer")  # who knows nothing of all that
    hand_over(secretary, chairperson)
    told = secretary.findings()["suspension_reaches_back"]
    assert told.startswith(
        "“Secretary's phone” suspended “Asha's phone” without knowing of a close"
    )
    assert secretary.cash() == 30_000


def test_a_phone_that_runs_tells_each_matter_once(village: Village) -> None:
    secretary, treasurer, chairperson = village.officers
    news = CouncilNews()
    assert news.fresh(chairperson.node) == []
    secretary.suspend("treasurer")
    hand_over(secretary, chairperson)
    (line,) = news.fresh(chairperson.node)
    assert line.startswith("“Asha's phone” of Baraka (treasurer) is suspended by")
    assert news.fresh(chairperson.node) == []
    code = secretary.propose("revoke", phones=("treasurer",))["receipt"]
    hand_over(secretary, chairperson)
    (line,) = news.fresh(chairperson.node)
    assert f"mkutano approve {code}" in line
    chairperson.agree(code)
    (line,) = news.fresh(chairperson.node)
    assert line.startswith("Enough officers agreed to revoke “Asha's phone”")
    refused = Refusal(secretary.key.hex()[:16], "peer_suspended", "", NOW_MS)
    assert news.fresh(treasurer.node, (refused, refused)) == [REFUSED["peer_suspended"]]
    assert news.fresh(treasurer.node, (refused,)) == []
    assert council_news.CouncilNews().fresh(secretary.node) == []


def test_a_refusal_is_told_in_words(village: Village) -> None:
    secretary, treasurer, _ = village.officers
    secretary.suspend("treasurer")
    codes = hand_over(secretary, treasurer)
    assert codes
    for code in codes:
        assert why_refused(code, "") == REFUSED[code]
    assert why_refused("bad_bundle", "a dependency points forward").startswith("a dependency")


def test_nobody_is_nameless(village: Village) -> None:
    secretary, treasurer, chairperson = village.officers
    names = Names(secretary.at.group)
    told = {names.person(one) for one in secretary.at.group.roster.officers}
    assert told == {"the secretary", "Baraka (treasurer)", "the chairperson"}
    assert names.person(b"?" * 16) == "somebody"
    assert names.label(b"\x01" * 32) == "01010101"
    assert names.typed(treasurer.key) == '"Asha\'s phone"'
    assert names.typed(chairperson.key) == '"Chair\'s phone"'
