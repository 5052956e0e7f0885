"""`python -m beavervision.run <verb>`: the console script, where scripts are not on the path."""

from beavervision.run.cli import main

if __name__ == "__main__":
    main()
