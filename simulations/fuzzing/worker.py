"""One child that is fed inputs: under limits of processor time and memory that may end it.

The parent forks it with everything imported and made. Before each input the child notes it in a
page that both share, so that whatever ends the child, even a hang inside a library or an abort,
is known by its input. Processor time is that of the process, so a busy machine hangs nobody.

Rule: the child ends by `os._exit`; nothing that it does reaches the parent but what it reports.
"""

import contextlib
import gc
import io
import mmap
import os
import pickle
import resource
import select
import signal
import struct
import time
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from simulations.fuzzing.target import (
    INPUT_BYTES_MAX,
    MEMORY_BYTES_MAX,
    Broken,
    Finding,
    Kind,
    Parser,
    Tally,
    Target,
)

Numbered = tuple[int, bytes]
"""The number of an input, and the input."""

ALARM_S: Final = 2.0
"""Processor time after which a child is ended: forty times what the law allows."""
STALL_S: Final = 60.0
"""Time after which a child that makes no progress at all is ended: it waits for something."""
FINDINGS_MAX: Final = 24
"""Of one child; who finds more has one fault."""
_REBASE_EVERY: Final = 256
_CEILING: Final = 6
"""How much more than the law allows may be mapped: past it, allocations fail."""
_HEAD: Final = struct.Struct("<qqq")
"""Number of the input, its length, and how many inputs were begun."""
_PAGE: Final = resource.getpagesize()
_POLL_S: Final = 1.0
_OURS: Final = ("model", "replication", "node", "relay", "simulations")


class Watch(NamedTuple):
    """What a child is watched for."""

    exact: bool = False
    """Whether to report inputs that take longer than their target may; else the alarm counts."""
    memory_bytes: int = MEMORY_BYTES_MAX
    """What an input may make the process grow by; 0: no limit."""
    alarm_s: float = ALARM_S
    warm: int = 64
    """How many honest inputs are fed first, uncounted."""
    repeats: int = 1
    """How often each input is fed; the fastest counts."""


class Ended(NamedTuple):
    """What one child did."""

    tally: Tally
    findings: tuple[Finding, ...]
    last: int
    """Number of the last input that it began."""
    is_whole: bool
    """Whether it came to the end of its inputs."""


def run_child(target: Target, parser: Parser, inputs: Iterable[Numbered], watch: Watch) -> Ended:
    """Feed these inputs to a parser in a child of this process, until they or the child end."""
    if not target.limits_memory:
        watch = watch._replace(memory_bytes=0)
    page = mmap.mmap(-1, _HEAD.size + INPUT_BYTES_MAX)
    _HEAD.pack_into(page, 0, -1, 0, 0)
    reader, writer = os.pipe()
    gc.collect()
    gc.freeze()  # a collection in the child would walk all that was imported, in some input's time
    child = os.fork()
    if child == 0:
        os.close(reader)
        _be_child(target, parser, inputs, watch, page, writer)
    os.close(writer)
    gc.unfreeze()
    with page, os.fdopen(reader, "rb") as pipe:
        told = _listen(child, pipe.fileno(), page)
        _, status = os.waitpid(child, 0)
        number, length, begun = _HEAD.unpack_from(page)
        data = bytes(page[_HEAD.size : _HEAD.size + length])
    findings = tuple(one for one in told if isinstance(one, Finding))
    tallies = [one for one in told if isinstance(one, Tally)]
    if tallies and os.waitstatus_to_exitcode(status) == 0:
        return Ended(tallies[0], findings, number, is_whole=len(findings) < FINDINGS_MAX)
    death = _death(target.name, os.waitstatus_to_exitcode(status), number, data)
    return Ended(Tally(executions=begun), (*findings, death), number, is_whole=False)


def _listen(child: int, pipe: int, page: mmap.mmap) -> list[Finding | Tally]:
    """What the child says until its end, or until it had to be ended."""
    said = bytearray()
    seen, waited_s = -1, 0.0
    while (part := _part(pipe)) != b"":
        if part is not None:
            said += part
            continue
        begun = _HEAD.unpack_from(page)[2]
        waited_s = waited_s + _POLL_S if begun == seen else 0.0
        seen = begun
        if waited_s >= STALL_S:
            os.kill(child, signal.SIGKILL)
    stream, told = io.BytesIO(said), []
    with contextlib.suppress(EOFError, pickle.UnpicklingError):  # its last word may be half of one
        while True:
            told.append(pickle.load(stream))
    return told


def _part(pipe: int) -> bytes | None:
    """Some bytes; none at the end; None while there are none yet."""
    ready, _, _ = select.select([pipe], [], [], _POLL_S)
    return os.read(pipe, 1 << 16) if ready else None


def _death(target: str, code: int, number: int, data: bytes) -> Finding:
    """How a child ended that had no time to say why."""
    kind: Kind = "death"
    if code == -signal.SIGPROF:
        kind, what = "hang", "more processor time than the alarm allows"
    elif code == -signal.SIGKILL:
        kind, what = "hang", "no progress: it was ended, or waits for something"
    elif code < 0:
        what = signal.Signals(-code).name
    else:
        what = f"exit code {code}"
    return Finding(target, kind, what, data, number)


# Inside the child


def _be_child(
    target: Target,
    parser: Parser,
    inputs: Iterable[Numbered],
    watch: Watch,
    page: mmap.mmap,
    writer: int,
) -> None:
    """Feed, report, and leave without cleaning up. Never returns."""
    code = 70
    try:
        signal.signal(signal.SIGPROF, signal.SIG_DFL)  # ends the process, inside any library
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        feeding = _Feeding(target, parser, watch, page, writer)
        feeding.warm_up()
        feeding.feed(inputs)
        signal.setitimer(signal.ITIMER_PROF, 0)
        _allow(0)
        feeding.tell(feeding.tally())
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


class _Feeding:
    """The inputs of one child, one after the other."""

    def __init__(
        self, target: Target, parser: Parser, watch: Watch, page: mmap.mmap, writer: int
    ) -> None:
        self._writer = writer
        self._found: set[tuple[Kind, str]] = set()
        self.target = target
        self.parser = parser
        self.watch = watch
        self.page = page
        self._executions = self._taken = self._slowest_ns = 0
        self._refused: dict[str, int] = {}
        self._resident = self._base = self._peak = 0

    def warm_up(self) -> None:
        """What a parser imports, caches or makes for the first time is no input's doing."""
        for number, data in enumerate(self.parser.seeds[: self.watch.warm]):
            self._note(-2 - number, data)
            signal.setitimer(signal.ITIMER_PROF, 10 * ALARM_S)
            with contextlib.suppress(Exception):  # it is fed again, and counted, among the inputs
                self.parser.take(data)
        self._resident = _resident_bytes()

    def feed(self, inputs: Iterable[Numbered]) -> None:
        """All inputs, or as many as it takes to see that there is one great fault."""
        for number, data in inputs:
            if self._executions % _REBASE_EVERY == 0:
                self._rebase()
            self._note(number, data)
            self._executions += 1
            self._one(number, data)
            if len(self._found) >= FINDINGS_MAX:
                return

    def _rebase(self) -> None:
        """Measure growth from here on: caches that filled up are no single input's doing."""
        _allow(_CEILING * self.watch.memory_bytes)
        self._base, self._peak = _resident_bytes(), _peak_bytes()

    def _check_memory(self, number: int, data: bytes) -> None:
        """The peak is the highest ever: only who raises it can have gone too far."""
        peak = _peak_bytes()
        if self.watch.memory_bytes and peak > self._peak:
            self._peak = peak
            if peak - self._base > self.watch.memory_bytes:
                megabytes = self.watch.memory_bytes >> 20
                self._report("memory", f"grows by more than {megabytes} MB", number, data)
                self._rebase()

    def _one(self, number: int, data: bytes) -> None:
        fastest_ns = 1 << 62
        for repeat in range(self.watch.repeats):
            signal.setitimer(signal.ITIMER_PROF, self.watch.alarm_s)
            begun_ns = time.process_time_ns()
            found = self._fed(data)
            fastest_ns = min(fastest_ns, time.process_time_ns() - begun_ns)
            if repeat == 0:
                self._count(found, number, data)
        self._slowest_ns = max(self._slowest_ns, fastest_ns)
        self._check_memory(number, data)
        if self.watch.exact and fastest_ns > self.target.cpu_ms_for(data) * 1_000_000:
            self._report("slow", "more processor time than it may", number, data)

    def _fed(self, data: bytes) -> BaseException | None:
        try:
            self.parser.take(data)
        except BaseException as error:
            return error
        return None

    def _count(self, error: BaseException | None, number: int, data: bytes) -> None:
        if error is None:
            self._taken += 1
        elif isinstance(error, MemoryError):
            self._report("memory", _said(error), number, data)
        elif isinstance(error, Broken):
            self._report("broken", f"{error} {_line_of(error)}", number, data)
        elif isinstance(error, self.parser.refusals):
            code = str(getattr(error, "code", type(error).__name__))
            self._refused[code] = self._refused.get(code, 0) + 1
            if self.parser.codes is not None and code not in self.parser.codes:
                self._report("code", f"{code} is no documented code", number, data)
        else:
            self._report("exception", _said(error), number, data)

    def _report(self, kind: Kind, what: str, number: int, data: bytes) -> None:
        if (kind, what) in self._found:
            return
        self._found.add((kind, what))
        self.tell(Finding(self.target.name, kind, what, data, number))

    def tell(self, said: Finding | Tally) -> None:
        """Tell the parent at once: what comes next may end this child."""
        _allow(0)
        words = memoryview(pickle.dumps(said))
        while words:
            words = words[os.write(self._writer, words) :]
        self._rebase()

    def _note(self, number: int, data: bytes) -> None:
        begun = self._executions
        self.page[_HEAD.size : _HEAD.size + len(data)] = data
        _HEAD.pack_into(self.page, 0, number, len(data), begun)

    def tally(self) -> Tally:
        """What became of all inputs."""
        grown = max(0, _resident_bytes() - self._resident)
        return Tally(self._executions, self._taken, self._refused, self._slowest_ns, grown)


def _allow(memory_bytes: int) -> None:
    """Let this process grow by so much from here on; 0: without a limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    if memory_bytes:
        resource.setrlimit(resource.RLIMIT_AS, (_mapped_bytes() + memory_bytes, hard))


def _mapped_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * _PAGE


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _said(error: BaseException) -> str:
    return f"{type(error).__name__} {_line_of(error)}"


def _line_of(error: BaseException) -> str:
    """The line of ours that raised it, as file and function: stable while the file changes."""
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        parts = Path(frame.filename).parts
        ours = [at for at, part in enumerate(parts) if part in _OURS]
        if ours and "site-packages" not in parts:
            return f"in {'/'.join(parts[ours[-1] :])}, {frame.name}"
    return ""


# What the parent asks of one input


def confirmed(
    target: Target, parser: Parser, finding: Finding, exact: bool, alarm_s: float
) -> Finding | None:
    """The same finding from the same input, alone in a fresh child; None when it was a chance."""
    measured = finding.kind in ("slow", "memory")
    repeats = 5 if finding.kind == "slow" else 1
    warm = 64 if measured else 0
    watch = Watch(exact=exact, alarm_s=alarm_s, warm=warm, repeats=repeats)
    ended = run_child(target, parser, [(finding.number, finding.data)], watch)
    same = [one for one in ended.findings if one.mark == finding.mark]
    return same[0] if same else next(iter(ended.findings), None)
