"""What officers decide about a mailbox: who may use it, and what may be let go.

The relay decides nothing: it counts signatures over lists and checkpoints. Access lists prove
themselves, so whoever holds them may bring them to a relay that lost or never had them; a single
signature is only taken from who has the mailbox open. It is kept before the others are looked up,
so that of two processes that take one each, at least one sees both.
"""

import asyncio
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

from relay.facts import (
    Access,
    ProtocolError,
    SignedAccess,
    access_message,
    check_access,
    check_founding,
    check_next,
    checkpoint_message,
    is_enough,
    is_signed,
    mailbox_id,
)
from relay.limits import Limits
from relay.protocol import PENDING_MAX, Amend, Create, Done, ProposeAccess, SignCheckpoint
from relay.rooms import Rooms
from relay.store import Mailbox, Pending, Proposal, Store
from relay.visit import Visit

CHECKPOINT_OFFICERS: Final = 2
"""How many sign a checkpoint, in a group that has as many."""
_SIGNATURES_AT_ONCE: Final = 32
"""More are checked in a thread, so that other connections don't wait."""


class Deciding:
    """Answers the requests that change what a mailbox's officers decided."""

    def __init__(
        self, store: Store, rooms: Rooms, limits: Limits, now_ms: Callable[[], int]
    ) -> None:
        self._store = store
        self._rooms = rooms
        self._limits = limits
        self._now_ms = now_ms
        self.may_create_more: Callable[[], bool] = lambda: True
        """Whether this relay takes more mailboxes."""
        self.noted: Callable[[str, bytes], None] = lambda _what, _mailbox: None
        """Told what happened to a mailbox, for the operator's log."""
        self.announced: Callable[[list[bytes]], None] = lambda _mailboxes: None
        """Told what other processes should look at."""

    async def create(self, visit: Visit, message: Create) -> Done:
        """Make a mailbox."""
        name = mailbox_id(message.founder)
        if not visit.may_create:
            raise ProtocolError("token_needed", "this relay makes mailboxes for its customers only")
        self._limits.create(visit.address, _signatures(message.chain))
        if not self.may_create_more():
            raise ProtocolError("relay_full", "this relay takes no more mailboxes; choose another")
        if not message.chain:
            raise ProtocolError("bad_founding", "a mailbox begins with an access list")
        await _checked(message.chain, lambda: _check_founded(name, message))
        await self._store.create(name, message.founder, message.chain, self._now_ms())
        self.noted("created", name)
        self.announced([name])
        return Done(0)

    async def amend(self, visit: Visit, message: Amend) -> Done:
        """Put access lists in force that bring their signatures along."""
        name, chain = message.mailbox, message.chain
        if not chain:
            raise ProtocolError("bad_access", "there is no list to put in force")
        charge = self._limits.check if name in visit.opened else self._limits.create
        charge(visit.address, _signatures(chain))
        access = (await self.mailbox(name)).access
        await _checked(chain, lambda: _check_follows(name, access, chain))
        await self._put_in_force(name, chain)
        return Done(0)

    async def propose(self, message: ProposeAccess) -> Done:
        """Take one signature under the next list, which is in force once there are enough."""
        name, key, access = message.mailbox, message.key, message.access
        check_access(access)
        if not is_signed(key, access_message(name, access), message.signature):
            raise ProtocolError("bad_signature", "the key that proposes a list did not sign it")
        before = (await self.mailbox(name)).access
        if before.officer_of(key) < 0 and key not in before.cards:
            raise ProtocolError("not_allowed", "an officer or a paper card signs the next list")
        if (access.number, access.kind) != (before.number + 1, before.kind):
            raise ProtocolError("stale_access", "this list does not follow the one in force")
        alone = SignedAccess(access, ((key, message.signature),))
        if is_enough(before, [key]):
            await self._put_in_force(name, (alone,))
            return Done(0)
        proposal = Proposal(access, key, message.signature)
        await self._store.keep_pending(name, proposal, PENDING_MAX, self._now_ms())
        following = _of(await self._store.pending(name), access) or alone
        signers = [signer for signer, _ in following.signatures]
        if not is_enough(before, signers):
            return Done(_missing(before, signers))
        check_next(name, before, following)
        await self._put_in_force(name, (following,))
        return Done(0)

    async def sign_checkpoint(self, message: SignCheckpoint) -> Done:
        """Take one signature under a checkpoint, which is in force with a second officer's."""
        name, checkpoint, key = message.mailbox, message.checkpoint, message.key
        if not 1 <= checkpoint.first <= checkpoint.last:
            raise ProtocolError("bad_checkpoint", "a checkpoint has a first and a last entry")
        if not is_signed(key, checkpoint_message(name, checkpoint), message.signature):
            raise ProtocolError("bad_signature", "the key under a checkpoint did not sign it")
        access = (await self.mailbox(name)).access
        if access.officer_of(key) < 0:
            raise ProtocolError("not_allowed", "an officer signs a checkpoint")
        proposal = Proposal(checkpoint, key, message.signature)
        await self._store.keep_pending(name, proposal, PENDING_MAX, self._now_ms())
        pending = await self._store.pending(name)
        signatures = dict(pending.checkpoints).get(checkpoint, ())
        officers = {access.officer_of(signer) for signer, _ in signatures} - {-1}
        missing = min(CHECKPOINT_OFFICERS, len(access.writers)) - len(officers)
        if missing > 0:
            return Done(missing)
        await self._store.confirm_checkpoint(name, checkpoint, signatures, self._now_ms())
        self.noted("has a checkpoint", name)
        return Done(0)

    async def mailbox(self, name: bytes) -> Mailbox:
        """Where a mailbox stands; those in its room that lost the right leave."""
        mailbox = await self._store.mailbox(name)
        if mailbox is None:
            raise ProtocolError("unknown_mailbox", "this relay has no such mailbox")
        self._rooms.refresh(mailbox)
        return mailbox

    async def _put_in_force(self, name: bytes, chain: Sequence[SignedAccess]) -> None:
        await self._store.amend(name, chain, self._now_ms())
        self.noted("has new access lists", name)
        self.announced([name])
        await self.mailbox(name)


async def _checked(chain: Sequence[SignedAccess], check: Callable[[], None]) -> None:
    if _signatures(chain) > _SIGNATURES_AT_ONCE:
        await asyncio.to_thread(check)
    else:
        check()


def _signatures(chain: Sequence[SignedAccess]) -> int:
    return sum(len(one.signatures) for one in chain)


def _check_founded(name: bytes, message: Create) -> None:
    check_founding(name, message.founder, message.chain[0])
    for before, following in pairwise(message.chain):
        check_next(name, before.access, following)


def _check_follows(name: bytes, access: Access, chain: Sequence[SignedAccess]) -> None:
    for following in chain:
        check_next(name, access, following)
        access = following.access


def _of(pending: Pending, access: Access) -> SignedAccess | None:
    """What waits for signatures under this very list."""
    return next((one for one in pending.accesses if one.access == access), None)


def _missing(before: Access, signers: Sequence[bytes]) -> int:
    """How many more officers must sign the next list, at least one."""
    officers = {before.officer_of(key) for key in signers} - {-1}
    cards = min(1, len(set(signers) & set(before.cards)))
    return max(1, before.needed - len(officers) - cards)
