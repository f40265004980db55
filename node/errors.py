"""What goes wrong on a phone, each as the sentence that its owner reads.

Every error here is shown to a person as it stands: it says what happened and what to do next.
The message never carries a secret, and it names no internals.
"""


class NodeError(Exception):
    """Common base: `str(error)` is the sentence, `code` is stable for machines."""

    code = "node_error"

    def __init__(self, sentence: str, code: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        if code:
            self.code = code


class HomeBusy(NodeError):
    """Another process holds this home."""

    code = "home_busy"


class HomeMissing(NodeError):
    """There is no Mkutano home in this folder yet."""

    code = "home_missing"


class HomeExists(NodeError):
    """This folder already is a Mkutano home."""

    code = "home_exists"


class HomeDamaged(NodeError):
    """A file of the home can't be read as what it should be."""

    code = "home_damaged"


class HomeLocked(NodeError):
    """The device's secret lies under a PIN, and nobody has unlocked it."""

    code = "locked"


class PinRefused(NodeError):
    """The PIN that was given is not this device's."""

    code = "wrong_pin"


class TooManyGuesses(NodeError):
    """Too many wrong PINs: everybody waits before the next is judged."""

    code = "wait"


class StoreDamaged(NodeError):
    """The ledger file is missing, cut short, overwritten or not ours."""

    code = "store_damaged"


def damaged(*names: str) -> StoreDamaged:
    """What is said when the rows of these groups, or the whole ledger file, can't be read."""
    what = f"books of {' and '.join(names)} on this phone are" if names else "ledger file is"
    return StoreDamaged(
        f"The {what} damaged. Stop using this copy. Restore it from a backup, or join the group "
        "again from another officer's phone."
    )


class StoreTooNew(NodeError):
    """The ledger file was written by a newer Mkutano."""

    code = "store_too_new"


class StoreFailed(NodeError):
    """The phone could not write; nothing of the step was kept."""

    code = "store_failed"


class UnknownGroup(NodeError):
    """This phone does not hold the group that was asked for."""

    code = "unknown_group"


class CommandRefused(NodeError):
    """What was asked breaks a rule of the group; nothing was recorded."""

    code = "refused"
