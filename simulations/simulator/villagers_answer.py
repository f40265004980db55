"""What officers do about a phone in the wrong hands, by the commands that their screens name.

They suspend it, shut it out where it stopped honest phones, agree to what an honest officer asked
and leave out what it wrote. Nobody waits for anybody: each look goes on as far as it can, and a few
looks must be enough.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from node import council_actions, ratifying, stopped
from node.answers import Answer
from node.council_actions import LiftRequest, ProposalRequest, ProposeRequest, SuspendRequest
from node.errors import NodeError
from node.names import Names
from node.node import Node, Step
from node.proposals import asked
from node.ratifying import RatifyRequest
from simulations.simulator.process import Killed

if TYPE_CHECKING:
    from simulations.simulator.adversaries import Gang
    from simulations.simulator.phone import Phone
    from simulations.simulator.story import Story

Ask = Callable[[Node, Any, int], Answer]
KEY_LETTERS: Final = 16


class Officers:
    """The honest officers of one group, and what they see of its rogues."""

    def __init__(self, story: "Story", gang: "Gang") -> None:
        self._story = story
        self._gang = gang
        self._group = gang.group.id

    async def look(self) -> None:
        """Each officer whose phone is on does what there is to do, in an order of chance."""
        phones = [one for one in self._gang.group.phones if self._holds(one)]
        self._gang.chance.shuffle(phones)
        for phone in phones:
            if self._holds(phone):
                await self._agrees(phone)
                await self._stops(phone)
                await self._frees(phone)

    def _holds(self, phone: "Phone") -> bool:
        return phone.is_on and self._group in phone.node.groups

    async def _does(self, phone: "Phone", ask: Ask, asked: Any) -> bool:
        """One command; whether it was done. A refusal is noted by its code."""
        found: list[Answer] = []

        def work(node: Node) -> Step:
            found.append(ask(node, asked, phone.clock.wall_ms()))
            return found[0].step or Step()

        try:
            await phone.act(work)
        except (NodeError, Killed) as error:
            code = getattr(error, "code", "killed")
            self._story.trace.note(f"officers refused:{code}", f"{phone.name} {ask.__name__}")
            return False
        self._story.trace.note(f"officers:{ask.__name__}", phone.name)
        return True

    def _named(self) -> str:
        return self._group.hex()

    async def _agrees(self, phone: "Phone") -> None:
        """With what honest officers asked about rogues and about phones that these stopped."""
        with phone.used():
            group = phone.node.group(self._group)
            codes = [
                one.code
                for one in asked(group, Names(group))
                if one.may_agree and one.proposal.device in self._honest() and one.missing
            ]
        for code in codes:
            await self._does(
                phone,
                council_actions.agree,
                ProposalRequest(group=self._named(), proposal=code),
            )

    def _honest(self) -> set[bytes]:
        return {one.node.device for one in self._gang.group.phones if one.is_on}

    async def _stops(self, phone: "Phone") -> None:
        """Suspend what is not stopped yet; leave out what it wrote."""
        for key in sorted(self._gang.keys):
            known = self._devices(phone).get(key)
            if known is not None and known.state == "active" and known.right == "write":
                typed = key.hex()[:KEY_LETTERS]
                await self._does(
                    phone,
                    council_actions.suspend,
                    SuspendRequest(group=self._named(), phone=typed, reason="stolen"),
                )
            elif known is not None and self._gang.chance.random() < 0.3:
                await self._does(
                    phone,
                    ratifying.judge,
                    RatifyRequest(
                        group=self._named(),
                        phone=key.hex()[:KEY_LETTERS],
                        every=True,
                        reject=True,
                        reason="It did not happen.",
                    ),
                )

    async def _frees(self, phone: "Phone") -> None:
        """Where honest phones were stopped by rogues, shut these out, and lift what they did."""
        with phone.used():
            group = phone.node.group(self._group)
            stops = stopped.stopped_phones(group)
        hurt = sorted(
            key for key in self._honest() if key in stops and stops[key].by & self._gang.keys
        )
        if not hurt:
            return
        by = frozenset[bytes]().union(*(stops[key].by for key in hurt)) & self._gang.keys
        in_force = [
            key.hex()[:KEY_LETTERS]
            for key in sorted(by)
            if (one := self._devices(phone).get(key)) is not None and one.state != "revoked"
        ]
        if in_force and not self._is_asked(phone):
            done = await self._does(
                phone,
                council_actions.propose,
                ProposeRequest(
                    group=self._named(),
                    kind="revoke",
                    phones=tuple(in_force),
                    reason="stolen",
                    suspended="lift",
                ),
            )
            if done:
                return
        for key in hurt:
            if key != phone.node.device:
                typed = key.hex()[:KEY_LETTERS]
                await self._does(
                    phone, council_actions.lift, LiftRequest(group=self._named(), phone=typed)
                )

    def _is_asked(self, phone: "Phone") -> bool:
        """Whether an honest officer's proposal to shut rogues out waits already."""
        with phone.used():
            group = phone.node.group(self._group)
            return any(
                one.state == "open"
                and one.proposal.device in self._honest()
                and any(
                    getattr(what, "device", b"") in self._gang.keys for what in one.proposal.records
                )
                for one in asked(group, Names(group))
            )

    def _devices(self, phone: "Phone") -> Any:
        return phone.node.group(self._group).roster.devices

    def troubles(self) -> Iterable[str]:
        """What is still to be done, in words."""
        for phone in self._gang.group.phones:
            if not self._holds(phone):
                continue
            devices = self._devices(phone)
            for key in sorted(self._gang.keys):
                known = devices.get(key)
                if known is not None and known.state == "active" and known.right == "write":
                    yield f"{phone.name} lets {known.label} write, which was reported"
            with phone.used():
                stops = stopped.stopped_phones(phone.node.group(self._group))
            for key in sorted(self._honest()):
                if key in stops and stops[key].by & self._gang.keys:
                    yield f"{phone.name}: {key.hex()[:8]} is still stopped by a rogue"
