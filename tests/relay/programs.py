"""`python -m relay serve` as a program of its own, as an operator runs it."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Program:
    """A relay that runs: its address, and what it said."""

    def __init__(self, process: Process, address: str, lines: list[str]) -> None:
        self.process = process
        self.address = address
        self.lines = lines

    async def end(self) -> tuple[int, str]:
        """Wait for its end: the exit code, and all that it logged."""
        assert self.process.stderr is not None
        logged = (await self.process.stderr.read()).decode()
        return await self.process.wait(), logged


async def started(*arguments: str, **environment: str) -> Process:
    """`python -m relay` with these arguments."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "relay", *arguments),
        cwd=ROOT,
        env=os.environ | environment,
        stdout=PIPE,
        stderr=PIPE,
    )


@asynccontextmanager
async def relay_program(state: Path, *arguments: str, **environment: str) -> AsyncIterator[Program]:
    """A relay that listens; killed at the end if it still runs."""
    ports = ("--port", "0", "--admin-port", "0", "--state", str(state))
    process = await started("serve", *ports, *arguments, **environment)
    try:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or not lines[-1].startswith("For its operator"):
            line = (await process.stdout.readline()).decode()
            assert line, (await process.communicate())[1].decode()
            lines.append(line.strip())
        address = lines[0].removeprefix("The relay listens on ").rpartition("/v1/")[0]
        yield Program(process, address, lines)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
