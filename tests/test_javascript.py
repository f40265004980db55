"""What we export opens in the JavaScript Automerge, with equal heads and equal events.

Needs npm and `tests/javascript/node_modules` (the Makefile installs it). Where npm is missing the
tests are left out; in CI that is an error.
"""

import json
import os
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import cbor2
import pytest

from replication.history import Admitted
from simulations.bench.histories import grown
from tests.typed_phone import TypedPhone

SCRIPT = Path(__file__).parent / "javascript" / "read.mjs"
INSTALLED = SCRIPT.parent / "node_modules" / "@automerge" / "automerge" / "package.json"


class Seen(NamedTuple):
    """What JavaScript sees in a document."""

    heads: list[str]
    changes: int
    values: dict[str, list[str]]

    def events(self) -> dict[str, list[list[object]]]:
        """By actor; a change's value is an array of its time and its events."""
        return {
            actor: [event for value in values for event in cbor2.loads(bytes.fromhex(value))[1:]]
            for actor, values in self.values.items()
        }


@pytest.fixture(scope="module", autouse=True)
def _javascript() -> None:
    if shutil.which("node") is None or not INSTALLED.exists():
        assert "CI" not in os.environ, "CI must have node and `npm install` in tests/javascript"
        pytest.skip("the JavaScript Automerge is not installed: run `make test` where npm is")


def read_by_javascript(document: Path) -> Seen:
    run = subprocess.run(
        ["node", str(SCRIPT), str(document)], capture_output=True, check=True, timeout=60
    )
    return Seen(**json.loads(run.stdout))


def events_by_actor(changes: list[Admitted]) -> dict[str, list[list[object]]]:
    events: dict[str, list[list[object]]] = defaultdict(list)
    for change, _place in sorted(changes, key=lambda a: a.place.lamport):
        events[change.actor.hex()] += map(cbor2.loads, change.events)
    return dict(events)


def test_the_library_is_the_one_that_we_name() -> None:
    package = json.loads((SCRIPT.parent / "package.json").read_bytes())
    installed = json.loads(INSTALLED.read_bytes())
    assert package["dependencies"]["@automerge/automerge"] == installed["version"] == "3.5.0"


def test_javascript_sees_the_heads_and_events_of_two_officers(tmp_path: Path) -> None:
    history = grown(400)
    replica, _ = history.opened("secretary", 400, b"exporter")
    exported = tmp_path / "ledger.automerge"
    exported.write_bytes(replica.open_document(history.changes).save())

    seen = read_by_javascript(exported)

    assert seen.heads == [head.hex() for head in replica.heads]
    assert seen.changes == 400
    assert len(seen.values) == 3  # the founding, the secretary's process, the treasurer's
    assert seen.events() == events_by_actor(list(history.changes))


def test_javascript_sees_branches_that_nobody_has_joined(tmp_path: Path) -> None:
    history = grown(100)
    secretary, _ = history.opened("secretary", 100, b"branch a")
    treasurer, _ = history.opened("treasurer", 100, b"branch b")
    offline = [
        *secretary.append([history.changes[-1].change.events[0]], 1).admitted,
        *treasurer.append([history.changes[-1].change.events[0]], 2).admitted,
    ]
    chunks = b"".join(secretary.chunk(admitted) for admitted in history.changes)
    chunks += b"".join(r.chunk(a) for r, a in zip((secretary, treasurer), offline, strict=True))
    exported = tmp_path / "branches.automerge"
    exported.write_bytes(chunks)

    seen = read_by_javascript(exported)

    assert seen.heads == sorted(admitted.change.change_hash.hex() for admitted in offline)
    assert seen.events() == events_by_actor([*history.changes, *offline])


def test_javascript_opens_what_the_command_exports(tmp_path: Path) -> None:
    phone = TypedPhone("Secretary's phone", tmp_path / "home")
    phone.do("init", "--name", phone.name)
    phone.do("found", "Umoja", "--currency", "KES", "--share-value", "100")
    for name in ("Amina Otieno", "Baraka Mwangi"):
        phone.do("record", "member", "--name", name)
    exported = tmp_path / "ledger.automerge"
    phone.do("export", "automerge", str(exported))

    seen = read_by_javascript(exported)

    assert seen.heads == phone.facts("book")["heads"]
    told = phone.facts("audit")["entries"]
    entries = [event for events in seen.events().values() for event in events if event[0] != 0]
    assert len(entries) == len(told)
