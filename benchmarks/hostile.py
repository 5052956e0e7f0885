"""Campaign of hostile input: `python benchmarks/hostile.py FOLDER [--cases 500] [--seed 19]`.

Each case ends in a result or in one sentence, with exit code 0 or 2, under 1 GB of resident memory and within its time
limit; never in a traceback, and it leaves no unfinished file. The campaign is resumable: finished cases stand in
FOLDER/cases.jsonl. A case that fails keeps its files in FOLDER.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from hostile_campaign import RECORD, Outcome, finished, run_case, server


def main() -> int:
    """Run the cases that have not run yet, and print a summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--seed", type=int, default=19)
    parser.add_argument("--again", action="store_true", help="run the cases again that failed")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    done = finished(asked.folder)
    if asked.again:
        done = {number: outcome for number, outcome in done.items() if not outcome.wrong}
        text = "".join(json.dumps(vars(outcome)) + "\n" for outcome in done.values())
        (asked.folder / RECORD).write_text(text, encoding="utf-8")
    with server() as running, (asked.folder / RECORD).open("a", encoding="utf-8") as record:
        for number in range(asked.cases):
            if number not in done:
                done[number] = outcome = run_case(running, number, asked.seed, asked.folder)
                record.write(json.dumps(vars(outcome)) + "\n")
                record.flush()
                if outcome.wrong:
                    print(f"{number:4} {outcome.target:8} {outcome.name[:70]}: {outcome.wrong}", flush=True)
    _summarise(list(done.values()))
    return int(any(outcome.wrong for outcome in done.values()))


def _summarise(outcomes: list[Outcome]) -> None:
    codes = Counter((outcome.target, outcome.code) for outcome in outcomes)
    for target in sorted({outcome.target for outcome in outcomes}):
        ends = ", ".join(f"{code}: {n}" for (t, code), n in sorted(codes.items(), key=str) if t == target)
        most = max(outcome.rss_mb for outcome in outcomes if outcome.target == target)
        print(f"{target:8} exit codes {ends}; at most {most} MB")
    wrong = sum(bool(outcome.wrong) for outcome in outcomes)
    print(f"{len(outcomes)} cases, {wrong} wrong, {sum(outcome.s for outcome in outcomes):.0f} s")


if __name__ == "__main__":
    sys.exit(main())
