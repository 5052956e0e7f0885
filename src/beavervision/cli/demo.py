"""Demo: runs the whole chain on the synthetic actor with the user's commands, and writes a report.

`beavervision demo [key=value ...]`; `data.*` and `paths.*` apply to every command, others to training.
"""

from __future__ import annotations

import subprocess
import sys
import time
from argparse import ArgumentTypeError
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from beavervision.cli.plain_arguments import ArgumentParser
from beavervision.config.stage_graph import CHAIN
from beavervision.operating_system import wait_with_memory

EXPERIMENT = "experiment=demo"
ABOUT = (
    "The whole chain on the synthetic actor of the package: prepare, train five stages, two films, and a report in "
    "runs/demo/report. About ten minutes on two cores. data.* and paths.* apply to every command, others to training."
)


@dataclass(frozen=True)
class Step:
    """One command of the demo, with its cost."""

    name: str
    arguments: tuple[str, ...]
    seconds: float = 0.0
    peak_memory_mb: float = 0.0

    @property
    def command(self) -> str:
        """The command line that a user would type."""
        return " ".join(("beavervision", *self.arguments))


def steps(overrides: Sequence[str]) -> list[Step]:
    """Return the demo's commands.

    Args:
        overrides: further `key=value` overrides of the user.
    """
    common = [o for o in overrides if o.startswith(("data.", "paths."))]
    training = [o for o in overrides if o not in common]
    chain = f"model={','.join(CHAIN)}"
    return [
        Step("prepare", ("prepare", "data=demo", *common)),
        Step("train", ("train", "-m", chain, "data=demo", EXPERIMENT, *common, *training)),
        Step("avatar", ("infer", "data=demo", EXPERIMENT, "mode=avatar", *common)),
        Step("dub", ("infer", "data=demo", EXPERIMENT, "mode=dub", *common)),
    ]


def run_step(step: Step) -> Step:
    """Run a command as a separate process with its output on this terminal, and return its cost.

    Raises:
        SystemExit: with the exit code of the command, when it fails.
    """
    print(f"\n$ {step.command}", flush=True)
    begun = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "beavervision.cli", *step.arguments])
    try:
        code, memory = wait_with_memory(process)
    except KeyboardInterrupt:
        # The child process got the same Ctrl-C; wait until it has written its checkpoint.
        sys.exit(process.wait())
    if code:
        sys.exit(code)
    return Step(step.name, step.arguments, time.monotonic() - begun, memory)


def demo(overrides: Sequence[str]) -> Path:
    """Run the whole chain on the actor and write the report.

    Returns:
        Folder of the report.
    """
    begun = time.monotonic()
    took = [run_step(step) for step in steps(overrides)]
    from beavervision.cli.demo_report import write_report

    print("\nmeasuring the results against the truth", flush=True)
    runs = next((Path(o.partition("=")[2]) for o in overrides if o.startswith("paths.runs=")), Path("runs"))
    costs = {f"{step.name}/wall_seconds": step.seconds for step in took}
    costs |= {f"{step.name}/peak_memory_mb": step.peak_memory_mb for step in took}
    folder = write_report(runs, costs)
    print(f"\nThe demo took {(time.monotonic() - begun) / 60:.1f} minutes. Its report:")
    for name in ("index.html", "avatar.mp4", "dub.mp4", "sheet.png", "metrics.json"):
        print(f"  {folder / name}")
    python = "python {}.py" if Path("train.py").is_file() else "beavervision {}"
    train, infer = python.format("train"), python.format("infer")
    print(
        "\nNow with a video of your own (half a minute or more of one person speaking):\n"
        f"  {train} -m model={','.join(CHAIN)} \\\n"
        "      data=myvideo data.name=me data.video=me.mp4 experiment=cpu_quick\n"
        f"  {infer} data=myvideo data.name=me audio=speech.wav out=talk.mp4",
        flush=True,
    )
    return folder


def main(arguments: Sequence[str]) -> int:
    """Run `beavervision demo`."""
    parser = ArgumentParser(prog="beavervision demo", description=ABOUT)
    parser.add_argument("settings", nargs="*", type=_setting, metavar="key=value", help="overrides of the commands")
    demo(parser.parse_args(arguments).settings)
    return 0


def _setting(text: str) -> str:
    if "=" not in text:
        raise ArgumentTypeError(f"{text} is not of the form key=value")
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
