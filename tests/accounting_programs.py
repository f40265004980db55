"""Other people's accounting programs as judges of our journal: bean-check and hledger."""

import os
import subprocess
import sys
from pathlib import Path

BEAN_CHECK = Path(sys.executable).with_name("bean-check")


def bean_check(folder: Path, text: str) -> str:
    """What bean-check complains about; empty when it accepts the journal."""
    file = folder / "journal.beancount"
    file.write_text(text, encoding="utf-8")
    run = subprocess.run(
        [BEAN_CHECK, "--no-cache", file], capture_output=True, text=True, check=False
    )
    assert bool(run.returncode) == bool(run.stderr + run.stdout)
    return run.stderr + run.stdout


def run_hledger(program: str, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, "-f", "-", *arguments],
        input=text,
        capture_output=True,
        encoding="utf-8",
        env={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]},
        check=False,
    )


def hledger_complains(program: str, text: str) -> str:
    run = run_hledger(program, text, "check", "--strict")
    return run.stderr if run.returncode else ""
