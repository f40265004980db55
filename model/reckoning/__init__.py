"""Arithmetic of savings groups on plain numbers: no group, no device, no file is needed.

Chapter: what a loan asks for and when (calendar.py, rates.py, schedules.py), where a payment goes
(allocation.py, account.py), who is late and how much is at risk (arrears.py), how a whole is split
(splitting.py), what a cycle pays out (shareout_terms.py, shareout.py, dividends.py), a rotation
(rotation.py, draw.py, auction.py), what a leaving member gets (settlement.py), what a journal says
of a period (accounts_statements.py, subledgers.py), and how a group does (ratios.py,
loan_ratios.py, savix.py, health.py). Amounts are
whole minor units, rates are exact fractions, every rounding is named where it happens. The book
uses these same functions, so that a quote, a schedule, an allocation and a share-out can never
disagree with what is recorded later.
"""
