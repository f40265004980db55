"""What the books say to people: statements, reports, ratios and notices, all as plain data.

Chapter: a report covers a period (periods.py). Statements of account come from the journal
(ledger.py), a member's own page with running balances from member.py, loans as they stood on a day
from portfolio.py. Facts are counted once (counts.py) and become ratios and the health score
(measures.py). report.py puts together the eight kinds of report; summary.py is what a partner may
see. Messages to members are worked out from the books (notices.py) and fit an SMS (sms.py).

Everything here reads the book and changes nothing. While an entry of a newer Mkutano is in the
books, amounts are withheld (None), never guessed. Amounts are whole minor units.
"""
