"""Commands of officers together: agree, decline, choose, propose rules, see what waits."""

from typing import Any

import click

from model.wording import KINDS
from node.answers import GroupRequest
from node.cli import Asker, Whole, json_option, show
from node.cli_screen import counted, paragraph, table
from node.decision_questions import AmendmentRequest, ProceedingsRequest
from node.records import RecordRequest
from node.tables import amount, percent


def _word(name: str, kind: str, summary: str) -> click.Command:
    """A command that says one thing about one entry."""

    @click.command(name, help=summary)
    @click.argument("receipt")
    @click.option("--reason", default="", help="Why.")
    @click.option("--cycle", default=0, type=Whole(), help="Of the meeting.")
    @click.option("--session", "--meeting", "session", default=0, type=Whole(),
                  help="In which meeting it is said; the newest unless said.")  # fmt: skip
    @json_option
    @click.pass_obj
    def command(
        asker: Asker, receipt: str, reason: str, cycle: int, session: int, as_json: bool
    ) -> None:
        asked = RecordRequest(
            group=asker.group, kind=kind, receipt=receipt, reason=reason, cycle=cycle,
            session=session,
        )  # fmt: skip
        show(asker.ask("record", asked), as_json, _recorded)

    return command


def _recorded(answer: dict[str, Any]) -> str:
    return f"{answer['sentence']}\nReceipt {answer['receipt']}"


decline_command = _word("decline", "decline", "Say no to a decision that waits.")
withdraw_approval_command = _word(
    "withdraw-approval", "withdrawn-approval", "Take your own word back while nothing follows yet."
)
resolve_command = _word(
    "resolve", "choice", "Choose which of several entries about one thing is right."
)
accept_late_command = _word(
    "accept-late", "late-accepted", "Let in an entry that came too late for its meeting."
)
reject_late_command = _word(
    "reject-late", "late-rejected", "Leave out an entry that came too late for its meeting."
)


@click.command("decisions")
@json_option
@click.pass_obj
def decisions_command(asker: Asker, as_json: bool) -> None:
    """What waits for officers, what members were asked to do, and meetings that are planned."""
    show(asker.ask("decisions", GroupRequest(group=asker.group)), as_json, _decisions)


def _decisions(answer: dict[str, Any]) -> str:
    lines = [
        paragraph(
            f"{row['code']}  {row['by']} asks to {'; '.join(row['what'])}: mkutano approve", "    "
        )
        for row in answer["proposals"]
    ]
    asked_with = {entry for row in answer["proposals"] for entry in row["entries"]}
    for row in answer["decisions"]:
        if row["id"] in asked_with:
            continue
        money = f", {amount(answer, row['amount_minor'])}" if row["amount_minor"] else ""
        kind = _what(row["kind"])
        waits = "waits for" if row["waits"] else "is recorded, and wants"
        what = row["what"] or f"{kind} of {row['who']}{money}"
        text = f"{row['receipt']}  {what} {waits} {row['missing']} more"
        said = " You have agreed." if row["mine"] else ""
        why = f" “{row['reason']}”" if row["reason"] else ""
        last = f" Until {row['expires_on']}." if row["expires_on"] else ""
        lines.append(paragraph(f"{text}.{why}{last}{said}", "    "))
        lines += [paragraph(f"  · {_change(one)}", "    ") for one in row["changes"]]
    for one in answer["disputes"]:
        lines.append(paragraph(f"In dispute: {_what(one['kind'])} of {one['who']}", "    "))
        lines += [f"    {_way(answer, way)}" for way in one["ways"]]
    if not lines:
        lines.append("Nothing waits for the officers.")
    for one in answer["actions"]:
        until = f" until {one['due_on']}" if one["due_on"] else ""
        lines.append(paragraph(f"{one['receipt']}  {one['who']}: {one['text']}{until}", "    "))
    for one in answer["planned"]:
        where = f", {one['place']}" if one["place"] else ""
        lines.append(
            f"Meeting {one['session']} of cycle {one['cycle']} is planned: "
            f"{one['planned_on']}{where}"
        )
    return "\n".join(lines)


def _what(kind: str) -> str:
    return KINDS.get(kind, kind.replace(".", " ").replace("_", " "))


def _way(answer: dict[str, Any], one: dict[str, Any]) -> str:
    """One of the entries in dispute, and what the count of the meeting says to it."""
    over = one["difference_minor"]
    if over is None:
        said = "the cash was not counted"
    elif over:
        said = f"the count would be {amount(answer, abs(over))} {'over' if over > 0 else 'short'}"
    else:
        said = "the count agrees"
    mark = ", counts meanwhile" if one["counts"] else ""
    return f"{one['receipt']}  {amount(answer, one['amount_minor'])}: {said}{mark}"


def _change(one: dict[str, Any]) -> str:
    return f"{one['label']}: {one['before']} → {one['after']}"


@click.command("constitution")
@click.option(
    "--set", "rules", multiple=True, help="A rule that changes: shares_max=7, interest=5."
)
@click.option("--reason", default="", help="Why.")
@click.option("--propose", is_flag=True, help="Ask the officers to agree to it.")
@json_option
@click.pass_obj
def constitution_command(
    asker: Asker, rules: tuple[str, ...], reason: str, propose: bool, as_json: bool
) -> None:
    """The group's rules; with --set what would change, with --propose ask the officers for it."""
    shown = asker.ask("constitution", AmendmentRequest(group=asker.group, rules=rules))
    if not (rules and propose):
        show(shown, as_json, _changes if rules else _constitution)
        return
    asked = RecordRequest(group=asker.group, kind="rules", rules=rules, reason=reason)
    answer = asker.ask("record", asked)
    show({**answer, "changes": shown["changes"]}, as_json, _proposed)


def _proposed(answer: dict[str, Any]) -> str:
    return f"{_changes(answer)}\n{_recorded(answer)}"


def _changes(answer: dict[str, Any]) -> str:
    return "\n".join(paragraph(f"· {_change(one)}", "  ") for one in answer["changes"])


def _constitution(answer: dict[str, Any]) -> str:
    left_out = ("proposal", "loan", "version")
    rules = [
        (name.removesuffix("_minor").removesuffix("_ppm"), _told(answer, name, value))
        for name, value in answer["rules"].items()
        if name not in left_out and value not in ("", {}, 0)
    ]
    lines = [f"Constitution {answer['rules']['version']}", table(("Rule", "Value"), rules)]
    for one in answer["versions"][1:]:
        changed = "; ".join(_change(change) for change in one["changes"]) or "nothing that counts"
        lines.append(paragraph(f"Version {one['version']} ({one['receipt']}): {changed}", "    "))
    held = counted(len(answer["offices"]), "office")
    lines.append(f"{held} held; see them with --json.")
    return "\n".join(lines)


def _told(answer: dict[str, Any], name: str, value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{code} {_told(answer, name, one)}" for code, one in value.items())
    if name.endswith("_minor") or name == "fines":
        return amount(answer, value)
    if name.endswith("_ppm"):
        return percent(value)
    return "yes" if value is True else str(value).replace("_", " ")


@click.command("proceedings")
@click.option("--cycle", default=0, type=Whole(), help="Which cycle.")
@click.option("--session", "--meeting", "session", default=0, type=Whole(), help="Which meeting.")
@json_option
@click.pass_obj
def proceedings_command(asker: Asker, cycle: int, session: int, as_json: bool) -> None:
    """What a meeting did beside its money: keys, agenda, votes, tasks, minutes, counts."""
    asked = ProceedingsRequest(group=asker.group, cycle=cycle, session=session)
    show(asker.ask("proceedings", asked), as_json, _proceedings)


def _proceedings(answer: dict[str, Any]) -> str:
    def names(member: str) -> str:
        return str(answer["names"].get(member, "the group"))

    head = f"Meeting {answer['session']} of cycle {answer['cycle']} is {answer['state']}"
    day = answer["held_on"] or (answer["plan"] or {}).get("planned_on", "")
    lines = [f"{head} ({', '.join(filter(None, (day, answer['kind'], answer['place'])))})."]
    lines += [f"Fingerprint of its close: {one}" for one in answer["fingerprints"]]
    if answer["keys"]:
        enough = "" if answer["keys_enough"] else ": too few"
        lines.append(f"Keys: {', '.join(map(names, answer['keys']))}{enough}")
    for one in answer["agenda"]:
        mark = "✓" if one["reached"] else "!" if one["jumped"] else " "
        lines.append(f" {mark} {one['item'].replace('_', ' ')}")
    for one in answer["resolutions"]:
        votes = f"{one['votes_for']} for, {one['votes_against']} against"
        result = "carried" if one["carried"] else "not carried"
        lines.append(
            paragraph(f"Resolution {one['line']}: {one['text']} ({votes}: {result})", "  ")
        )
    for one in answer["actions"]:
        done = one["outcome"] or "open"
        lines.append(paragraph(f"Task of {names(one['member'])}: {one['text']} ({done})", "  "))
    for one in answer["counts"]:
        over = one["difference_minor"]
        differs = f", {amount(answer, abs(over))} {'over' if over > 0 else 'short'}" if over else ""
        told = f" ({one['told']})" if one["told"] else ""
        counted_here = amount(answer, one["counted_minor"])
        lines.append(f"Counted in {one['pocket']} ({one['moment']}): {counted_here}{differs}{told}")
    lines += [paragraph(one["text"], "") for one in answer["minutes"]]
    return "\n".join(lines)
