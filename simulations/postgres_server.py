"""A real PostgreSQL for tests and benchmarks: in a temporary folder, gone afterwards.

It listens on a Unix socket. It does not sync to disk unless asked, since no test cuts the power;
what a killed server or client leaves behind is the same.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

USER = "mkutano"
MISSING = "PostgreSQL's programs are not installed; on Debian: apt install postgresql"


class PostgresServer:
    """A server that was started; `stop` and `start` it as often as you like."""

    def __init__(self, programs: Path, folder: Path, fsync: bool) -> None:
        self.programs = programs
        self.folder = folder
        self._data = folder / "data"
        self._owner = "postgres" if os.geteuid() == 0 else None
        self._fsync = "on" if fsync else "off"
        self._numbers = count(1)
        if self._owner:
            entry = pwd.getpwnam(self._owner)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        self._run(
            *("initdb", "--pgdata", str(self._data), "--username", USER, "--auth", "trust"),
            *("--no-sync", "--encoding", "UTF8", "--locale", "C"),
        )
        self.start()

    def start(self) -> None:
        """Start it; returns when it answers."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "fsync": self._fsync,
            "full_page_writes": self._fsync,
            "max_connections": "120",
            "shared_buffers": "64MB",
        }
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        log = str(self.folder / "log")
        self._run("pg_ctl", "start", "-w", "-D", str(self._data), "-l", log, "-o", options)

    def stop(self) -> None:
        """As a crash does: at once."""
        self._run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(self._data))

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"relay_{next(self._numbers)}"
        self.sql(self.url("postgres"), f"CREATE DATABASE {name} TEMPLATE template0")
        return self.url(name)

    def new_schema(self) -> str:
        """The URL of an empty schema, which comes cheaper, in a database that all share."""
        name = f"relay_{next(self._numbers)}"
        self.sql(self.url("postgres"), f"CREATE SCHEMA {name}")
        return f"{self.url('postgres')}&options=-csearch_path%3D{name}"

    def url(self, database: str) -> str:
        """Where one of its databases answers."""
        return f"postgresql://{USER}@/{database}?host={self.folder}"

    def sql(self, url: str, script: str) -> str:
        """What psql answers in the database at this URL, one row a line."""
        return self._run(
            *("psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"),
            *("-v", "ON_ERROR_STOP=1", "--command", script, url),
        )

    def _run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [str(self.programs / program), *arguments],
            user=self._owner,
            group=self._owner,
            extra_groups=[] if self._owner else None,
            cwd=self.folder,
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{program}: {done.stdout}"
        return done.stdout.strip()


def postgres_programs() -> Path | None:
    """The folder of initdb and postgres; None where they are not installed."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve()] if on_path else []
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version, reverse=True)
    for initdb in found:
        if (initdb.parent / "postgres").is_file():
            return initdb.parent
    return None


def _version(initdb: Path) -> int:
    name = initdb.parent.parent.name
    return int(name) if name.isdigit() else 0


@contextmanager
def running_postgres(programs: Path, fsync: bool = False) -> Iterator[PostgresServer]:
    """A server until the block ends. Its folder has a short path, as a socket's must be."""
    folder = Path(tempfile.mkdtemp(prefix="mkutano-pg-"))
    server = None
    try:
        server = PostgresServer(programs, folder, fsync)
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
