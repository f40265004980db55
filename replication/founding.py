"""The end of the founding period, signed once by a key that is destroyed afterwards.

While a group is being founded its founder's phone enrols the others alone. Whoever steals that
phone later could go back to that time by a branch of its chain; so the founding change names a
one-time key, the end of the founding carries its signature, and from then on only what an end of
the founding knew counts as founding. The signature covers the place of the end in the founder's
chain, so that it ends the founding there and nowhere else.
"""

from replication.identity import DeviceKeys, verify

_PURPOSE = b"mkutano/founding-ended/1"


def end_message(group: bytes, n: int, prev: bytes) -> bytes:
    """What the founding key signs: purpose, group id, the end's position and the chain before."""
    return _PURPOSE + group + n.to_bytes(8, "big") + prev


def sign_end(founding: DeviceKeys, group: bytes, n: int, prev: bytes) -> bytes:
    """The 64-byte signature for the change at position `n` after chain hash `prev`."""
    return founding.sign(end_message(group, n, prev))


def ends_founding(founding_key: bytes, group: bytes, n: int, prev: bytes, signature: bytes) -> bool:
    """Whether a record at this place ends the founding; groups without a key need no signature."""
    if not founding_key:
        return not signature
    return verify(founding_key, end_message(group, n, prev), signature)
