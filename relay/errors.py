"""What goes wrong at the operator's end, in sentences that say what to do."""


class RelayError(Exception):
    """The relay can't start, or a command can't be done: a stable code, and text for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
