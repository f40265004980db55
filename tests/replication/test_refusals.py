"""The list of refusals is whole: sources, list and protocol name the same codes."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from replication.refusals import CODES, MEANINGS

ROOT = Path(__file__).resolve().parents[2]
REMOTE = {"RemoteError", "PersonError"}
SAID_ELSEWHERE = {
    "replication/exchange.py": {"suspended", "revoked"},  # by the device's state
}
"""Files that choose a code at run time, and between which."""
PASSED_ON = re.compile(r"^error\.code$")


def files() -> Iterator[Path]:
    for folder in ("replication", "node"):
        yield from sorted((ROOT / folder).glob("*.py"))


def said_in(path: Path, text: str) -> Iterator[str]:
    """Codes of the refusals in a source; a "?" for one that can't be told."""
    name = path.relative_to(ROOT).as_posix()
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id not in REMOTE:
            continue
        code = node.args[0] if node.args else None
        if isinstance(code, ast.Constant):
            yield str(code.value)
        elif name in SAID_ELSEWHERE:
            yield from SAID_ELSEWHERE[name]
        elif code is None or not PASSED_ON.match(ast.unparse(code)):
            yield "?"


def test_every_refusal_of_the_sources_is_in_the_list_and_none_else() -> None:
    said = {code for path in files() for code in said_in(path, path.read_text("utf-8"))}
    assert said == CODES


def test_a_refusal_without_a_known_code_is_seen() -> None:
    here = ROOT / "replication" / "x.py"
    assert [*said_in(here, "raise RemoteError('new_code', 'x')")] == ["new_code"]
    assert [*said_in(here, "raise RemoteError(word, 'x')")] == ["?"]
    assert [*said_in(here, "raise PersonError()")] == ["?"]


def test_the_protocol_lists_the_same_codes_with_the_same_words() -> None:
    text = (ROOT / "replication" / "PROTOCOL.md").read_text("utf-8")
    section = text.partition("\n## 12. Refusals\n")[2]
    rows = re.findall(r"^\| `([a-z_-]+)` \| (.+) \|$", section, re.MULTILINE)
    assert dict(rows) == MEANINGS
    assert len(rows) == len(MEANINGS)


def test_the_rules_of_admission_name_no_other_codes() -> None:
    text = (ROOT / "replication" / "PROTOCOL.md").read_text("utf-8")
    named = {
        code
        for brackets in re.findall(r"\[((?:`[a-z_-]+`[,\s]*)+)\]", text)
        for code in re.findall(r"`([a-z_-]+)`", brackets)
    }
    assert named
    assert named <= CODES
