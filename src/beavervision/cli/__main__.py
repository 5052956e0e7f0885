"""`python -m beavervision.cli <verb>`: the console script, if scripts are not on the path."""

from beavervision.cli.console import main

if __name__ == "__main__":
    main()
