"""Play phones on a hostile wire; see the package.

    python -m simulations.wire --seed S --minutes M
    python -m simulations.wire --cuts N             one exchange cut at N places; no root needed

Exit codes: 0 every promise was kept · 1 one was not (its seed is in the table) · 3 left out: this
machine makes no networks.
"""

import json
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import click

from simulations.phones import CommandFailed
from simulations.wire.cutting import cut_everywhere
from simulations.wire.place import hindrance
from simulations.wire.playing import ALL_SCENES, HEADING, Played, play, totals
from simulations.wire.village import NotSo

LEFT_OUT: Final = 3


@click.command()
@click.option("--seed", default=1, help="Of all chance.")
@click.option("--minutes", default=0.0, help="Go on with further seeds for so long.")
@click.option("--scene", "names", multiple=True, help="Only this scene; repeatable.")
@click.option("--short", is_flag=True, help="Only the short scenes.")
@click.option("--cuts", default=0, help="Instead: cut one exchange at so many places.")
@click.option("--json", "as_json", is_flag=True, help="The facts, for a machine.")
def main(
    seed: int, minutes: float, names: tuple[str, ...], short: bool, cuts: int, as_json: bool
) -> None:
    """Play scenes on a hostile wire."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # takes everything down on the way out
    if cuts:
        sys.exit(_cut(seed, cuts, as_json))
    if left_out := hindrance():
        click.echo(json.dumps({"left_out": left_out}) if as_json else f"Left out: {left_out}.")
        sys.exit(LEFT_OUT)
    unknown = set(names) - {scene.name for scene in ALL_SCENES}
    if unknown:
        raise click.BadParameter(f"There are {', '.join(scene.name for scene in ALL_SCENES)}.")
    scenes = [one for one in ALL_SCENES if (one.in_short or not short)]
    scenes = [one for one in scenes if not names or one.name in names]
    if not as_json:
        click.echo(HEADING)
    played = play(seed, scenes, _silent if as_json else click.echo, minutes)
    if as_json:
        click.echo(json.dumps({"scenes": [one._asdict() for one in played]}))
    else:
        _sum_up(played)
    sys.exit(not all(one.ok for one in played))


def _sum_up(played: list[Played]) -> None:
    click.echo("")
    for kind, count in sorted(totals(played).items()):
        click.echo(f"{kind:<22} {count:>9,}")
    kept = sum(one.ok for one in played)
    click.echo(f"{kept} of {len(played)} scenes as promised; all agreed within "
               f"{max(one.converged_s for one in played):.1f} s of being healed.")  # fmt: skip


def _cut(seed: int, cuts: int, as_json: bool) -> int:
    facts: dict[str, Any]
    with TemporaryDirectory(prefix="mkutano-cut-") as folder:
        try:
            facts = cut_everywhere(Path(folder), seed, cuts)._asdict()
        except (NotSo, CommandFailed) as fault:
            facts = {"fault": str(fault)}
    if as_json:
        click.echo(json.dumps(facts))
    else:
        click.echo("\n".join(f"{name:<12} {value}" for name, value in facts.items()))
    return int("fault" in facts)


def _silent(line: str) -> None:
    """A machine reads the facts at the end."""


if __name__ == "__main__":
    main()
