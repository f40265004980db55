"""`python -m relay serve`: from the first line to the last signal."""

import asyncio
import contextlib
import signal
from collections.abc import Callable

from relay.config import Config
from relay.errors import RelayError
from relay.facts import key_number
from relay.logs import LOG, start_logs
from relay.protocol import PATH
from relay.server import Relay, start_relay
from relay.supervisor import notify


async def serve_until_stopped(config: Config, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; SIGHUP reads the certificate again. RelayError."""
    start_logs(config.log_format, config.log_level)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    relay = await start_relay(config)
    loop.add_signal_handler(signal.SIGHUP, _reload, relay)
    try:
        for line in greeting(relay):
            say(line)
        notify("READY=1")
        await stop.wait()
        notify("STOPPING=1")
        LOG.info("stopping", extra={"count": len(relay.reception)})
    finally:
        await relay.close()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with contextlib.suppress(ValueError):
                loop.remove_signal_handler(number)
    LOG.info("stopped")


def greeting(relay: Relay) -> list[str]:
    """What an operator reads first."""
    config = relay.config
    lines = [
        f"The relay listens on {relay.address}{PATH}",
        f"Its key is {relay.key.public.hex()}",
        f"Its number, for officers to compare: {key_number(relay.key.public)}",
    ]
    if config.host in ("127.0.0.1", "::1", "localhost"):
        lines.append("Only this machine reaches it: put a proxy before it, or set host.")
    elif not config.tls_certificate:
        lines.append("Without TLS: blobs are sealed, but who connects when can be seen on the way.")
    if relay.admin_address:
        lines.append(f"For its operator: {relay.admin_address}/metrics")
    return lines


def _reload(relay: Relay) -> None:
    try:
        relay.reload_certificate()
    except RelayError as error:
        LOG.error("the certificate stays as it was", extra={"code": error.code})
