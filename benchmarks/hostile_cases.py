"""Hostile input, made from a seed: each case writes its files and names the command that reads them."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from hostile_bytes import BOXES, BYTES
from hostile_media import FILM_FAULTS, FILMS, SOUNDS, film_bytes, key_pair, signed_film

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from hostile import file_cases, manifest_cases  # noqa: E402  (the tests' own, used here as well)
from stub_artifacts import stub_clip  # noqa: E402

GENERAL = ROOT / "src" / "beavervision" / "models" / "general" / "audio2motion"
HOSTILE_WORDS = (
    *("null", "-1", "0", "1e999", "nan", "[]", "{}", "''", "true", "999999999999999999999", "${data.name}"),
    *("${oc.env:X}", "../../etc/passwd", "/dev/null", "/dev/zero", "a b", "\u202e", "é" * 300, "[[[[[[[1]]]]]]]"),
    *("${", "}", "=", "1,2"),
)
KEYS = {
    "prepare": ("data", "data.video", "data.fps", "data.start", "data.end", "data.focal", "data.subject", "data.gap",
                "data.rotate", "data.deinterlace", "data.audio_track", "data.segmenter", "data.consent", "data.workers",
                "data.name", "face_model", "force", "paths.runs", "seed", "nonsense"),
    "train": ("model", "data", "data.name", "experiment", "trainer.max_steps", "trainer.precision",
              "trainer.accelerator", "hardware", "hardware.devices", "frame", "frame.height", "schedule.max_steps",
              "datamodule.batch_size", "logger", "callbacks", "seed", "resume", "model.init", "debug"),
    "infer": ("audio", "audio_track", "mode", "out", "crf", "preset", "fps", "pose", "background", "label", "language",
              "region", "control.temperature", "control.blink", "batch", "smoothing", "subject", "provenance",
              "provenance.key", "provenance.certificate", "provenance.watermark_key", "data.name", "length"),
    "serve": ("avatars", "label", "serve.host", "serve.port", "serve.tokens", "serve.folder", "serve.max_sessions",
              "serve.max_upload_mb", "serve.latency", "serve.threads", "serve.tts_url", "serve.ice_servers",
              "serve.keep_hours", "hardware", "provenance.purpose"),
    "evaluate": ("model", "data.name", "experiment", "frame", "hardware", "seed"),
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One input and what reads it."""

    name: str
    target: str
    """Of `hostile_server.TARGETS`."""
    arguments: tuple[str, ...]
    seconds: float = 20.0
    """Limit of its CPU time."""


def make_case(number: int, seed: int, folder: Path) -> Case:
    """Write the files of a case into a folder and return it; the same numbers give the same bytes.

    Args:
        number: of the case; the kinds take turns.
        seed: of the campaign.
        folder: an empty folder.
    """
    random = Random(f"{seed}/{number}")
    return KINDS[number % len(KINDS)](random, folder)


def container_case(random: Random, folder: Path) -> Case:
    """A damaged film."""
    suffix = random.choice(list(FILMS))
    content = film_bytes(suffix, **random.choice(FILM_FAULTS))
    names = []
    for _ in range(random.choice((0, 1, 1, 1, 2))):
        kind = random.choice(BOXES if suffix in ("mp4", "mov") and random.random() < 0.6 else BYTES)
        if content:
            content = kind(content, random)
            names.append(kind.__name__)
    path = folder / f"film.{suffix}"
    path.write_bytes(content)
    target = random.choice(("footage", "footage", "footage", "verify"))
    return Case(f"{suffix} {'+'.join(names) or 'as it is'}", target, (str(path),))


def sound_case(random: Random, folder: Path) -> Case:
    """A sound of an unusual kind, sometimes damaged."""
    name = random.choice(list(SOUNDS))
    suffix, content = SOUNDS[name](random)
    damaged = random.random() < 0.4 and len(content) > 1
    if damaged:
        content = random.choice(BYTES)(content, random)
    path = folder / f"speech.{suffix}"
    path.write_bytes(content)
    return Case(f"sound {name}{' damaged' if damaged else ''}", "speech", (str(path),))


def config_case(random: Random, folder: Path) -> Case:
    """Overrides that a command cannot mean; no video and no bundle is there, so that none of them starts to work."""
    verb = random.choice(list(KEYS))
    overrides = [f"{key}={random.choice(HOSTILE_WORDS)}" for key in random.sample(KEYS[verb], random.randint(1, 3))]
    if random.random() < 0.2:
        overrides.append(random.choice(("+x=1", "~data", "data=", "=", "++", "a.b.c.d=1", "-h=1", "data.name", "\\")))
    given = {override.partition("=")[0] for override in overrides}
    usual = {"paths.runs": folder / "runs", "data": "myvideo", "data.name": "nobody"}
    usual = {"paths.runs": folder / "runs"} if verb == "serve" else usual
    overrides += [f"{key}={value}" for key, value in usual.items() if key not in given]
    return Case(f"{verb} {' '.join(overrides[:3])}", "verb", (verb, *overrides), 60.0)


def manifest_case(random: Random, folder: Path) -> Case:
    """A clip or bundle whose manifest or files lie."""
    clip = random.random() < 0.5
    place = folder / ("clip" if clip else "bundle")
    if clip:
        stub_clip(place, video=str(folder / "film.mp4"))
    else:
        shutil.copytree(GENERAL, place)
    change = manifest_cases if random.random() < 0.6 else file_cases
    name, act = random.choice(list(change(place)))
    act()
    return Case(f"{place.name}: {name}", place.name, (str(place),))


def consent_case(random: Random, folder: Path) -> Case:
    """A consent record that is none."""
    good = b"subject: A\ngiven_by: A\ndate: 2026-01-01\npurposes:\n  - film\nuntil: 2027-01-01\ncontact: a@b.c\n"
    nested = b"a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c]\n"
    texts = (
        nested, b"", b"[]", b"null", b"- 1\n" * 50_000, b"a: " * 5000, b"\xff\xfe\x00", b"{" * 100_000,
        b"subject: !!python/object:os.system x",
        good.replace(b"2027", b"0000"), good.replace(b"2026-01-01", b"9" * 5000), good.replace(b"A", b"\xc3\x28"),
        good + good, good.replace(b"- film", b"- " + b"x" * 1_000_000), good.replace(b"until", b"Until"),
        good.replace(b"purposes:\n  - film", b"purposes: film"), good.replace(b"a@b.c", b"{a: [1, {b: c}]}"),
        good.replace(b"2027-01-01", b"2025-01-01"), good.replace(b"2026-01-01", b"2026-02-31"), good,
    )  # fmt: skip
    content = random.choice(texts)
    if content and random.random() < 0.4:
        content = random.choice(BYTES)(content, random)
    path = folder / "consent.yaml"
    path.write_bytes(content)
    return Case(f"consent {content[:24]!r}", "consent", (str(path),))


def key_case(random: Random, folder: Path) -> Case:
    """A key and certificates, one of them damaged or of another kind."""
    key, certificate = key_pair()
    which = random.choice(("key", "certificate", "both", "swapped", "empty"))
    if which in ("key", "both"):
        key = random.choice(BYTES)(key, random)
    if which in ("certificate", "both"):
        certificate = random.choice(BYTES)(certificate, random)
    if which == "swapped":
        key, certificate = certificate, key
    if which == "empty":
        certificate = b""
    (folder / "key.pem").write_bytes(key)
    (folder / "certificate.pem").write_bytes(certificate)
    if random.random() < 0.3:
        (folder / "film.mp4").write_bytes(film_bytes("mp4"))
        return Case(
            f"--trust {which}", "verify", (str(folder / "film.mp4"), "--trust", str(folder / "certificate.pem"))
        )
    return Case(f"key {which}", "key", (str(folder / "key.pem"), str(folder / "certificate.pem")))


def credentials_case(random: Random, folder: Path) -> Case:
    """A signed film, or its sidecar, that was damaged."""
    path = folder / "film.mp4"
    content = signed_film()
    kind = random.choice((*BYTES, *BOXES))
    if random.random() < 0.5:
        path.write_bytes(kind(content, random))
        return Case(
            f"signed film {kind.__name__}", "verify", (str(path), *(["--json"] if random.random() < 0.3 else []))
        )
    path.write_bytes(film_bytes("mp4"))
    sidecar = folder / "film.c2pa"
    sidecar.write_bytes(random.choice(BYTES)(content[: random.randint(100, 6000)], random))
    return Case("sidecar", "verify", (str(path), "--sidecar", str(sidecar)))


def checkpoint_case(random: Random, folder: Path) -> Case:
    """A damaged checkpoint, or another file of torch."""
    import torch

    path = folder / "last.ckpt"
    content = {"state_dict": {"weight": torch.zeros(64)}, "global_step": 3, "loops": {}}
    torch.save(random.choice([content, content, content, [1], {"state_dict": {}}]), path)
    change = random.choice(BYTES)
    path.write_bytes(change(path.read_bytes(), random))
    return Case(f"checkpoint: {change.__name__}", "checkpoint", (str(path),))


def session_case(random: Random, folder: Path) -> Case:
    """Messages of a live session, of which the first one begins it: text and sound of any kind in any order."""
    kind = random.choice(("s16le", "f32le"))
    sound = {"rate": random.choice((8000, 16_000, 96_000)), "channels": random.randint(1, 8), "format": kind}
    started = {"type": "start", "avatar": "lamp", "audio": sound, "video": random.choice(("jpeg", "h264"))}
    lengths = (0, 1, 3, 640, 641, 4000, 100_000, 1_048_576, 1_048_577)
    sounds = [{"hex": random.randbytes(random.choice(lengths)).hex()} for _ in range(3)]
    words = ['{"type": "interrupt"}', '{"type": "end_speech"}', '{"type": 1}', "", "x" * 5000, "\u0000", "[" * 4000]
    sent = [json.dumps(started), *random.choices([*sounds, *words], k=random.randint(2, 14))]
    if random.random() < 0.2:
        random.shuffle(sent)
    path = folder / "messages.json"
    path.write_text(json.dumps(sent), encoding="utf-8")
    return Case(f"session of {len(sent)} messages", "session", (str(path),))


def message_case(random: Random, folder: Path) -> Case:
    """A text message of a live session that is none, or a whole session."""
    if random.random() < 0.4:
        return session_case(random, folder)
    good = b'{"type": "start", "avatar": "me", "rate": 16000, "channels": 1, "video": "jpeg"}'
    path = folder / "message.json"
    words = [
        f'{{"type": {word}}}'.encode() for word in ("null", "1e999", '"start"', "[" * 2000, '"' + "x" * 9000 + '"')
    ]
    change = random.choice(BYTES)
    path.write_bytes(random.choice([change(good, random), random.choice(words), b"[" * 100_000, bytes(99)]))
    return Case("message", "message", (str(path),))


KINDS: tuple[Callable[[Random, Path], Case], ...] = (
    *(container_case, sound_case, container_case, manifest_case, consent_case),
    *(sound_case, key_case, container_case, credentials_case, config_case, checkpoint_case, message_case),
)
"""Kinds of cases; a frequent kind stands here more than once."""
