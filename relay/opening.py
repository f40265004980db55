"""Opening what a relay stands on: its database and its key.

A database with mailboxes and no key beside it is not begun anew under another key: every device
would take the relay for a stranger, so the operator is asked for the key first.
"""

from pathlib import Path
from typing import Final

from relay.clock import random_bytes
from relay.config import Config
from relay.errors import RelayError
from relay.relay_key import RelayKey, make_key, read_key
from relay.store import SALT_BYTES, Store, StoreError

DATABASE_NAME: Final = "relay.sqlite"
POSTGRES_LANES: Final = 4
"""Commits at a time into a database that several processes share."""


async def open_store(config: Config) -> Store:
    """The database that the settings name. RelayError."""
    try:
        if config.database:
            return await _open_postgres(config.database)
        return await _open_sqlite(_state_folder(config) / DATABASE_NAME)
    except StoreError as error:
        raise RelayError(
            error.code, error.detail or "The relay's database can't be used."
        ) from error
    except OSError as error:
        raise RelayError(
            "state_unwritable",
            f"The folder {config.state} can't be written to: {error.strerror}. "
            "Give this user a state folder that it may write to.",
        ) from error


async def open_key(config: Config, store: Store) -> RelayKey:
    """The relay's key, made at its very first start. RelayError when it was there once."""
    return await known_key(config, store) or make_key(Path(config.state))


async def known_key(config: Config, store: Store) -> RelayKey | None:
    """The relay's key; None where it is still to be made. RelayError when it was there once."""
    state = Path(config.state)
    key = read_key(state)
    if key is not None:
        return key
    try:
        mailboxes, _ = await store.usage()
    except StoreError as error:
        raise RelayError(error.code, "The relay's database does not answer.") from error
    if mailboxes:
        raise RelayError(
            "key_missing",
            f"The database has mailboxes, but {state} has no relay.key. Put the key from your "
            "backup, or from the other processes of this relay, there. If it is lost, "
            "`python -m relay key --new` makes another: devices then have to choose this relay "
            "again.",
        )
    return None


def _state_folder(config: Config) -> Path:
    state = Path(config.state)
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    return state


async def _open_sqlite(path: Path) -> Store:
    from relay.sqlite_store import open_sqlite

    return await open_sqlite(path, random_bytes(SALT_BYTES))


async def _open_postgres(url: str) -> Store:
    from relay.postgres_store import open_postgres

    return await open_postgres(url, random_bytes(SALT_BYTES))
