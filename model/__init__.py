"""The books of a savings group: facts in, balances and findings out; pure and total.

Chapter: an `Event` (events.py) travels as canonical CBOR (codec.py) and stands in the log as an
`Entry` (entry.py). The reducer (reducer.py) folds entries, in the order that all replicas share,
into a `Book` (book.py) of small pages (pages.py). Who may record what follows from what the author
knew (permissions.py, succession.py); standing.py says which of several entries about one thing
counts; one module a topic says what it posts: governance, members, meetings, savings, fines,
lending, cash, opening, corrections. Postings sum to zero (journal.py); splits of payments are
always derived (fine_ledger.py, loan_ledger.py). A fact that breaks a rule is a finding beside the
balances (findings.py, sentences.py), never an exception. What people see comes from views.py,
statements.py and history.py. Plain numbers need no group: loans.py, money.py, days.py.

No clock, no chance, no files, no keys of devices; amounts are whole minor units.
"""
