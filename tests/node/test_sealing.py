"""Seals at real phones: closed on one, reckoned again and signed on another, checked for ever."""

import json
import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from model import events as e
from model.closing import state_of
from model.findings import list_findings
from model.journal import entry_page
from model.pages import ClosingPage, MeetingPage
from model.reducer import REDUCER_VERSION, fold
from node import commands, deciding, governing, seal_check, seal_views, sealing
from node.cli import main
from node.cli_seal import _status
from node.entries import fold_all
from node.errors import CommandRefused
from node.fork_views import GoOnRequest, go_on
from node.marker import STATE_VARIABLE
from node.node import Node
from node.seal_views import SealRequest, SealsRequest, SignRequest
from replication.motions import Seal
from tests.node.officers import TERMS, Officer, Village, hand_over
from tests.node.phones import NOW_MS, enrolled, founded, sync


@pytest.fixture
def village(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Village:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    return Village(tmp_path)


def meeting(officer: Officer, session: int = 1) -> MeetingPage:
    page = officer.at.group.book.meetings.find((1, session))
    assert page is not None
    return page


def said(officer: Officer, close: str) -> ClosingPage:
    return officer.at.group.book.closings.find(close) or ClosingPage()


def closed(officer: Officer) -> str:
    """The close (hex) of the meeting that is open."""
    return commands.close_meeting(officer.at).entries[0].hex()


def sign(officer: Officer, **which: object) -> str:
    shown = seal_views.to_sign(officer.node, SealRequest(**which), NOW_MS).body  # type: ignore[arg-type]
    asked = SignRequest(close=shown["id"])
    return str(seal_views.sign(officer.node, asked, NOW_MS).body["sentence"])


def test_a_meeting_is_closed_on_one_phone_and_sealed_on_another(village: Village) -> None:
    commands.buy_shares(village.secretary.at, "Amina", "300")
    village.treasurer.record("count", amount="300", moment="close")
    village.meet()
    told = commands.close_meeting(village.secretary.at)
    fingerprint = said(village.secretary, told.entries[0].hex()).fingerprint
    assert told.sentence == (
        "Meeting 1 of cycle 1 is closed. It is sealed when one more officer signs it on his or her "
        f"own phone, with: mkutano seal --sign. Fingerprint to read out: {fingerprint}"
    )
    village.meet()
    shown = seal_views.to_sign(village.treasurer.node, SealRequest(), NOW_MS).body
    assert (shown["agrees"], shown["fingerprint"]) == (True, fingerprint)
    figures = {row["what"]: row["claimed_minor"] for row in shown["rows"]}
    assert (figures["shares_minor"], figures["box"]) == (30_000, 30_000)
    assert sign(village.treasurer) == (
        f"You signed the close of meeting 1 of cycle 1. It is sealed. Fingerprint: {fingerprint}"
    )
    village.meet()
    for officer in village.officers:
        assert state_of(meeting(officer)) == "sealed"
        assert any(isinstance(act, Seal) for act in officer.at.group.replica.decisions.acts)
    assert len({officer.at.group.book.digest() for officer in village.officers}) == 1


def test_who_closed_does_not_sign_and_nobody_signs_twice(village: Village) -> None:
    with pytest.raises(CommandRefused, match="No closed meeting waits"):
        sealing.to_sign(village.treasurer.at.group)
    close = closed(village.secretary)
    with pytest.raises(CommandRefused, match="You closed this meeting yourself"):
        sealing.to_sign(village.secretary.at.group)
    village.meet()
    sign(village.treasurer)
    with pytest.raises(CommandRefused, match="signed this close already"):
        sealing.to_sign(village.treasurer.at.group, said=close)
    village.meet()
    again = sign(village.chairperson, session=1)
    assert "It is sealed" in again


def test_agreeing_to_a_close_by_its_receipt_signs_it(village: Village) -> None:
    told = commands.close_meeting(village.secretary.at)
    village.meet()
    deciding.approve(village.treasurer.at, told.code)
    assert state_of(meeting(village.treasurer)) == "sealed"
    assert any(isinstance(act, Seal) for act in village.treasurer.at.group.replica.decisions.acts)


def test_entries_that_came_in_between_do_not_stop_the_co_signer(village: Village) -> None:
    """The treasurer recorded apart: in this meeting, in the next, and about the same payment."""
    commands.buy_shares(village.secretary.at, "Amina", "300")
    commands.buy_shares(village.treasurer.at, "Baraka", "200")
    village.treasurer.node.append(
        village.treasurer.group_id, [e.MeetingOpened(1, 2, "2026-01-14")], NOW_MS
    )
    commands.pay_social(village.treasurer.at, "Chebet", "20")
    close = closed(village.secretary)
    village.meet()
    page = said(village.treasurer, close)
    found = seal_check.check(village.treasurer.at.group, close)
    assert found.agrees
    assert found.digest == found.digest_here == page.claimed
    assert "It is sealed" in sign(village.treasurer)
    village.meet()
    for officer in village.officers:
        assert said(officer, close).digest == page.claimed, "it folds first, as it was"
        assert "digest_differs" not in officer.codes_of_the_book()
        assert "late_entry" in officer.codes_of_the_book()


def lying_close(village: Village, **changes: object) -> str:
    """A close by a phone that was tampered with: it says these things."""
    officer = village.secretary
    heads = tuple(e.CoveredTip(*tip) for tip in officer.at.group.replica.tips)
    honest = e.MeetingClosed(1, 1, heads, shares_minor=30_000, reducer_version=REDUCER_VERSION)
    step = officer.node.append(officer.group_id, [replace(honest, **changes)], NOW_MS)
    village.meet()
    return step.receipts[0].hex()


def test_a_close_that_comes_out_otherwise_is_not_signed(village: Village) -> None:
    commands.buy_shares(village.secretary.at, "Amina", "300")
    close = lying_close(village, shares_minor=20_000, journal_digest=bytes(32), reducer_version=99)
    with pytest.raises(CommandRefused) as refused:
        sealing.to_sign(village.treasurer.at.group)
    told = refused.value.sentence
    assert "shares and savings: KES 200.00 at the close, KES 300.00 on this phone" in told
    assert f"by rules 99 of Mkutano, this one by rules {REDUCER_VERSION}" in told
    assert not seal_check.check(village.treasurer.at.group, close).agrees
    body = seal_views.verify(village.treasurer.node, SealRequest(), NOW_MS).body
    assert body["agrees"] is False


def test_a_digest_alone_that_differs_is_refused_too(village: Village) -> None:
    commands.buy_shares(village.secretary.at, "Amina", "300")
    lying_close(village, journal_digest=bytes(32))
    with pytest.raises(CommandRefused, match="every total agrees, but single entries"):
        sealing.to_sign(village.treasurer.at.group)


def test_a_close_that_names_other_heads_than_it_follows_is_pointed_out(village: Village) -> None:
    commands.pay_social(village.treasurer.at, "Chebet", "20")
    village.meet()
    commands.buy_shares(village.secretary.at, "Amina", "300")
    heads = [e.CoveredTip(*tip) for tip in village.secretary.at.group.replica.tips]
    close = lying_close(village, covers=tuple(heads[:-1]))
    for officer in village.officers:
        assert said(officer, close).misnamed
        assert "covers_differ" in officer.codes_of_the_book()
    with pytest.raises(CommandRefused, match="names other entries than its phone really knew"):
        sealing.to_sign(village.treasurer.at.group)


@pytest.mark.parametrize("wrong", ["older", "other"])
def test_heads_that_were_not_the_last_ones_are_pointed_out(village: Village, wrong: str) -> None:
    group = village.secretary.at.group
    early = [e.CoveredTip(*tip) for tip in group.replica.tips]
    commands.buy_shares(village.secretary.at, "Amina", "300")
    now = [e.CoveredTip(*tip) for tip in village.secretary.at.group.replica.tips]
    other = [replace(tip, chain_hash=bytes(32)) for tip in now]
    close = lying_close(village, covers=tuple(early if wrong == "older" else other))
    assert said(village.treasurer, close).misnamed


def test_an_honest_close_names_every_branch_of_a_phone_that_forked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    asha, group = founded(tmp_path / "asha", "Asha's phone")
    juma = enrolled(tmp_path / "juma", asha, group, "Juma's phone")
    asha.append(group, [e.MeetingOpened(1, 1, "2026-01-07")], NOW_MS)
    sync(asha, juma, group)
    asha.close()
    shutil.copytree(tmp_path / "asha", tmp_path / "copy")
    for name, number in (("asha", 1), ("copy", 2)):
        with Node.open(tmp_path / name) as phone:
            if name == "copy":
                go_on(phone, GoOnRequest(because="anyway"), NOW_MS)
            phone.append(group, [e.MemberAdded(number, "2026-01-01")], NOW_MS)
            sync(phone, juma, group)
    heads = [e.CoveredTip(*tip) for tip in commands.covered(juma.group(group).replica.tips)]
    branches = [tip for tip in heads if tip.device == asha.device]
    assert len(branches) == 2
    for session, left_out in enumerate((None, *branches), 1):
        tips = commands.covered(juma.group(group).replica.tips)
        named = [tip for tip in (e.CoveredTip(*one) for one in tips) if tip != left_out]
        event = e.MeetingClosed(1, session, tuple(named))
        close = juma.append(group, [event], NOW_MS).receipts[0]
        page = juma.group(group).book.closings.find(close.hex())
        assert page is not None
        assert page.misnamed == (left_out is not None)
    juma.close()


def test_what_a_restored_phone_writes_changes_no_sealed_meeting(
    village: Village, tmp_path: Path
) -> None:
    """It knows neither close nor signature, and its entries would come before the covered ones."""
    village.treasurer.node.close()
    shutil.copytree(village.treasurer.node.home.path, tmp_path / "copy")
    village.treasurer.node = Node.open(village.treasurer.node.home.path)
    for _ in range(3):
        commands.buy_shares(village.secretary.at, "Amina", "100")
    village.meet()
    close = closed(village.secretary)
    village.meet()
    sign(village.treasurer)
    village.meet()
    before = seal_views.verify(village.chairperson.node, SealRequest(), NOW_MS).body
    copy = Officer(Node.open(tmp_path / "copy"), village.treasurer.group_id)
    go_on(copy.node, GoOnRequest(because="anyway"), NOW_MS)
    member = village.treasurer.at.group.book.members.rows()
    amina = bytes.fromhex(next(name for name, page in member if page.number == 1))
    copy.node.append(copy.group_id, [e.SharePurchased(1, 1, amina, 9, 90_000)], NOW_MS)
    copy.node.append(copy.group_id, [e.MeetingClosed(1, 1, ())], NOW_MS)
    hand_over(copy, village.chairperson)
    village.meet()
    after = seal_views.verify(village.chairperson.node, SealRequest(), NOW_MS).body
    assert after == before
    assert after["closes"][0]["unchanged"] is True
    for officer in village.officers:
        assert meeting(officer).closes == (close,)
        chains = officer.node.store.chains(officer.at.group.row.group_no)
        assert fold(fold_all(chains, chains.everything())).digest() == (
            officer.at.group.book.digest()
        )
    copy.node.close()


def test_reopening_takes_three_and_a_new_seal_has_a_new_fingerprint(village: Village) -> None:
    first = closed(village.secretary)
    village.meet()
    sign(village.treasurer)
    asked = deciding.reopen(village.treasurer.at, "Amina was forgotten")
    village.meet()
    deciding.approve(village.secretary.at, asked.code)
    village.meet()
    assert state_of(meeting(village.secretary)) == "sealed"
    deciding.approve(village.chairperson.at, asked.code)
    village.meet()
    assert state_of(meeting(village.secretary)) == "reopened"
    with pytest.raises(CommandRefused, match="opened again after this close"):
        sealing.to_sign(village.chairperson.at.group, said=first)
    commands.buy_shares(village.secretary.at._replace(meeting=(1, 1)), "Amina", "100")
    second = commands.close_meeting(village.secretary.at._replace(meeting=(1, 1)))
    village.meet()
    assert "It is sealed" in sign(village.treasurer)
    prints = [
        said(village.treasurer, close).fingerprint for close in (first, second.entries[0].hex())
    ]
    assert prints[0] != prints[1]
    told = _status(dict(seal_views.seals(village.treasurer.node, SealsRequest(), NOW_MS).body))
    assert "sealed, after it had been opened again" in told
    assert "Undone when the meeting was opened again" in told
    assert "was_reopened" in village.treasurer.codes_of_the_book()


def test_what_officers_choose_later_leaves_the_seal_as_it_was(village: Village) -> None:
    commands.buy_shares(village.secretary.at, "Amina", "300")
    right = commands.buy_shares(village.treasurer.at, "Amina", "200")
    village.meet()
    closed_over = commands.close_meeting(village.secretary.at._replace(anyway=True))
    village.meet()
    sign(village.treasurer)
    commands.open_meeting(village.treasurer.at, "2026-01-14")
    village.meet()
    asked = deciding.resolve(village.treasurer.at, right.code, "the passbook says so")
    village.meet()
    deciding.approve(village.secretary.at, asked.code)
    village.meet()
    found = seal_check.check(village.secretary.at.group, closed_over.entries[0].hex())
    assert found.agrees
    assert found.unchanged is True
    assert village.secretary.cash() == 20_000
    assert "sealed_corrected" in village.secretary.codes_of_the_book()


def test_a_close_apart_from_another_seal_is_not_signed(village: Village) -> None:
    group = village.treasurer.group_id
    village.treasurer.node.append(group, [e.MeetingOpened(1, 2, "2026-01-14")], NOW_MS)
    apart = commands.close_meeting(village.treasurer.at._replace(meeting=(1, 2)))
    closed(village.secretary)
    hand_over(village.secretary, village.chairperson)
    sign(village.chairperson)
    hand_over(village.treasurer, village.chairperson)
    with pytest.raises(CommandRefused, match="did not know that meeting 1 of cycle 1 is sealed"):
        sealing.to_sign(village.chairperson.at.group, said=apart.code)


def test_a_group_of_one_officer_is_told_what_it_lacks(tmp_path: Path) -> None:
    with Node.create(tmp_path / "phone", "Asha's phone") as node:
        group, _ = commands.found_group(node, "Umoja", "KES", TERMS, NOW_MS)
        at = commands.Context(node, node.group(group), NOW_MS)
        commands.open_meeting(at, "2026-01-07")
        told = commands.close_meeting(at).sentence
        assert "A second officer seals it, and the group has only one so far" in told
        page = node.group(group).book.meetings.find((1, 1))
        assert page is not None
        assert state_of(page) == "closed"


def test_what_a_suspended_phone_signs_seals_nothing(village: Village) -> None:
    closed(village.secretary)
    village.meet()
    village.chairperson.suspend("Asha's phone", reason="lost")
    hand_over(village.chairperson, village.secretary)
    sign(village.treasurer)  # it has not heard of it yet
    village.meet()
    for officer in (village.secretary, village.chairperson):
        assert state_of(meeting(officer)) == "closed"


def test_what_was_in_suspense_at_the_close_is_so_when_it_is_reckoned_again(
    village: Village,
) -> None:
    """The closer's phone had heard of the suspension; the lift comes after the close."""
    commands.buy_shares(village.secretary.at, "Amina", "300")
    village.meet()
    village.secretary.suspend("Asha's phone", reason="lost")
    commands.buy_shares(village.treasurer.at, "Baraka", "200")
    hand_over(village.treasurer, village.secretary)
    close = closed(village.secretary)
    hand_over(village.secretary, village.chairperson)
    assert seal_check.check(village.chairperson.at.group, close).agrees
    assert "It is sealed" in sign(village.chairperson)
    hand_over(village.secretary, village.chairperson)
    village.secretary.lift("Asha's phone")
    village.meet()
    for officer in village.officers:
        found = seal_check.check(officer.at.group, close)
        assert (found.agrees, found.unchanged) == (True, True)
        assert said(officer, close).digest == said(officer, close).claimed
    commands.open_meeting(village.secretary.at, "2026-01-14")
    asked = village.secretary.ratify(phone="Asha's phone", every=True)
    village.meet()
    deciding.approve(village.chairperson.at, asked["receipt"])
    village.meet()
    for officer in village.officers:
        assert officer.cash() == 50_000
        assert seal_check.check(officer.at.group, close).unchanged is True
    village.chairperson.suspend("Secretary's phone", reason="stolen")
    hand_over(village.chairperson, village.treasurer)
    for officer in (village.chairperson, village.treasurer):
        assert state_of(meeting(officer)) == "sealed"
        assert seal_check.check(officer.at.group, close).agrees


def test_a_close_by_one_who_had_not_heard_of_a_stopped_phone_is_not_signed(
    village: Village,
) -> None:
    commands.buy_shares(village.treasurer.at, "Baraka", "200")
    hand_over(village.treasurer, village.secretary)
    village.chairperson.suspend("Asha's phone", reason="lost")
    close = closed(village.secretary)
    hand_over(village.secretary, village.chairperson)
    with pytest.raises(CommandRefused, match="which was stopped, and whoever closed it had not"):
        sealing.to_sign(village.chairperson.at.group, said=close)


class Screen:
    """The command line of one officer's home."""

    def __init__(self, capsys: pytest.CaptureFixture[str], officer: Officer) -> None:
        self._capsys, self._officer = capsys, officer

    def __call__(self, *words: str) -> tuple[int, str]:
        home = self._officer.node.home.path
        self._officer.node.close()
        with pytest.raises(SystemExit) as done:
            main(["--home", str(home), *words])
        printed = self._capsys.readouterr()
        self._officer.node = Node.open(home)
        return int(done.value.code or 0), printed.out + printed.err


def test_the_command_shows_asks_signs_and_checks(
    village: Village, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    commands.buy_shares(village.secretary.at, "Amina", "300")
    screen = Screen(capsys, village.treasurer)
    assert screen("seal") == (
        0,
        "No meeting was closed yet. Close one with: mkutano record close\n",
    )
    close = closed(village.secretary)
    village.meet()
    fingerprint = said(village.treasurer, close).fingerprint
    code, told = screen("seal")
    assert code == 0
    assert told.startswith("Meeting 1 of cycle 1 (2026-01-07): closed, not sealed.\n")
    assert f"{fingerprint}  closed by" in told
    assert "It is sealed when one more officer signs it" in told
    monkeypatch.setattr("click.confirm", lambda _: False)
    code, told = screen("seal", "--sign")
    assert (code, fingerprint in told, "Nothing was signed" in told) == (0, True, True)
    assert "Shares and savings" in told
    assert state_of(meeting(village.treasurer)) == "closed"
    code, told = screen("seal", "--sign", "--json")
    assert (code, "--yes" in told) == (2, True)
    monkeypatch.setattr("click.confirm", lambda _: True)
    code, told = screen("seal", "--sign")
    assert (code, "It is sealed" in told) == (0, True)
    code, told = screen("seal", "--verify")
    assert (code, "agrees with what was signed" in told) == (0, True)
    code, told = screen("seal", "--verify", "--json")
    assert json.loads(told)["agrees"] is True
    assert screen("seal", "--sign")[0] == 1
    assert "sealed." in screen("seal")[1]
    assert f"Fingerprint of its close: {fingerprint}" in screen("proceedings")[1]
    assert screen("seal", "--sign", "--verify")[0] == 2
    assert screen("seal", "--meeting", "7")[0] == 1


def test_a_check_that_fails_says_so_and_ends_in_an_error(
    village: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    commands.buy_shares(village.secretary.at, "Amina", "300")
    lying_close(village, shares_minor=10_000, journal_digest=bytes(32))
    code, told = Screen(capsys, village.treasurer)("seal", "--verify")
    assert code == 1
    assert "Shares and savings" in told
    assert "The journal differs: 0000000000000000" in told


def test_findings_of_the_books_name_the_close_that_waits(village: Village) -> None:
    village.secretary.node.append(
        village.secretary.group_id,
        [replace(e.ConstitutionProposed(_rules(village)), reason="two must sign")],
        NOW_MS,
    )
    book = village.secretary.at.group.book
    (waiting,) = (name for name, kind in book.waiting.rows() if kind == "constitution.proposed")
    village.meet()
    for officer in (village.treasurer, village.chairperson):
        if entry_page(officer.at.group.book, waiting).status == "suspense":
            deciding.approve(officer.at, waiting)
        village.meet()
    closed(village.secretary)
    told = {one.code: one.sentence for one in list_findings(village.secretary.at.group.book)}
    assert "Sign it on another officer's phone with: mkutano seal --sign" in told["not_sealed"]
    assert "among them the treasurer" in told["not_sealed"]


def test_the_rules_name_the_offices_that_sign_in_words(village: Village) -> None:
    at = village.secretary.at
    terms = governing.amended(at, ["seal_offices=Treasurer, chairperson"])
    assert terms.seal_offices == ("treasurer", "chairperson")
    (change,) = [one for one in governing.changed(at, terms) if one.field == "seal_offices"]
    assert (change.label, change.before, change.after) == (
        "which offices must sign the close of a meeting", "no rule", "treasurer and chairperson",
    )  # fmt: skip
    with pytest.raises(CommandRefused, match="is no office"):
        governing.amended(at, ["seal_offices=king"])


def _rules(village: Village) -> e.ConstitutionAdopted:
    page = village.secretary.at.group.book.constitution.find("current")
    assert page is not None
    return replace(page.terms, version=2, seal_offices=("treasurer",))
