"""The one exception that users are meant to see, and one that says what went wrong inside."""


class BeaverError(Exception):
    """A mistake that the user can mend.

    The message is one sentence that names the file, frame or key concerned, followed by the remedy.
    `run/` prints it without a traceback and exits with code 2.
    """


class NotFiniteError(ValueError):
    """A number that is infinite or none at all reached a computation that cannot bear it."""
