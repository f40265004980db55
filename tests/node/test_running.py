"""What a phone that runs leaves in its folder for other programs, and what keeps it going."""

import asyncio
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from node import running
from node.address import Address
from node.device import open_device
from node.errors import StoreFailed
from node.node import Node


def test_the_address_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    device: Any = SimpleNamespace(listening=(Address("127.0.0.1", 8700),))
    options = running.Options(address_file=tmp_path / "address")
    said: list[str] = []

    def say(line: str) -> None:
        assert options.address_file is not None
        assert options.address_file.exists()  # what can't be written is told before
        said.append(line)

    running._tell(device, options, say)
    assert "Ctrl-C" in said[-1]
    assert (tmp_path / "address").read_text() == "127.0.0.1:8700\n"
    assert stat.S_IMODE((tmp_path / "address").stat().st_mode) == 0o600


async def test_a_new_group_is_announced_after_a_document_could_not_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Node.create(tmp_path / "home", "phone").close()
    announced: list[int] = []
    again = asyncio.Event()
    async with open_device(tmp_path / "home") as device:

        class Announcer:
            async def set_groups(self, groups: tuple[bytes, ...]) -> None:
                announced.append(len(groups))
                if len(announced) == 2:
                    again.set()
                device.groups_changed.set()

        def full() -> None:
            raise StoreFailed("The storage may be failing.")

        lan: Any = Announcer()
        device.lan = lan
        monkeypatch.setattr(device.node, "open_documents", full)
        dialer: Any = SimpleNamespace(kick=lambda: None)
        following = asyncio.create_task(running._follow_groups(device, dialer))
        async with asyncio.timeout(20):
            await again.wait()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
