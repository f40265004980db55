"""The inviter's side of joining (node/joining.py): whom this phone lets in, and when it says no.

One phone at a time uses an invitation: the second is refused before it is told anything, so that
it never keeps a group which it can't enter. A wrong try is counted on disk before the other end
hears of it (node/invitations.py says what is one). Until the owner has answered, where asked,
nothing is signed; and until the phone is in, it is given nothing of the books.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from node.clock import now_ms, steady_ms
from node.doors import Door
from node.enrolment import Enrolment, enrol, offer_of
from node.errors import NodeError
from node.invitation_store import InvitationRow
from node.invitations import burn_if_spent, count_try, require_open, wrong_try
from node.joining import (
    Join,
    Joined,
    Offer,
    decode_join,
    decode_word,
    encode_enrolled,
    encode_joined,
    encode_offer,
    told,
)
from node.node import Node, Step
from node.node_thread import NodeThread
from node.pairings import OTHER_PERSON_S_MAX, NotAnswered, Pairing
from node.peer_link import PeerLink
from node.secure_socket import (
    AGREED,
    ENROLLED,
    JOIN,
    JOINED,
    OFFER,
    READY,
    REFUSED,
    SAME,
    Refused,
    SecureSocket,
)
from node.two_screens import WORD_S_MAX, compare, person_says
from replication.comparison import channel_number, grouped
from replication.errors import RemoteError

if TYPE_CHECKING:
    from node.links import Links

_TOLD = {
    "declined": "The other phone's owner said no. The invitation is still good.",
    "not_same": "On the other phone they said that the numbers differ. Somebody may stand between "
    "the phones. Try again, or pair with a QR code.",
    "not_answered": "Nobody answered on the other phone in time.",
    "not_admitted": "It was turned away.",
    "peer_gone": "The other phone hung up. It may call again.",
}


class LettingIn:
    """One phone that came with an invitation, from its first word to its enrolment."""

    def __init__(
        self,
        links: "Links",
        node: Node,
        thread: NodeThread,
        secure: SecureSocket,
        door: Door,
        invitation: InvitationRow,
    ) -> None:
        self._links = links
        self._node = node
        self._thread = thread
        self._secure = secure
        self._group = door.group
        self._invitation = invitation

    async def run(self, in_use: set[bytes], is_known: Callable[[], None]) -> None:
        """Let it in, and hold the session that follows.

        `in_use` holds the invitations of all phones that are being let in; `is_known` is called
        once this one has said who it is. NodeError, RemoteError.
        """
        try:
            said = await self._secure.expect(JOIN, WORD_S_MAX)
            join = decode_join(said, self._secure.peer_static)
        except RemoteError as error:
            await self._reckon(error)
            raise
        if self._invitation.invitation_id in in_use:
            await self._secure.send(b"invitation_in_use", REFUSED)
            raise NodeError("Two phones used one invitation at once.", "invitation_in_use")
        in_use.add(self._invitation.invitation_id)
        is_known()
        try:
            pairing, others = await self._pair(join)
        finally:
            in_use.discard(self._invitation.invitation_id)
        if self._invitation.right == "pull" and not others:
            pairing.end({"state": "in", "synced": False})
            await self._secure.close()
            return
        if others:
            pairing.end({"state": "waiting", "others": others})
            await self._secure.close()
            return
        await self._hold(join, pairing)

    async def _pair(self, join: Join) -> tuple[Pairing, int]:
        """The conversation up to the enrolment; how many officers must still agree."""
        offer = await self._asking(offer_of, self._node, self._group, self._invitation)
        pairing = self._links.pairings.begin("inviter", **_facts(join, offer, self._group))
        try:
            if self._invitation.way == "numbers":
                await self._compare(pairing)
            else:
                pairing.facts["number"] = channel_number(self._secure.binding)
            await self._secure.send(encode_offer(offer), OFFER)
            decode_word(await self._secure.expect(AGREED, OTHER_PERSON_S_MAX))
            if self._invitation.confirm and self._invitation.way == "secret":
                await self._admit(pairing)
            self._announce(pairing, " comes in")
            return pairing, await self._sign(join)
        except (NodeError, RemoteError) as error:
            await self._reckon(error)
            pairing.end(_ended(error))
            if isinstance(error, _NotAdmitted):
                await self._secure.send(error.code.encode(), REFUSED)
            raise
        except BaseException:
            pairing.end(NodeError("Mkutano was stopped on this phone.", "stopped"))
            raise

    async def _compare(self, pairing: Pairing) -> None:
        """Both owners see one number, and both say so."""
        number = await compare(self._secure, caller=False, before_telling=self._count_number)
        pairing.facts["number"] = number
        await self._admit(pairing, due=SAME)

    async def _admit(self, pairing: Pairing, **due: int) -> None:
        """The owner says whether the phone may come in."""
        self._announce(pairing, " asks to be let in: mkutano admit")
        try:
            yes = await person_says(self._secure, pairing.ask("admit"), **due)
        except NotAnswered:
            await self._secure.send(b"not_answered", REFUSED)
            raise
        if not yes:
            raise _NotAdmitted

    async def _sign(self, join: Join) -> int:
        """Say which group it is, and enrol once the other phone has kept it."""
        at = (self._node, self._group)
        await self._asking(require_open, *at, self._invitation.invitation_id, steady_ms())
        joined = Joined(self._group, self._node.device)
        await self._secure.send(encode_joined(joined), JOINED)
        decode_word(await self._secure.expect(READY, WORD_S_MAX))
        done: list[Enrolment] = []

        def work() -> Step:
            done.append(enrol(*at, self._invitation, join, now_ms(), steady_ms()))
            return done[0].step

        async with self._saying_why_not():
            await self._links.step(work)
        await self._secure.send(encode_enrolled(done[0].others), ENROLLED)
        return done[0].others

    async def _hold(self, join: Join, pairing: Pairing) -> None:
        """The session; the owner hears when the other phone holds what is here."""
        try:
            link = await self._links.begin(self._secure, self._group, join.device, initiator=False)
        except NodeError:
            pairing.end({"state": "in", "synced": False})
            raise
        telling = asyncio.create_task(_tell_when_synced(link, pairing))
        try:
            await link.run()
        finally:
            await telling

    async def _asking(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Work on the node thread; the other end is told the code of what goes wrong."""
        async with self._saying_why_not():
            return await self._thread.run(work, *arguments)

    async def _count_number(self) -> None:
        """One try, on disk when this returns: from here on the other side can know the number."""
        await self._judge(count_try)

    async def _reckon(self, error: NodeError | RemoteError) -> None:
        """What a failure costs the invitation, on disk when this returns."""
        if self._invitation.way == "numbers":
            await self._judge(burn_if_spent)
        elif isinstance(error, RemoteError | _NotAdmitted):
            await self._judge(wrong_try)

    async def _judge(self, what: Callable[[Node, bytes, bytes], object]) -> None:
        await self._thread.run(what, self._node, self._group, self._invitation.invitation_id)

    @contextlib.asynccontextmanager
    async def _saying_why_not(self) -> AsyncIterator[None]:
        """Tell the other end the code of what this phone could not do for it."""
        try:
            yield
        except NodeError as error:
            await self._secure.send(error.code.encode(), REFUSED)
            raise

    def _announce(self, pairing: Pairing, what: str) -> None:
        facts = pairing.facts  # a stranger's phone may call itself anything: its name is one line
        self._links.bulletin.announce(
            f"{facts['phone']}{what} ({facts['group_name']}, number {grouped(facts['number'])})."
        )


class _NotAdmitted(NodeError):
    """The owner said no."""

    code = "not_admitted"

    def __init__(self) -> None:
        super().__init__("This phone's owner turned the other phone away.")


async def _tell_when_synced(link: PeerLink, pairing: Pairing) -> None:
    waits = [asyncio.create_task(event.wait()) for event in (link.synced, link.over)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    pairing.end({"state": "in", "synced": link.synced.is_set()})


def _facts(join: Join, offer: Offer, group: bytes) -> dict[str, Any]:
    """What the inviter's screen shows."""
    return {"phone": join.name, "device": join.device.hex(), "group": group.hex(), **told(offer)}


def _ended(error: NodeError | RemoteError) -> NodeError:
    """How a pairing ended, as the inviter reads it."""
    if isinstance(error, RemoteError):
        return Refused("What the other phone said was refused. Update Mkutano on both phones.")
    return NodeError(_TOLD.get(error.code, error.sentence), error.code)
