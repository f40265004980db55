"""The same targets under atheris, which looks for inputs that reach new lines of the code.

atheris (a coverage-guided fuzzer, https://github.com/google/atheris) is an extra of its own, as it
has wheels for few versions of Python: `pip install -e '.[fuzz]'`. Without it everything else here
works. A fault ends the run; its input is written down and printed.

Rule: nothing here judges anew: an input is judged by the target's own refusals.
"""

import importlib
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from types import FunctionType
from typing import Final

import click

from simulations.fuzzing.corpus import FOLDER, keep
from simulations.fuzzing.target import Finding, Parser, Target

_INSTRUMENTED: Final = ("model", "replication", "node", "relay")
_SAYS: Final = (
    "atheris is not installed, so nothing guides this run. Install it with: "
    "pip install -e '.[fuzz]', or leave --guided out."
)


def guide(target: Target, minutes: float) -> None:
    """Feed a target what reaches further, for so many minutes; never returns without a fault."""
    if find_spec("atheris") is None:
        raise click.ClickException(_SAYS)
    atheris = importlib.import_module("atheris")
    parser = target.make()
    for function in _functions():
        atheris.instrument_func(function)

    def feed(data: bytes) -> None:
        _fed(target, parser, data)

    def mutate(data: bytes, size_max: int, seed: int) -> bytes:
        rng = Random(seed)
        if rng.random() < 0.3:
            return bytes(atheris.Mutate(data, size_max))
        return parser.mutate(rng, data or parser.seeds[0], parser.seeds)[:size_max]

    seconds = int(60 * minutes) or 60
    corpus = Path(mkdtemp(prefix="mkutano-guided-"))
    for number, seed in enumerate(parser.seeds):
        (corpus / str(number)).write_bytes(seed)
    arguments = [
        sys.argv[0],
        str(corpus),
        f"-max_total_time={seconds}",
        "-max_len=65536",
        "-timeout=2",
    ]
    atheris.Setup(arguments, feed, custom_mutator=mutate)
    atheris.Fuzz()


def _functions() -> Iterator[FunctionType]:
    """Every function and method of ours that is loaded: by these coverage is told."""
    for name in [one for one in sys.modules if one.partition(".")[0] in _INSTRUMENTED]:
        things = list(vars(sys.modules[name]).values())
        things += [one for kind in things if isinstance(kind, type) for one in vars(kind).values()]
        for thing in things:
            if isinstance(thing, FunctionType) and thing.__module__ == name:
                yield thing


def _fed(target: Target, parser: Parser, data: bytes) -> None:
    try:
        parser.take(data)
    except parser.refusals:
        return
    except BaseException as error:
        finding = Finding(target.name, "exception", type(error).__name__, data, -1)
        click.echo(f"! {keep(FOLDER, finding)}", err=True)
        raise
