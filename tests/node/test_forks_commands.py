"""`mkutano forks`: what happened, in words; the answers; proofs that travel."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from node import fork_views
from node.answers import GroupRequest
from node.cli import main
from node.errors import CommandRefused
from node.fork_views import GoOnRequest, JudgeRequest, ProofRequest
from node.marker import STATE_VARIABLE
from node.node import Node
from node.verify import verify
from tests.node.phones import NOW_MS, add_member, enrolled, founded, sync
from tests.node.test_rejudging import decide, lost


class Story:
    """Asha's home was copied, and both wrote; Juma's phone knows both branches."""

    def __init__(self, path: Path) -> None:
        self.path = path
        asha, self.group = founded(path / "asha", "Asha's phone")
        juma = enrolled(path / "juma", asha, self.group, "Juma's phone")
        asha.close()
        for name in ("copy", "old"):
            shutil.copytree(path / "asha", path / name)
        with Node.open(path / "asha") as asha, juma:
            add_member(asha, self.group, 1)
            sync(asha, juma, self.group)
            with Node.open(path / "copy") as copy:
                fork_views.go_on(copy, GoOnRequest(because="anyway"), NOW_MS)
                add_member(copy, self.group, 2)
                sync(copy, juma, self.group)
            sync(asha, juma, self.group)
            self.device = asha.device

    def node(self, name: str) -> Node:
        return Node.open(self.path / name)


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Story:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    return Story(tmp_path)


class Screen:
    """The command line of one home."""

    def __init__(self, capsys: pytest.CaptureFixture[str], home: Path) -> None:
        self._capsys, self._home = capsys, home

    def __call__(self, *words: str) -> tuple[int, str]:
        """Exit code, and what was said."""
        with pytest.raises(SystemExit) as done:
            main(["--home", str(self._home), *words])
        told = self._capsys.readouterr()
        return int(done.value.code or 0), told.out + told.err

    def facts(self, *words: str) -> dict[str, Any]:
        code, told = self(*words, "--json")
        assert code == 0, told
        answer: dict[str, Any] = json.loads(told)
        return answer


def test_a_fork_is_told_answered_and_told_again(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    juma = Screen(capsys, story.path / "juma")
    code, told = juma("forks")
    assert code == 0
    assert told.startswith("“Asha's phone”")
    assert "wrote two different entries number 5. Either it was restored from a backup, " in told
    assert told.count("the new member") == 2
    (fork,) = juma.facts("forks")["forks"]
    assert (fork["n"], fork["state"], len(fork["branches"])) == (5, "paused", 2)
    code, told = juma("forks", "--restored", "Asha's phone")
    assert code == 0
    assert told.startswith("You said that “Asha's phone” is one phone that was restored.")
    assert juma.facts("forks")["forks"][0]["state"] == "answered"
    assert juma("forks", "--restored", "Asha")[0] == 1
    with story.node("juma") as node:
        assert verify(node)[0].differences == ()


def test_copied_stops_the_phone_and_says_what_next(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    juma = Screen(capsys, story.path / "juma")
    told = juma.facts("forks", "--copied", "Asha")["sentence"]
    assert "it is suspended" in told
    assert 'mkutano propose revoke "Asha\'s phone"' in told
    (fork,) = juma.facts("forks")["forks"]
    assert fork["state"] == "suspended"
    assert juma("forks", "--copied", "Asha")[0] == 1


def test_the_forked_phone_may_not_answer_for_itself(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        story.node("copy") as node,
        story.node("juma") as juma,
    ):
        sync(node, juma, story.group)
        asked = JudgeRequest(phone="Asha's phone", verdict="restored")
        with pytest.raises(CommandRefused) as refusal:
            fork_views.judge(node, asked, NOW_MS)
        assert refusal.value.code == "own_fork"
        shown = fork_views.listed(node, GroupRequest(), NOW_MS).body["this_phone"]
        assert shown["is_paused"]
        assert "Until another officer answers" in shown["sentence"]
        decide(node, story.group, lost(juma))


def test_a_proof_travels_as_text(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    juma = Screen(capsys, story.path / "juma")
    file = story.path / "proof.json"
    assert juma("forks", "--proof", str(file))[0] == 0
    assert juma("forks", "--proof", str(file))[0] == 1  # never over another file
    stranger = Screen(capsys, story.path / "stranger")
    Node.create(story.path / "stranger", "A stranger's phone").close()
    code, told = stranger("forks", "--check", str(file), "--of", story.group.hex())
    assert code == 0
    shown = f"Proved: The phone {story.device.hex()[:8]} signed two different entries number 5."
    assert told.strip() == shown
    assert stranger("forks", "--check", str(file), "--of", "0" * 64)[0] == 1
    content = json.loads(file.read_text("utf-8"))
    for broken in (
        {**content, "format": "x"},
        {**content, "proofs": []},
        {**content, "proofs": content["proofs"] * 17},
        {**content, "proofs": [{"proof": 7}]},
        {**content, "proofs": [{"proof": "####"}]},
        {**content, "proofs": [{"proof": "AAAA"}]},
        [1],
    ):
        file.write_text(json.dumps(broken), "utf-8")
        code, told = juma("forks", "--check", str(file))
        assert code == 1
        assert "Traceback" not in told
    file.write_bytes(b"\xff\x00{" * 100)
    assert juma("forks", "--check", str(file))[0] == 1
    assert juma("forks", "--check", str(story.path / "nowhere"))[0] == 1


def test_a_restored_phone_is_told_what_to_do(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    old = Screen(capsys, story.path / "old")
    code, told = old("forks")
    assert code == 0
    assert "restored from an older copy: the copy ends with this phone's change 4, and it" in told
    code, told = old("record", "member", "--name", "Amina", "--date", "2026-01-05")
    assert code == 1
    assert told.startswith("Nothing was recorded. This phone's books were restored")
    assert old("forks", "--moved")[0] == 1
    code, told = old("forks", "--anyway", "--yes")
    assert code == 0
    assert told.startswith("This phone records again, from its entry number 5 on.")
    assert old("forks", "--anyway", "--yes")[0] == 1
    assert old("forks", "--anyway", "--moved")[0] == 2
    code, told = old("forks")
    assert told.startswith("This phone once had its entry number 5")


def test_there_may_be_nothing_to_tell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    node, _ = founded(tmp_path / "s")
    with node, pytest.raises(CommandRefused):
        fork_views.prove(node, ProofRequest(), NOW_MS)
    told = "No phone of this group wrote two different entries under one number.\n"
    assert Screen(capsys, tmp_path / "s")("forks") == (0, told)
