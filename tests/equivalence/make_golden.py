"""Writes the golden files by torch, or checks that it would write them again.

python -m tests.equivalence.make_golden [--check]
"""

import argparse
import sys

from tests.equivalence import golden, theirs
from tests.equivalence.case import NARROW_CASES, Case, forget
from tests.equivalence.rungs import TOLERANCE


def make(case: Case) -> golden.Golden:
    """What torch answers."""
    answers = {}
    for part in (golden.eval_mode, golden.one_step, golden.ten_steps):
        answers |= part(case, theirs)
    return golden.Golden(golden.hash_drawn(case), golden.rows_of(answers))


def main() -> int:
    """Exit status: 0 if all was written, or is as it would be written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with what is stored")
    check, status = parser.parse_args().check, 0
    for case in NARROW_CASES:
        made = make(case)
        if check:
            status |= _compare(case, made, golden.read(case))
        else:
            golden.write(case, made)
            print(f"{golden.path_of(case).name}: {golden.path_of(case).stat().st_size:,} bytes")
        forget()
    return status


def _compare(case: Case, made: golden.Golden, stored: golden.Golden) -> int:
    if made.drawn != stored.drawn:
        print(f"{case.name}: other weights or faces were drawn")
        return 1
    status = 0
    for rung, wanted in stored.rows.items():
        worst = max(golden.differences(rung, made.rows[rung], wanted).values())
        print(f"{case.name}, {rung}: {worst:.1e}")
        status |= worst >= TOLERANCE[rung]
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
