"""What both ends of a pairing share: comparing numbers, and waiting for a person at a wire.

While a person thinks, the other phone is listened to, so that nobody answers a question for a phone
that has hung up.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from node.clock import random_bytes
from node.joining import decode_bytes, encode_bytes
from node.pairings import OTHER_PERSON_S_MAX
from node.secure_socket import COMMIT, NONCE, NOTHING, SecureSocket
from replication.comparison import NONCE_BYTES, Comparison

WORD_S_MAX: Final = 10.0  # a phone's own next message, even on a poor radio


async def _nothing_more() -> None:
    return


async def compare(
    secure: SecureSocket,
    *,
    caller: bool,
    before_telling: Callable[[], Awaitable[object]] = _nothing_more,
) -> str:
    """The six digits that both screens show. PeerGone, Refused, RemoteError.

    The caller tells its nonce first; `before_telling` is done before the answerer tells its own,
    after which the other side can know the number.
    """
    mine = Comparison(secure.binding, random_bytes(NONCE_BYTES), caller=caller)
    if caller:
        await secure.send(encode_bytes(mine.commitment), COMMIT)
    theirs = decode_bytes(await secure.expect(COMMIT, WORD_S_MAX))
    nonce = mine.commit(theirs)
    if not caller:
        await secure.send(encode_bytes(mine.commitment), COMMIT)
        number = mine.reveal(decode_bytes(await secure.expect(NONCE, WORD_S_MAX)))
        await before_telling()
        await secure.send(encode_bytes(nonce), NONCE)
        return number
    await secure.send(encode_bytes(nonce), NONCE)
    return mine.reveal(decode_bytes(await secure.expect(NONCE, WORD_S_MAX)))


async def person_says(
    secure: SecureSocket,
    asking: Coroutine[Any, Any, bool],
    due: int = NOTHING,
) -> bool:
    """A person's answer, unless the other phone hangs up or speaks out of turn before it.

    With `due`, a yes counts when the other phone has also said that word. PeerGone, Refused,
    RemoteError, and whatever `asking` raises.
    """
    asked = asyncio.create_task(asking)
    heard = asyncio.create_task(secure.expect(due, OTHER_PERSON_S_MAX))
    is_due = due != NOTHING
    try:
        while not asked.done():
            await asyncio.wait((asked, heard), return_when=asyncio.FIRST_COMPLETED)
            if heard.done() and (is_due or not asked.done()):
                heard.result()
                is_due = False
                heard = asyncio.create_task(secure.expect(NOTHING, OTHER_PERSON_S_MAX))
        yes = asked.result()
        if yes and is_due:
            await heard
        return yes
    finally:
        for task in (asked, heard):
            task.cancel()
        await asyncio.gather(asked, heard, return_exceptions=True)
