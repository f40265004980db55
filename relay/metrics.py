"""What a relay counts: numbers only, of the process as a whole, never of one mailbox or device."""

from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BATCHES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second line for each counter


class Metrics:
    """The counters and gauges of one relay process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.connections = self._gauge("connections", "Devices that are connected")
        self.strangers = self._gauge("strangers", "Connections that have opened no mailbox")
        self.open_mailboxes = self._gauge("open_mailboxes", "Mailboxes that connections have open")
        self.queue_bytes = self._gauge("queue_bytes", "Bytes that wait to be sent")
        self.append_queue_bytes = self._gauge("append_queue_bytes", "Blob bytes before the disk")
        self.mailboxes = self._gauge("mailboxes", "Mailboxes in the store")
        self.stored_bytes = self._gauge("stored_bytes", "Bytes of blobs in the store")
        self.free_bytes = self._gauge("free_bytes", "Free on the embedded database's disk")
        self.loop_lag_seconds = self._gauge("loop_lag_seconds", "How late the process is")
        self._requests = self._counter("requests", "Requests by kind", "kind")
        self._failures = self._counter("failures", "Refused requests by code", "code")
        self._cut = self._counter("cut", "Connections that were cut, by reason", "reason")
        self.turned_away = self._counter("turned_away", "Connections refused, by reason", "reason")
        self.pushed_bytes = self._counter("pushed_bytes", "Bytes of blobs that were stored")
        self.news = self._counter("news", "News that were given to connections")
        self.swept = self._counter("swept", "Blobs that retention let go")
        self._batch = Histogram(
            "mkutano_relay_append_batch",
            "Blobs of one commit",
            buckets=_BATCHES,
            registry=self._registry,
        )

    def text(self) -> bytes:
        """Everything in the Prometheus text format."""
        return generate_latest(self._registry)

    def request(self, kind: str) -> None:
        """A request came."""
        self._requests.labels(kind).inc()

    def failed(self, code: str) -> None:
        """A request was refused; codes are the program's own, so there are few."""
        self._failures.labels(code).inc()

    def cut(self, reason: str) -> None:
        """A connection was cut."""
        self._cut.labels(reason).inc()

    def batch(self, count: int) -> None:
        """A commit with so many blobs."""
        self._batch.observe(count)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"mkutano_relay_{name}", text, registry=self._registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"mkutano_relay_{name}", text, labels, registry=self._registry)
