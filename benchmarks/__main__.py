"""``python -m benchmarks``: measure, print, save, and write the tables of ``docs/benchmarks.md``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import districts, polls, processes, records, report, scaling, speed, variance
from benchmarks.cases import CASES
from benchmarks.measuring import ROUNDS

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "outputs" / "benchmarks.json"
PART = ROOT / "outputs" / "benchmarks-part.json"
PAGE = ROOT / "docs" / "benchmarks.md"
PARTS = (
    *("cases", "variance", "rules", "draws", "lists", "seats", "polls", "memory", "commands", "cold"),
    "districts",
)


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--full", action="store_true", help="also what takes longer: a billion draws")
    size.add_argument("--smoke", action="store_true", help="tiny sizes: does everything run?")
    parser.add_argument(
        "--only", action="append", choices=PARTS, help="a part of it; repeatable (no page is written)"
    )
    parser.add_argument(
        "--case", action="append", choices=tuple(CASES), help="a case of it; repeatable (likewise)"
    )
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help="interleaved rounds (default: %(default)s)"
    )
    parser.add_argument(
        "--output",
        type=Path,
        help="JSON to write (default: outputs/benchmarks.json, or benchmarks-part.json for a part)",
    )
    parser.add_argument("--page", action="store_true", help="measure nothing: write the page from the JSON")
    return parser.parse_args(argv)


def measure(options: argparse.Namespace) -> records.Results:
    """Everything that was asked for, in the order of the tables."""
    results = records.Results(sizes="smoke" if options.smoke else "full" if options.full else "ordinary")
    begun = time.perf_counter()

    def say(what: str) -> None:
        print(f"{time.perf_counter() - begun:6.0f} s  {what}", file=sys.stderr, flush=True)

    smoke, full = options.smoke, options.full
    rounds, target = (2, 0.0) if smoke else (options.rounds, 0.15)
    few = min(rounds, 7)
    parts = options.only or PARTS
    cases = options.case or tuple(CASES)
    if "cases" in parts:
        for key in cases:
            speed.compare(CASES[key], results, rounds=rounds, target=target, say=say, quick=smoke)
    if "variance" in parts:
        seeds, draws = (8, 1 << 10) if smoke else (400, variance.DRAWS)
        variance.quasi_against_plain(results, seeds=seeds, draws=draws, say=say)
    if "rules" in parts:
        draws, numbers = (256, (1, 8)) if smoke else (1 << 17, (1, 4, 16, 64, 200))
        for key in [key for key in cases if key != "C"]:
            scaling.by_rules(results, key, numbers, draws, rounds=few, say=say)
        if "A" in cases:
            levels = 3 if smoke else 101
            scaling.by_bases(results, levels, draws, rounds=min(few, 5), say=say)
    if "draws" in parts:
        powers = (3,) if smoke else (4, 5, 6, 7, 8, 9) if full else (4, 5, 6, 7, 8)
        scaling.by_draws(results, [10**power for power in powers], rounds=few, say=say)
    if "lists" in parts:
        scaling.by_lists(
            results, (5,) if smoke else scaling.LIST_NUMBERS, rounds=few, target=target / 2, say=say
        )
    if "seats" in parts:
        scaling.by_seats(
            results, (50,) if smoke else scaling.SEAT_NUMBERS, rounds=few, target=target / 2, say=say
        )
    if "polls" in parts:
        polls.reading(results, (400,) if smoke else (polls.ROWS,), rounds=min(few, 5), say=say)
    if "memory" in parts and not smoke:
        processes.memory(results, (10**6, 10**8, 10**9) if full else (10**6, 10**8), threads=2, say=say)
    if "commands" in parts and not smoke:
        processes.commands(results, rounds=few, say=say)
    if "cold" in parts and not smoke:
        processes.cold(results, rounds=3, say=say)
    if "districts" in parts:
        draws = 1_000 if smoke else 200_000
        districts.districts(results, rounds=1 if smoke else min(few, 5), draws=draws, say=say)
    say("done")
    return results


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what the arguments ask for; the exit code."""
    options = arguments(argv)
    whole = not (options.smoke or options.only or options.case)
    output = options.output or (OUTPUT if whole else PART)
    if options.page and not output.is_file():
        print(f"{output} is not there: run `make bench` first", file=sys.stderr)
        return 2
    if options.page:
        results = records.load(output)
    else:
        results = measure(options)
        records.save(results, output)
        print(f"wrote {output}", file=sys.stderr)
    if options.page or output == OUTPUT:
        report.write_page(results, PAGE)
    from rich.console import Console

    report.show(results, Console(width=None if sys.stdout.isatty() else 160))
    return 0


if __name__ == "__main__":
    sys.exit(main())
