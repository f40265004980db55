"""Discovery: what is announced, what a stranger can make of it, and one real exchange."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zeroconf.asyncio import AsyncServiceInfo

from node.lan import GROUPS_MAX, SERVICE, Lan, announcement, own_addresses, recognised

UMOJA, TUMAINI = bytes([1]) * 32, bytes([2]) * 32
NONCE = bytes(range(16))
SECRET = b"only this phone knows"


def as_received(properties: dict[str, bytes]) -> dict[bytes, bytes | None]:
    return {key.encode(): value for key, value in properties.items()}


def test_only_the_groups_devices_recognise_it() -> None:
    received = as_received(announcement([UMOJA], NONCE, SECRET))
    assert recognised(received, [TUMAINI, UMOJA]) == (UMOJA,)
    assert recognised(received, [TUMAINI]) == ()


def test_two_starts_have_nothing_in_common() -> None:
    one, other = announcement([UMOJA], NONCE, SECRET), announcement([UMOJA], bytes(16), SECRET)
    assert one["t"] != other["t"]
    assert UMOJA.hex() not in str(one)


def test_how_many_groups_a_device_is_in_can_not_be_counted() -> None:
    few = [number.to_bytes(32, "big") for number in range(1, 9)]
    told = [announcement(few[:count], NONCE, SECRET)["t"] for count in range(9)]
    assert {len(tags) for tags in told} == {8 * 8}
    for count, tags in enumerate(told):
        received = as_received({"v": b"1", "n": NONCE, "t": tags})
        assert recognised(received, few) == tuple(few[:count])
    assert announcement([], NONCE, SECRET) != announcement([], NONCE, b"another phone's")


def test_a_flood_of_strangers_leaves_room_for_the_groups_devices() -> None:
    lan = Lan(40001)
    lan._groups = (UMOJA,)

    def heard(name: str, properties: dict[str, bytes]) -> bool:
        info = AsyncServiceInfo(SERVICE, f"{name}.{SERVICE}", port=1, properties=properties)
        has_room = lan._has_room(name, info)
        if has_room:
            lan._seen[name] = info
        return has_room

    strangers = [heard(f"stranger{n}", announcement([], NONCE, SECRET)) for n in range(500)]
    assert sum(strangers) < 100
    assert heard("treasurer", announcement([UMOJA], NONCE, SECRET))
    assert heard("treasurer", announcement([UMOJA], NONCE, SECRET))
    assert [found.instance for found in lan.found()] == []  # it told no address


def test_a_device_of_very_many_groups_still_fits_a_record() -> None:
    many = [number.to_bytes(32, "big") for number in range(100)]
    tags = announcement(many, NONCE, SECRET)["t"]
    assert len(tags) == GROUPS_MAX * 8 < 255


@given(
    st.dictionaries(
        st.sampled_from([b"v", b"n", b"t", b"x"]), st.one_of(st.none(), st.binary(max_size=255))
    )
)
def test_what_strangers_announce_is_no_group_of_ours(
    properties: dict[bytes, bytes | None],
) -> None:
    assert recognised(properties, [UMOJA]) == ()


def test_there_is_always_an_address_to_show() -> None:
    assert own_addresses()


async def test_two_phones_find_each_other_on_a_real_network() -> None:
    secretary, treasurer = (Lan(port, ("127.0.0.1",)) for port in (40001, 40002))
    stranger = Lan(40003, ("127.0.0.1",))
    try:
        await asyncio.gather(
            secretary.start([UMOJA]), treasurer.start([UMOJA, TUMAINI]), stranger.start([])
        )
        async with asyncio.timeout(30):
            while {40001} != ports(treasurer) or {40002} != ports(secretary):
                await asyncio.wait(
                    [
                        asyncio.create_task(secretary.changed.wait()),
                        asyncio.create_task(treasurer.changed.wait()),
                    ],
                    return_when=asyncio.FIRST_COMPLETED,
                )
                secretary.changed.clear()
                treasurer.changed.clear()
            while 40003 not in everyone(secretary):
                await secretary.changed.wait()
                secretary.changed.clear()
        assert ports(stranger) == set()
        assert [found.instance for found in treasurer.found()] == [secretary.instance]
        await stranger.close()
        async with asyncio.timeout(30):
            while 40003 in everyone(secretary):
                await secretary.changed.wait()
                secretary.changed.clear()
    finally:
        await asyncio.gather(secretary.close(), treasurer.close(), stranger.close())


def ports(lan: Lan) -> set[int]:
    """The ports of the devices that were recognised."""
    return {address.port for found in lan.found() for address in found.addresses}


def everyone(lan: Lan) -> set[int]:
    """The ports of every device in sight; phones of other tests may be among them."""
    return {address.port for address in lan.everyone()}


@pytest.mark.parametrize("port", [0])
async def test_closing_what_never_started_is_harmless(port: int) -> None:
    await Lan(port).close()
