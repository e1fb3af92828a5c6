"""The peer of `npm run bench ingest`: a plain script that applies a file of modifications to the same SQLite ledger.

csv and sqlite3 of the standard library, the same checks in the same order, journal, outcomes, position and result file.
Amounts are integers (minor units), payouts halves to even. One commit (and so one fsync) for every chunk of lines.

    python3 ingest-peer.py DATABASE FILE RESULT SUBMISSION TEXTS CHUNK

TEXTS is a JSON file with the message and hint of each outcome, and the custom dispositions of the event type.
Prints {"seconds": ..., "cpu": ..., "outcomes": {...}}: by the clock and of the processor.
"""

import csv
import hashlib
import json
import os
import re
import sqlite3
import sys
import time

AMOUNT = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?")
GROUPED = re.compile(r"[0-9]{1,3}\.[0-9]{3}")
COMMA = re.compile(r"[0-9]+,[0-9]*")
TRACKER = "4521"
CURRENCY = "USD"
LIMIT = 1000
STANDARD = set(
    "ORDER_UPDATE ITEM_RETURNED ITEM_OUT_OF_STOCK ORDER_ERROR CONS_FRAUD CONS_ERROR CONS_INFO_INVALID PUB_ACT_DISPUTE "
    "ADV_ACT_DISPUTE NOT_COMPLIANCE_TERMS TEST_ACTION PARTNER_NOT_ACTIVE MP_RETURNED REJECTED OTHER RESET".split()
)
OWN_COLUMNS = ["line", "outcome", "message", "hint"]
NUMBERS_HINT = (
    "Write amounts with a decimal point and nothing else, such as 1234.50. In a spreadsheet: format the column as Number "
    "with 2 decimal places and without the thousands separator, in a locale whose decimal separator is the point."
)

STANDING = """select t.id, t.order_id, t.currency, t.amount, t.payout, t.status, t.customer_status, t.locking_date,
  j.amount, j.payout, j.customer_status,
  (select count(*) - 1 from journal c where c.transaction_id = t.id)
  from transactions t join journal j on j.sequence = t.id where t.event_type = ? and """
BY_ACTION = STANDING + "t.public_id = ?"
BY_ORDER = STANDING + "t.order_id = ? order by t.id desc limit 1"
ITEMS = """select position, quantity, amount, coalesce(created_quantity, quantity), coalesce(created_amount, amount)
  from items where transaction_id = ? order by position"""
ENTRY = """insert into journal (transaction_id, change, at, amount_before, amount, payout_before, payout, status_before,
  status, customer_status_before, customer_status, reason, channel, source, line, sender)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
CHANGE = "update transactions set amount = ?, payout = ?, status = ?, customer_status = ? where id = ?"
ITEM = """update items set created_quantity = coalesce(created_quantity, quantity),
  created_amount = coalesce(created_amount, amount), quantity = ?, amount = ? where transaction_id = ? and position = ?"""
ROW = """insert into submission_rows (submission_id, number, line, order_id, outcome, message, hint)
  values (?, ?, ?, ?, ?, ?, ?)"""


class Standing:
    """A transaction as the next line finds it."""

    __slots__ = ("id", "order_id", "currency", "amount", "payout", "status", "customer", "locking",
                 "was_amount", "was_payout", "was_customer", "changes", "items", "was_items")


def half_even(numerator, denominator):
    quotient, rest = divmod(numerator, denominator)
    twice = rest * 2
    return quotient + 1 if twice > denominator or (twice == denominator and quotient % 2) else quotient


def minor(text):
    whole, _, fraction = text.partition(".")
    if fraction[2:].strip("0"):
        return None
    return int(whole + fraction[:2].ljust(2, "0"))


class Malformed(Exception):
    pass


def read_amount(text):
    if not AMOUNT.fullmatch(text):
        why = "has a decimal comma" if COMMA.fullmatch(text) else "is not an amount"
        raise Malformed(f'Amount: "{text}" {why}', NUMBERS_HINT)
    if GROUPED.fullmatch(text):
        raise Malformed(f'Amount: "{text}" is not an amount', NUMBERS_HINT)
    amount = minor(text)
    if amount is None or amount >= 10**18:
        raise Malformed(f'Amount: "{text}" has too many digits for USD', "")
    return amount


class Script:
    def __init__(self, database, submission, texts):
        self.db = sqlite3.connect(database, isolation_level=None, cached_statements=64)
        for pragma in ("foreign_keys = on", "synchronous = full"):
            self.db.execute(f"pragma {pragma}")
        self.submission = submission
        self.outcomes = texts["outcomes"]
        self.own = texts["dispositions"]
        self.source, self.channel, self.sender, self.sha256 = self.db.execute(
            "select file_name, channel, sender, sha256 from submissions where id = ?", (submission,)
        ).fetchone()

    def find(self, action, order):
        if action:
            row = self.db.execute(BY_ACTION, (4521, action)).fetchone()
            if row is None or (order and row[1] != order):
                return None
        else:
            row = self.db.execute(BY_ORDER, (4521, order)).fetchone()
            if row is None:
                return None
        known = self.current.get(row[0])
        if known is not None:
            return known
        found = Standing()
        (found.id, found.order_id, found.currency, found.amount, found.payout, found.status, found.customer,
         found.locking, found.was_amount, found.was_payout, found.was_customer, found.changes) = row
        items = self.db.execute(ITEMS, (found.id,)).fetchall()
        found.items = [(position, quantity, amount) for position, quantity, amount, _, _ in items]
        found.was_items = [(position, quantity, amount) for position, _, _, quantity, amount in items]
        return found

    def record(self, found, line, reason, change, amount, payout, status, customer, items):
        self.entries.append((found.id, change, self.now, found.amount, amount, found.payout, payout, found.status,
                             status, found.customer, customer, reason, self.channel, self.source, line, self.sender))
        self.changes.append((amount, payout, status, customer, found.id))
        for old, new in zip(found.items, items):
            if old != new:
                self.item_changes.append((new[1], new[2], found.id, new[0]))
        found.amount, found.payout, found.status, found.customer, found.items = amount, payout, status, customer, items
        found.changes += 1
        self.current[found.id] = found

    def reverse(self, found, line, reason, customer):
        gone = [(position, 0, 0) for position, _, _ in found.items]
        self.record(found, line, reason, "reversed", 0, 0, "REVERSED", customer, gone)
        return "REVERSED"

    def apply(self, found, line, reason, action, amount, status):
        """The checks from ALREADY_REVERSED on, and the change."""
        if action != "reset" and found.status == "REVERSED":
            return "ALREADY_REVERSED"
        if self.now >= found.locking:
            return "ALREADY_LOCKED"
        if action != "reset" and found.status == "APPROVED":
            return "ALREADY_APPROVED"
        if found.changes >= LIMIT:
            return "MODIFICATION_LIMIT"
        if action == "none":
            return "NO_CHANGE"
        if action == "reset":
            same = (found.amount, found.payout, found.status, found.customer, found.items) == (
                found.was_amount, found.was_payout, "PENDING", found.was_customer, found.was_items)
            if same:
                return "NO_CHANGE"
            self.record(found, line, reason, "reset", found.was_amount, found.was_payout, "PENDING",
                        found.was_customer, found.was_items)
            return "RESET"
        customer = status or found.customer
        if action == "reject" or (amount == 0 and found.was_amount != 0):
            return self.reverse(found, line, reason, customer)
        new = found.amount if amount is None else amount
        payout = found.payout
        if new != found.amount:
            payout = half_even(found.was_payout * new, found.was_amount) if found.was_amount else found.was_payout
        after = "APPROVED" if action == "approve" else found.status
        if (new, payout, after, customer) == (found.amount, found.payout, found.status, found.customer):
            return "NO_CHANGE"
        change, outcome = ("approved", "APPROVED") if action == "approve" else ("modified", "MODIFIED")
        self.record(found, line, reason, change, new, payout, after, customer, found.items)
        return outcome

    def judge(self, cells, line):
        """Outcome, order id, and a message and hint of its own where the table's do not say enough."""
        at = self.places
        action, order = cells[at["ActionId"]].strip(), cells[at["OrderId"]].strip()
        reason, text = cells[at["Reason"]].strip(), cells[at["Amount"]].strip()
        tracker, status = cells[at["ActionTrackerId"]].strip(), cells[at["CustomerStatus"]].strip()
        currency = cells[at["CurrencyCode"]].strip().upper()
        amount = None
        if text:
            try:
                amount = read_amount(text)
            except Malformed as problem:
                return ("MALFORMED", order or None, *problem.args)
        if tracker != TRACKER if tracker else not action:
            return "INVALID_ACTION_TRACKER", order or None, None, None
        if not action and not order:
            return "MALFORMED", None, "OrderId: it is empty", None
        custom = self.own.get(reason)
        code = custom or ("reset" if reason == "RESET" else "modify" if reason in STANDARD else None)
        if (amount == 0) or code == "reject":
            self.reversing = 1
        else:
            self.modifying = 1
        found = self.find(action, order)
        if found is None:
            return "ACTION_NOT_FOUND", order or None, None, None
        order = order or found.order_id
        if code is None:
            return "BAD_DISPOSITION", order, None, None
        if currency and currency != found.currency:
            return "MALFORMED", order, f"CurrencyCode: the action is in {found.currency}, not {currency}", None
        return self.apply(found, line, reason, code, amount, status), order, None, None

    def chunk(self, lines, result):
        """Applies some lines and commits; then their part of the result file."""
        db = self.db
        db.execute("begin immediate")
        self.now = int(time.time() * 1000)
        self.current, self.entries, self.changes, self.item_changes = {}, [], [], []
        rows, told = [], []
        for number, line, cells in lines:
            outcome, order, message, hint = self.judge(cells, line)
            self.counts[outcome] = self.counts.get(outcome, 0) + 1
            rows.append((self.submission, number, line, order, outcome, message, hint))
            text = self.outcomes[outcome]
            own_hint = text["hint"] if hint is None else hint
            told.append([*cells, line, outcome, text["message"] if message is None else message, own_hint])
        db.executemany(ENTRY, self.entries)
        db.executemany(CHANGE, self.changes)
        db.executemany(ITEM, self.item_changes)
        db.executemany(ROW, rows)
        errors = sum(count for code, count in self.counts.items() if self.outcomes[code]["kind"] == "error")
        db.execute(
            "update submissions set position = ?, outcomes = ?, errors = ?, reverses = ?, modifies = ? where id = ?",
            (lines[-1][0], json.dumps(self.counts), errors, self.reversing, self.modifying, self.submission))
        db.execute("commit")
        result.writerows(told)

    def read(self, source, target, size):
        reader = csv.reader(source)
        header = next(reader)
        self.places = {name: header.index(name) for name in (
            "ActionId", "OrderId", "ActionTrackerId", "Amount", "Reason", "CustomerStatus", "CurrencyCode")}
        self.db.execute("update submissions set status = 'In Progress', reading = ? where id = ?",
                        (json.dumps(self.places), self.submission))
        self.counts, self.reversing, self.modifying = {}, 0, 0
        result = csv.writer(target)
        result.writerow([*header, *OWN_COLUMNS])
        lines, number, line = [], 0, reader.line_num + 1
        for cells in reader:
            if any(cells):
                number += 1
                lines.append((number, line, cells))
                if len(lines) == size:
                    self.chunk(lines, result)
                    lines = []
            line = reader.line_num + 1
        if lines:
            self.chunk(lines, result)


def main():
    start = time.perf_counter()
    database, file, target, submission, texts, size = sys.argv[1:]
    with open(texts) as given:
        script = Script(database, int(submission), json.load(given))
    with open(file, "rb") as source:
        if hashlib.file_digest(source, "sha256").hexdigest() != script.sha256:
            sys.exit("the file holds other bytes than were received")
    with open(file, encoding="utf-8-sig", newline="") as source, \
            open(target + ".part", "w", encoding="utf-8", newline="") as result:
        result.write("\ufeff")
        script.read(source, result, int(size))
        result.flush()
        os.fsync(result.fileno())
    os.rename(target + ".part", target)
    folder = os.open(os.path.dirname(target), os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
    kind = "Mixed" if script.reversing and script.modifying else "Reversal" if script.reversing else "Modification"
    script.db.execute("update submissions set status = 'Complete', type = ?, result_spool = ?, completed_at = ? where id = ?",
                      (kind, os.path.basename(target), int(time.time() * 1000), script.submission))
    script.db.close()
    took, cpu = time.perf_counter() - start, time.process_time()
    print(json.dumps({"seconds": took, "cpu": cpu, "outcomes": script.counts}))


main()
