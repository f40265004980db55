"""Phones of one village for the tests: real homes in folders, messages carried by hand."""

from collections.abc import Callable
from pathlib import Path

from model.events import GroupDescribed, MemberAdded, OfficerElected
from node.node import Node, Step
from replication.control import DeviceEnrolled

SECRETARY = b"secretary".ljust(16, b".")
TREASURER = b"treasurer".ljust(16, b".")
NOW_MS = 1_767_225_600_000  # 2026-01-01
MESSAGES_MAX = 10_000  # far above what any test here exchanges


def founded(path: Path, name: str = "Secretary's phone") -> tuple[Node, bytes]:
    """A secretary's phone that has founded Umoja."""
    node = Node.create(path, name)
    group = node.found("Umoja", SECRETARY, NOW_MS)
    node.append(group, [GroupDescribed("Umoja", "KES", 2)], NOW_MS)
    return node, group


def enrolled(path: Path, secretary: Node, group: bytes, name: str = "Treasurer's phone") -> Node:
    """A second phone with the right to write, already in step with the secretary's."""
    treasurer = Node.create(path, name)
    enrolment = DeviceEnrolled(treasurer.device, TREASURER, "write", name)
    secretary.enrol(group, enrolment, NOW_MS)
    secretary.append(group, [OfficerElected("treasurer", TREASURER)], NOW_MS)
    treasurer.join(group, "Umoja")
    sync(secretary, treasurer, group)
    return treasurer


def add_member(node: Node, group: bytes, number: int) -> bytes:
    return node.append(group, [MemberAdded(number, "2026-01-01")], NOW_MS).receipts[0]


def sync(
    left: Node,
    right: Node,
    group: bytes,
    messages_max: int = MESSAGES_MAX,
    until: Callable[[], bool] = lambda: False,
) -> int:
    """Carry a session's messages both ways until nobody has more to say; how many there were."""
    nodes = {"left": left, "right": right}
    other = {"left": "right", "right": "left"}
    queue: list[tuple[str, bytes]] = []

    def said(who: str, step: Step) -> None:
        assert not step.refused, step.refused
        queue.extend((other[who], message) for _, message in step.send)

    said("left", left.connect(group, "right", right.device, True, NOW_MS))
    said("right", right.connect(group, "left", left.device, False, NOW_MS))
    carried = 0
    while queue and carried < messages_max and not until():
        whom, message = queue.pop(0)
        said(whom, nodes[whom].receive(group, other[whom], message, NOW_MS))
        carried += 1
    left.disconnect(group, "right")
    right.disconnect(group, "left")
    return carried


def digest(node: Node, group: bytes) -> str:
    return node.group(group).book.digest()
