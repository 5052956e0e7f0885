"""The one exception that users are meant to see."""


class BeaverError(Exception):
    """A mistake that the user can mend.

    The message is one sentence that names the file, frame or key concerned, followed by the remedy.
    `run/` prints it without a traceback and exits with code 2.
    """
