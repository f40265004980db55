"""Three officers of one group with a phone each; the founding of the group is behind them."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from model.findings import list_findings
from model.journal import balance
from node import commands, council_actions, council_views, founding_period, ratifying, views
from node.answers import GroupRequest
from node.commands import Context, Terms
from node.council_actions import ProposalRequest, ProposeRequest
from node.node import Node, Step
from node.records import RecordRequest, record
from replication.control import DeviceEnrolled
from tests.node.phones import MESSAGES_MAX, NOW_MS

TERMS = Terms("100", social_fund="20", interest_percent="10", fines={"late": "50"})


class Officer:
    """An officer at a phone, in one group."""

    def __init__(self, node: Node, group: bytes) -> None:
        self.node = node
        self.group_id = group

    @property
    def at(self) -> Context:
        return Context(self.node, self.node.group(self.group_id), NOW_MS)

    @property
    def key(self) -> bytes:
        return self.node.device

    def record(self, kind: str, **details: Any) -> str:
        asked = RecordRequest(kind=kind, **details)
        return str(record(self.node, asked, NOW_MS).body["sentence"])

    def propose(self, kind: Any, **details: Any) -> dict[str, Any]:
        """The answer to a proposal, with its receipt and sentence."""
        return self._said(council_actions.propose, ProposeRequest(kind=kind, **details))

    def agree(self, code: str) -> str:
        return str(self._said(council_actions.agree, ProposalRequest(proposal=code))["sentence"])

    def object_to(self, code: str) -> str:
        asked = ProposalRequest(proposal=code)
        return str(self._said(council_actions.object_to, asked)["sentence"])

    def suspend(self, phone: str, **details: Any) -> str:
        asked = council_actions.SuspendRequest(phone=phone, **details)
        return str(self._said(council_actions.suspend, asked)["sentence"])

    def lift(self, phone: str) -> dict[str, Any]:
        return self._said(council_actions.lift, council_actions.LiftRequest(phone=phone))

    def ratify(self, **details: Any) -> dict[str, Any]:
        return self._said(ratifying.judge, ratifying.RatifyRequest(**details))

    def _said(self, act: Callable[..., Any], asked: Any) -> dict[str, Any]:
        return dict(act(self.node, asked, NOW_MS).body)

    def state_of(self, other: "Officer") -> str:
        known = self.at.group.roster.devices.get(other.key)
        return known.state if known is not None else "unknown"

    def phones(self) -> dict[str, dict[str, Any]]:
        rows = council_views.devices(self.node, GroupRequest(), NOW_MS).body["devices"]
        return {row["name"]: row for row in rows}

    def findings(self) -> dict[str, str]:
        """Every finding on the screen of this phone: code -> sentence."""
        found = views.findings(self.node, GroupRequest(), NOW_MS).body["findings"]
        return {one["code"]: one["sentence"] for one in found}

    def codes_of_the_book(self) -> set[str]:
        return {finding.code for finding in list_findings(self.at.group.book)}

    def cash(self) -> int:
        return balance(self.at.group.book, "1010")


class Village:
    """A group with a phone each for secretary, treasurer and chairperson."""

    def __init__(self, path: Path, cards: Sequence[bytes] = ()) -> None:
        """`cards`: the secrets of three paper cards, if there are any."""
        self.path = path
        node = Node.create(path / "secretary", "Secretary's phone")
        group, _ = commands.found_group(node, "Umoja", "KES", TERMS, NOW_MS, cards=cards)
        self.secretary = Officer(node, group)
        for name in ("Amina", "Baraka", "Chebet"):
            commands.add_member(self.secretary.at, name, joined_on="2026-01-01")
        self.treasurer = self.joins("treasurer", "Asha's phone", member="2")
        self.chairperson = self.joins("chairperson", "Chair's phone")
        commands.open_meeting(self.secretary.at, "2026-01-07")
        if self.secretary.at.group.roster.founding:
            founding_period.end(node, group, NOW_MS)
        self.meet()

    def joins(self, title: str, label: str, member: str = "") -> Officer:
        """A further officer's phone, let in by the founder's alone."""
        node, group = Node.create(self.path / label, label), self.secretary.group_id
        person = title.encode().ljust(16, b".")
        enrolment = DeviceEnrolled(node.device, person, "write", label)
        self.secretary.node.enrol(group, enrolment, NOW_MS)
        commands.elect(self.secretary.at, title, node.device, member)  # type: ignore[arg-type]
        node.join(group, "Umoja")
        hand_over(self.secretary, one := Officer(node, group))
        return one

    @property
    def officers(self) -> tuple[Officer, Officer, Officer]:
        return self.secretary, self.treasurer, self.chairperson

    def meet(self) -> None:
        """All phones exchange what is new."""
        for left, right in ((0, 1), (0, 2), (1, 2), (0, 1)):
            hand_over(self.officers[left], self.officers[right])

    def close(self) -> None:
        for officer in self.officers:
            officer.node.close()


def hand_over(left: Officer, right: Officer, *, by_cards: bool = False) -> list[str]:
    """Carry a session's messages both ways; the codes of what was refused, as both sides saw it.

    `by_cards`: the left phone has shown two paper cards to the right one.
    """
    group = left.group_id
    nodes = {"left": left.node, "right": right.node}
    other = {"left": "right", "right": "left"}
    queue: list[tuple[str, bytes]] = []
    refused: list[str] = []

    def said(who: str, step: Step) -> None:
        refused.extend(one.code for one in step.refused)
        queue.extend((other[who], message) for _, message in step.send)

    said("left", nodes["left"].connect(group, "right", right.key, True, NOW_MS, by_cards))
    said("right", nodes["right"].connect(group, "left", left.key, False, NOW_MS, by_cards))
    for _ in range(MESSAGES_MAX):
        if not queue:
            break
        whom, message = queue.pop(0)
        said(whom, nodes[whom].receive(group, other[whom], message, NOW_MS))
    left.node.disconnect(group, "right")
    right.node.disconnect(group, "left")
    return refused


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    group = Village(tmp_path)
    yield group
    group.close()
