"""The relay's key: made once, its owner's alone, never replaced in silence."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from relay.config import Config
from relay.errors import RelayError
from relay.facts import is_signed
from relay.opening import open_key
from relay.relay_key import FILE_NAME, key_of_seed, make_key, read_key
from tests.relay.devices import founds, people
from tests.relay.memory_store import MemoryStore


def test_a_key_is_made_once_and_signs(tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert read_key(state) is None
    key = make_key(state)
    assert read_key(state) == make_key(state) == key
    assert (state / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert is_signed(key.public, b"message", key.sign(b"message"))
    assert key.secret.hex() not in repr(key)
    assert [path.name for path in state.iterdir()] == [FILE_NAME]


def test_processes_that_start_at_once_agree_on_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: make_key(tmp_path), range(32)))
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize("content", [b"", b"mkutano relay key 1\n", b"\xff" * 300])
def test_a_damaged_file_is_named_and_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(RelayError, match="does not hold a relay's key"):
        read_key(tmp_path)
    with pytest.raises(RelayError):
        make_key(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == content


def test_the_file_holds_the_seed_of_the_key(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"mkutano relay key 1\n" + b"07" * 32 + b"\n")
    assert read_key(tmp_path) == key_of_seed(b"\x07" * 32)


async def test_a_database_with_mailboxes_is_not_begun_anew_under_another_key(
    tmp_path: Path,
) -> None:
    store, config = MemoryStore(), Config(state=str(tmp_path))
    key = await open_key(config, store)
    assert await open_key(config, store) == key
    (tmp_path / FILE_NAME).unlink()
    one = people()
    message = founds(one.founder, one.access())
    await store.create(one.mailbox, message.founder, message.chain, 0)
    with pytest.raises(RelayError, match=r"no relay\.key"):
        await open_key(config, store)
