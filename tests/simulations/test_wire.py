"""Real phones and a relay on a wire that does everything wrong: the short play, and how it ends.

It is played by the real command in a process of its own. A machine that lets nobody make networks
leaves these tests out; that is no failure, in CI neither, and the reason says what is missing.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simulations.phones import wait_until
from simulations.wire.__main__ import LEFT_OUT
from simulations.wire.place import hindrance
from simulations.wire.playing import ALL_SCENES

PLAY_S_MAX = 280
WAIT_S = 60
SHORT = [scene.name for scene in ALL_SCENES if scene.in_short]
COMMAND = (sys.executable, "-m", "simulations.wire", "--seed", "1")


@pytest.fixture(scope="module")
def reason() -> str:
    return hindrance()


@pytest.fixture(scope="module")
def played(reason: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    if reason:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("wire")
    done = subprocess.run(
        [*COMMAND, "--short", "--json"],
        capture_output=True,
        env={**os.environ, "TMPDIR": str(folder)},
        timeout=PLAY_S_MAX,
    )
    assert done.stdout, done.stderr.decode()
    scenes = {one["scene"]: one for one in json.loads(done.stdout)["scenes"]}
    assert processes_of(folder) == [], "everything is torn down"
    assert list(folder.iterdir()) == []
    return scenes


@pytest.mark.parametrize("name", SHORT)
def test_on_a_hostile_wire(played: dict[str, Any], name: str) -> None:
    assert played[name]["ok"], played[name]["said"]


def test_the_wire_was_hostile(played: dict[str, Any]) -> None:
    faults: set[str] = set()
    for one in played.values():
        faults |= one["faults"].keys()
    wanted = {"lost", "delayed", "duplicated", "held back", "flipped", "forged", "cut"}
    assert wanted | {"multicast dropped"} <= faults


def test_phones_end_with_a_player_that_is_killed(reason: str, tmp_path: Path) -> None:
    """Namespaces end with their last process: there is nothing else to take down."""
    if reason:
        pytest.skip(reason)
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv of util-linux is not here: programs are on no leash")
    playing = subprocess.Popen(
        [*COMMAND, "--scene", "storm", "--minutes", "10", "--json"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
    )
    try:
        started = wait_until(lambda: len(list(tmp_path.glob("*/*.address"))) == 3, WAIT_S)
        assert started
        assert processes_of(tmp_path)
    finally:
        playing.send_signal(signal.SIGKILL)
        playing.wait()
    assert wait_until(lambda: not processes_of(tmp_path), WAIT_S)


def test_where_nothing_can_be_made_it_is_left_out_in_words(tmp_path: Path) -> None:
    """The same command without the right to make networks."""
    if os.geteuid() == 0:
        drop = shutil.which("setpriv")
        if drop is None:
            pytest.skip("setpriv of util-linux is not here: root can't give up its rights")
        command = [drop, "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin", *COMMAND]
    elif hindrance():
        command = [*COMMAND]
    else:
        pytest.skip("this user may make networks")
    done = subprocess.run([*command], capture_output=True, text=True, timeout=WAIT_S)
    assert done.returncode == LEFT_OUT, done.stderr
    assert done.stdout.startswith("Left out: ")
    assert "namespaces" in done.stdout


def processes_of(folder: Path) -> list[str]:
    """Command lines of living processes that name a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if str(folder) in line:
            found.append(line)
    return found
