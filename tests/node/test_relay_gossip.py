"""What phones tell each other of relays over an ordinary session, and what liars can do with it."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.node import Node, Step
from node.relay_gossip import notes_for, take_notes, tell_notes
from node.relay_places import places
from node.relay_store import RelayStore
from node.relay_view import NOTE_BYTES, note_of
from relay.facts import Head, SignedHead, head_message
from replication.limits import NOTE_BYTES_MAX, NOTES_MAX
from replication.wire import Notes, encode
from tests.node.phones import NOW_MS
from tests.node.relay_phones import World


def carried(left: Node, right: Node, group: bytes) -> dict[str, list[bytes]]:
    """The notes that each side got in a whole session carried by hand."""
    nodes, other = {"left": left, "right": right}, {"left": "right", "right": "left"}
    got: dict[str, list[bytes]] = {"left": [], "right": []}
    queue: list[tuple[str, bytes]] = []

    def said(who: str, step: Step) -> None:
        assert not step.refused, step.refused
        queue.extend((other[who], message) for _, message in step.send)
        got[who] += step.notes

    for who, node in nodes.items():
        said(who, tell_notes(node, group))
    said("left", left.connect(group, "right", right.device, True, NOW_MS))
    said("right", right.connect(group, "left", left.device, False, NOW_MS))
    while queue:
        whom, message = queue.pop(0)
        said(whom, nodes[whom].receive(group, other[whom], message, NOW_MS))
    return got


async def test_a_session_carries_the_newest_heads_both_ways(world: World) -> None:
    async with (
        world.relay() as relay,
        world.phone("secretary") as one,
        world.phone("treasurer") as other,
    ):
        await one.once(relay.address)
        await other.once(relay.address)
        got = carried(one.node, other.node, world.group)
        assert set(got["left"]) == set(notes_for(other.node, world.group))
        assert set(got["right"]) == set(notes_for(one.node, world.group))
        assert got["left"]
        for phone, notes in ((one, got["left"]), (other, got["right"])):
            assert not take_notes(phone.node, world.group, notes, NOW_MS)
            assert phone.wrong == set()


async def test_nobody_slanders_a_relay(world: World) -> None:
    """Notes that the relay did not sign, of other relays, of others' mailboxes: nothing follows."""
    async with world.relay() as relay, world.phone("secretary") as phone:
        await phone.once(relay.address)
        kept = RelayStore(phone.node.store.database).load(world.log).view
        head = Head(kept.log_id, kept.cursor, b"c" * 32, 5)
        forged = SignedHead(head, b"s" * 64)
        notes = [
            note_of(world.chosen.relay, world.log.mailbox, forged),
            note_of(b"r" * 32, world.log.mailbox, forged),
            note_of(world.chosen.relay, b"m" * 32, forged),
            note_of(world.chosen.relay, world.log.mailbox, forged)[:-1],
            b"",
        ]
        assert not take_notes(phone.node, world.group, notes, NOW_MS)
        assert phone.wrong == set()
        assert phone.trusts()


async def test_points_that_nobody_has_read_yet_are_kept_up_to_a_bound(world: World) -> None:
    """A relay and a phone that work together can't fill another phone's disk."""
    async with world.relay() as relay, world.phone("secretary") as phone:
        await phone.once(relay.address)
        view = RelayStore(phone.node.store.database).load(world.log).view
        for cursor in range(view.cursor + 1, view.cursor + 400):
            head = Head(view.log_id, cursor, b"c" * 32, 5)
            signature = relay.key.sign(head_message(world.log.mailbox, head))
            note = note_of(relay.key.public, world.log.mailbox, SignedHead(head, signature))
            assert not take_notes(phone.node, world.group, [note], NOW_MS)
        (count,) = phone.node.store.database.rows(
            "SELECT count(*) FROM relay_points WHERE mailbox = ?", (world.log.mailbox,)
        )[0]
        assert count <= 260


@given(st.lists(st.binary(max_size=NOTE_BYTES + 1), max_size=NOTES_MAX))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_notes_are_taken_without_a_fault(world: World, notes: list[bytes]) -> None:
    with Node.open(world.path / "secretary") as node:
        assert not take_notes(node, world.group, notes, NOW_MS)
        treasurer = next(
            key for key in node.group(world.group).roster.devices if key != node.device
        )
        node.connect(world.group, "peer", treasurer, False, NOW_MS)
        step = node.receive(world.group, "peer", encode(Notes(tuple(notes))), NOW_MS)
        assert [one.code for one in step.refused] == ["unexpected_message"]  # HAVE comes first


def test_too_many_and_too_long_notes_are_refused(world: World) -> None:
    with Node.open(world.path / "secretary") as node:
        treasurer = next(
            key for key in node.group(world.group).roster.devices if key != node.device
        )
        for notes in ((b"",) * (NOTES_MAX + 1), (b"x" * (NOTE_BYTES_MAX + 1),)):
            node.connect(world.group, "peer", treasurer, False, NOW_MS)
            step = node.receive(world.group, "peer", encode(Notes(notes)), NOW_MS)
            assert [one.code for one in step.refused] == ["bad_message"]
            node.disconnect(world.group, "peer")
        assert len(places(world.group, world.chosen)) * 4 <= NOTES_MAX
