"""Console script `beavervision <verb>`: the same verbs as train.py and infer.py, from any folder."""

from __future__ import annotations

import importlib
import sys

from beavervision import __version__
from beavervision.cli.entry import VERBS
from beavervision.cli.entry import run as run_verb
from beavervision.config.suggestions import suggest
from beavervision.workflows.error_reporting import EXIT_USER_ERROR

PLAIN_VERBS = {
    "demo": "the whole chain on the synthetic actor: two films and a report",
    "verify": "who made a film, how, from what, and whether it is as it was signed",
    "token": "make a token for a client of serve",
    "consent": "write a consent record to fill in, or check one",
    "view": "look at a clip over time and at the trained head from any side",
    "export": "networks as ONNX, speech as ARKit curves and poses, a person as one file",
    "unpack": "read a person that somebody packed with export bva",
}
"""Verbs with arguments of their own instead of a configuration; each is `main` in a module of that name."""

EVERY_VERB = {**VERBS, **PLAIN_VERBS}

USAGE = """beavervision {version}: footage of a person in, that person speaking any speech out.

usage: beavervision <verb> [key=value ...]

{verbs}

Start with:  beavervision doctor, then beavervision demo
Your video:  beavervision prepare data=myvideo data.name=me data.video=me.mp4
More of a verb: beavervision <verb> --help
"""


def main() -> None:
    """Entry point of the console script."""
    sys.exit(_main(sys.argv[1:]))


def _main(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_usage(), end="")
        return 0
    if arguments[0] in ("-V", "--version"):
        print(f"beavervision {__version__}")
        return 0
    verb, *rest = arguments
    if verb in PLAIN_VERBS:
        return importlib.import_module(f"beavervision.cli.{verb}").main(rest)
    if verb not in VERBS:
        print(f"error: {verb} is not a verb of beavervision; {suggest(verb, EVERY_VERB)}.", file=sys.stderr)
        return EXIT_USER_ERROR
    if verb == "doctor":
        rest = ["json=true" if argument == "--json" else argument for argument in rest]
    sys.argv = [f"beavervision {verb}", *rest]
    return run_verb(verb)


def _usage() -> str:
    verbs = "\n".join(f"  {name:<9} {what}" for name, what in EVERY_VERB.items())
    return USAGE.format(version=__version__, verbs=verbs)
