"""Who knows the cards' public keys can't hide the group from who holds the cards."""

from itertools import count

from node import relay_access
from node.card_exchanges import restore
from node.device import Device
from node.relay_client import call_relay
from relay.facts import SignedAccess, access_message, mailbox_id
from replication.identity import DeviceKeys
from tests.node.test_card_rescue import (
    CARDS,
    Village,
    access_for,
    asking,
    drown,
    fresh,
    relay,
    village,
)

__all__ = ["fresh", "relay", "village"]

SQUATTED = 70


async def test_many_mailboxes_under_the_cards_tag_do_not_hide_the_group_s(
    village: Village, fresh: Device
) -> None:
    """Each id comes before the group's: ids are hashes, and a thief tries until one does."""
    digest = village.digest("secretary")
    tag = relay_access.cards_tag(CARDS[0].public, CARDS[2].public)
    squatter = DeviceKeys(b"s" * 32)
    client = await call_relay(fresh.http, village.url, squatter)
    ((_, doors),) = await client.find((tag,))
    access = access_for(squatter.public, tag)
    founders = (DeviceKeys(number.to_bytes(32, "big")) for number in count(1000))
    before = (one for one in founders if mailbox_id(one.public) < max(doors, b"\x10"))
    for founder in (next(before) for _ in range(SQUATTED)):
        message = access_message(mailbox_id(founder.public), access)
        signatures = ((founder.public, founder.sign(message)),)
        await client.create(founder.public, (SignedAccess(access, signatures),))
    await client.close()
    drown(village)
    told = await restore(fresh, asking(village))
    assert told["group_name"] == "Umoja"
    assert fresh.node.group(village.group).book.digest() == digest
