"""A TCP connection that breaks after a chosen number of bytes; needs no privileges.

It stands on loopback before a phone. `break_at` says how many bytes of the next connections are
carried, both ways together; then both ends are hung up on, in good order or by a reset in turn, as
phones see it that leave or lose their radio. Bytes are counted as they come, so a cut falls between
any two of them.
"""

import selectors
import socket
import struct
import threading
from types import TracebackType
from typing import Final

READ_BYTES: Final = 16_384
STOP_S_MAX: Final = 10.0
_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER of no time: close sends a reset


class BreakingProxy:
    """Carries connections to one address until they break; a context."""

    def __init__(self, to: tuple[str, int]) -> None:
        self.break_at: int | None = None
        """Bytes that a connection lives for; None: as long as its ends want."""
        self.carried = 0
        """Bytes of the newest connection, both ways."""
        self.over = threading.Event()
        """Set while no connection is carried."""
        self._to = to
        self._server = socket.create_server(("127.0.0.1", 0))
        self._selector = selectors.DefaultSelector()
        self._wake, self._waker = socket.socketpair()
        self._selector.register(self._server, selectors.EVENT_READ)
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._other: dict[socket.socket, socket.socket] = {}
        self._breaks = 0
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where it answers, HOST:PORT."""
        host, port = self._server.getsockname()
        return f"{host}:{port}"

    def __enter__(self) -> "BreakingProxy":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping = True
        self._waker.send(b"!")
        self._thread.join(STOP_S_MAX)
        for one in [*self._other, self._server, self._wake, self._waker]:
            one.close()
        self._selector.close()

    def _run(self) -> None:
        while not self._stopping:
            for key, _ in self._selector.select():
                if key.fileobj is self._server:
                    self._accept()
                elif isinstance(key.fileobj, socket.socket) and key.fileobj in self._other:
                    self._carry(key.fileobj)

    def _accept(self) -> None:
        near, _ = self._server.accept()
        try:
            far = socket.create_connection(self._to, timeout=STOP_S_MAX)
        except OSError:
            near.close()
            return
        self.carried = 0
        self.over.clear()
        for one, other in ((near, far), (far, near)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._other[one] = other
            self._selector.register(one, selectors.EVENT_READ)
        if self.break_at == 0:
            self._break(near)

    def _carry(self, one: socket.socket) -> None:
        try:
            data = one.recv(READ_BYTES)
            left = None if self.break_at is None else self.break_at - self.carried
            self._other[one].sendall(data if left is None else data[:left])
        except OSError:
            data, left = b"", None
        self.carried += len(data if left is None else data[:left])
        if not data or (left is not None and len(data) >= left):
            self._break(one)

    def _break(self, one: socket.socket) -> None:
        self._breaks += 1
        for end in (self._other.pop(one), one):
            self._other.pop(end, None)
            self._selector.unregister(end)
            if self._breaks % 2:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            end.close()
        if not self._other:
            self.over.set()
