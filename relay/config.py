"""What an operator may set: by a TOML file, the environment, flags; the last one that speaks wins.

Every setting has the same name everywhere: `port = 8470` in the file, `MKUTANO_RELAY_PORT=8470` in
the environment, `--set port=8470` as a flag. A name that nobody knows, or a value that makes no
sense, stops the relay with a sentence; nothing is ignored silently.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from relay.errors import RelayError
from relay.rates import Rate

PREFIX: Final = "MKUTANO_RELAY_"
FILE_VARIABLE: Final = "MKUTANO_RELAY_CONFIG"
"""Environment variable that names the TOML file."""
_SECRETS: Final = frozenset({"create_tokens", "database"})
MIB: Final = 1024 * 1024

Port = Annotated[int, Meta(ge=0, le=65_535)]
Count = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]
Speed = Annotated[float, Meta(ge=0)]
Token = Annotated[str, Meta(min_length=16, pattern=r"^[!-~]+$")]


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings of a relay. Bytes, seconds and counts say so in their names."""

    state: str = "relay-state"
    """Folder of the key and of the embedded database."""
    database: str = ""
    """"" for the embedded database in the state folder, or a postgresql:// address."""

    host: str = "127.0.0.1"
    """Where devices connect; "0.0.0.0" or "::" for everybody."""
    port: Port = 8470
    """0: a free one, which is printed."""
    tls_certificate: str = ""
    """PEM file of the certificate and its chain; "" when a proxy does TLS, or nobody."""
    tls_key: str = ""
    """PEM file of the certificate's key."""
    proxy_header: str = ""
    """Header in which a proxy names the caller's address, such as X-Forwarded-For; "" for none."""
    proxy_addresses: tuple[str, ...] = ("127.0.0.1", "::1")
    """Whose `proxy_header` is believed."""

    admin: bool = True
    """Whether there is a port for metrics, health and `status`."""
    admin_host: str = "127.0.0.1"
    admin_port: Port = 8471

    create: Literal["open", "token"] = "open"
    """Who may make mailboxes: everybody, or who shows one of `create_tokens`."""
    create_tokens: tuple[Token, ...] = ()
    """At least 16 characters each; shown as `Authorization: Bearer …`."""
    mailbox_bytes_max: Annotated[int, Meta(ge=MIB)] = 64 * MIB
    """What one mailbox may hold; a group's busy year is a few MiB."""
    mailboxes_max: Count = 4_000_000
    retention_days: Annotated[int, Meta(ge=30)] = 30
    """Days after which blobs behind a checkpoint may go."""

    connections_max: Count = 10_000
    address_connections_max: Count = 2_000
    """Of one network address; a whole town may share one."""
    strangers_max: Count = 1_000
    """Connections that have not opened a mailbox yet."""
    connection_mailboxes_max: Count = 4_096
    connection_queue_bytes_max: Annotated[int, Meta(ge=2 * MIB)] = 2 * MIB
    """What waits to be sent to one connection; beyond it, it hears only where logs stand."""
    queue_bytes_max: Annotated[int, Meta(ge=4 * MIB)] = 256 * MIB
    """The same for all connections together."""
    append_queue_bytes_max: Annotated[int, Meta(ge=MIB)] = 64 * MIB
    """Blobs that wait for the disk."""

    requests_per_second: Speed = 200
    """Of one device key, and of one connection; 0 for no limit, as in all that follows."""
    requests_burst: Count = 10_000
    address_requests_per_second: Speed = 2_000
    address_requests_burst: Count = 100_000
    mailbox_push_bytes_per_second: Speed = 256 * 1024
    mailbox_push_bytes_burst: Count = 32 * MIB
    address_pull_bytes_per_second: Speed = 16 * MIB
    address_pull_bytes_burst: Count = 256 * MIB
    address_creates_per_hour: Speed = 400
    address_creates_burst: Count = 400

    stranger_s: Seconds = 20
    """In which a connection opens a mailbox, or is cut."""
    idle_s: Seconds = 300
    """Without a request, for a connection that listens to no mailbox."""
    heartbeat_s: Seconds = 30
    send_s: Seconds = 30
    """In which a connection takes what is sent to it, or is cut."""
    close_s: Seconds = 5
    """For what was begun, when the relay stops."""
    poll_s: Seconds = 2
    """How often a process looks for what others added, should their hint get lost."""
    sweep_s: Seconds = 3600
    """How often what retention lets go is looked for."""

    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_addresses: bool = False
    """Whether the log may name network addresses."""

    @property
    def requests(self) -> Rate:
        """Of one key and of one connection."""
        return Rate(self.requests_per_second, self.requests_burst)

    @property
    def address_requests(self) -> Rate:
        """Of one network address."""
        return Rate(self.address_requests_per_second, self.address_requests_burst)

    @property
    def mailbox_push_bytes(self) -> Rate:
        """Into one mailbox."""
        return Rate(self.mailbox_push_bytes_per_second, self.mailbox_push_bytes_burst)

    @property
    def address_pull_bytes(self) -> Rate:
        """To one network address."""
        return Rate(self.address_pull_bytes_per_second, self.address_pull_bytes_burst)

    @property
    def address_creates(self) -> Rate:
        """By one network address."""
        return Rate(self.address_creates_per_hour / 3600, self.address_creates_burst)

    @property
    def is_shared(self) -> bool:
        """Whether other processes may use the same database."""
        return bool(self.database)

    def in_force(self) -> dict[str, Any]:
        """Every setting by name, with secrets left out."""
        told = msgspec.to_builtins(self)
        return {
            name: "(set, not shown)" if name in _SECRETS and value else value
            for name, value in told.items()
        }


def load_config(
    path: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Config:
    """The settings of a file, the environment and flags, the later ones before the earlier.

    Values of the environment and of flags are text; lists are divided by commas. RelayError.
    """
    environment = environment or {}
    if path is None and environment.get(FILE_VARIABLE):
        path = Path(environment[FILE_VARIABLE])
    settings: dict[str, Any] = {} if path is None else _of_file(path)
    for source, values in (
        ("the environment", _of_environment(environment)),
        ("the flags", dict(flags or {})),
    ):
        settings |= {name: _listed(name, value) for name, value in values.items()}
        _checked(settings, source)
    return _sound(_checked(settings, "the settings"))


def _of_file(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            settings = tomllib.load(file)
    except OSError as error:
        raise RelayError(
            "config_unreadable", f"The settings in {path} can't be read: {error.strerror}."
        ) from error
    except (ValueError, RecursionError) as error:  # its own, of bad UTF-8, of endless digits
        raise RelayError("bad_config", f"The file {path} is not TOML: {error}.") from error
    _checked(settings, str(path), strict=True)
    return settings


def _of_environment(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and name != FILE_VARIABLE
    }


def _listed(name: str, value: Any) -> Any:
    """Lists arrive as one text from where there are no lists."""
    default = getattr(Config(), name, None)
    if isinstance(default, tuple) and isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _checked(settings: Mapping[str, Any], source: str, strict: bool = False) -> Config:
    unknown = sorted(set(settings) - set(Config.__struct_fields__))
    if unknown:
        raise RelayError(
            "bad_config",
            f"There is no setting {unknown[0]!r} (named by {source}). "
            "`python -m relay config show` lists them all.",
        )
    try:
        return msgspec.convert(dict(settings), Config, strict=strict)
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at ")
        name = where.strip("`").removeprefix("$.").partition("[")[0]
        raise RelayError(
            "bad_config", f"The setting {name!r} in {source} does not fit: {reason}."
        ) from error


def _sound(config: Config) -> Config:
    """Settings that only make sense together."""
    if config.create == "token" and not config.create_tokens:
        raise RelayError(
            "bad_config",
            'With create = "token" nobody can make mailboxes until create_tokens has a token '
            "of at least 16 characters.",
        )
    if bool(config.tls_certificate) != bool(config.tls_key):
        raise RelayError(
            "bad_config", "tls_certificate and tls_key are set together or not at all."
        )
    if config.database and not config.database.startswith(("postgresql://", "postgres://")):
        raise RelayError(
            "bad_config",
            "The setting 'database' is an address that begins with postgresql://, or empty for "
            "the embedded database.",
        )
    return config
