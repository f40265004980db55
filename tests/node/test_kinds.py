"""What can be recorded: every kind has a place, a help that names what it takes, and a command."""

import re

import pytest
from click.testing import CliRunner

from node.cli import cli
from node.cli_record import record_command
from node.kinds import KINDS, TOPICS, details_of
from node.records import RecordRequest


def helped(*words: str) -> str:
    done = CliRunner().invoke(cli, ["record", *words, "--help"], terminal_width=80)
    assert done.exit_code == 0
    return done.output


def test_every_kind_stands_once_in_a_topic() -> None:
    names = [name for topic in TOPICS.values() for name in topic]
    assert len(names) == len(set(names))
    assert set(names) == set(KINDS)


def test_the_help_lists_every_kind_within_a_screen() -> None:
    shown = helped()
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 80
    for name, kind in KINDS.items():
        assert re.search(rf"^  {name} +{kind.summary[:20]}", shown, re.MULTILINE), name
    order = [shown.index(f"\n  {name} ") for name in ("meeting", "contribution", "loan", "cycle")]
    assert order == sorted(order)


@pytest.mark.parametrize("kind", KINDS)
def test_the_help_of_a_kind_shows_what_it_needs_and_nothing_it_leaves_unread(kind: str) -> None:
    shown = helped(kind)
    option_of = {param.name: param.opts for param in record_command.params}
    listed = set(re.findall(r"--[a-z-]+", shown.partition("Options:")[2]))
    details = details_of(kind)
    assert set(KINDS[kind].needs) <= set(details)
    for field in RecordRequest.__struct_fields__:
        if field in option_of and field not in ("session", "cycle", "anyway"):
            assert (option_of[field][0] in listed) == (field in details), field


def test_the_help_of_a_contribution_by_hand() -> None:
    shown = helped("contribution")
    assert "A member buys shares. Needs --member and --amount or --shares." in shown
    for option in ("--member", "--amount", "--shares", "--source", "--meeting", "--anyway"):
        assert option in shown
    assert "--guarantors" not in shown


def test_a_detail_that_would_not_be_read_is_refused() -> None:
    words = ["record", "social", "--member", "1", "--amount", "20", "--shares", "3"]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 2
    assert "A payment into the social fund takes no --shares." in done.output


def test_commands_are_listed_by_topic() -> None:
    shown = CliRunner().invoke(cli, ["--help"], terminal_width=80).output
    assert max(map(len, shown.splitlines())) <= 80
    assert shown.index("Every meeting:") < shown.index("  record ") < shown.index("To begin:")
