"""What happened, as lines whose hash names the story: the same seed, the same hash.

Every fault, deed, frame and verdict is noted. Only the newest lines are kept to be read; all of
them go into the hash, in order. Counts by kind say what a run has tried.
"""

import hashlib
from collections import Counter, deque
from collections.abc import Callable

LINES_KEPT = 400


class Trace:
    """The story so far."""

    def __init__(self, time_s: Callable[[], float]) -> None:
        self.counts: Counter[str] = Counter()
        """How often each kind of thing was noted."""
        self.lines: deque[str] = deque(maxlen=LINES_KEPT)
        self.every_line: Callable[[str], None] = lambda _line: None
        """Told each line, for who wants to read along."""
        self._time_s = time_s
        self._hash = hashlib.sha256()

    def note(self, kind: str, detail: str = "") -> None:
        """Something happened. A kind of fault begins with "fault:"."""
        self.counts[kind] += 1
        line = f"{self._time_s():.6f} {kind} {detail}".rstrip()
        self._hash.update(line.encode() + b"\n")
        self.lines.append(line)
        self.every_line(line)

    def frame(self, here: str, there: str, frame: bytes) -> None:
        """A frame left: its bytes count, and nobody reads it."""
        self._hash.update(f"{self._time_s():.6f} {here}>{there} ".encode())
        self._hash.update(hashlib.sha256(frame).digest())

    @property
    def digest(self) -> str:
        """Names the story so far, hex."""
        return self._hash.hexdigest()

    @property
    def faults(self) -> Counter[str]:
        """The faults among the counts, without the word."""
        return Counter(
            {
                kind.removeprefix("fault:"): count
                for kind, count in self.counts.items()
                if kind.startswith("fault:")
            }
        )
