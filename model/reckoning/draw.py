"""The order of a merry-go-round by lot, so that nobody needs to trust the one who drew it.

First everybody hears the *commitment*, the SHA-256 of a secret seed. After that it is fixed who
holds which slots. Then the seed is revealed: anybody checks that it has the commitment's hash and
works out the same order. So nobody can choose the order after seeing it, and a phone cannot either.

The rule, for whoever wants to check it by hand: the slots of a member are called `NAME#1`,
`NAME#2` …; each slot's lot is SHA-256 over the bytes of the seed followed by the slot's name in
UTF-8; slots are paid in the order of their lots, the smallest first. The order in which slots were
entered does not matter.

One person who knows the seed could still have tried many seeds before committing. Where that is
feared, several people commit each to a seed of their own, and `combined_seed` makes one of them
all: as long as one of them is honest, nobody has chosen.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from model.reckoning.rotation import SLOTS_MAX, RotationError

SEED_BYTES_MIN: Final = 16
"""A shorter seed could be guessed from its commitment before it is revealed."""
SEED_BYTES_MAX: Final = 1_024


def commitment(seed: bytes) -> str:
    """What is announced before the draw: SHA-256 of the seed, in hex."""
    if not SEED_BYTES_MIN <= len(seed) <= SEED_BYTES_MAX:
        raise RotationError(f"A seed has at least {SEED_BYTES_MIN} bytes.")
    return sha256(seed).hexdigest()


def drawn_order(slots: Mapping[str, int], seed: bytes, committed: str) -> tuple[str, ...]:
    """Who is paid first, second, … (a member once for each slot), from the revealed seed.

    `slots` says how many each member holds. Raises `RotationError` when the seed is not the one
    that was committed to, or the slots are none or too many.
    """
    if not compare_digest(commitment(seed), committed.lower()):
        raise RotationError("This is not the seed that was committed to before the draw.")
    if min(slots.values(), default=0) < 1 or sum(slots.values()) > SLOTS_MAX:
        raise RotationError(f"Each member holds a slot, all together at most {SLOTS_MAX}.")
    names = {
        f"{member}#{number}": member
        for member, count in slots.items()
        for number in range(1, count + 1)
    }
    return tuple(names[name] for name in sorted(names, key=lambda name: lot(seed, name)))


def lot(seed: bytes, slot_name: str) -> bytes:
    """The lot of one slot (`NAME#1`): 32 bytes, the smallest is paid first."""
    return sha256(seed + slot_name.encode()).digest()


def combined_seed(seeds: Sequence[bytes]) -> bytes:
    """One seed of several people's: SHA-256 over the seeds in the order of their commitments.

    Each seed is preceded by its length in two bytes. It cannot be known before all are revealed.
    Whoever holds back her seed after seeing the others' stops the draw; it has to be begun again
    without her. Raises `RotationError` for no seeds, a short one, or one that is there twice.
    """
    by_commitment = {commitment(seed): seed for seed in seeds}
    if not seeds or len(by_commitment) < len(seeds):
        raise RotationError("Each person brings a seed of their own, and there is at least one.")
    ordered = [by_commitment[name] for name in sorted(by_commitment)]
    return sha256(b"".join(len(seed).to_bytes(2, "big") + seed for seed in ordered)).digest()
