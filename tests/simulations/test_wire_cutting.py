"""An exchange that is cut after each of many bytes: resumed, nothing half, nothing twice."""

import socket
from pathlib import Path

import pytest

from simulations.wire.cutting import chosen_cuts, cut_everywhere
from simulations.wire.proxy import BreakingProxy

CUTS = 24
WAIT_S = 20


def test_a_cut_exchange_goes_on_and_nothing_is_half_or_twice(tmp_path: Path) -> None:
    found = cut_everywhere(tmp_path, seed=1, count=CUTS)
    assert found.cuts == CUTS
    assert found.broken > CUTS // 2, "the wire broke while they were exchanging"
    assert found.bytes_whole > 1000


def test_cuts_are_spread_and_the_first_bytes_are_cut_more_closely() -> None:
    places = chosen_cuts(1, 60, 2000)
    assert len(places) == 60
    assert places == sorted(places)
    assert sum(place < 600 for place in places) >= 20
    assert places[-1] > 1500
    assert chosen_cuts(1, 2000, 2000) == list(range(2000))
    assert chosen_cuts(1, 60, 2000) == places
    assert chosen_cuts(2, 60, 2000) != places


@pytest.mark.parametrize("place", [1, 5, 9])
def test_the_proxy_carries_exactly_so_many_bytes(place: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        with BreakingProxy((host, port)) as proxy:
            proxy.break_at = place
            near_host, _, near_port = proxy.address.rpartition(":")
            with socket.create_connection((near_host, int(near_port)), WAIT_S) as near:
                near.sendall(b"0123456789")
                far, _ = server.accept()
                with far:
                    far.settimeout(WAIT_S)
                    assert _all(far) == b"0123456789"[:place]
            assert proxy.over.wait(WAIT_S)
            assert proxy.carried == place


def _all(far: socket.socket) -> bytes:
    came = b""
    try:
        while data := far.recv(100):
            came += data
    except ConnectionResetError:
        pass
    return came
