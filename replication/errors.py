"""Whose fault it was: exactly two errors leave this package, and each carries a stable code.

Bytes from a peer give a value or a `RemoteError`, never anything else. A `LocalError` means
that our own caller asked for something that the group's rules or the limits don't allow.
"""


class ReplicationError(Exception):
    """Common base; never raised itself."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class LocalError(ReplicationError):
    """Our own side asked for something impossible; nothing was changed."""


class RemoteError(ReplicationError):
    """The peer sent something that is refused; nothing of the group was touched."""
