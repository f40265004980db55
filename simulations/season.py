"""A season of the village as a passbook sheet: a row for every member and meeting.

`python -m simulations.season > simulations/sheets/umoja-season.csv` writes the sheet that is
shipped; a test holds that the file is still what this module writes. Columns are those that
`mkutano import` reads; amounts are written as people write them, empty where nothing happened.
"""

import csv
import io
import itertools
import sys
from pathlib import Path

from simulations.village import Meeting, Village, Villager

SHEET = Path(__file__).parent / "sheets" / "umoja-season.csv"
MEMBERS = 25
MEETINGS = 12

COLUMNS = (
    "cycle",
    "meeting",
    "date",
    "member",
    "name",
    "phone",
    "attendance",
    "shares",
    "social",
    "fine_levied",
    "fine_reason",
    "fine_paid",
    "loan_taken",
    "loan_periods",
    "loan_repaid",
)


def season(members: int = MEMBERS, meetings: int = MEETINGS) -> str:
    """The sheet as CSV text, the same at every call."""
    village = Village(members)
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for meeting in itertools.islice(village.meetings(), meetings):
        writer.writerows(_row(meeting, member) for member in village.members)
    return text.getvalue()


def _row(meeting: Meeting, member: Villager) -> dict[str, str]:
    row = {
        "cycle": str(meeting.cycle),
        "meeting": str(meeting.session),
        "date": meeting.day.isoformat(),
        "member": str(member.number),
        "name": member.name,
        "phone": member.phone,
    }
    for deed in meeting.deeds:
        if deed.member != member.number:
            continue
        match deed.kind:
            case "attended":
                row["attendance"] = deed.code
            case "bought":
                row["shares"] = str(deed.units)
            case "gave":
                row["social"] = written(deed.amount_minor)
            case "was fined":
                row |= {"fine_levied": written(deed.amount_minor), "fine_reason": deed.code}
            case "paid fine":
                row["fine_paid"] = written(deed.amount_minor)
            case "took":
                row["loan_taken"] = written(deed.amount_minor)
                row["loan_periods"] = str(deed.units)
            case "repaid":
                row["loan_repaid"] = written(deed.amount_minor)
            case "applied" | "approved":
                pass  # a passbook shows the loan once it is paid out
    return row


def written(amount_minor: int) -> str:
    """An amount as a secretary writes it: `1,500`, and cents only where there are any."""
    whole, cents = divmod(amount_minor, 100)
    return f"{whole:,}" + (f".{cents:02d}" if cents else "")


if __name__ == "__main__":
    sys.stdout.write(season())
