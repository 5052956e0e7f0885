"""Neural speech synthesis with exact phoneme times, by Kokoro (Apache-2.0) in ONNX Runtime.

Kokoro-82M (hexgrad, 2025) is a StyleTTS 2 decoder (Li et al. 2023, arXiv:2306.07691): its duration predictor is a node
of the graph, so the start and end of every phoneme are exact. The model is driven by IPA and a style vector; styles can
be blended to new voices. The files belong to the user; nothing is downloaded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from beavervision.errors import ConfigError, DependencyError
from beavervision.synthetic.speech import PEAK, Phoneme, Speech, pronunciation

MODEL, VOICES, VOCABULARY = "kokoro.onnx", "voices.npz", "vocab.json"
"""Files of the model folder: the graph, an array [510, 1, 256] per voice, and the token of each symbol."""
RATE = 24000
HOP = 600
"""Samples per unit of the predicted durations: 25 ms."""
DURATIONS = "/encoder/Clip_output_0"
"""Tensor of the graph with the duration of every token."""
STRESS = ("ˈ", "ˌ")
MARKS = "ːʰʲ̃"
"""Symbols without a duration of their own: their time belongs to the phoneme that they modify."""
AHEAD = 0.055
"""Seconds by which the sound precedes the predicted durations; the shift with the highest correlation of vowels and
voiceless stops with the level of the sound, over eight sentences in four languages."""
LONGEST = 400
"""Tokens per sentence; the model takes at most 510."""


@dataclass(frozen=True)
class NeuralVoices:
    """The model of a folder with its voices.

    Args:
        folder: folder with MODEL, VOICES and VOCABULARY.

    Raises:
        ConfigError: when a file is missing or is not that of Kokoro.
        DependencyError: when onnxruntime or onnx is not installed.
    """

    session: Any = field(repr=False)
    vocabulary: Mapping[str, int] = field(repr=False)
    styles: Mapping[str, Float[np.ndarray, "510 1 256"]] = field(repr=False)

    def blend(self, weights: Mapping[str, float]) -> Float[np.ndarray, "510 256"]:
        """Weighted mean of voices' styles, a new voice; weights may be negative, their sum should be 1."""
        return np.sum([weight * self.styles[name][:, 0] for name, weight in weights.items()], axis=0)

    def speak(
        self, text: str, style: Float[np.ndarray, "510 256"], language: str = "en-us", speed: float = 1.0
    ) -> Speech:
        """Synthesise `text`.

        Args:
            text: text to speak.
            style: a blend of voices.
            language: espeak-ng voice that pronounces the text.
            speed: factor of the speaking rate.
        """
        symbols = [symbol for symbol in pronunciation(text, language) if symbol in self.vocabulary][:LONGEST]
        tokens = np.array([[0, *(self.vocabulary[symbol] for symbol in symbols), 0]], np.int64)
        feeds = {
            "tokens": tokens,
            "style": style[len(symbols) - 1][None].astype(np.float32),
            "speed": np.array([speed], np.float32),
        }
        sound, durations = self.session.run(None, feeds)
        samples = np.asarray(sound, np.float32).ravel()
        samples *= PEAK / max(PEAK, float(np.abs(samples).max()))
        return Speech(samples, RATE, _phonemes(["", *symbols, ""], durations.ravel() * (HOP / RATE)))


@cache
def load_neural_voices(folder: Path) -> NeuralVoices:
    """Load the model of a folder once; see `NeuralVoices`."""
    try:
        import onnx  # pyright: ignore[reportMissingImports]  # an optional extra
        import onnxruntime  # pyright: ignore[reportMissingImports]  # the same
    except ImportError as error:
        raise DependencyError(
            f"neural speech needs {error.name}, which is not installed; pip install 'beavervision[neural]'."
        ) from None
    for name in (MODEL, VOICES, VOCABULARY):
        if not (folder / name).is_file():
            raise ConfigError(
                f"{folder / name} is missing; docs/explanation/corpus.md says which files data.neural= needs."
            )
    graph = onnx.load(str(folder / MODEL))
    if not any(DURATIONS in node.output for node in graph.graph.node):
        raise ConfigError(f"{folder / MODEL} has no tensor {DURATIONS}; take Kokoro-82M v1.0 in ONNX.")
    graph.graph.output.append(onnx.helper.make_tensor_value_info(DURATIONS, onnx.TensorProto.FLOAT, None))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3  # Reproducible, and quiet.
    session = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
    vocabulary = json.loads((folder / VOCABULARY).read_text(encoding="utf-8"))
    with np.load(folder / VOICES) as arrays:
        styles = {name: arrays[name] for name in arrays.files}
    return NeuralVoices(session, vocabulary.get("vocab", vocabulary), styles)


def _phonemes(symbols: list[str], seconds: Float[np.ndarray, "N"]) -> tuple[Phoneme, ...]:
    """Phonemes from symbols and their durations.

    Marks belong to the phoneme that they modify; the space between two words belongs to both in equal parts.
    """
    found: list[Phoneme] = []
    stress, at = "", -AHEAD
    for symbol, duration in zip(symbols, seconds, strict=True):
        start, at = at, at + float(duration)
        if symbol in STRESS:
            stress = symbol
            found.append(Phoneme(symbol, start, at))
        elif symbol and symbol in MARKS and found:
            found[-1] = Phoneme(found[-1].symbol + symbol, found[-1].start, at)
        elif stress:
            found[-1] = Phoneme(stress + symbol, found[-1].start, at)
            stress = ""
        else:
            found.append(Phoneme(symbol if symbol.isalpha() or symbol == " " else "", start, at))
    return _without_spaces(found)


def _without_spaces(phonemes: list[Phoneme]) -> tuple[Phoneme, ...]:
    """Give the time of every space between words to its neighbours."""
    edges = [phoneme.start for phoneme in phonemes] + [phonemes[-1].end]
    for i in range(1, len(phonemes) - 1):
        if phonemes[i].symbol == " ":
            edges[i] = edges[i + 1] = (phonemes[i].start + phonemes[i].end) / 2
    joined = [Phoneme(p.symbol, max(0.0, a), b) for p, a, b in zip(phonemes, edges, edges[1:], strict=False)]
    return tuple(phoneme for phoneme in joined if phoneme.end > phoneme.start and phoneme.symbol != " ")
