"""Officers decide about phones: a phone is lost, stopped, shut out and replaced; every sentence."""

from pathlib import Path
from typing import Any

import pytest

from node import council_actions
from node.council_actions import OneProposalRequest, ProposeRequest
from node.errors import CommandRefused
from node.names import Names
from node.node import Node
from node.phones import person, phone
from node.ratifying import SuspenseRequest, suspense
from node.records import ImportRequest, take_over
from node.status import status
from replication.control import DeviceEnrolled, DeviceSuspended, VoteCast
from replication.council import REPEATS_MAX
from tests.node.officers import Officer, Village, hand_over, village
from tests.node.phones import NOW_MS

__all__ = ["village"]


def test_the_story_of_a_lost_phone(village: Village, tmp_path: Path) -> None:
    secretary, treasurer, chairperson = village.officers
    treasurer.record("contribution", member="Amina", amount="300")
    said = secretary.suspend("treasurer")
    assert said == (
        "“Asha's phone” of Baraka (treasurer) is suspended now. It is given nothing more. What "
        "this phone knew of it counts; everything else that it wrote or will write waits until "
        "officers ratify it. Nothing of it waits so far. If it is lost for good: mkutano propose "
        "revoke \"Asha's phone\" (and invite the owner's new phone). If it turns up: mkutano "
        'suspend --lift "Asha\'s phone"'
    )
    # Whoever has the phone meets the secretary's: what it wrote is kept, and does not count.
    assert "peer_suspended" in hand_over(secretary, treasurer)
    assert secretary.cash() == 0
    assert secretary.phones()["Asha's phone"]["in_suspense"] == 1
    hand_over(secretary, chairperson)
    told = chairperson.findings()
    assert told["phone_suspended"].startswith(
        "“Asha's phone” of Baraka (treasurer) is suspended by “Secretary's phone” (lost)."
    )
    assert "1 entry of the treasurer's phone" in told["stopped_device"]
    # The officers shut it out.
    asked = secretary.propose("revoke", phones=("Asha",), reason="lost")
    code = asked["receipt"]
    assert asked["sentence"] == (
        "You ask the officers to revoke “Asha's phone” of Baraka (treasurer) for good (lost). One "
        f"more officer must agree (the chairperson), on their own phone: mkutano approve {code}"
    )
    hand_over(secretary, chairperson)
    assert f"If you agree: mkutano approve {code}" in chairperson.findings()["proposal_waits"]
    assert "phone_suspended" in chairperson.findings()
    assert chairperson.agree(code.lower()).endswith(
        "Enough officers agree: it holds now. No phone takes anything from “Asha's phone” any "
        "more. What it wrote before is judged with: mkutano ratify"
    )
    hand_over(secretary, chairperson)
    assert secretary.state_of(treasurer) == "revoked"
    assert "peer_revoked" in hand_over(secretary, treasurer)
    # A new phone for the same person, and the money of the old one.
    fresh = _new_phone(village, tmp_path)
    assert secretary.state_of(fresh) == "active"
    (row,) = suspense(fresh.node, SuspenseRequest(), NOW_MS).body["phones"]
    (entry,) = row["entries"]
    wanted = secretary.ratify(entries=(entry["receipt"],))
    assert wanted["sentence"] == (
        "You say that 1 entry of “Asha's phone” of Baraka (treasurer) (KES 300.00 received) "
        f"should count. It counts when one more officer agrees: mkutano approve "
        f"{wanted['receipt']}"
    )
    hand_over(secretary, fresh)
    fresh.agree(wanted["receipt"])
    hand_over(secretary, fresh)
    hand_over(secretary, chairperson)
    for one in (secretary, chairperson, fresh):
        assert one.cash() == 30_000
        assert not {"stopped_device", "phone_suspended", "proposal_waits"} & set(one.findings())
    digests = {one.at.group.book.digest() for one in (secretary, chairperson, fresh)}
    assert len(digests) == 1
    fresh.node.close()


def _new_phone(village: Village, path: Path) -> Officer:
    """The treasurer's new phone, asked for by the secretary and agreed to by the chairperson."""
    secretary, _treasurer, chairperson = village.officers
    node = Node.create(path / "new", "Asha's new phone")
    person = b"treasurer".ljust(16, b".")
    record = DeviceEnrolled(node.device, person, "write", "Asha's new phone")
    step = secretary.node.enrol(secretary.group_id, record, NOW_MS)
    assert secretary.at.group.roster.devices.get(node.device) is None
    hand_over(secretary, chairperson)
    (waiting,) = [
        one
        for one in _proposals(chairperson)
        if one["state"] == "open" and one["change"].startswith(step.receipts[0].hex()[:32])
    ]
    assert waiting["what"] == [
        "let in “Asha's new phone”, a phone of Baraka (treasurer), which records"
    ]
    assert "“Asha's new phone” is in." in chairperson.agree(waiting["code"])
    hand_over(secretary, chairperson)
    node.join(secretary.group_id, "Umoja")
    fresh = Officer(node, secretary.group_id)
    hand_over(secretary, fresh)
    return fresh


def _proposals(officer: Officer) -> list[dict[str, Any]]:
    body = council_actions.every(officer.node, OneProposalRequest(), NOW_MS).body
    return list(body["proposals"])


def test_who_suspended_lifts_alone_and_others_ask(village: Village) -> None:
    secretary, _treasurer, chairperson = village.officers
    assert {one.label for one in status(secretary.at.group).holders} >= {"Asha's phone"}
    secretary.suspend("treasurer", reason="not seen since Friday")
    # What only a lost phone holds is on no other phone.
    assert {one.label for one in status(secretary.at.group).holders} == {"Chair's phone"}
    with pytest.raises(CommandRefused, match="suspended already, by “Secretary's phone”"):
        secretary.suspend("treasurer")
    hand_over(secretary, chairperson)
    asked = chairperson.lift("Asha's phone")
    assert asked["sentence"].startswith(
        "You ask the officers to lift the suspension of “Asha's phone” of Baraka (treasurer). One "
        "more officer must agree (the secretary), on their own phone: mkutano approve "
    )
    with pytest.raises(CommandRefused, match="proposed already by the chairperson"):
        chairperson.lift("treasurer")
    assert secretary.lift("treasurer")["sentence"] == (
        "The suspension of “Asha's phone” of Baraka (treasurer) is lifted. What it wrote counts "
        "again."
    )
    with pytest.raises(CommandRefused, match="is not suspended"):
        secretary.lift("treasurer")
    village.meet()
    # What the chairperson asked for is so already: nobody is bothered with it.
    for officer in village.officers:
        assert "proposal_waits" not in officer.findings()
    assert {one["state"] for one in _proposals(chairperson)} == {"settled"}


def test_who_suspended_a_phone_too_often_is_told_what_to_do_instead(village: Village) -> None:
    secretary, treasurer, chairperson = village.officers
    for _ in range(REPEATS_MAX):
        secretary.suspend("treasurer")
        assert secretary.state_of(treasurer) == "suspended"
        secretary.lift("treasurer")
    before = secretary.at.group.replica.own_tip
    with pytest.raises(CommandRefused) as refused:
        secretary.suspend("treasurer")
    assert refused.value.code == "suspended_often"
    assert str(refused.value) == (
        "This phone has suspended “Asha's phone” 8 times, and once more would not be followed. "
        "Let another officer suspend it on their own phone, or ask the officers to shut it out: "
        'mkutano propose revoke "Asha\'s phone"'
    )
    assert secretary.at.group.replica.own_tip == before  # nothing was signed
    # Both ways out that it names lead out; of another phone it may still say it.
    village.meet()
    chairperson.suspend("treasurer")
    assert chairperson.state_of(treasurer) == "suspended"
    secretary.suspend("chairperson")
    assert secretary.state_of(chairperson) == "suspended"


def test_two_officers_lift_what_a_third_ordered(village: Village) -> None:
    secretary, treasurer, chairperson = village.officers
    treasurer.record("contribution", member="Amina", amount="300")
    chairperson.suspend("Asha's phone")
    hand_over(secretary, chairperson)
    hand_over(secretary, treasurer)
    assert secretary.cash() == 0
    code = secretary.lift("Asha")["receipt"]
    hand_over(secretary, chairperson)
    chairperson.agree(code)
    village.meet()
    village.meet()
    for officer in village.officers:
        assert officer.state_of(treasurer) == "active"
        assert officer.cash() == 30_000


def test_what_would_stop_the_group_is_refused(village: Village, tmp_path: Path) -> None:
    secretary, _treasurer, chairperson = village.officers
    with pytest.raises(CommandRefused, match="this very phone"):
        secretary.suspend("Secretary's phone")
    assert secretary.state_of(secretary) == "active"
    secretary.suspend("chairperson")
    secretary.suspend("treasurer")
    with pytest.raises(CommandRefused, match="no other phone of the group records"):
        secretary.suspend("secretary", anyway=True)
    # With two phones stopped, nobody else can be heard: the screen says so.
    asked = secretary.propose("revoke", phones=("treasurer",), suspended="keep")
    assert "and nobody is left whose phone is heard" in asked["sentence"]
    hand_over(secretary, chairperson)


def test_the_last_two_officers_stay_two(village: Village) -> None:
    secretary, _treasurer, chairperson = village.officers
    code = secretary.propose("revoke", phones=("treasurer",))["receipt"]
    hand_over(secretary, chairperson)
    chairperson.agree(code)
    with pytest.raises(CommandRefused, match="fewer than two officers") as refused:
        chairperson.propose("revoke", phones=("secretary",))
    assert "Let in the new phone first, with “mkutano invite”" in str(refused.value)
    with pytest.raises(CommandRefused, match="fewer than two officers"):
        chairperson.propose("enrol", phones=("secretary",), right="read")
    with pytest.raises(CommandRefused, match="was revoked already"):
        chairperson.propose("revoke", phones=("treasurer",))


def test_a_revocation_asks_what_becomes_of_those_whom_the_phone_suspended(
    village: Village,
) -> None:
    secretary, treasurer, _ = village.officers
    treasurer.suspend("chairperson", reason="spite")
    hand_over(secretary, treasurer)
    with pytest.raises(CommandRefused, match="has suspended “Chair's phone” of the chairperson"):
        secretary.propose("revoke", phones=("treasurer",))
    tried = secretary.propose("revoke", phones=("treasurer",), suspended="lift", dry_run=True)
    assert tried["others_needed"] == 1
    assert tried["what"] == [
        "revoke “Asha's phone” of Baraka (treasurer) for good",
        "lift the suspension of “Chair's phone” of the chairperson",
    ]
    kept = secretary.propose("revoke", phones=("treasurer",), suspended="keep", dry_run=True)
    assert len(kept["what"]) == 1
    asked = secretary.propose("revoke", phones=("treasurer",), suspended="lift")
    # There are no cards, so the rogue's suspension does not silence who decides about the rogue.
    assert "only the chairperson would be heard, on a phone that is stopped" in asked["sentence"]
    assert secretary.state_of(treasurer) == "active"
    assert secretary.lift("chairperson")["proposal"]["missing_people"] == ["Baraka (treasurer)"]


def test_two_officers_who_stop_each_other_are_both_shown(village: Village) -> None:
    secretary, treasurer, chairperson = village.officers
    secretary.suspend("treasurer")
    treasurer.suspend("secretary")
    hand_over(chairperson, secretary)
    hand_over(chairperson, treasurer)
    told = chairperson.findings()
    assert (
        "The other officers decide which of the phones they trust." in told["suspension_contested"]
    )
    asked = chairperson.propose("revoke", phones=("treasurer",), suspended="lift")
    assert "only the secretary would be heard, on a phone that is stopped" in asked["sentence"]


def test_a_stopped_phone_says_what_becomes_of_what_it_records(
    village: Village, tmp_path: Path
) -> None:
    _secretary, treasurer, _chairperson = village.officers
    batch = treasurer.node.batch(treasurer.group_id, NOW_MS)
    batch.append((), (), (DeviceSuspended(treasurer.key, "mislaid"),))
    batch.commit()
    with pytest.raises(CommandRefused) as refused:
        treasurer.record("contribution", member="Amina", amount="300")
    assert refused.value.code == "stopped"
    assert str(refused.value) == (
        "This phone is suspended by “Asha's phone” (mislaid). What it records now is kept, but "
        "waits in suspense until officers ratify it, and no other phone gets it before this one "
        "meets it. Record it on another officer's phone. Nothing was recorded. If there is no "
        "other phone now, record it here with --anyway."
    )
    assert "this_phone_suspended" in treasurer.findings()
    with pytest.raises(CommandRefused, match="what it decides is not heard"):
        treasurer.propose("quorum", officers=3)
    with pytest.raises(CommandRefused, match="what it decides is not heard"):
        treasurer.suspend("secretary")
    sheet = ImportRequest(path=str(tmp_path / "sheet.csv"))
    with pytest.raises(CommandRefused, match="waits in suspense until officers ratify it"):
        take_over(treasurer.node, sheet, NOW_MS)
    treasurer.record("contribution", member="Amina", amount="300", anyway=True)
    assert treasurer.cash() == 0


def test_nobody_agrees_to_stop_the_phone_in_the_hand(village: Village) -> None:
    secretary, treasurer, _chairperson = village.officers
    code = secretary.propose("revoke", phones=("treasurer",))["receipt"]
    village.meet()
    with pytest.raises(CommandRefused, match="a word from it does not count"):
        treasurer.agree(code)


def test_words_on_a_proposal_that_make_no_sense_are_refused(village: Village) -> None:
    secretary, treasurer, chairperson = village.officers
    asked = secretary.propose("quorum", officers=3)
    code = asked["receipt"]
    with pytest.raises(CommandRefused, match="You have proposed that already"):
        secretary.propose("quorum", officers=3)
    with pytest.raises(CommandRefused, match="You have agreed to that already"):
        secretary.agree(code)
    with pytest.raises(CommandRefused, match="No proposal has the code"):
        secretary.object_to("0123456789")
    village.meet()
    assert treasurer.object_to(code).startswith("Everybody sees that you are against it.")
    with pytest.raises(CommandRefused, match="You have said no to that already"):
        treasurer.object_to(code)
    village.meet()
    (row,) = _proposals(chairperson)
    assert (row["against"], row["missing"]) == (["Baraka (treasurer)"], 1)
    assert chairperson.agree(code).endswith("Enough officers agree: it holds now.")
    with pytest.raises(CommandRefused, match="That was decided already"):
        chairperson.agree(code)
    assert chairperson.at.group.roster.votes_needed == 3
    for wrong, why in ((1, "2 at least"), (4, "3 at most"), (3, "3 officers decide already")):
        with pytest.raises(CommandRefused, match=why):
            chairperson.propose("quorum", officers=wrong)


def test_a_proposal_that_too_few_can_still_want_bothers_nobody(village: Village) -> None:
    secretary, treasurer, chairperson = village.officers
    code = secretary.propose("enrol", phones=("treasurer",), right="read")["receipt"]
    village.meet()
    treasurer.object_to(code)
    chairperson.object_to(code)
    village.meet()
    village.meet()
    (row,) = _proposals(secretary)
    assert row["state"] == "declined"
    assert "proposal_waits" not in secretary.findings()
    chairperson.agree(code)  # minds change
    assert chairperson.at.group.roster.devices[treasurer.key].right == "read"


def test_phones_are_named_as_they_are_seen(village: Village) -> None:
    secretary, treasurer, _chairperson = village.officers
    group = secretary.at.group
    for said in ("treasurer", "Asha's phone", "asha's PHONE", "Baraka", "2", "asha",
                 treasurer.key.hex()[:8]):  # fmt: skip
        assert phone(group, said).key == treasurer.key, said
    with pytest.raises(CommandRefused, match="No phone of this group is called “Zawadi”"):
        phone(group, "Zawadi")
    assert person(group, "chairperson") == b"chairperson".ljust(16, b".")
    assert person(group, "Baraka") == b"treasurer".ljust(16, b".")
    with pytest.raises(CommandRefused, match="Amina has no phone in this group"):
        person(group, "Amina")


def test_phones_of_one_name_are_told_apart(village: Village, tmp_path: Path) -> None:
    secretary, treasurer, chairperson = village.officers
    node = Node.create(tmp_path / "twin", "Asha's phone")
    record = DeviceEnrolled(node.device, b"twin" * 4, "read", "Asha's phone\u202e\x1b[2J")
    secretary.node.enrol(secretary.group_id, record, NOW_MS)
    other = DeviceEnrolled(bytes([8]) * 32, b"twin" * 4, "read", "Asha's phone")
    secretary.node.enrol(secretary.group_id, other, NOW_MS)
    hand_over(secretary, chairperson)
    for row in _proposals(chairperson):
        chairperson.agree(str(row["code"]))
    group = chairperson.at.group
    with pytest.raises(CommandRefused, match="Which phone") as refused:
        phone(group, "Asha's phone")
    for key in (treasurer.key, bytes([8]) * 32):
        assert key.hex()[:8] in str(refused.value)
    names = Names(group)
    assert names.phone(treasurer.key) == f"“Asha's phone” ({treasurer.key.hex()[:8]})"
    assert names.typed(treasurer.key) == treasurer.key.hex()[:8]
    assert all(letter.isprintable() for letter in names.phone(node.device))
    node.close()


def test_votes_and_stops_by_strangers_say_nothing(village: Village, tmp_path: Path) -> None:
    """A reader's phone can propose nothing, and is told so before anything is signed."""
    secretary, _treasurer, chairperson = village.officers
    node = Node.create(tmp_path / "reader", "NGO")
    record = DeviceEnrolled(node.device, b"reader" + b"." * 10, "read", "NGO")
    code = secretary.node.enrol(secretary.group_id, record, NOW_MS)
    hand_over(secretary, chairperson)
    (row,) = _proposals(chairperson)
    chairperson.agree(str(row["code"]))
    hand_over(secretary, chairperson)
    node.join(secretary.group_id, "Umoja")
    reader = Officer(node, secretary.group_id)
    hand_over(secretary, reader)
    with pytest.raises(CommandRefused, match="may read this group's books, but not write"):
        reader.suspend("secretary")
    with pytest.raises(CommandRefused, match="may read this group's books, but not write"):
        reader.propose("quorum", officers=3)
    assert reader.phones()["NGO"]["this_phone"]
    assert code.receipts
    node.close()


def test_a_flood_of_proposals_is_bounded_on_the_screen(village: Village) -> None:
    secretary, treasurer, _chairperson = village.officers
    for number in range(30):
        record = DeviceEnrolled(bytes([number]) * 32, bytes([number]) * 16, "write", f"P{number}")
        treasurer.node.enrol(treasurer.group_id, record, NOW_MS)
    hand_over(secretary, treasurer)
    told = [one for one in _watched(secretary) if one.startswith("proposal_waits")]
    assert len(told) == 21
    assert "10 more proposals wait" in secretary.findings()["proposal_waits"]


def _watched(officer: Officer) -> list[str]:
    from node.council_watch import watched

    return [f"{one.code} {one.about}" for one in watched(officer.at.group)]


def test_a_vote_on_nothing_and_a_flood_of_votes_break_nothing(village: Village) -> None:
    secretary, treasurer, _ = village.officers
    batch = treasurer.node.batch(treasurer.group_id, NOW_MS)
    for number in range(40):
        batch.append((), (), (VoteCast(bytes([number]) * 32, approve=True),))
    batch.commit()
    hand_over(secretary, treasurer)
    assert _proposals(secretary) == []


def test_a_dry_run_signs_nothing(village: Village) -> None:
    secretary = village.secretary
    before = secretary.at.group.replica.heads
    asked = ProposeRequest(kind="revoke", phones=("treasurer",), dry_run=True)
    council_actions.propose(secretary.node, asked, NOW_MS)
    assert secretary.at.group.replica.heads == before
