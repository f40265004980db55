"""What questions and commands have in common: a typed request about a group, and an answer."""

from collections.abc import Mapping
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


def choose_group(node: Node, said: str) -> Group:
    """The group that a person means. Raises NodeError when it is none or not clear."""
    groups = list(node.groups.values())
    _require_readable(node, said)
    if not groups:
        raise NodeError(
            "This phone holds no group yet. Found one with “mkutano found”, or join one with "
            "“mkutano join”.",
            "no_group",
        )
    wanted = said.strip().casefold()
    found = _meant(groups, wanted) if wanted else groups
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{group.name} ({group.id.hex()[:8]})" for group in found or groups)
    if not wanted:
        sentence = f"This phone holds several groups: {names}. Say which with --group NAME."
    elif found:
        sentence = f"“{said}” may be several groups: {names}. Give --group the letters in brackets."
    else:
        sentence = f"This phone holds no group “{said}”. It holds: {names}."
    raise NodeError(sentence, "which_group")


def _require_readable(node: Node, said: str) -> None:
    """Raise StoreDamaged when a group whose rows are damaged is meant, or may be."""
    wanted = said.strip().casefold()
    for group, name in node.unreadable.items():
        if name.casefold().startswith(wanted) or group.hex().startswith(wanted):
            others = " or ".join(f"--group “{one.name}”" for one in node.groups.values())
            sentence = f"{damaged(name).sentence} The phone's other groups go on: {others}."
            raise StoreDamaged(sentence)


def _meant(groups: list[Group], wanted: str) -> list[Group]:
    """Groups of that name, else those whose name or id begins so."""
    exact = [group for group in groups if group.name.casefold() == wanted]
    return exact or [
        group
        for group in groups
        if group.name.casefold().startswith(wanted)
        or (len(wanted) >= 4 and group.id.hex().startswith(wanted))
    ]
