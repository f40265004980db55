"""What the commands about the lock answer, in words: each says what the lock does not do, too.

Every function takes the answer, as machines get it, and how the next command begins.
"""

from typing import Any

from node import pin as pins
from node.cli_screen import counted, paragraph

LOST = (
    "Nobody can find a lost PIN again. The officers then enrol the phone anew, and it fetches the "
    "books from the others; what it had not passed on to another phone by then is lost."
)
LEFT_OVER = (
    "A readable ledger.sqlite lies beside the encrypted one. Mkutano does not use it: take it "
    "away, or keep it elsewhere."
)
TRACES = (
    "What lay open before may leave traces: flash storage keeps old blocks, and so do backups that "
    "were made until now. Nothing on this phone can reach them. A phone that must never have held "
    "readable books is begun with: mkutano init --encrypted"
)
KEY_TRACES = (
    "Until now this phone's key lay open in its files. Backups made so far, and old blocks of "
    "flash storage, may still hold it."
)


def paragraphs(*sentences: str) -> str:
    """Each sentence on its own lines; empty ones are left out."""
    return "\n".join(paragraph(sentence) for sentence in sentences if sentence)


def warnings(pin: str) -> tuple[str, ...]:
    """What whoever chose this PIN must know."""
    return pins.weakness(pin), LOST


def locked_words(told: dict[str, Any], program: str) -> str:
    """After locking it now."""
    if told["stopped"]:
        return f"This phone is locked, and Mkutano has stopped on it. Start it with: {program} run"
    return "This phone is locked." if told["was_open"] else "This phone was locked already."


def unlocked_words(told: dict[str, Any], program: str) -> str:
    """After unlocking it."""
    minutes = counted(told["minutes"], "minute")
    return paragraphs(
        f"This phone is unlocked. It locks again when nobody has used it for {minutes}, or with: "
        f"{program} lock"
    )


def set_words(told: dict[str, Any], program: str) -> str:
    """After putting it under a PIN."""
    return paragraphs(
        f"This phone has a PIN now, and is locked. Open it with: {program} unlock",
        told["weakness"],
        LOST,
        _books_lie_open(program),
        KEY_TRACES,
    )


def changed_words(told: dict[str, Any], program: str) -> str:
    """After taking another PIN."""
    return paragraphs(
        f"The new PIN counts from now on, and the phone is locked. Open it with: {program} unlock",
        "Copies of this phone's files made before still open with the old one.",
        told["weakness"],
    )


def removed_words(told: dict[str, Any], program: str) -> str:
    """After doing without a PIN."""
    return paragraphs(
        "This phone has no PIN any more: whoever holds it can record in its owner's name, and "
        f"whoever copies its files has its key. A new one is set with: {program} lock --set"
    )


def encrypted_words(told: dict[str, Any], program: str) -> str:
    """After encrypting its books."""
    return paragraphs(
        f"The books on this phone are encrypted now: {counted(told['rows'], 'row')} compared, then "
        f"the readable file was removed. The phone is locked. Open it with: {program} unlock",
        told["weakness"],
        TRACES,
    )


def decrypted_words(told: dict[str, Any], program: str) -> str:
    """After taking the encryption off."""
    return paragraphs(
        f"The books on this phone are not encrypted any more: {counted(told['rows'], 'row')} "
        "compared, then the encrypted file was removed. Whoever gets at this phone's files can "
        f"read them. The phone is locked. Open it with: {program} unlock"
    )


def shown_words(told: dict[str, Any], program: str) -> str:
    """How it stands."""
    if not told["pin"]:
        return paragraphs(
            "This phone has no PIN: whoever holds it can record in its owner's name. Set one with: "
            f"{program} lock --set"
        )
    minutes = counted(told["minutes_left"], "minute")
    tries = counted(told["wrong_tries"], "wrong try", "wrong tries")
    wait = (
        f"; the next can be made in {counted(told['wait_s'], 'second')}" if told["wait_s"] else ""
    )
    return paragraphs(
        "Locked." if told["locked"] else f"Unlocked, for {minutes} more if nobody uses it.",
        f"{tries} in a row{wait}." if told["wrong_tries"] else "",
        "The books are encrypted." if told["encrypted"] else _books_lie_open(program),
        LEFT_OVER if told["plain_ledger_left"] else "",
    )


def _books_lie_open(program: str) -> str:
    return (
        "The books themselves are not encrypted: Mkutano shows nothing while it is locked, but "
        "whoever gets at this phone's files can read them. Encrypt them with: "
        f"{program} lock --encrypt"
    )
