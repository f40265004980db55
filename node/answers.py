"""What questions and commands have in common: a typed request about a group, and an answer."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from node.errors import NodeError, StoreDamaged, damaged
from node.node import Group, Node, Step


class Answer(NamedTuple):
    """What an action found or did."""

    body: Mapping[str, Any]
    """Becomes JSON; ids are hex."""
    step: Step | None = None
    """What peers should hear of."""


class GroupRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A question about one group."""

    group: str = ""
    """Name of the group or the first letters of its id; may be left out when there is one."""


GROUPS_NAMED_MAX = 12
"""Groups that a sentence lists; who follows hundreds sees them with “mkutano groups”."""


def choose_group(node: Node, said: str) -> Group:
    """The group that a person means. Raises NodeError when it is none or not clear.

    It is chosen by its name and id; the books of the others are not read.
    """
    groups = node.names()
    _require_readable(node, groups.values(), said)
    if not groups:
        raise NodeError(
            "This phone holds no group yet. Found one with “mkutano found”, or join one with "
            "“mkutano join”.",
            "no_group",
        )
    wanted = said.strip().casefold()
    found = _meant(groups, wanted) if wanted else groups
    if len(found) == 1:
        return node.group(next(iter(found)))
    names = _listed(found or groups)
    if not wanted:
        sentence = f"This phone holds several groups: {names}. Say which with --group NAME."
    elif found:
        sentence = f"“{said}” may be several groups: {names}. Give --group the letters in brackets."
    else:
        sentence = f"This phone holds no group “{said}”. It holds: {names}."
    raise NodeError(sentence, "which_group")


def _listed(groups: Mapping[bytes, str]) -> str:
    named = [f"{name} ({group.hex()[:8]})" for group, name in groups.items()]
    more = len(named) - GROUPS_NAMED_MAX
    shown = ", ".join(named[:GROUPS_NAMED_MAX])
    return f"{shown} and {more} more (see them with: mkutano groups)" if more > 0 else shown


def _require_readable(node: Node, names: Iterable[str], said: str) -> None:
    """Raise StoreDamaged when a group whose rows are damaged is meant, or may be."""
    wanted = said.strip().casefold()
    for group, name in node.unreadable.items():
        if name.casefold().startswith(wanted) or group.hex().startswith(wanted):
            others = " or ".join(f"--group “{one}”" for one in [*names][:GROUPS_NAMED_MAX])
            sentence = f"{damaged(name).sentence} The phone's other groups go on: {others}."
            raise StoreDamaged(sentence)


def _meant(groups: Mapping[bytes, str], wanted: str) -> Mapping[bytes, str]:
    """Groups of that name, else those whose name or id begins so."""
    exact = {group: name for group, name in groups.items() if name.casefold() == wanted}
    return exact or {
        group: name
        for group, name in groups.items()
        if name.casefold().startswith(wanted)
        or (len(wanted) >= 4 and group.hex().startswith(wanted))
    }
