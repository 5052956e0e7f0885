"""Train one stage, or with -m the whole chain or a sweep; `python train.py --help` says more."""

from beavervision.cli.entry import main

if __name__ == "__main__":
    main("train")
