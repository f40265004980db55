"""The shape of the project, held by reading every file: arrows, bans, names and sizes.

A rule is a function of a source file that yields complaints. It is run over the whole project, and
over small planted files that break it, so a rule that stopped seeing anything is found out too.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("model", "replication", "node", "relay", "simulations", "tests")
CORES = ("model", "replication")
SHIPPED = ("model", "replication", "node", "relay")

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 60

ARROWS: dict[str, frozenset[str]] = {
    "model": frozenset({"model", "cbor2", "msgspec"}),
    "replication": frozenset({"replication", "automerge", "cbor2", "nacl"}),
    "node": frozenset(
        {"node", "model", "replication", "relay"}
        | {"aiohttp", "cbor2", "click", "ifaddr", "msgspec", "nacl", "python_calamine", "segno"}
        | {"duckdb", "mnemonic", "sqlcipher3", "zeroconf"}
    ),
    "relay": frozenset(
        {"relay", "aiohttp", "aiosqlite", "asyncpg", "cbor2", "click", "msgspec", "nacl"}
        | {"prometheus_client"}
    ),
}
CONTRACT_OF_RELAY = ("relay.protocol", "relay.facts")
EXCEPTIONS = frozenset({("node/cli_setup.py", "simulations.demo")})  # `mkutano demo` plays it
STANDARD_IN_CORES = frozenset(
    {
        "__future__",
        "abc",
        "array",
        "bisect",
        "calendar",
        "collections",
        "contextlib",
        "csv",
        "dataclasses",
    }
    | {"datetime", "decimal", "enum", "fractions", "functools", "hashlib", "heapq", "hmac", "io"}
    | {"itertools", "json", "math", "operator", "re", "string", "struct", "sys", "textwrap"}
    | {"types", "typing", "typing_extensions", "unicodedata", "zlib"}
)
READERS_OF_TIME_AND_CHANCE = frozenset({"time", "random", "secrets", "uuid"})
CALLS_OF_TIME_AND_CHANCE = re.compile(
    r"(\bos\.urandom|\b(datetime|date)\.(now|utcnow|today)|[Kk]ey\.generate|nacl\.utils\.random)$"
)
NAMES_THAT_SAY_NOTHING = re.compile(r"(^|_)(utils?|helpers?|managers?|services?|common)(_|$)", re.I)
MACHINE_PATHS = re.compile(
    "|".join("/" + folder + "/" for folder in ("root", "work", "tmp/w", r"home/\w+", r"Users/\w+"))
)


class Source(NamedTuple):
    path: str
    tree: ast.Module
    nodes: tuple[ast.AST, ...]
    text: str

    @property
    def package(self) -> str:
        return self.path.partition("/")[0]


def source_of(path: str, text: str) -> Source:
    tree = ast.parse(text)
    return Source(path, tree, tuple(ast.walk(tree)), text)


def imported(source: Source) -> Iterator[tuple[int, str]]:
    for node in source.nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or "."


def dotted(node: ast.expr) -> str:
    """The name `a.b.c` that an expression spells; what is not a name becomes a question mark."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{dotted(value)}.{name}"
        case _:
            return "?"


def arrows(source: Source) -> Iterator[str]:
    allowed = ARROWS.get(source.package)
    if allowed is None:
        return
    for line, module in imported(source):
        top = module.partition(".")[0]
        if (source.path, module) in EXCEPTIONS:
            continue
        foreign = top in OURS or top not in STANDARD_LIBRARY
        if foreign and top not in allowed:
            yield f"{source.path}:{line} {source.package} must not import {module}"
        if source.package == "node" and top == "relay" and module not in CONTRACT_OF_RELAY:
            yield f"{source.path}:{line} node knows relay by its contract only"


def pure_cores(source: Source) -> Iterator[str]:
    if source.package not in CORES:
        return
    for line, module in imported(source):
        top = module.partition(".")[0]
        if (source.path, top) == ("replication/document.py", "os"):
            continue  # sets a variable that the Automerge library reads when it loads
        if top in STANDARD_LIBRARY and top not in STANDARD_IN_CORES:
            yield f"{source.path}:{line} a core must not import {module}"
    for node in source.nodes:
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            yield f"{source.path}:{node.lineno} a core never waits"
        if isinstance(node, ast.Call) and dotted(node.func) in {"open", "print", "input"}:
            yield f"{source.path}:{node.lineno} a core must not call {dotted(node.func)}"


def one_clock(source: Source) -> Iterator[str]:
    """Only clock.py of the node, and of the relay, reads time and chance."""
    if source.package not in SHIPPED or source.path in {"node/clock.py", "relay/clock.py"}:
        return
    for line, module in imported(source):
        if module.partition(".")[0] in READERS_OF_TIME_AND_CHANCE:
            yield f"{source.path}:{line} only clock.py imports {module}"
    for node in source.nodes:
        if not isinstance(node, ast.Attribute):
            continue
        name = dotted(node)
        if CALLS_OF_TIME_AND_CHANCE.search(name) or name.endswith("loop.time"):
            yield f"{source.path}:{node.lineno} only clock.py reads {name}"


def whole_money(source: Source) -> Iterator[str]:
    if source.package != "model":
        return
    for node in source.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield f"{source.path}:{node.lineno} {node.value} is not whole money"
        if isinstance(node, ast.Name) and node.id in {"float", "complex"}:
            yield f"{source.path}:{node.lineno} {node.id} is not whole money"
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield f"{source.path}:{node.lineno} a / makes a float: split exactly"


def one_door_to_automerge(source: Source) -> Iterator[str]:
    if source.package not in SHIPPED or source.path == "replication/document.py":
        return
    for line, module in imported(source):
        if module.partition(".")[0] == "automerge":
            yield f"{source.path}:{line} only replication/document.py imports automerge"


def telling_names(source: Source) -> Iterator[str]:
    for part in source.path.removesuffix(".py").split("/"):
        if NAMES_THAT_SAY_NOTHING.search(part):
            yield f"{source.path} has a name that says nothing: {part}"
    for node in source.nodes:
        if isinstance(node, ast.ClassDef) and re.search(
            r"(Manager|Helper|Service|Utils?)$", node.name
        ):
            yield f"{source.path}:{node.lineno} has a name that says nothing: {node.name}"


def sizes(source: Source) -> Iterator[str]:
    lines = source.text.count("\n")
    if lines > FILE_LINES_MAX:
        yield f"{source.path} has {lines} lines"
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                yield f"{source.path}:{node.lineno} {node.name} has {length} lines"


def a_rule_on_top(source: Source) -> Iterator[str]:
    """Every file that holds code opens with the rule that it keeps."""
    if source.tree.body and not ast.get_docstring(source.tree):
        yield f"{source.path} does not open with a docstring"


STANDARD_LIBRARY = frozenset(__import__("sys").stdlib_module_names)
RULES: tuple[Callable[[Source], Iterator[str]], ...] = (
    arrows,
    pure_cores,
    one_clock,
    whole_money,
    one_door_to_automerge,
    telling_names,
    sizes,
    a_rule_on_top,
)


def project_files(pattern: str) -> Iterator[Path]:
    for folder in OURS:
        for path in sorted((ROOT / folder).rglob(pattern)):
            if not {"node_modules", "__pycache__"} & set(path.parts) and path.is_file():
                yield path


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    found = [
        source_of(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))
        for path in project_files("*.py")
    ]
    assert len({source.package for source in found} & {"model", "replication", "node"}) == 3
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_project_keeps(rule: Callable[[Source], Iterator[str]], sources: list[Source]) -> None:
    assert [complaint for source in sources for complaint in rule(source)] == []


PLANTED: tuple[tuple[Callable[[Source], Iterator[str]], str, str], ...] = (
    (arrows, "replication/x.py", "from model.money import Minor"),
    (arrows, "model/x.py", "import replication.change"),
    (arrows, "model/x.py", "def f():\n    import node.store"),
    (arrows, "node/x.py", "import requests"),
    (arrows, "node/x.py", "from relay.store import Store"),
    (arrows, "node/x.py", "import simulations.village"),
    (arrows, "relay/x.py", "import node"),
    (pure_cores, "model/x.py", "import os"),
    (pure_cores, "replication/x.py", "import threading"),
    (pure_cores, "replication/x.py", "async def f(): ..."),
    (pure_cores, "model/x.py", "open('x')"),
    (one_clock, "replication/x.py", "import time"),
    (one_clock, "node/x.py", "from secrets import token_bytes"),
    (one_clock, "node/x.py", "import os\nos.urandom(8)"),
    (one_clock, "model/x.py", "import datetime\ndatetime.date.today()"),
    (one_clock, "replication/x.py", "PrivateKey.generate()"),
    (one_clock, "node/x.py", "asyncio.get_running_loop.time\nloop.time()"),
    (whole_money, "model/x.py", "x = 1.5"),
    (whole_money, "model/x.py", "x = float('1')"),
    (whole_money, "model/x.py", "x = a / b"),
    (whole_money, "model/x.py", "x /= 2"),
    (one_door_to_automerge, "replication/replica.py", "from automerge.core import Document"),
    (telling_names, "node/sync_utils.py", ""),
    (telling_names, "node/x.py", "class PeerManager: ..."),
    (sizes, "tests/x.py", "\n" * 501),
    (sizes, "node/x.py", "def f():\n" + "    pass\n" * 60),
    (a_rule_on_top, "node/x.py", "import json"),
)


@pytest.mark.parametrize(("rule", "path", "text"), PLANTED)
def test_a_planted_fault_is_seen(
    rule: Callable[[Source], Iterator[str]], path: str, text: str
) -> None:
    assert list(rule(source_of(path, text)))


def test_no_file_names_a_folder_of_the_machine_that_it_was_written_on() -> None:
    kinds = ("*.py", "*.sql", "*.md", "*.json", "*.mjs", "*.csv", "*.html", "*.js")
    files = [path for kind in kinds for path in project_files(kind)]
    files += [path for path in ROOT.iterdir() if path.is_file()] + [ROOT / ".ci" / "run"]
    named = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in files
        if (match := MACHINE_PATHS.search(path.read_text("utf-8")))
    ]
    assert named == []
    assert MACHINE_PATHS.search("see /" + "root/notes")


def test_the_locks_name_hashes_and_no_addresses() -> None:
    for name in ("requirements.lock", "requirements-test.lock", "requirements-peers.lock"):
        text = (ROOT / name).read_text("utf-8")
        assert "://" not in text
        pins = [line for line in text.splitlines() if not line.startswith(" ")]
        assert all(re.match(r"[a-z0-9-]+==\S+ .*\\$", line) for line in pins)
        assert len(re.findall(r"==\S+ .*\\\n    --hash=sha256:", text)) == len(pins)
