"""Arguments of the verbs that have no configuration: a mistake is one sentence."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

from beavervision.workflows.error_reporting import EXIT_USER_ERROR


class ArgumentParser(argparse.ArgumentParser):
    """Tells a mistake of use in one sentence, as the other verbs do."""

    def error(self, message: str) -> NoReturn:
        """Print the sentence and exit with 2."""
        print(f"error: {message}; see {self.prog} --help.", file=sys.stderr)
        sys.exit(EXIT_USER_ERROR)
