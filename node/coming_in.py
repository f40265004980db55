"""The joiner's side of joining (node/joining.py): this phone comes into a group.

Nothing is kept before this phone's owner has seen which group it is, as whom, with which right and
who invites, and has said yes. By numbers the owner is first asked whether both screens show the
same number. What the inviter says of the group is a claim until the books are here; that it is the
inviter of the QR code, or the phone whose screen was compared, is proved.
"""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, NamedTuple

from node.address import Address
from node.clock import now_ms
from node.doors import adopt
from node.errors import NodeError
from node.hello import NUMBERS_KEY
from node.invitation import Invitation, handshake_psk, hello_key, invitation_key
from node.joining import (
    Join,
    Joined,
    decode_enrolled,
    decode_joined,
    decode_offer,
    encode_join,
    encode_word,
    must_agree,
    told,
)
from node.node import Node
from node.node_thread import NodeThread
from node.pairings import OTHER_PERSON_S_MAX, Asks, NotAnswered
from node.reader_words import granted
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
    WebSocket,
    dial,
    hang_up,
)
from node.two_screens import WORD_S_MAX, compare, person_says
from replication.comparison import channel_number
from replication.errors import RemoteError
from replication.identity import noise_public

Ask = Callable[[Asks, Mapping[str, Any]], Coroutine[Any, Any, bool]]
"""Asks this phone's owner one thing, with what the screen shows."""


class Declined(NodeError):
    """This phone's owner said no."""

    code = "declined"


class AwaitingOfficers(NodeError):
    """The inviter has asked the other officers; this phone calls again."""

    code = "waiting_for_officers"

    def __init__(
        self, group: bytes, offer: Mapping[str, Any], others: int, address: Address
    ) -> None:
        super().__init__(waiting_sentence(str(offer["inviter_phone"]), others, str(address)))
        self.group = group
        self.offer = offer
        self.others = others


class ReadsSummaries(NodeError):
    """This device was let in to read summaries, which lie at the group's relay and not here."""

    code = "reads_summaries"

    def __init__(self, offer: Mapping[str, Any], others: int) -> None:
        waits = f"{must_agree(others)}. Then: " if others else "Take them from there with: "
        super().__init__(
            f"This device may read {granted('summary', str(offer['until']))}, of "
            f"{offer['group_name']}. They lie at the group's cloud backup. {waits}mkutano follow "
            "ADDRESS (ask the officers for the address: mkutano cloud)"
        )
        self.offer = offer
        self.others = others


async def yes_to_the_offer(asks: Asks, facts: Mapping[str, Any]) -> bool:
    """For machines: join whatever the invitation leads to. Numbers are for people to compare."""
    return asks == "offer"


def waiting_sentence(phone: str, others: int, address: str = "ADDRESS") -> str:
    """What a phone is told that other officers must still agree to."""
    return (
        f"{phone} has asked to let this phone in. {must_agree(others)}. Until then no books come; "
        f"leave “mkutano run” on, or call again later with: mkutano sync {address}"
    )


class ComingIn(NamedTuple):
    """One attempt at one address."""

    node: Node
    thread: NodeThread
    invitation: Invitation | None
    """None: by numbers."""
    address: Address
    name: str
    """What this phone is called."""
    ask: Ask

    async def run(self, socket: WebSocket) -> tuple[SecureSocket, Joined]:
        """Everything up to the first session. Declined, AwaitingOfficers, Refused, PeerGone."""
        try:
            secure = await self._dial(socket)
            return secure, await self._talk(secure)
        except BaseException as error:
            await hang_up(socket)
            if isinstance(error, RemoteError):
                raise Refused("What answered there does not speak as a Mkutano device.") from error
            if isinstance(error, Refused):
                raise _refusal(error, self.invitation is None) from error
            raise

    async def _dial(self, socket: WebSocket) -> SecureSocket:
        static = self.node.home.keys.noise_static()
        if self.invitation is None:
            return await dial(
                socket,
                kind="compare",
                static=static,
                key=NUMBERS_KEY,
                psk=None,
                accepts=lambda _: True,  # two people will see whether it is the right phone
            )
        key = invitation_key(self.invitation.secret)
        return await dial(
            socket,
            kind="join",
            static=static,
            key=hello_key(key),
            psk=handshake_psk(key),
            accepts=noise_public(self.invitation.device).__eq__,
        )

    async def _talk(self, secure: SecureSocket) -> Joined:
        await secure.send(encode_join(Join(self.node.device, self.name)), JOIN)
        if self.invitation is None:
            number = await compare(secure, caller=True)
            facts = {"number": number, "address": str(self.address)}
            await self._agree(secure, "number", facts, b"not_same")
            await secure.send(encode_word(), SAME)
        else:
            number = channel_number(secure.binding)
        offer = told(decode_offer(await secure.expect(OFFER, OTHER_PERSON_S_MAX)))
        await self._agree(secure, "offer", {"number": number, **offer}, b"declined")
        await secure.send(encode_word(), AGREED)
        joined = decode_joined(await secure.expect(JOINED, OTHER_PERSON_S_MAX), secure.peer_static)
        if self.invitation is not None and joined.inviter != self.invitation.device:
            raise RemoteError("join-key", "another device than the invitation names")
        reads_here = offer["scope"] != "summary"
        if reads_here:
            await self.thread.run(
                adopt, self.node, joined, str(offer["group_name"]), str(self.address), now_ms()
            )
        await secure.send(encode_word(), READY)
        others = decode_enrolled(await secure.expect(ENROLLED, WORD_S_MAX))
        if not reads_here:
            raise ReadsSummaries(offer, others)
        if others:
            raise AwaitingOfficers(joined.group, offer, others, self.address)
        return joined

    async def _agree(
        self, secure: SecureSocket, asks: Asks, facts: Mapping[str, Any], refusal: bytes
    ) -> None:
        """Ask this phone's owner, while the other phone stays. Declined, NotAnswered, PeerGone."""
        try:
            yes = await person_says(secure, self.ask(asks, facts))
        except NotAnswered:
            await secure.send(b"not_answered", REFUSED)
            raise
        if not yes:
            await secure.send(refusal, REFUSED)
            raise Declined(_SAID_NO[asks])


_SAID_NO: Final[Mapping[str, str]] = {
    "number": "The numbers differ, so somebody may stand between the two phones. Nothing was "
    "joined. Try again on another network, or use a QR code.",
    "offer": "Nothing was joined, and the invitation is still good.",
}
_SENTENCES: Final[Mapping[str, str]] = {
    "invitation_in_use": "Another phone is using this invitation at this moment. If it is not "
    "yours, tell the officer who made it.",
    "invitation_used": "Another phone has used this invitation meanwhile. Ask the officer for a "
    "new one.",
    "invitation_withdrawn": "The officer has withdrawn this invitation. Ask for a new one.",
    "invitation_expired": "This invitation has expired. Ask the officer for a new one.",
    "invitation_burned": "This invitation was burned by three wrong tries. Ask the officer for a "
    "new one.",
    "not_admitted": "The other phone's owner said no. Talk to each other, then try again.",
    "not_answered": "Nobody answered on the other phone in time. Try again when its owner is "
    "there.",
}


def _refusal(error: Refused, by_numbers: bool) -> Refused:
    """Why the other phone does not take this one, as its owner reads it."""
    if error.code in _SENTENCES:
        return Refused(_SENTENCES[error.code], error.code)
    if error.code != Refused.code:  # it knew this phone, and then something went wrong there
        return Refused(
            f"The other phone could not let this one in ({error.code}). Its owner's screen says "
            "why, or “mkutano links” there. The invitation is still good.",
            error.code,
        )
    if by_numbers:
        return Refused(
            "The phone there lets nobody in by numbers at this moment. On that phone: "
            "mkutano invite --numbers",
            "no_number_door",
        )
    return Refused(
        "The other phone does not take this invitation: it was used already, was withdrawn, has "
        "expired, or was burned by wrong tries. Ask the officer for a new one.",
        "invitation_refused",
    )
