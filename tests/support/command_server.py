"""Runs commands in forks of one process that has the libraries loaded: `python command_server.py`.

One JSON line in: arguments, cwd, env and the files for both outputs. One line out: the exit code. A command then costs
what it does itself, without the seconds that PyTorch and MediaPipe take to load.
"""

import json
import os
import runpy
import signal
import sys
import traceback

TIMEOUT = 600


def run(task: dict) -> None:
    """Become the command; never returns."""
    os.setpgrp()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, name in ((0, os.devnull), (1, task["stdout"]), (2, task["stderr"])):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), number)
    os.chdir(task["cwd"])
    os.environ.clear()
    os.environ.update(task["env"])
    sys.argv = task["arguments"]
    sys.path[0] = os.path.dirname(task["arguments"][0])
    code: object = 0
    try:
        runpy.run_path(task["arguments"][0], run_name="__main__")
    except SystemExit as stop:
        code = stop.code
    except BaseException:
        traceback.print_exc()
        code = 1
    if isinstance(code, str):
        print(code, file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def main() -> None:
    """Load what commands load, then answer until the input ends."""
    import beavervision.workflows.evaluate
    import beavervision.workflows.infer
    import beavervision.workflows.prepare
    import beavervision.workflows.train  # noqa: F401

    for line in sys.stdin:
        child = os.fork()
        if not child:
            run(json.loads(line))
        signal.alarm(TIMEOUT)
        _, status = os.waitpid(child, 0)
        signal.alarm(0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
