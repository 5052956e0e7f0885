"""Writes the results of bench_nerf.py to docs/benchmarks.md, compared with the torch reference and a stored result.

`python benchmarks/nerf_table.py results.json` writes the table. `--keep` also stores the result for later comparisons
(benchmarks/previous.json).
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path

from machine import ROOT, measured_with

PAGE, PREVIOUS = ROOT / "docs" / "benchmarks.md", ROOT / "benchmarks" / "previous.json"
BEGIN, END = "<!-- nerf: begin -->", "<!-- nerf: end -->"
OURS, TWIN, COMPILED = "numba", "torch", "compile"
HEADINGS = ("part", "torch, ms", "compiled, ms", "numba, ms", "against torch", "against compiled", "against before")
Times = dict[str, dict[str, float]]
"""Part -> backend -> milliseconds of the fastest round."""


def times_of(results: Path) -> Times:
    """Times in a result file of pytest-benchmark."""
    times: Times = defaultdict(dict)
    for one in json.loads(results.read_text())["benchmarks"]:
        backend = (one["params"] or {}).get("backend", OURS)
        times[one["group"]][backend] = 1e3 * one["stats"]["min"] / one["extra_info"].get("frames", 1)
    return dict(times)


def change(now: dict[str, float], before: dict[str, float]) -> float | None:
    """Speed-up over the stored result, normalised by the reference if possible, so that the machine has no effect."""
    if OURS not in now or OURS not in before:
        return None
    scale = now[TWIN] / before[TWIN] if TWIN in now and TWIN in before else 1.0
    return before[OURS] * scale / now[OURS]


def row(part: str, now: dict[str, float], before: dict[str, float]) -> str:
    """One row in Markdown."""
    cells = [f"{now[name]:.3g}" if name in now else "" for name in (TWIN, COMPILED, OURS)]
    cells += [f"{now[name] / now[OURS]:.1f} x" if name in now and OURS in now else "" for name in (TWIN, COMPILED)]
    changed = change(now, before)
    return " | ".join(["", part, *cells, "" if changed is None else f"{changed:.2f} x", ""]).strip()


def table(times: Times, previous: Times) -> str:
    """Table of all parts, fastest rounds."""
    lines = ["| " + " | ".join(HEADINGS) + " |", "|" + "---|" * len(HEADINGS)]
    return "\n".join([*lines, *(row(part, now, previous.get(part, {})) for part, now in times.items())])


def made() -> str:
    """Commit, machine, versions and threads in one line."""
    import torch
    from numba import get_num_threads

    threads = f"{torch.get_num_threads()} threads of torch, {get_num_threads()} of numba"
    return f"{measured_with('torch', 'numba', 'numpy')}, {threads}."


def main() -> None:
    """Print the table and write it between its markers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, help="output file of pytest --benchmark-json")
    parser.add_argument("--keep", action="store_true", help="store the result for later comparisons")
    asked = parser.parse_args()
    times, kept = times_of(asked.results), json.loads(PREVIOUS.read_text())
    written = f"{table(times, kept['ms'])}\n\n{made()} Before: {kept['made']}\n"
    print(written)
    before, rest = PAGE.read_text().split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{written}{END}{rest.split(END)[1]}")
    if asked.keep:
        PREVIOUS.write_text(json.dumps({**kept, "made": made(), "ms": times}, indent=2) + "\n")


if __name__ == "__main__":
    main()
