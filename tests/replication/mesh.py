"""Several phones at once, over live channels: each in order, none in step with another."""

from collections import deque
from collections.abc import Callable, Iterable

from replication.outcome import Outcome
from tests.replication.phones import Phone

Channel = tuple[str, str]
"""Who says and who hears."""

MESSAGES_MAX = 2_000
"""Several times what any test's mesh needs; a storm fails instead of hanging."""


class Mesh:
    """Phones by the names under which they call each other, and what is on its way."""

    def __init__(self, phones: Iterable[Phone]) -> None:
        self.phones = {phone.name: phone for phone in phones}
        self.channels: dict[Channel, deque[bytes]] = {}
        self.on_delivery: Callable[[Channel], None] = lambda _channel: None

    def connect(self, left: str, right: str) -> None:
        """Begin a conversation, unless there is one."""
        if left == right or (left, right) in self.channels:
            return
        self.channels[left, right] = deque()
        self.channels[right, left] = deque()
        for name, other, initiator in ((right, left, False), (left, right, True)):
            phone = self.phones[name]
            device = self.phones[other].keys.public
            self.take(name, phone.replica.connect(other, device, initiator))

    def cut(self, left: str, right: str) -> None:
        """Lose a channel, and what is on its way."""
        for name, other in ((left, right), (right, left)):
            if self.channels.pop((name, other), None) is not None:
                self.phones[name].replica.disconnect(other)

    def leave(self, name: str) -> None:
        """Cut all channels of one phone."""
        for other in self.phones:
            self.cut(name, other)

    def take(self, name: str, outcome: Outcome) -> Outcome:
        """Store what a phone's step says, and put what it sends on its way."""
        self.phones[name].step(outcome)
        for other, data in outcome.send:
            if (name, other) in self.channels:
                self.channels[name, other].append(data)
        for other in outcome.close:
            self.cut(name, other)
        return outcome

    def write(self, name: str, *events: bytes) -> Outcome:
        """Let a phone write, and tell whoever it talks with."""
        phone = self.phones[name]
        phone.clock_ms += 1
        return self.take(name, phone.replica.append(events, phone.clock_ms))

    def busy(self) -> list[Channel]:
        """The channels on which something is on its way."""
        return [channel for channel, queue in self.channels.items() if queue]

    def deliver(self, channel: Channel) -> Outcome:
        """Deliver the next message of a channel."""
        sender, receiver = channel
        data = self.channels[channel].popleft()
        outcome = self.take(receiver, self.phones[receiver].replica.receive(sender, data))
        self.on_delivery(channel)
        return outcome

    def settle(self, choose: Callable[[list[Channel]], Channel] = lambda busy: busy[0]) -> int:
        """Deliver everything, always on the channel that is chosen; how many messages it took."""
        for count in range(MESSAGES_MAX):
            busy = self.busy()
            if not busy:
                return count
            self.deliver(choose(busy))
        raise AssertionError("the conversations do not end")


def copy_of(phone: Phone, name: str) -> Phone:
    """A copy of a phone, made by its backup, which others call by another name."""
    copy = Phone(phone.name, phone.group, salt=phone.salt + 500)
    copy.name = name
    copy.history.add(phone.in_order_of_admission())
    copy.clock_ms = phone.clock_ms
    copy.restart()
    return copy
