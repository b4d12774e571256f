#!/usr/bin/env python3
"""A strategy of one's own for Fence: releases payments to known payees below a limit.

Reads one question a line, writes one answer a line. `fence.toml` beside this file registers it,
`payments.fence` uses it.
"""

import json
import sys
from decimal import Decimal

KNOWN = {"DE02120300000000202051", "DE02500105170137075030"}


def judge(question):
    arguments = question["arguments"]
    amount, below = arguments["amount"], arguments["below"]
    if not isinstance(amount, Decimal):
        return "unknown", "the amount is no number"
    if question["call"]["args"].get("iban") not in KNOWN:
        return "hold", "the payee is new"
    if amount >= below:
        return "hold", f"{amount} is not below {below}"
    return "release", f"{amount} to a known payee"


def main():
    for line in sys.stdin:
        question = json.loads(line, parse_float=Decimal, parse_int=Decimal)
        outcome, reason = judge(question)
        answer = {"id": int(question["id"]), "outcome": outcome, "reason": reason}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
