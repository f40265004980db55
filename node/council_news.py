"""What `mkutano run` tells of officers' decisions as they arrive: each matter once.

A phone that is left running beside the cash box is where officers hear that a phone was stopped or
that they are asked. What was known when it began is not told again.
"""

from collections.abc import Sequence
from typing import NamedTuple

from node import proposals
from node.council_watch import watched
from node.errors import NodeError
from node.links import Refusal
from node.names import Names
from node.node import Group, Node
from node.refused_words import REFUSED


class _Known(NamedTuple):
    """What was told of a group, as of a day and so many control changes and branches of chains."""

    seen: tuple[str, int, int]
    told: frozenset[tuple[str, str]]


class CouncilNews:
    """Remembers what was told of each group."""

    def __init__(self) -> None:
        self._known: dict[bytes, _Known] = {}
        self._refused: set[tuple[str, str]] = set()

    def fresh(self, node: Node, refusals: Sequence[Refusal] = (), day: str = "") -> list[str]:
        """The lines that are new since the last call; none at the first one.

        `day`: this phone's ISO day, by which readers' grants end.
        `refusals`: what phones refused each other lately; what another phone says of this one is
        told once.
        """
        try:
            groups = list(node.groups.values())
            lines = [line for group in groups for line in self._fresh(group, day, len(groups) > 1)]
        except NodeError:  # the ledger can't be read for now
            lines = []
        for one in refusals:
            if one.code.startswith("peer_") and one.code in REFUSED:
                if (one.who, one.code) not in self._refused:
                    lines.append(REFUSED[one.code])
                self._refused.add((one.who, one.code))
        return lines

    def _fresh(self, group: Group, day: str, name_it: bool) -> list[str]:
        lanes = group.store.chains(group.row.group_no).lanes()
        seen = (day, group.replica.decisions.count, len(lanes))
        known = self._known.get(group.id)
        if known is not None and known.seen == seen:
            return []
        found = _told_of(group, day)
        self._known[group.id] = _Known(seen, frozenset(found))
        if known is None:
            return []
        where = f" ({group.name})" if name_it else ""
        return [f"{line}{where}" for key, line in found.items() if key not in known.told]


def _told_of(group: Group, day: str) -> dict[tuple[str, str], str]:
    """What there is to tell of a group now: what needs officers, and what they decided."""
    names = Names(group)
    found = {(one.code, one.about): one.sentence for one in watched(group, day)}
    for one in proposals.asked(group, names):
        if one.state == "passed" and one.proposal.records:
            what = "; ".join(one.what)
            then = proposals.then(group, names, one.proposal.records)
            found["passed", one.code] = f"Enough officers agreed to {what}. {then}".rstrip()
    return found
