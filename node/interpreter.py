"""How the interpreter is set in a process that keeps books, before it does anything else."""

import gc

_ALLOCATIONS = 500_000  # more than a full fold of 50,000 entries makes and keeps
_YOUNG_ROUNDS = 20
_MIDDLE_ROUNDS = 50


def prepare() -> None:
    """Look for cyclic garbage far more rarely than by default.

    Opening, receiving and folding make many small objects that stay and none in cycles; at the
    default of 700 a third of a first sync goes into looking through them again and again.
    """
    gc.set_threshold(_ALLOCATIONS, _YOUNG_ROUNDS, _MIDDLE_ROUNDS)
