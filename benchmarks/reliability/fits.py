"""Random fitting problems, each against the best of an exhaustive search.

    python -m benchmarks.reliability.fits --problems 1000

No fit that calls itself ok may lie above the best by more than 1e-6 of it, and none may be ok whose
runs do not determine its constants. A study that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path

from threadpoolctl import threadpool_limits

import scalewidgets as sw
from tests.reliability import search
from tests.reliability.problems import problem

from .tally import Row, Tally

ALLOWED = 1e-6


def judged(seed: int) -> Row:
    """What the fit of a problem says, and how far it lies above the best."""
    posed = problem(seed)
    begun = time.process_time()
    fit = sw.fit(posed.law, posed.runs, **posed.options)
    fitted = time.process_time()
    least, constants = search.best(posed, [fit.params])
    return {
        "status": fit.status,
        "gap": search.gap(posed, fit.value, least),
        "silent": posed.silent,
        "law": posed.form.equation,
        "design": posed.design,
        "noise": posed.noise,
        "runs": len(posed.runs),
        "value": fit.value,
        "least": least,
        "ours": fit.params,
        "best": constants,
        "seconds": fitted - begun,
        "search": time.process_time() - fitted,
    }


def table(rows: list[Row]) -> str:
    """The statuses, and every row that is wrong."""
    lines = []
    for status, count in Counter(row["status"] for row in rows).most_common():
        own = [row for row in rows if row["status"] == status]
        above = sum(row["gap"] > ALLOWED for row in own)
        silent = sum(row["silent"] for row in own)
        lines.append(f"{status:16}{count:6}  above the best {above:4}  not determined {silent:4}")
    for row in rows:
        if row["status"] == "ok" and (row["gap"] > ALLOWED or row["silent"]):
            lines.append(f"wrong: {row}")
    ours, others = (sum(row[key] for row in rows) for key in ("seconds", "search"))
    return "\n".join([*lines, f"fits {ours:.0f} s, searches {others:.0f} s"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="of the seeds")
    parser.add_argument("--out", type=Path, default=Path("build/reliability/fits.jsonl"))
    given = parser.parse_args()
    tally = Tally(given.out)
    numbers = [n for n in tally.missing(given.first + given.problems) if n >= given.first]
    with threadpool_limits(1):
        for number in numbers:
            tally.add(number, **judged(number))
    asked = range(given.first, given.first + given.problems)
    print(table([tally.rows[number] for number in asked]))


if __name__ == "__main__":
    main()
