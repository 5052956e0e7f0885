"""Runs hostile cases in forks of one process that has the libraries loaded: `python benchmarks/hostile_server.py`.

One JSON line in: target, arguments, folder, seconds. One line out: exit code, peak memory and CPU seconds of the fork.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))  # live_server

KILLED = "too long"
BACKSTOP = 4 << 30
"""Address space beyond that of the server at which allocations fail, so that a case cannot harm the machine, bytes."""
PATIENCE = 20
"""Wall time over CPU time that a case may take: the machine may be busy."""
SESSION_S = 15.0
"""Seconds within which a live session has to answer."""
MOST_FRAMES = 40
"""Frames of footage and seconds of sound that are read."""


def read_footage(path: str) -> None:
    """Do with footage what the first step of `prepare` does."""
    from beavervision.preprocess.ingest import open_source, write_sound
    from beavervision.preprocess.options import PrepareOptions
    from beavervision.video.audio_tracks import audio_tracks
    from beavervision.video.correction import Correction
    from beavervision.video.field_order import find_field_order

    source = open_source(Path(path), PrepareOptions("hostile"))
    order = find_field_order(source.path, source.info, 0.0, source.n_frames / source.fps)
    source = source.corrected(Correction(90, order))
    n_read = sum(1 for _ in source.frames(range(min(source.n_frames, MOST_FRAMES))))
    for track in audio_tracks(source.path):
        if track.decodable:
            write_sound(source, Path("sound.wav"), track.number)
    print(f"{n_read} frames")


def read_speech(path: str) -> None:
    """Do with speech what `infer` does before it predicts motion."""
    from beavervision.inference.speech import Speech

    speech = Speech.from_file(path)
    chunk = next(speech.chunks(25.0), None)
    print(f"{speech.seconds:.1f} s, {0 if chunk is None else len(chunk.samples)} samples")


def read_consent_record(path: str) -> None:
    """Do what `prepare data.consent=` does with a record."""
    from beavervision.provenance.consent import read_consent

    print(read_consent(Path(path)).summary)


def read_key(key: str, certificate: str) -> None:
    """Do what `infer provenance.key= provenance.certificate=` does first."""
    from beavervision.provenance.signing_key import signing_key

    signing_key(key, certificate)
    print("usable")


def verify_file(*arguments: str) -> int:
    """`beavervision verify`; credentials that do not hold are a result."""
    from beavervision.cli.verify import main

    code = main(list(arguments))
    return 0 if code == 1 else code


def load_clip(folder: str) -> None:
    """Load a clip as training does."""
    from beavervision.artifacts.clip import Clip

    print(Clip.load(Path(folder)).n_frames)


def load_bundle(folder: str) -> None:
    """Load a bundle and its arrays."""
    from beavervision.artifacts.bundle import Bundle

    print(len(Bundle.load(Path(folder), "audio2motion").weight_headers))


def read_checkpoint(path: str) -> None:
    """Check a checkpoint as a training that continues does."""
    from beavervision.workflows.resume import require_checkpoint

    require_checkpoint(Path(path))


def read_message(path: str) -> None:
    """Parse a text message as the WebSocket of a live session does."""
    from beavervision.serving.protocol import ProtocolError, parse_control, parse_start

    text = Path(path).read_text(encoding="utf-8", errors="replace")
    for parse in (parse_start, parse_control):
        try:
            parse(text)
        except ProtocolError as error:  # The session answers with its sentence.
            if len(str(error).splitlines()) != 1:
                raise RuntimeError(f"not one sentence: {error}") from None


def read_session(path: str) -> None:
    """Send messages to a live session of a real server, which has to serve the next client afterwards."""
    import httpx
    from live_server import parts, running
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    messages, n_received = json.loads(Path(path).read_text(encoding="utf-8")), 0
    with running(parts(Path("server")), drain_s=0.1) as (address, _):
        with suppress(ConnectionClosed), connect(f"ws://{address}/v1/sessions", max_size=None) as socket:
            for message in messages:
                socket.send(bytes.fromhex(message["hex"]) if isinstance(message, dict) else message)
            socket.send('{"type": "end"}')
            while True:
                socket.recv(timeout=SESSION_S)
                n_received += 1
        if httpx.get(f"http://{address}/healthz").status_code != 200:
            raise RuntimeError("the server does not answer any more")
    print(f"{n_received} messages came back")


def run_verb(verb: str, *arguments: str) -> int:
    """`python train.py`, `infer.py`, or `beavervision VERB`."""
    from beavervision.cli.entry import run

    sys.argv = [f"{verb}.py", *arguments]
    return run(verb)


TARGETS: dict[str, Callable[..., int | None]] = {
    "footage": read_footage,
    "speech": read_speech,
    "consent": read_consent_record,
    "key": read_key,
    "verify": verify_file,
    "clip": load_clip,
    "bundle": load_bundle,
    "checkpoint": read_checkpoint,
    "message": read_message,
    "session": read_session,
    "verb": run_verb,
}


def run(task: dict) -> None:
    """Become the case; never returns."""
    from beavervision.workflows.error_reporting import EXIT_INTERNAL_ERROR, EXIT_USER_ERROR, is_user_error, print_error

    os.setpgrp()
    for number, name in ((0, os.devnull), (1, "stdout"), (2, "stderr")):
        path = name if number == 0 else str(Path(task["folder"], name))
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), number)
    os.chdir(task["folder"])
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * os.sysconf("SC_PAGE_SIZE") + BACKSTOP
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    seconds = int(task["seconds"])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    code: object = EXIT_INTERNAL_ERROR
    try:
        code = TARGETS[task["target"]](*task["arguments"]) or 0
    except SystemExit as stop:
        code = stop.code
    except Exception as error:
        if is_user_error(error):
            print_error(error)
            code = EXIT_USER_ERROR
        else:
            traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


def wait(child: int, seconds: float) -> tuple[object, int, float]:
    """Wait for a case, and kill it after `seconds`; return its exit code, peak memory in kB, and CPU seconds."""
    begun = {"late": False}

    def kill(*_: object) -> None:
        begun["late"] = True
        os.killpg(child, signal.SIGKILL)

    signal.signal(signal.SIGALRM, kill)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    _, status, used = os.wait4(child, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return (
        (KILLED if begun["late"] else os.waitstatus_to_exitcode(status)),
        used.ru_maxrss,
        used.ru_utime + used.ru_stime,
    )


def load(modules: Sequence[str]) -> None:
    """Import what the cases need, once."""
    for name in modules:
        __import__(name)


def main() -> None:
    """Load the libraries, then run cases until the input ends."""
    load(sys.argv[1:])
    for line in sys.stdin:
        task = json.loads(line)
        child = os.fork()
        if not child:
            run(task)
        code, memory, seconds = wait(child, PATIENCE * task["seconds"])
        print(json.dumps({"code": code, "rss_mb": memory // 1024, "s": seconds}), flush=True)


if __name__ == "__main__":
    main()
