"""What questions and commands have in common: a typed request about a group, and an answer."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from node.errors import NodeError
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


def _meant(groups: list[Group], wanted: str) -> list[Group]:
    """Groups of that name, else those whose name or id begins so."""
    exact = [group for group in groups if group.name.casefold() == wanted]
    return exact or [
        group
        for group in groups
        if group.name.casefold().startswith(wanted)
        or (len(wanted) >= 4 and group.id.hex().startswith(wanted))
    ]
