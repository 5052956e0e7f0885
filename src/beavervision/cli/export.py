"""`beavervision export`: networks as ONNX, speech as ARKit curves and poses, a person's bundles as one file."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from beavervision.cli.plain_arguments import ArgumentParser
from beavervision.errors import BeaverError, ConfigError
from beavervision.workflows.error_reporting import EXIT_USER_ERROR, print_error

FORMATS = ("csv", "json", "glb", "bvh", "pose.csv")
"""Files of a motion: curves, curves, both with a face, poses, poses."""

EPILOG = """examples:
  beavervision export motion speech.wav --out speech          (nothing has to be trained)
  beavervision export motion speech.wav --person runs/me --formats glb,bvh
  beavervision export onnx runs/me --out me_onnx
  beavervision export bva runs/me --out me.bva                (beavervision unpack me.bva reads it)

docs/guides/export.md describes every file. Films with an alpha channel are made by infer: background=none."""


def main(arguments: Sequence[str]) -> int:
    """Export what was asked for.

    Returns:
        0; 2 after a mistake of the user.
    """
    asked = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], None] = asked.run
    try:
        run(asked)
    except BeaverError as error:
        print_error(error)
        return EXIT_USER_ERROR
    return 0


def _motion(asked: argparse.Namespace) -> None:
    formats = asked.formats.split(",")
    if odd := [one for one in formats if one not in FORMATS]:
        raise ConfigError(f"--formats has {odd[0]!r}; take some of {','.join(FORMATS)}.")
    import beavervision as bv

    if asked.person is None:
        found = bv.animate(asked.audio, seed=asked.seed)
    else:
        found = bv.Avatar.load(asked.person, subject=asked.subject).animate(asked.audio, seed=asked.seed)
    out = Path(asked.audio).with_suffix("") if asked.out is None else asked.out
    for one in formats:
        print(found.save(out.with_name(f"{out.name}.{one}")))
    print(
        f"{found.n_frames} frames at {found.fps:g} fps; the weights leave {100 * found.unexplained:.1f} % of the "
        f"motion unexplained; always 0: {', '.join(found.absent) or 'none'}"
    )


def _onnx(asked: argparse.Namespace) -> None:
    import beavervision as bv

    out = Path(f"{asked.person.resolve().name}_onnx") if asked.out is None else asked.out
    avatar = bv.Avatar.load(asked.person, subject=asked.subject)
    facts = avatar.export_onnx(out, int8=not asked.no_int8, report=lambda line: print(line, flush=True))
    more = "" if "patch" in facts else "; no lower_face is trained, so it cannot dub"
    print(f"{out}: opset {facts['opset']}, face model {facts['face_model']}{more}")


def _bva(asked: argparse.Namespace) -> None:
    from beavervision.workflows.archive import pack_person

    out = Path(f"{asked.person.resolve().name}.bva") if asked.out is None else asked.out
    found = pack_person(asked.person, out)
    stages = sorted({entry.partition("/")[0] for entry in found.files})
    print(f"{out}: {', '.join(stages)}; {out.stat().st_size / 1e6:.1f} MB; unpack with: beavervision unpack {out}")


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="beavervision export",
        description="Write what other programs read.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = parser.add_subparsers(required=True, metavar="onnx | motion | bva", parser_class=ArgumentParser)
    motion = kinds.add_parser("motion", help="speech as ARKit blendshape curves and head poses")
    motion.add_argument("audio", type=Path, help="any audio or video file with speech")
    motion.add_argument("--person", type=Path, help="folder of a trained person, such as runs/me; else the general one")
    motion.add_argument("--subject", type=int, default=0, help="number of the person in the clip")
    motion.add_argument("--out", type=Path, help="name of the files without their endings; by default the audio's")
    motion.add_argument("--formats", default=",".join(FORMATS), help="by default all: %(default)s")
    motion.add_argument("--seed", type=int, default=1, help="of the blinks")
    motion.set_defaults(run=_motion)
    onnx = kinds.add_parser("onnx", help="speech encoder, audio2motion and lower_face as ONNX")
    onnx.add_argument("person", type=Path, help="folder of a trained person, such as runs/me")
    onnx.add_argument("--subject", type=int, default=0, help="number of the person in the clip")
    onnx.add_argument("--out", type=Path, help="folder to write")
    onnx.add_argument("--no-int8", action="store_true", help="no int8 versions")
    onnx.set_defaults(run=_onnx)
    bva = kinds.add_parser("bva", help="the newest bundles of a person in one file")
    bva.add_argument("person", type=Path, help="folder of a trained person, such as runs/me")
    bva.add_argument("--out", type=Path, help="file to write, ending in .bva")
    bva.set_defaults(run=_bva)
    return parser
