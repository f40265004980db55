"""The command about phones that forked: see them, answer what happened, prove it, check a proof."""

import json
from pathlib import Path
from typing import Any, Literal

import click

from node.answers import GroupRequest
from node.cli import Asker, json_option, show
from node.cli_propose import sure
from node.cli_screen import counted, paragraph
from node.errors import CommandRefused
from node.fork_views import (
    PROOF_LETTERS_MAX,
    PROOFS_MAX,
    CheckRequest,
    GoOnRequest,
    JudgeRequest,
    ProofRequest,
)
from node.tables import moment

PROOF_FORMAT = "mkutano fork proof 1"
PROOF_FILE_LETTERS_MAX = PROOFS_MAX * (PROOF_LETTERS_MAX + 1024)

_QUESTIONS = {
    "restored": "Did you make sure that there is only one such phone, and that it was restored "
    "from a backup?",
    "copied": "Two phones use one key? It is suspended at once: what it writes from now on waits "
    "for the officers.",
    "anyway": "Does really no other phone have this group's books? If one shows up later, entries "
    "may have got the same number, and officers must say which phone is meant. Go on?",
    "moved": "Is the old phone, or the old folder, gone for good? If it goes on recording, entries "
    "get the same number, and officers must say which phone is meant. Go on?",
}


@click.command("forks")
@click.option("--restored", default="", metavar="PHONE", help="Say: one phone, restored.")
@click.option("--copied", default="", metavar="PHONE", help="Say: two phones use its key.")
@click.option("--proof", type=click.Path(path_type=Path, dir_okay=False),
              help="Write proofs of all forks into this new file.")  # fmt: skip
@click.option("--check", type=click.Path(path_type=Path, dir_okay=False),
              help="Check the proofs in this file.")  # fmt: skip
@click.option("--of", "group_id", default="", metavar="GROUP-ID",
              help="Of which group the proofs are, when this phone does not hold it.")  # fmt: skip
@click.option("--anyway", is_flag=True, help="Record although no other phone can be asked.")
@click.option("--moved", is_flag=True, help="Record: the old phone or folder is gone for good.")
@click.option("--yes", is_flag=True, help="Don't ask again.")
@json_option
@click.pass_obj
def forks_command(
    asker: Asker, restored: str, copied: str, proof: Path | None, check: Path | None,
    group_id: str, anyway: bool, moved: bool, yes: bool, as_json: bool,
) -> None:  # fmt: skip
    """Phones that wrote two different entries under one number, and what to answer.

    That happens after a phone was restored from a backup, and when two phones use one key.
    """
    chosen = [bool(one) for one in (restored, copied, proof, check, anyway, moved)]
    if sum(chosen) > 1:
        raise click.UsageError("Say one thing at a time.")
    if restored or copied:
        verdict: Literal["restored", "copied"] = "restored" if restored else "copied"
        _ask_first(verdict, yes, as_json)
        told = JudgeRequest(group=asker.group, phone=restored or copied, verdict=verdict)
        show(asker.ask("judge-fork", told), as_json, _sentence)
    elif anyway or moved:
        because: Literal["anyway", "moved"] = "anyway" if anyway else "moved"
        _ask_first(because, yes, as_json)
        show(
            asker.ask("go-on", GoOnRequest(group=asker.group, because=because)), as_json, _sentence
        )
    elif proof is not None:
        show(_proved(asker, proof), as_json, _sentence)
    elif check is not None:
        asked = CheckRequest(group=asker.group, proofs=_read(check), group_id=group_id.lower())
        show(asker.ask("check-fork-proof", asked), as_json, _checked)
    else:
        show(asker.ask("forks", GroupRequest(group=asker.group)), as_json, _forks)


def _ask_first(what: str, yes: bool, as_json: bool) -> None:
    if not as_json:
        sure(_QUESTIONS[what], yes)


def _sentence(answer: dict[str, Any]) -> str:
    return paragraph(str(answer["sentence"]))


def _proved(asker: Asker, path: Path) -> dict[str, Any]:
    """Write the proofs as a file of text; never over another file."""
    answer = asker.ask("fork-proof", ProofRequest(group=asker.group))
    content = {"format": PROOF_FORMAT, **answer}
    with path.open("x", encoding="utf-8") as file:
        file.write(json.dumps(content, indent=1) + "\n")
    count = counted(len(answer["proofs"]), "proof")
    sentence = (
        f"{count} written to {path}. Whoever knows the group's id {answer['group']} can check "
        f"that: mkutano forks --check {path}"
    )
    return {**answer, "file": str(path), "sentence": sentence}


def _read(path: Path) -> tuple[str, ...]:
    """The proofs in a file. CommandRefused when it is none of ours."""
    with path.open(encoding="utf-8", errors="replace") as file:
        text = file.read(PROOF_FILE_LETTERS_MAX + 1)
    try:
        content = json.loads(text) if len(text) <= PROOF_FILE_LETTERS_MAX else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or content.get("format") != PROOF_FORMAT:
        raise CommandRefused(f"{path} is no file of proofs.", "bad_proof")
    rows = content.get("proofs")
    found = (
        [row.get("proof") for row in rows if isinstance(row, dict)]
        if isinstance(rows, list)
        else []
    )
    proofs = tuple(one for one in found if isinstance(one, str) and len(one) <= PROOF_LETTERS_MAX)
    if not 1 <= len(found) == len(proofs) <= PROOFS_MAX:
        raise CommandRefused(
            f"{path} holds no proofs that can be ones, or more than {PROOFS_MAX}.", "bad_proof"
        )
    return proofs


def _checked(answer: dict[str, Any]) -> str:
    lines = [paragraph(f"Proved: {one['sentence']}") for one in answer["proofs"]]
    return "\n".join(lines)


def _forks(answer: dict[str, Any]) -> str:
    parts = []
    own = answer["this_phone"]
    if own["sentence"]:
        parts.append(paragraph(f"! {own['sentence']}", "  "))
    elif own["sought_n"]:
        parts.append(paragraph(_missing(own), "  "))
    parts += [_fork(fork) for fork in answer["forks"]]
    if answer["more"]:
        parts.append(f"… and {answer['more']:,} more.")
    if not parts:
        parts.append("No phone of this group wrote two different entries under one number.")
    return "\n\n".join(parts)


def _missing(own: dict[str, Any]) -> str:
    return (
        f"This phone once had its entry number {own['sought_n']}, which no phone met since its "
        "restoring has. Sync with every other phone; if it shows up, officers are asked about it."
    )


def _fork(fork: dict[str, Any]) -> str:
    lines = [paragraph(fork["sentence"], "  ")]
    for branch in fork["branches"]:
        said = ", ".join(f"{one['what']} {one['receipt']}" for one in branch["entries"])
        text = f"{moment(branch['time_ms'])}: {said or 'a decision about phones'}"
        lines.append(paragraph(f"  · {text}", "    "))
    return "\n".join(lines)
