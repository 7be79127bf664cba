"""Random texts through the equation parser, and what is made of those that it takes.

    python -m benchmarks.reliability.equations --texts 1000000

No text may crash it, take it 50 ms of the processor, get past its bounds, or have anything
compiled, executed, imported or opened. Texts come in batches, each of its own seed; a study
that was stopped goes on with the next batch.
"""

from __future__ import annotations

import argparse
from itertools import islice
from pathlib import Path

from scalewidgets.lawbook import expression as ex
from tests.reliability.equations import nothing_evaluated, texts, timed, used

from .tally import Row, Tally

BATCH = 10_000
USED = 10  # of so many trees one is put to use: that takes far longer than to read them all


def batch(seed: int) -> Row:
    """What a batch came to; an AssertionError where something did not hold."""
    trees, slowest, longest = 0, 0.0, ""
    for text in islice(texts(seed), BATCH):
        try:
            with nothing_evaluated():
                tree, taken = timed(text)
                trees += tree is not None
                if tree is not None and trees % USED == 0:
                    used(tree)
        except Exception as error:
            raise AssertionError(f"the text {text!r} of batch {seed}") from error
        if taken > slowest:
            slowest, longest = taken, text
    return {
        "trees": trees,
        "slowest": slowest,
        "text": longest[:200].encode("unicode_escape").decode(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path, default=Path("build/reliability/equations.jsonl"))
    given = parser.parse_args()
    ex.Program([("lgamma", 1.0)])({})  # the functions of SciPy that are loaded when first needed
    tally = Tally(given.out)
    for number in tally.missing(given.texts // BATCH):
        tally.add(number, **batch(number))
    rows = list(tally.rows.values())
    slowest = max(rows, key=lambda row: row["slowest"])
    print(f"{BATCH * len(rows):,} texts, {sum(row['trees'] for row in rows):,} of them equations")
    print(f"slowest {1e3 * slowest['slowest']:.1f} ms: {slowest['text']}")


if __name__ == "__main__":
    main()
