"""The books of a savings group: facts in, balances and findings out; pure and total.

No clock, no chance, no files, no keys of devices. Amounts are whole minor units (cents of KES,
whole UGX), days are ISO text, rates are exact fractions; each rounding is named where it happens.

# The book

An `Event` (events/) travels as canonical CBOR (codec.py) and stands in the log as an `Entry`
(entry.py). The reducer (reducer.py) folds entries, in the order that all replicas share, into a
`Book` (book.py) of small pages (pages.py). Who may record what follows from what the author knew
(permissions.py), who holds which office from who knew what (offices.py, elections.py, alone.py);
whether enough officers agree from who said what (decisions.py, approvals.py); standing.py says
which of several entries about one thing counts, suspense.py and stopped.py what becomes of what a
stopped phone wrote. Officers sign the close of a meeting (closing.py, signatures.py, sealing.py);
postings.py says in which meeting an entry is posted, when a sealed one keeps what was signed. One
module a topic says what it posts: the topics are listed in reducer.py. Postings sum to zero
(journal.py). What follows from others is always derived (derived.py): splits of payments, a
member's state. A fact that breaks a rule is a finding beside the balances (findings.py,
attention.py, wording/), never an exception. What people see comes from views.py, statements.py,
history.py and reports/.

    from model.reducer import fold                   fold(entries) -> Book
    from model.timeline import Timeline              advance(entries) -> Book, as they arrive
    from model.views import book_view                members, accounts, cash, loans, findings
    from model.findings import list_findings         what needs attention, one sentence each
    from model.statements import passbook_view       one member, meeting_view one meeting
    from model.history import audit_view, journal    who recorded what; the double entry
    from model.reports.report import make_report     reports of a period as data (reading.py: read)
    from model.export import to_beancount, to_hledger, to_csv

# Plain numbers

Everything that is reckoned can be reckoned without a group, a device or a file: the book calls the
same functions (reckoning/). Each states its units, its rounding, its errors and its source.

**What a loan asks for**: reckoning/terms.py (`LoanTerms`: method, rate, graces, fees, rounding, a
`balloon`, a down payment, `pay_at` a period's end or start), rates.py (`percent`, `ppm`, day
counts), calendar.py (`DuePlan`: due days, twice a month too), schedules.py (`schedule`). Periods
count unless a `day_count` is named; figures are in minor units throughout.

>>> from model.reckoning.rates import percent
>>> from model.reckoning.schedules import schedule
>>> from model.reckoning.terms import LoanTerms, RoundingRule
>>> terms = LoanTerms(1_000_00, "reducing_instalment", percent("2 % a month"), 3, "2026-01-31")
>>> for row in schedule(terms).instalments:
...     print(row.number, row.due_on, row.principal_minor, row.interest_minor, row.balance_minor)
1 2026-02-28 32675 2000 67325
2 2026-03-31 33329 1346 33996
3 2026-04-30 33996 680 0
>>> flat = LoanTerms(1_000_00, "flat", percent("10"), 3, rounding=RoundingRule("half_up"))
>>> [row.total_minor for row in schedule(flat).instalments]
[43333, 43333, 43334]

**Where a payment goes**: allocation.py (`allocate` one payment by an `AllocationRule`, `position`
after several, `share_over_loans`), account.py (`account`: every happening of a loan to a day),
happenings.py, accrual.py (`InterestRule`: as scheduled, on what is owed, or to the day of each
payment), early_settlement.py (`early_settlement`: to date, to period, by digits, in full),
penalties.py (`penalties_due`).

>>> from model.reckoning.allocation import position
>>> position(terms, [400_00]).splits[0]
Split(penalty_minor=0, fee_minor=0, interest_minor=3346, principal_minor=36654, overpaid_minor=0)
>>> from model.reckoning.account import account
>>> from model.reckoning.happenings import Charge, Payment
>>> late = account(terms, [Charge("2026-03-07", "penalty", 500), Payment("2026-03-07", 400_00)],
...                on="2026-03-31")
>>> late.rows[-1].split.penalty_minor
500

**Who is late, and how much is at risk**: arrears.py (`standing`, `ageing`, `is_default`),
portfolio.py (`portfolio_at_risk` with its `ParDefinition`, `repayment_rate`), eligibility.py
(`reasons_against`).

>>> from model.reckoning.arrears import standing
>>> from model.reckoning.portfolio import portfolio_at_risk
>>> par = portfolio_at_risk([standing(account(terms, [], on="2026-04-15"))])
>>> par.numerator_minor, par.denominator_minor
(100000, 100000)
>>> par.definition.sentence()[:60]
'outstanding principal of loans more than 30 days past due, o'

**What a cycle pays out**: shareout.py (`share_out`), shareout_terms.py (`Fund`, `Saver`, its
rules), splitting.py (`split_pool`: `residue`, `ties`), dividends.py (`dividends_at_rate`,
`dividends_from_pool`), settlement.py (`settle_exit`), rotation.py (`plan`, `progress`), draw.py,
auction.py, investments.py.

>>> from model.reckoning.shareout import share_out
>>> from model.reckoning.shareout_terms import Fund, Saver
>>> out = share_out(Fund(cash_minor=1_000), [Saver(1, "Amina", 3, 300), Saver(2, "Baraka", 4, 400)])
>>> [(row.member, row.gross_minor, row.profit_minor) for row in out.rows]
[('Amina', 429, 129), ('Baraka', 571, 171)]
>>> from model.reckoning.dividends import DividendTerms, Holding, dividends_at_rate
>>> year = DividendTerms(deposit_rate_ppm=100_000, deposit_tax_ppm=50_000)
>>> dividends_at_rate([Holding(1, "Amina", monthly_minor=(12_000,) * 12)], year).rows[0].net_minor
7410

**How a group does**: ratios.py, loan_ratios.py, savix.py (each a `Ratio` with what it is made of),
health.py (`health_score` with evidence and what to mend), accounts_statements.py (`trial_balance`,
`income_statement`, `balance_sheet`, `fund_balances`), subledgers.py (`prove_subledgers`).

>>> from model.reckoning.loan_ratios import repayment_rate
>>> repayment_rate(collected=900, due=1_000).value
Fraction(9, 10)

**Money and days**: money.py (`parse_amount`, `format_amount`, `divide`, `split`), days.py.
"""
