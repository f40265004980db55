"""The words of messages, apart from the rules that decide which are sent; one table a language.

A message is short, begins with the group's name and says amounts with the currency once. Places in
braces are filled by notices.py; a language lacks no text that English has (a test).
"""

from __future__ import annotations

from typing import Final, Literal

Language = Literal["en", "sw"]

TEXTS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "summary_group": (
            "{group} meeting {session}, {day}: {came} of {members} came. {currency}: saved "
            "{saved}, social {social}, repaid {repaid}, lent {lent}. Cash now {cash}."
        ),
        "summary_unmarked": (
            "{group} meeting {session}, {day}. {currency}: saved {saved}, social {social}, repaid "
            "{repaid}, lent {lent}. Cash now {cash}."
        ),
        "summary_member": (
            "{group} meeting {session}, {day}. {currency}: you saved {saved}, social {social}, "
            "repaid {repaid}. Now you hold {holds} and owe {owes}."
        ),
        "receipt_in": "{group}: received {currency} {amount} for {what}, {day}. Receipt {receipt}.",
        "receipt_out": (
            "{group}: paid you {currency} {amount} for {what}, {day}. Receipt {receipt}."
        ),
        "loan_due": (
            "{group}: {currency} {amount} of your loan falls due on {due}. Please bring it to the "
            "meeting."
        ),
        "loan_late": (
            "{group}: {currency} {amount} of your loan was due on {due} and is not paid. Please "
            "bring it, or talk to the committee."
        ),
        "saving_missed": (
            "{group}: you did not save in meeting {session}, {day}. Bring it to the next meeting "
            "if you can."
        ),
        "security": (
            "{group}: {what} was recorded. Receipt {receipt}. If this surprises you, ask in the "
            "meeting."
        ),
    },
    "sw": {
        "summary_group": (
            "{group} mkutano {session}, {day}: wamefika {came}/{members}. {currency}: "
            "akiba {saved}, jamii {social}, malipo {repaid}, mikopo {lent}. Fedha {cash}."
        ),
        "summary_unmarked": (
            "{group} mkutano {session}, {day}. {currency}: akiba {saved}, jamii {social}, malipo "
            "{repaid}, mikopo {lent}. Fedha {cash}."
        ),
        "summary_member": (
            "{group} mkutano {session}, {day}. {currency}: umeweka akiba {saved}, jamii {social}, "
            "umelipa {repaid}. Akiba yako {holds}, deni {owes}."
        ),
        "receipt_in": ("{group}: tumepokea {currency} {amount}, {what}, {day}. Risiti {receipt}."),
        "receipt_out": ("{group}: umelipwa {currency} {amount}, {what}, {day}. Risiti {receipt}."),
        "loan_due": (
            "{group}: {currency} {amount} ya mkopo wako inatakiwa tarehe {due}. Tafadhali ilete "
            "kwenye mkutano."
        ),
        "loan_late": (
            "{group}: {currency} {amount} ya mkopo wako ilitakiwa tarehe {due} na haijalipwa. "
            "Tafadhali ilete, au ongea na kamati."
        ),
        "saving_missed": (
            "{group}: hukuweka akiba kwenye mkutano {session}, {day}. Ilete mkutano ujao ukiweza."
        ),
        "security": (
            "{group}: imeandikwa: {what}. Risiti {receipt}. Kama hukutarajia, uliza kwenye mkutano."
        ),
    },
}

WHAT: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "share.purchased": "shares",
        "savings.deposited": "savings",
        "social.contributed": "the social fund",
        "fine.paid": "fines",
        "loan.repaid": "your loan",
        "loan.recovered": "your loan",
        "debt.collected": "your debt",
        "rotation.paid_in": "the merry-go-round",
        "savings.withdrawn": "savings taken back",
        "social.paid_out": "help from the social fund",
        "loan.disbursed": "your loan",
        "claim.paid": "what the group owed you",
        "rotation.paid_out": "the merry-go-round",
        "officer.proposed": "a proposal about who holds an office",
        "officer.elected": "a change of who holds an office",
        "constitution.proposed": "a proposal to change the rules",
        "constitution.adopted": "a change of the rules",
        "member.status_set": "a change of a member's status",
        "member.merged": "that two entries are one member",
        "member.exited": "that a member left",
        "entry.reversed": "that an entry is taken back",
        "meeting.reopened": "that a closed meeting is opened again",
        "late_entry.accepted": "an entry that came late",
        "suspense.ratified": "that entries of a stopped phone shall count",
        "conflict.resolved": "a choice between entries that differ",
        "shareout.confirmed": "the share-out",
        "loan.written_off": "that a loan is given up",
    },
    "sw": {
        "share.purchased": "hisa",
        "savings.deposited": "akiba",
        "social.contributed": "mfuko wa jamii",
        "fine.paid": "faini",
        "loan.repaid": "mkopo wako",
        "loan.recovered": "mkopo wako",
        "debt.collected": "deni lako",
        "rotation.paid_in": "mzunguko",
        "savings.withdrawn": "akiba yako",
        "social.paid_out": "msaada wa mfuko wa jamii",
        "loan.disbursed": "mkopo wako",
        "claim.paid": "deni la kikundi kwako",
        "rotation.paid_out": "mzunguko",
        "officer.proposed": "pendekezo kuhusu uongozi",
        "officer.elected": "mabadiliko ya uongozi",
        "constitution.proposed": "pendekezo la kubadilisha katiba",
        "constitution.adopted": "mabadiliko ya katiba",
        "member.status_set": "mabadiliko ya hali ya mwanachama",
        "member.merged": "kuunganisha mwanachama",
        "member.exited": "mwanachama ameondoka",
        "entry.reversed": "rekodi imefutwa",
        "meeting.reopened": "mkutano umefunguliwa tena",
        "late_entry.accepted": "rekodi iliyochelewa",
        "suspense.ratified": "kukubali rekodi za simu iliyosimamishwa",
        "conflict.resolved": "uamuzi kati ya rekodi",
        "shareout.confirmed": "mgao wa mwisho",
        "loan.written_off": "mkopo umefutwa",
    },
}
"""What a receipt is for, or what a security message is about, by kind of entry."""
