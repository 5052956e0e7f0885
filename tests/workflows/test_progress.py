import signal
import subprocess
import sys
import threading

import pytest

from beavervision.errors import BeaverError
from beavervision.workflows.console_output import binary_stdout
from beavervision.workflows.interruption import catch_interruption
from beavervision.workflows.progress import progress_lines


def test_a_line_now_and_then_with_rate_and_time_left(capsys):
    now = iter([0.0, 1.0, 10.0, 11.0, 25.0])
    shown = progress_lines(300, every=10, clock=lambda: next(now))
    for done in (5, 50, 60, 100):
        shown(done)
    # 50 frames in 10 s: 250 more take 50 s; 100 in 25 s: 200 more take 50 s.
    assert capsys.readouterr().err.splitlines() == [
        "speaking: 50/300 frames, 5.0 frames/s, 0:50 left",
        "speaking: 100/300 frames, 4.0 frames/s, 0:50 left",
    ]


def test_the_first_ctrl_c_asks_and_the_second_stops(capsys):
    with catch_interruption("stopping") as asked:
        assert not asked()
        signal.raise_signal(signal.SIGINT)
        assert asked()
        assert "stopping; again to stop at once" in capsys.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_signals_are_given_back():
    before = signal.getsignal(signal.SIGINT)
    with catch_interruption("stopping"):
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_another_thread_cannot_listen_and_works_all_the_same():
    found = []

    def work():
        with catch_interruption("stopping") as asked:
            found.append(asked())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [False]


def test_prints_do_not_reach_the_pipe():
    script = (
        "import os\n"
        "from beavervision.workflows.console_output import binary_stdout\n"
        "with binary_stdout() as out:\n"
        "    print('hello'); os.write(1, b'from a library\\n'); out.write(b'film')\n"
        "print('after')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout == b"filmafter\n"
    assert b"hello" in done.stderr
    assert b"from a library" in done.stderr


def test_a_terminal_is_no_place_for_a_film(monkeypatch):
    monkeypatch.setattr("os.isatty", lambda descriptor: True)
    with pytest.raises(BeaverError, match="is a terminal; pipe it"), binary_stdout():
        pass
