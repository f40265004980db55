"""The command that founds a group: the rules that a new group needs most, in plain words."""

from typing import Any, get_args

import click

from node.cli import Asker, Whole, code_of, json_option, show
from node.cli_cards import Page, cards_to_option, page_for
from node.cli_screen import paragraph
from node.founding import InterestMethod

TITLES = ("chairperson", "secretary", "treasurer", "money_counter", "key_holder")


@click.command("found")
@click.argument("name")
@click.option("--currency", required=True, help="Three letters: KES, UGX, TZS …")
@click.option("--share-value", required=True, help="What one share costs.")
@click.option("--shares-max", default=5, show_default=True, type=Whole(1),
              help="Most shares of one member in one meeting.")  # fmt: skip
@click.option("--social-fund", default="0", help="What each member pays into the social fund.")
@click.option("--meets", type=click.Choice(["week", "fortnight", "month"]),
              help="How often the group meets.")  # fmt: skip
@click.option("--cycle-meetings", default=0, type=Whole(0, 400),
              help="How many meetings a cycle has.")  # fmt: skip
@click.option("--fine", "fines", multiple=True, help="CODE=AMOUNT, such as late=50; repeatable.")
@click.option("--fines-to", type=click.Choice(["loan_fund", "social_fund"]), default="loan_fund",
              show_default=True, help="Where fines go that are paid.")  # fmt: skip
@click.option("--social-at-shareout", type=click.Choice(["keep", "equal", "pro_rata"]),
              default="keep", show_default=True,
              help="At the share-out the social fund is kept or shared out.")  # fmt: skip
@click.option("--loan-multiplier", default=3, show_default=True, type=Whole(0, 100),
              help="A loan is at most so many times the savings.")  # fmt: skip
@click.option("--loan-periods-max", default=3, show_default=True, type=Whole(1, 600),
              help="A loan runs for at most so many months (or weeks).")  # fmt: skip
@click.option("--loans-at-once", default=0, type=Whole(0, 100),
              help="How many loans a member may have; any number unless said.")  # fmt: skip
@click.option("--guarantors", default=0, show_default=True, type=Whole(0, 100),
              help="How many members must answer for a loan.")  # fmt: skip
@click.option("--period", type=click.Choice(["month", "week"]), default="month",
              show_default=True, help="How often interest and instalments fall due.")  # fmt: skip
@click.option("--interest", default="0", help="Percent a period, such as 10 or 2.5.")
@click.option("--method", type=click.Choice(get_args(InterestMethod)), default="flat",
              show_default=True, metavar="METHOD",
              help="How interest is worked out; see above.")  # fmt: skip
@click.option("--grace", default=0, show_default=True, type=Whole(0, 600),
              help="First months (or weeks) of a loan in which no principal is due.")  # fmt: skip
@click.option("--penalty", default="",
              help="For a late instalment: an amount, or a percentage such as 5%.")  # fmt: skip
@click.option("--penalty-grace-days", default=0, type=Whole(0, 3_660),
              help="So many days late cost nothing yet.")  # fmt: skip
@click.option("--rounding-step", default="",
              help="Instalments are rounded to it, such as 10.")  # fmt: skip
@click.option("--quorum", default=0, type=Whole(0, 100),
              help="Percent of the members who must be there to decide.")  # fmt: skip
@click.option("--keys", default=0, type=Whole(0, 100),
              help="How many key holders must be there to open a meeting.")  # fmt: skip
@click.option("--approvals", multiple=True,
              help="WHAT=NUMBER of officers who must agree: loan=2; repeatable.")  # fmt: skip
@click.option("--approval-limit", default="0",
              help="Less money than that is paid out without asking other officers.")  # fmt: skip
@click.option("--title", type=click.Choice(TITLES), default="secretary", show_default=True,
              metavar="OFFICE", help="Your own office.")  # fmt: skip
@click.option("--no-cards", is_flag=True, help="Make no paper cards now.")
@cards_to_option
@json_option
@click.pass_obj
def found_command(
    asker: Asker, /, name: str, no_cards: bool, cards_to: str, as_json: bool, **terms: Any
) -> None:
    """Found the group NAME; this phone is its first device. Prints the group id.

    Three paper cards are made with it and shown this once: one stands in for an officer's missing
    vote, two let a new phone go on when all officers' phones are gone.

    Everything but the name, the currency and the share value has a default; officers can change
    any rule later with: mkutano record rules --set NAME=VALUE

    \b
    METHOD
      flat                 the same interest in every period, on what was lent
      reducing             on what is still owed; equal parts of principal
      reducing_instalment  on what is still owed; equal instalments
      service_charge       a charge for every month that it runs, on what was lent
      upfront              all interest when the money is handed over
      compound             unpaid interest bears interest; all due at the end
      bullet               interest and principal with the last instalment
      interest_only        interest every period, the principal at the end

    \b
    OFFICE is chairperson, secretary, treasurer, money_counter or key_holder.
    """
    from node.records import FoundRequest

    terms |= {
        "currency": terms["currency"].upper(),
        "interest_percent": terms.pop("interest").strip().removesuffix("%"),
        "interest_method": terms.pop("method"),
        "quorum_percent": terms.pop("quorum"),
        "fines": dict(_fine(text) for text in terms["fines"]),
        "approvals": dict(_approval(text) for text in terms["approvals"]),
        "meets": terms["meets"] or "",
    }
    with page_for(cards_to) as page:
        answer = asker.ask("found", FoundRequest(name=name, cards=not no_cards, **terms))
        page.keep(answer)
    show(answer, as_json, lambda told: _founded(asker.program, told, page, not no_cards))


def _founded(program: str, told: dict[str, Any], page: Page, has_cards: bool) -> str:
    without = paragraph(
        f"The group has no paper cards. Make them soon: {program} cards --replace", ""
    )
    return (
        f"{told['sentence']}\nGroup {told['group']}\n"
        f"Next: {program} import SHEET.csv\n"
        f'or one by one: {program} record member --name "Amina Kiptoo"\n\n'
        f"{page.words(told) if has_cards else without}"
    )


def _fine(text: str) -> tuple[str, str]:
    code, equals, amount = text.partition("=")
    if not (code.strip() and equals and amount.strip()):
        raise click.BadParameter(f"“{text}” is not CODE=AMOUNT, such as late=50.")
    return code_of(code), amount.strip()


def _approval(text: str) -> tuple[str, int]:
    what, number = text.partition("=")[::2]
    if not (what.strip() and number.strip().isdecimal()):
        raise click.BadParameter(f"“{text}” is not WHAT=NUMBER, such as loan=2.")
    return what.strip(), int(number)
