"""What people do after an accident, by the commands that their screens name.

A phone that forked is answered for on another officer's phone (`mkutano forks`). A phone that is
gone, copied or damaged is stopped by another officer (`suspend`), emptied, let in anew for the same
person (`invite --phone-of`, `join`), and its old key is shut out (`propose revoke`, `agree`).
Nobody waits for anybody: each look goes on as far as it can now, and the next one goes on from
there. A refusal is noted by its code and tried again; one that never ends is found at the end.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from node import council_actions, fork_views
from node.answers import Answer, GroupRequest
from node.council_actions import ProposalRequest, ProposeRequest, SuspendRequest
from node.errors import NodeError
from node.fork_views import JudgeRequest
from node.node import Node, Step
from node.pairing_exchanges import InviteRequest, JoinRequest, join, make_invitation
from replication.agenda import proposals
from simulations.simulator.backups import empty, put_back
from simulations.simulator.process import Killed

if TYPE_CHECKING:
    from simulations.simulator.nemesis import Nemesis
    from simulations.simulator.phone import Phone
    from simulations.simulator.story import Group

WAIT_S: Final = 20.0
"""What people leave phones to tell each other what was just decided."""
OFFICERS_MIN: Final = 3
"""Fewer can't shut a phone out without the officer whose phone it was, or a card."""

Ask = Callable[[Node, Any, int], Answer]


class Replacing(NamedTuple):
    """A phone that is being replaced."""

    old_key: bytes
    is_empty: bool = False
    """Whether the new phone is out of its box."""
    new_key: bytes = b""


class Repairs:
    """Of one story."""

    def __init__(self, nemesis: "Nemesis") -> None:
        self._nemesis = nemesis
        self._story = nemesis.story
        self._replacing: dict[str, Replacing] = {}
        """By the phone's name."""
        self._numbers = 0

    # What accidents ask for

    def can_replace(self, phone: "Phone") -> bool:
        """Whether its group has enough other officers, and none of them waits for a new phone.

        More than half of all who vote must be left, and who means harm does not help: a group with
        fewer waits for its paper cards.
        """
        group = self._nemesis.group_of(phone)
        is_free = not any(other.name in self._replacing for other in group.phones)
        officers = len(group.phones)
        voters = officers + group.plan.rogues - group.plan.stolen
        return is_free and officers >= OFFICERS_MIN and 2 * (officers - 1) > voters

    def is_replacing(self, phone: "Phone") -> bool:
        """Whether its owner waits for a new one."""
        return phone.name in self._replacing

    def begin(self, phone: "Phone") -> None:
        """A phone that is off is gone for good: its owner gets another."""
        self._replacing[phone.name] = Replacing(phone.key)

    async def damaged(self, phone: "Phone") -> None:
        """A ledger that is damaged: restored from a backup, or joined again, as the message says.

        Where neither can be, the village puts back what it has: here a copy from before the damage.
        """
        backup = self._nemesis.backup_of(phone)
        if backup is not None and (not self.can_replace(phone) or self._nemesis.coin()):
            put_back(phone, backup, "kept")
            await self._nemesis.turn_on(phone)
        else:
            self.begin(phone)

    # A look at a group

    async def tend(self, group: "Group") -> None:
        """Do what can be done now."""
        await self._answer_forks(group)
        for phone in group.phones:
            if phone.name in self._replacing:
                await self._go_on(group, phone)

    async def _answer_forks(self, group: "Group") -> None:
        """Each fork that waits is answered on some phone that is not the one that forked."""
        answered = set()
        for phone in self._nemesis.on(group):
            told = await self._ask(phone, fork_views.listed, GroupRequest(group=group.id.hex()))
            for fork in told.get("forks", ()):
                device = fork["device"]
                if fork["state"] != "paused" or fork["this_phone"] or device in answered:
                    continue
                self._is_expected(group, bytes.fromhex(device))
                verdict = self._verdict(group, bytes.fromhex(device))
                asked = JudgeRequest(group=group.id.hex(), phone=device[:16], verdict=verdict)  # type: ignore[arg-type]
                if await self._ask(phone, fork_views.judge, asked):
                    answered.add(device)
                    self._story.trace.note("fork answered", f"{device[:8]} {verdict}")

    def _is_expected(self, group: "Group", device: bytes) -> None:
        """A phone forks only where nothing could have told it that it was put back."""
        is_ours = any(one.key == device for one in group.phones)
        if is_ours and device not in self._nemesis.may_fork:
            self._story.auditor.complain(f"{device.hex()[:8]} forked, and could have known better")

    def _verdict(self, group: "Group", device: bytes) -> str:
        """Copied, where two phones were in use; sometimes the clone is just thrown away."""
        whose = next((one for one in group.phones if one.key == device), None)
        if whose is None or device not in self._nemesis.cloned_keys or not self.can_replace(whose):
            return "restored"
        if self._nemesis.chance.random() < 0.5:
            self._nemesis.cloned_keys.pop(device)
            return "restored"
        self.begin(whose)
        return "copied"

    # A phone that is replaced

    async def _go_on(self, group: "Group", phone: "Phone") -> None:
        at = self._replacing[phone.name]
        if not at.is_empty:
            at = await self._emptied(phone, at)
        helper = self._helper(group, phone)
        if helper is None or not phone.is_on:
            return
        devices = helper.node.group(group.id).roster.devices
        old, new = devices.get(at.old_key), devices.get(at.new_key)
        if old is not None and old.state == "active":
            asked = SuspendRequest(group=group.id.hex(), phone=at.old_key.hex()[:16])
            await self._ask(helper, council_actions.suspend, asked)
        if new is None:
            await self._let_in(group, helper, phone, at)
        await self._nemesis.sleep(WAIT_S)
        await self._agree(group, phone)
        await self._nemesis.sleep(WAIT_S)
        if not helper.is_on:
            return
        devices = helper.node.group(group.id).roster.devices
        old, new = devices.get(at.old_key), devices.get(at.new_key)
        if new is not None and new.state == "active":
            if old is None or old.state != "revoked":
                await self._shut_out(group, helper, at)
            else:
                del self._replacing[phone.name]
                self._story.trace.note("replaced", phone.name)

    async def _emptied(self, phone: "Phone", at: Replacing) -> Replacing:
        """The new phone, out of its box."""
        if phone.is_on:
            self._nemesis.excuse(phone)
            await phone.kill()
        self._numbers += 1
        empty(phone, self._numbers)
        phone.make()
        await self._nemesis.turn_on(phone)
        at = Replacing(at.old_key, phone.is_on, phone.key)
        self._replacing[phone.name] = at
        return at

    async def _let_in(self, group: "Group", helper: "Phone", phone: "Phone", at: Replacing) -> None:
        asked = InviteRequest(group=group.id.hex(), name=phone.name, phone_of=at.old_key.hex()[:16])
        try:
            made = await helper.ask(lambda device: make_invitation(device, asked))
            using = JoinRequest(invitation=made["uri"], yes=True)
            self._story.auditor.let_in(group, phone.key)  # it may be in although it died over it
            if self._nemesis.kills_joining:
                self._nemesis.kill_joining(helper, phone)
            told = await phone.ask(lambda device: join(device, using))
            self._story.trace.note("let in", f"{phone.name} {told['state']}")
        except NodeError as error:
            self._story.trace.note(f"refused:{error.code}", phone.name)
        except Killed:
            self._story.trace.note("died while joining", phone.name)
            await self._nemesis.revive(helper)
            await self._nemesis.revive(phone)

    async def _shut_out(self, group: "Group", helper: "Phone", at: Replacing) -> None:
        asked = ProposeRequest(
            kind="revoke", group=group.id.hex(), phones=(at.old_key.hex()[:16],), suspended="lift"
        )
        if not self._asked_already(group, helper, at.old_key):
            await self._ask(helper, council_actions.propose, asked)
        await self._nemesis.sleep(WAIT_S)
        await self._agree(group, None)

    def _asked_already(self, group: "Group", helper: "Phone", key: bytes) -> bool:
        with helper.used():
            held = helper.node.group(group.id)
            return any(
                key in {getattr(record, "device", b"") for record in one.records}
                for one in proposals(held.replica.decisions)
                if one.state == "open"
            )

    async def _agree(self, group: "Group", but: "Phone | None") -> None:
        """Every other officer looks at what waits, and agrees to what is about a new phone."""
        for phone in self._nemesis.on(group):
            if phone is but:
                continue
            told = await self._ask(
                phone, council_actions.waiting, GroupRequest(group=group.id.hex())
            )
            for row in told.get("proposals", ()):
                if row["may_agree"] and not row["mine"] and self._is_ours(group, phone, row):
                    said = ProposalRequest(group=group.id.hex(), proposal=row["code"])
                    await self._ask(phone, council_actions.agree, said)

    def _is_ours(self, group: "Group", phone: "Phone", row: dict[str, Any]) -> bool:
        """Whether a proposal is about a phone that is being replaced."""
        keys = {key for at in self._replacing.values() for key in (at.old_key, at.new_key)}
        with phone.used():
            held = phone.node.group(group.id)
            for one in proposals(held.replica.decisions):
                if one.change_hash.hex() == row["change"]:
                    return any(getattr(record, "device", b"") in keys for record in one.records)
        return False

    def _helper(self, group: "Group", phone: "Phone") -> "Phone | None":
        """Another officer's phone that may decide."""
        for other in self._nemesis.on(group):
            if other is phone or other.name in self._replacing:
                continue
            with other.used():
                held = other.node.group(group.id)
                known = held.roster.devices.get(other.key)
                if known is not None and known.state == "active" and not held.continuity.sentence():
                    return other
        return None

    async def _ask(self, phone: "Phone", action: Ask, asked: Any) -> dict[str, Any]:
        """What a command answers; {} when it is refused or the phone dies over it."""
        body: dict[str, Any] = {}

        def work(node: Node) -> Step:
            answer = action(node, asked, max(0, phone.clock.wall_ms()))
            body.update(answer.body)
            return answer.step or Step()

        try:
            await phone.act(work)
        except NodeError as error:
            self._story.trace.note(f"refused:{error.code}", f"{phone.name} {action.__name__}")
            return {}
        except Killed:
            return {}
        return body
