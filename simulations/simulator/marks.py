"""Coverage marks: the rare paths of the product by name, and whether a run came by.

A story that is always well proves little if the paths for trouble were never taken. Each mark is a
place that must be reached somewhere in a run of many seeds, else the run fails: a function, a code
that something was refused with, a finding that people were shown. The product
knows nothing of it: whoever counts is put before its functions (rewriting.py).
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from simulations.simulator.rewriting import Call, put_before

Name = Callable[..., str]
"""What a call says: from its arguments the end of the mark's name; "" for none."""


class Probe(NamedTuple):
    """A function of the product that is listened at."""

    where: str
    """"module:qualified name"."""
    mark: str
    """The mark, or what comes before the colon where `name` says the rest."""
    name: Name | None = None


REACHED: Final[Counter[str]] = Counter()
"""Marks of this process since the last `begin`."""

CODES: Final = (
    Probe(
        "replication.errors:ReplicationError.__init__",
        "replication",
        lambda self, code, detail="": code,
    ),
    Probe(
        "node.errors:NodeError.__init__",
        "said",
        lambda self, sentence, code="": code or type(self).code,
    ),
    Probe("node.links:Links.note", "refused", lambda self, who, code, detail: code),
    Probe("node.peer_link:PeerLink.end", "ended", lambda self, code, label=0: code),
    Probe(
        "node.relay_view:RelayWrong.__init__", "relay", lambda self, code, detail="", proof=(): code
    ),
    Probe("relay.facts:ProtocolError.__init__", "at relay", lambda self, code, *more: code),
    Probe("relay.store:StoreError.__init__", "relay store", lambda self, code, detail="": code),
)
"""Where codes come from."""


def paths(*wheres: str) -> tuple[Probe, ...]:
    """Functions that are marks themselves, under their own names."""
    return tuple(Probe(where, f"path:{where}") for where in wheres)


def install(probes: Iterable[Probe]) -> None:
    """Listen at these functions from now on, in this process. Once for each."""
    for probe in probes:
        put_before(probe.where, _listening(probe))


def begin() -> None:
    """A new story: nothing was reached yet."""
    REACHED.clear()


def reached() -> dict[str, int]:
    """What was reached since, and how often."""
    return dict(sorted(REACHED.items()))


def _listening(probe: Probe) -> Callable[[Call], Call]:
    """What counts, and then does what was there before."""

    def make(before: Call) -> Call:
        def counted(*args: Any, **kwargs: Any) -> Any:
            if probe.name is None:
                REACHED[probe.mark] += 1
            elif said := probe.name(*args, **kwargs):
                REACHED[f"{probe.mark}:{said}"] += 1
            return before(*args, **kwargs)

        return counted

    return make
