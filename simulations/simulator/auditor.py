"""Who looks: compares what phones say with what happened, by nothing that the product reckons."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulations.simulator.phone import Phone
    from simulations.simulator.story import Group, Story


class Auditor:
    """Watches one story."""

    def __init__(self, story: "Story") -> None:
        self._story = story
        self._recorded: dict[bytes, list[bytes]] = {}
        self.wrong: list[str] = []
        """What should not be, in words."""

    def complain(self, what: str) -> None:
        """Something should not be."""
        self._story.trace.note("wrong", what)
        self.wrong.append(what)

    def acknowledged(self, phone: "Phone", group: "Group", receipts: tuple[bytes, ...]) -> None:
        """A phone told its owner that these entries are recorded."""
        self._recorded.setdefault(group.id, []).extend(receipts)

    def agrees(self) -> bool:
        """Whether all phones of each group show the same book."""
        for group in self._story.groups:
            books = {phone.node.group(group.id).book.digest() for phone in group.phones}
            if len(books) != 1:
                return False
        return True

    def last_look(self) -> None:
        """After the quiet: is everything there that ever was acknowledged?"""
        for group in self._story.groups:
            for phone in group.phones:
                book = phone.node.group(group.id).book
                for receipt in self._recorded.get(group.id, []):
                    if book.entries.find(receipt.hex()) is None:
                        self.complain(f"{phone.name} lost {receipt.hex()}")
