"""The keeper: a small program that remembers an unlocked secret between two commands.

`mkutano unlock` starts it; it holds the secret in its memory alone, gives it to commands of the
same user over a local socket, and ends by itself: when nobody has used it for the minutes that
were asked for, at `mkutano lock`, and when its home or its socket is gone (as it is once the user
has logged out of a machine with XDG_RUNTIME_DIR). So the secret never lies in a file.

    socket   $XDG_RUNTIME_DIR/mkutano/NAME, or /tmp/mkutano-UID/NAME where there is no such folder;
             the folder is 0700 and its owner's, NAME is a hash of the home's place
    asked    one line: get (counts as use), left, end
    answer   one line of JSON

The secret arrives on standard input, never as an argument, which other users could see.
"""

import contextlib
import json
import os
import resource
import socket
import stat
import struct
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from node.clock import boot_ms
from node.errors import StoreFailed
from node.session import Session

LINE_BYTES_MAX: Final = 4096
ANSWER_S_MAX: Final = 5.0
"""A keeper that does not answer by then is as good as none: the phone is locked."""
TURN_S_MAX: Final = 20.0
"""How often it looks whether its time is over or its home gone: a clock that sleeps with the
machine does not wake it in time."""
START_S_MAX: Final = 60.0
SOCKET_PATH_BYTES_MAX: Final = 100  # of the 104 to 108 that systems allow
NAME_CHARS: Final = 16
"""64 bits of a hash: a user's homes never meet in one name."""


# What commands use


def keep(home: Path, values: dict[str, str], idle_ms: int) -> None:
    """Start a keeper for a home; one that there was ends. StoreFailed when none can be started."""
    end(home)
    order = {"socket": str(_socket(home, make=True)), "home": str(home.resolve()),
             "idle_ms": idle_ms, "values": values}  # fmt: skip
    try:
        started = subprocess.run(
            [sys.executable, "-m", "node.keeper"],
            input=json.dumps(order).encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=START_S_MAX,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        started = None
    if started is None or started.returncode:
        raise StoreFailed(
            "This phone can't be kept unlocked between two commands. Start Mkutano with "
            "“mkutano run”, which asks for the PIN once and then answers every command.",
            "no_keeper",
        )


def kept(home: Path) -> dict[str, str] | None:
    """What the keeper of a home holds, which counts as use; None when the home is locked."""
    values = _asked(home, "get").get("values")
    return values if isinstance(values, dict) else None


def left_ms(home: Path) -> int:
    """How long a home stays unlocked if nobody uses it; 0 when it is locked."""
    left = _asked(home, "left").get("left_ms")
    return left if isinstance(left, int) else 0


def end(home: Path) -> bool:
    """Have the keeper forget everything, now; whether there was one."""
    return bool(_asked(home, "end"))


def _asked(home: Path, question: str) -> dict[str, Any]:
    """The answer of a home's keeper; {} when there is none."""
    try:
        path = _socket(home)
    except (OSError, StoreFailed):
        return {}
    return ask_at(path, question)


def ask_at(path: Path, question: str) -> dict[str, Any]:
    """The answer of the keeper at this socket; {} when there is none, or none that answers."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(ANSWER_S_MAX)
            line.connect(str(path))
            line.sendall(question.encode() + b"\n")
            answer = json.loads(_line(line))
    except (OSError, ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _socket(home: Path, make: bool = False) -> Path:
    """Where the keeper of a home listens. StoreFailed when no folder there is ours alone."""
    name = sha256(os.fsencode(home.resolve())).hexdigest()[:NAME_CHARS]
    folder = _folder()
    if make:
        folder.mkdir(mode=0o700, exist_ok=True)
    if not _is_ours_alone(folder):
        raise StoreFailed(
            f"The folder {folder} is not this user's alone, so nothing is kept there. Remove it, "
            "or start Mkutano with “mkutano run”, which asks for the PIN once.",
            "no_keeper",
        )
    return folder / name


def _folder() -> Path:
    """The user's runtime folder where there is one and its name is short enough for a socket."""
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    ours = runtime / "mkutano"
    fits = len(os.fsencode(ours)) + 1 + NAME_CHARS <= SOCKET_PATH_BYTES_MAX
    if runtime.is_absolute() and fits and _is_ours_alone(runtime):
        return ours
    return Path(tempfile.gettempdir()) / f"mkutano-{os.geteuid()}"


def _is_ours_alone(folder: Path) -> bool:
    """Whether it is a true folder of this user that nobody else can enter."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    ours = found.st_uid == os.geteuid() and not stat.S_IMODE(found.st_mode) & 0o077
    return stat.S_ISDIR(found.st_mode) and ours


def _line(line: socket.socket) -> bytes:
    """One line, or what came of it before the other side ended."""
    parts = b""
    while not parts.endswith(b"\n") and len(parts) < LINE_BYTES_MAX:
        part = line.recv(LINE_BYTES_MAX)
        if not part:
            break
        parts += part
    return parts


# The keeper itself


def main() -> None:
    """Take the order from standard input, listen, and go on in the background."""
    order = json.loads(sys.stdin.buffer.read(LINE_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash writes no memory to the storage
    path, home = Path(order["socket"]), Path(order["home"])
    path.unlink(missing_ok=True)  # of a keeper that was killed
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(path))
    path.chmod(0o600)
    server.listen(8)
    if os.fork():
        os._exit(0)  # whoever started this knows now that it listens
    _leave_the_terminal()
    serve(server, path, home, order["values"], Session(order["idle_ms"], boot_ms()))


def serve(
    server: socket.socket, path: Path, home: Path, values: dict[str, str], session: Session
) -> None:
    """Answer until the session is over, or the home or the socket is gone.

    The socket goes before the last answer: after it, the next keeper may take the place.
    """
    while home.is_dir() and path.exists() and (left := session.left_ms(boot_ms())) > 0:
        server.settimeout(min(left / 1000, TURN_S_MAX))
        try:
            line, _ = server.accept()
        except TimeoutError:
            continue
        with line, contextlib.suppress(OSError):
            line.settimeout(ANSWER_S_MAX)
            if not _is_our_user(line):
                continue
            answer = _answer(_line(line).strip(), values, session)
            if "ended" in answer:
                path.unlink(missing_ok=True)
                line.sendall(json.dumps(answer).encode() + b"\n")
                return
            line.sendall(json.dumps(answer).encode() + b"\n")
    path.unlink(missing_ok=True)


def _answer(question: bytes, values: dict[str, str], session: Session) -> dict[str, object]:
    now = boot_ms()
    if question == b"get" and session.use(now):
        return {"values": values}
    if question == b"end":
        values.clear()
        session.end()
        return {"ended": True}
    return {"left_ms": session.left_ms(now)}


def _is_our_user(line: socket.socket) -> bool:
    """Whether the other side is this user, where the system can tell; the folder guards it too."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    sent = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", sent)
    return bool(user == os.geteuid())


def _leave_the_terminal() -> None:
    os.setsid()
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)


if __name__ == "__main__":
    main()
