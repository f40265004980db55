"""The chart of accounts of a savings group, on a cash basis.

One closed table: code, name, kind, and which sub-ledger (member or loan) an account is kept by.
Codes are text, because they are names and not numbers. Debits are positive amounts and credits
negative, so an account's normal balance is positive when its normal side is the debit side.
"""

from typing import Final, Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["asset", "liability", "fund", "income", "expense"]
Side: TypeAlias = Literal["debit", "credit"]
Subledger: TypeAlias = Literal["member", "loan"]

CASH_BOX: Final = "1010"
CASH_SOCIAL: Final = "1020"
BANK: Final = "1030"
MOBILE_MONEY: Final = "1040"
CASH_IN_TRANSIT: Final = "1090"
LOANS: Final = "1100"
INTEREST_RECEIVABLE: Final = "1150"
FINES_RECEIVABLE: Final = "1160"
DUE_FROM_MEMBERS: Final = "1170"
INVESTMENTS: Final = "1180"
MEMBER_SHARES: Final = "2010"
MEMBER_SAVINGS: Final = "2020"
OVERPAYMENTS: Final = "2030"
EXTERNAL_LOANS: Final = "2040"
CONDITIONAL_GRANTS: Final = "2050"
DUE_TO_FORMER_MEMBERS: Final = "2060"
UNALLOCATED_RECEIPTS: Final = "2070"
SHAREOUT_PAYABLE: Final = "2080"
ROTATION_POT: Final = "2090"
TAX_WITHHELD: Final = "2095"
SOCIAL_FUND: Final = "3010"
RETAINED_SURPLUS: Final = "3020"
RESERVE: Final = "3030"
GRANT_EQUITY: Final = "3040"
OPENING_BALANCES: Final = "3090"
LOAN_INTEREST: Final = "4010"
PENALTIES: Final = "4020"
FINES: Final = "4030"
FEES: Final = "4040"
INVESTMENT_INCOME: Final = "4050"
RECOVERIES: Final = "4060"
CASH_OVER: Final = "4070"
GROUP_EXPENSES: Final = "5010"
BAD_DEBT: Final = "5020"
EXTERNAL_INTEREST: Final = "5030"
CASH_SHORT: Final = "5040"
SOCIAL_PAYOUTS: Final = "5050"
PROVIDER_FEES: Final = "5060"


class Account(NamedTuple):
    """One account; `subledger` says by what its balance is broken down, if by anything."""

    code: str
    name: str
    kind: Kind
    subledger: Subledger | None = None

    @property
    def normal_side(self) -> Side:
        """The side on which the account usually stands: assets and expenses are debits."""
        return "debit" if self.kind in ("asset", "expense") else "credit"

    @property
    def ledger_name(self) -> str:
        """Name for plain-text accounting, e.g. `Assets:1010-Cash-Box-Loan-Fund`.

        Beancount takes only its five roots, and parts of letters, digits and hyphens that begin
        with a capital or a digit; hledger takes the same names.
        """
        words = "".join(c if c.isalnum() else " " for c in self.name).split()
        return f"{ROOTS[self.kind]}:{self.code}-{'-'.join(word.capitalize() for word in words)}"


ROOTS: Final[dict[Kind, str]] = {
    "asset": "Assets",
    "liability": "Liabilities",
    "fund": "Equity",
    "income": "Income",
    "expense": "Expenses",
}
"""The Beancount root under which each kind is exported."""

CHART: Final[tuple[Account, ...]] = (
    Account(CASH_BOX, "Cash box, loan fund", "asset"),
    Account(CASH_SOCIAL, "Cash box, social fund", "asset"),
    Account(BANK, "Bank", "asset"),
    Account(MOBILE_MONEY, "Mobile money", "asset"),
    Account(CASH_IN_TRANSIT, "Cash in transit", "asset"),
    Account(LOANS, "Loans to members", "asset", "loan"),
    Account(INTEREST_RECEIVABLE, "Interest and penalty receivable", "asset", "loan"),
    Account(FINES_RECEIVABLE, "Fines receivable", "asset", "member"),
    Account(DUE_FROM_MEMBERS, "Due from members", "asset", "member"),
    Account(INVESTMENTS, "Investments", "asset"),
    Account(MEMBER_SHARES, "Member shares", "liability", "member"),
    Account(MEMBER_SAVINGS, "Member voluntary savings", "liability", "member"),
    Account(OVERPAYMENTS, "Overpayments", "liability", "member"),
    Account(EXTERNAL_LOANS, "External loans", "liability"),
    Account(CONDITIONAL_GRANTS, "Grants with conditions", "liability"),
    Account(DUE_TO_FORMER_MEMBERS, "Due to former members", "liability", "member"),
    Account(UNALLOCATED_RECEIPTS, "Unallocated receipts", "liability"),
    Account(SHAREOUT_PAYABLE, "Share-out payable", "liability", "member"),
    Account(ROTATION_POT, "Rotation pot", "liability", "member"),
    Account(TAX_WITHHELD, "Tax withheld", "liability"),
    Account(SOCIAL_FUND, "Social fund", "fund"),
    Account(RETAINED_SURPLUS, "Retained surplus", "fund"),
    Account(RESERVE, "Reserve", "fund"),
    Account(GRANT_EQUITY, "Grant equity", "fund"),
    Account(OPENING_BALANCES, "Opening balances", "fund"),
    Account(LOAN_INTEREST, "Loan interest", "income"),
    Account(PENALTIES, "Penalties", "income"),
    Account(FINES, "Fines", "income"),
    Account(FEES, "Fees", "income"),
    Account(INVESTMENT_INCOME, "Investment income", "income"),
    Account(RECOVERIES, "Recoveries", "income"),
    Account(CASH_OVER, "Cash over", "income"),
    Account(GROUP_EXPENSES, "Group expenses", "expense"),
    Account(BAD_DEBT, "Bad debt", "expense"),
    Account(EXTERNAL_INTEREST, "External interest", "expense"),
    Account(CASH_SHORT, "Cash short", "expense"),
    Account(SOCIAL_PAYOUTS, "Social payouts", "expense"),
    Account(PROVIDER_FEES, "Provider fees", "expense"),
)
"""Every account, in the order of its code."""

ACCOUNTS: Final[dict[str, Account]] = {account.code: account for account in CHART}

POCKETS: Final[dict[str, str]] = {
    "box": CASH_BOX,
    "social": CASH_SOCIAL,
    "bank": BANK,
    "mobile": MOBILE_MONEY,
}
"""Where money is held (the channel of a payment) -> its account."""
