"""Make a trained avatar speak: `python infer.py data=<who> audio=speech.wav`; `--help` says more."""

from beavervision.cli.entry import main

if __name__ == "__main__":
    main("infer")
