"""Render the torture set: `python -m beavervision.synthetic.torture FOLDER [scene ...]`."""

from __future__ import annotations

import argparse
from pathlib import Path
from time import perf_counter

from beavervision.synthetic.torture.render import render_scene
from beavervision.synthetic.torture.scenes import SCENES


def main() -> None:
    """Render the requested scenes, each into a separate folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="folder to write to; a scene's own folder in it is replaced")
    parser.add_argument("scenes", nargs="*", help="names of scenes; all of them when none is named")
    wanted = parser.parse_args()
    names = [scene.name for scene in SCENES]
    if unknown := sorted(set(wanted.scenes) - set(names)):
        parser.error(f"no scene is called {', '.join(unknown)}; there are {', '.join(names)}")
    began = perf_counter()
    for scene in SCENES:
        if not wanted.scenes or scene.name in wanted.scenes:
            render_scene(scene, wanted.out.absolute() / scene.name)
            print(f"{scene.name}: {scene.says} ({perf_counter() - began:.0f} s)")


if __name__ == "__main__":
    main()
