"""The command `python -m relay`, for the operator: serve, status, check, backup and others.

Exit codes: 0 done · 1 refused, or something is wrong · 2 not understood as a command · 130 stopped
by Ctrl-C.
"""

import asyncio
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from relay.backup import back_up
from relay.clock import random_bytes
from relay.config import Config, load_config
from relay.errors import RelayError
from relay.facts import key_number
from relay.opening import known_key, open_store
from relay.relay_key import FILE_NAME, make_key, read_key
from relay.store import SALT_BYTES, StoreError

F = TypeVar("F", bound=Callable[..., None])

ANSWER_S_MAX: Final = 5.0
_SHORTCUTS: Final = ("state", "database", "host", "port", "admin_port", "log_format", "log_level")

_EXTRAS: Final = ("aiosqlite", "prometheus_client", "asyncpg")


def settings(command: F) -> F:
    """The flags by which every command is given its settings."""
    for name in _SHORTCUTS:
        flag = "--" + name.replace("_", "-")
        command = click.option(flag, name, metavar=name.upper(), help=f"The setting {name}.")(
            command
        )
    command = click.option(
        "--set", "sets", multiple=True, metavar="NAME=VALUE", help="Any other setting."
    )(command)
    return click.option(
        "--config", "path", type=click.Path(path_type=Path), help="A TOML file with settings."
    )(command)


def config_of(path: Path | None, sets: tuple[str, ...], flags: dict[str, str | None]) -> Config:
    """The settings in force. RelayError."""
    given: dict[str, Any] = {}
    for one in sets:
        name, equals, value = one.partition("=")
        if not equals:
            raise RelayError("bad_config", f"--set wants NAME=VALUE, not {one!r}.")
        given[name.strip()] = value
    given |= {name: value for name, value in flags.items() if value is not None}
    return load_config(path, os.environ, given)


@click.group()
def cli() -> None:
    """A relay keeps sealed copies of groups' books, which it can't read."""


@cli.command()
@settings
def serve(path: Path | None, sets: tuple[str, ...], **flags: str | None) -> None:
    """Answer devices until stopped."""
    from relay.serving import serve_until_stopped

    asyncio.run(serve_until_stopped(config_of(path, sets, flags), click.echo))


@cli.command()
@settings
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def status(path: Path | None, sets: tuple[str, ...], as_json: bool, **flags: str | None) -> None:
    """Where the relay that runs here stands."""
    config = config_of(path, sets, flags)
    told = _ask_admin(config)
    if as_json:
        click.echo(json.dumps(told))
        return
    click.echo(f"Listens on       {told['listens']}")
    click.echo(f"Key              {told['relay']}")
    click.echo(f"Its number       {key_number(bytes.fromhex(told['relay']))}")
    click.echo(f"Runs for         {_span(told['uptime_s'])}")
    click.echo(f"Connections      {told['connections']:,}")
    click.echo(f"Mailboxes        {told['mailboxes']:,} ({told['open_mailboxes']:,} open)")
    click.echo(f"Stored           {_size(told['stored_bytes'])}")
    click.echo(f"Waits to be sent {_size(told['queue_bytes'])}")


def _ask_admin(config: Config) -> dict[str, Any]:
    host = f"[{config.admin_host}]" if ":" in config.admin_host else config.admin_host
    url = f"http://{host}:{config.admin_port}/status"
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_S_MAX) as answer:
            told: dict[str, Any] = json.load(answer)
    except (OSError, ValueError, urllib.error.URLError) as error:
        raise RelayError(
            "no_answer",
            f"No relay answers on its operator's port {config.admin_host}:{config.admin_port}. "
            "Start it with `python -m relay serve`, or name the right --admin-port.",
        ) from error
    return told


@cli.command()
@settings
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def check(path: Path | None, sets: tuple[str, ...], as_json: bool, **flags: str | None) -> None:
    """Whether settings, key, certificate and database are in order, while the relay is stopped."""
    config = config_of(path, sets, flags)
    mailboxes, stored_bytes = asyncio.run(_check(config))
    if as_json:
        click.echo(json.dumps({"ok": True, "mailboxes": mailboxes, "stored_bytes": stored_bytes}))
        return
    click.echo(f"All is in order: {_counted(mailboxes)}, {_size(stored_bytes)}.")


async def _check(config: Config) -> tuple[int, int]:
    from relay.server import tls_context

    if config.tls_certificate:
        tls_context(config)
    store = await open_store(config)
    try:
        await known_key(config, store)
        await store.check()
        return await store.usage()
    except StoreError as error:
        raise RelayError(error.code, error.detail or "The database does not answer.") from error
    finally:
        await store.close()


@cli.group()
def config() -> None:
    """The settings."""


@config.command("show")
@settings
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def config_show(
    path: Path | None, sets: tuple[str, ...], as_json: bool, **flags: str | None
) -> None:
    """All settings as they are in force, without secrets."""
    _show(config_of(path, sets, flags), as_json)


@config.command("check")
@settings
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def config_check(
    path: Path | None, sets: tuple[str, ...], as_json: bool, **flags: str | None
) -> None:
    """The same; a setting that makes no sense is named, and the exit code is 1."""
    _show(config_of(path, sets, flags), as_json)


def _show(config: Config, as_json: bool) -> None:
    told = config.in_force()
    if as_json:
        click.echo(json.dumps(told))
        return
    width = max(map(len, told))
    for name, value in told.items():
        click.echo(f"{name:{width}} = {json.dumps(value)}")


@cli.command()
@settings
@click.option("--new", is_flag=True, help="Make one where the old one is lost.")
def key(path: Path | None, sets: tuple[str, ...], new: bool, **flags: str | None) -> None:
    """The public key by which devices know this relay, and its number for people to compare."""
    state = Path(config_of(path, sets, flags).state)
    found = read_key(state)
    if new and found is not None:
        raise RelayError(
            "key_exists", f"There is a key in {state / FILE_NAME} already; it was left as it is."
        )
    if found is None and not new:
        raise RelayError(
            "no_key",
            f"There is no key in {state} yet. `python -m relay serve` makes it at its first start.",
        )
    public = (found or make_key(state)).public
    click.echo(f"{public.hex()}\nIts number: {key_number(public)}")


@cli.command()
@settings
@click.argument("folder", type=click.Path(path_type=Path))
def backup(path: Path | None, sets: tuple[str, ...], folder: Path, **flags: str | None) -> None:
    """Copy the embedded database and the key into a new FOLDER, also while the relay runs."""
    size = back_up(config_of(path, sets, flags), folder)
    click.echo(f"{folder} has the database ({_size(size)}) and the key. Keep both together.")


@cli.command()
@settings
@click.option("--yes", is_flag=True, help="Don't ask.")
def renew(path: Path | None, sets: tuple[str, ...], yes: bool, **flags: str | None) -> None:
    """After an old backup was put back: tell devices so, and they bring what it lacks.

    Every log gets another id. Without it devices would take the older state for a lie.
    """
    config = config_of(path, sets, flags)
    if not yes:
        click.confirm("Was an older backup put back, and is the relay stopped?", abort=True)
    mailboxes = asyncio.run(_renew(config))
    click.echo(f"New logs for {_counted(mailboxes)}. Devices bring what is missing.")


async def _renew(config: Config) -> int:
    store = await open_store(config)
    try:
        await store.renew(random_bytes(SALT_BYTES))
        return (await store.usage())[0]
    except StoreError as error:
        raise RelayError(error.code, error.detail or "The database does not answer.") from error
    finally:
        await store.close()


def main() -> None:
    """Run the command; what is wrong is said in one sentence."""
    try:
        cli(standalone_mode=False)
    except RelayError as error:
        click.echo(error.text, err=True)
        sys.exit(1)
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            raise
        click.echo(
            f"The package {error.name} is missing: pip install 'mkutano[relay,postgres]'.", err=True
        )
        sys.exit(1)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


def _counted(mailboxes: int) -> str:
    return "1 mailbox" if mailboxes == 1 else f"{mailboxes:,} mailboxes"


def _span(seconds: int) -> str:
    days, rest = divmod(seconds, 86_400)
    return (
        f"{days} d {rest // 3600:02}:{rest // 60 % 60:02}"
        if days
        else (f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}")
    )


def _size(count: int) -> str:
    """Bytes in the unit that suits them."""
    size = float(count)
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"
        size /= 1024
    return f"{size:,.1f} GiB"
