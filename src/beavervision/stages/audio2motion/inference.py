"""Inference of audio2motion from a bundle, without Lightning."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int

from beavervision.artifacts.bundle import Bundle
from beavervision.artifacts.bundle_network import build_network
from beavervision.artifacts.motion import Motion
from beavervision.audio.features import AudioFeatureExtractor, AudioFeatures
from beavervision.audio.level import at_level
from beavervision.audio.pitch import coarse_pitch
from beavervision.audio.waveform import SAMPLE_RATE
from beavervision.stages.audio2motion.bundle_schema import SCHEMA
from beavervision.stages.audio2motion.network import STRIDE, MotionVAE, SpeechFeatures
from beavervision.stages.audio2motion.personal import build_motion_network

SILENCE_SECONDS = 4.0
"""Length of the silence in which the network's own rest pose is measured, over its second half."""
CHUNK = 1000
"""Number of frames computed at a time, so that memory does not grow with the speech; a multiple of STRIDE."""


class AudioToMotion:
    """A trained audio2motion network: speech in, expression coefficients out.

    Args:
        network: network in evaluation mode.
        features: extractor of its audio features.
        fps: frames per second of its motion.
        basis: face model of the coefficients.
        mouth_amp: the person's amplitude of mouth motion, cm.
        eye_amp: the person's amplitude of eye motion, cm.
        speech_level_db: level of the training speech, to which input speech is normalised.
        chunk: frames computed at a time.
        identity_dim: number of identity coefficients in the network's output, which are discarded.
    """

    def __init__(
        self,
        network: MotionVAE,
        features: AudioFeatureExtractor,
        fps: float,
        basis: str,
        mouth_amp: float,
        eye_amp: float,
        speech_level_db: float,
        chunk: int = CHUNK,
        identity_dim: int = 0,
    ) -> None:
        self.network, self.features, self.fps, self.basis = network.eval(), features, fps, basis
        self.mouth_amp, self.eye_amp = mouth_amp, eye_amp
        self.speech_level_db, self._chunk, self._identity_dim = speech_level_db, chunk, identity_dim

    @property
    def expression_dim(self) -> int:
        """Number E of expression coefficients."""
        return len(self.network.motion_mean) - self._identity_dim

    @classmethod
    def from_bundle(cls, folder: Path) -> AudioToMotion:
        """Load a trained bundle.

        Raises:
            BundleError: when it is missing, damaged, or of another stage.
        """
        bundle = Bundle.load(folder, SCHEMA)
        network, facts = build_network(bundle, lambda: build_motion_network(bundle.hparams)), bundle.facts
        return cls(
            network,
            AudioFeatureExtractor(**facts.audio_features.model_dump()),
            facts.fps,
            facts.basis,
            facts.mouth_amp,
            facts.eye_amp,
            facts.speech_level_db,
            identity_dim=facts.identity_dim,
        )

    def with_style(self, rest: Float[np.ndarray, "E"], mouth_amp: float, eye_amp: float) -> AudioToMotion:
        """Return the same network with another person's rest pose and amplitudes.

        The mean motion is shifted so that silence gives `rest`.

        Args:
            rest: expression of the resting face.
            mouth_amp: amplitude of the mouth, cm.
            eye_amp: amplitude of the eyes, cm.
        """
        network = copy.deepcopy(self.network)
        known = {"chunk": self._chunk, "identity_dim": self._identity_dim}
        shifted = AudioToMotion(
            network, self.features, self.fps, self.basis, mouth_amp, eye_amp, self.speech_level_db, **known
        )
        network.motion_mean[self._identity_dim :] += torch.from_numpy(rest - shifted.resting()).to(network.motion_mean)
        return shifted

    def resting(self) -> Float[np.ndarray, "E"]:
        """Expression of the network's own resting face: its motion in silence."""
        silent = self.predict(np.zeros(round(SILENCE_SECONDS * SAMPLE_RATE), np.float32)).expression
        return np.median(silent[len(silent) // 2 :], axis=0)

    @torch.inference_mode()
    def opening_inputs(self, heard: AudioFeatures) -> Float[np.ndarray, "T F"]:
        """Inputs of the network's opening head; see `scripts/fit_opening_head.py`."""
        speech = self._as_speech(heard)
        return self.network.opening_inputs(speech, self.network.condition(speech)[0])[0].numpy()

    def predict(
        self,
        samples: Float[np.ndarray, "N"],
        temperature: float = 0.0,
        mouth_amp: float = 1.0,
        eye_amp: float = 1.0,
        blink: Int[np.ndarray, "T"] | None = None,
        seed: int = 0,
        *,
        first: int = 0,
        level_db: float | None = None,
    ) -> Motion:
        """Predict the motion of a speech of any length.

        Args:
            samples: mono sound at 16 kHz; T = ceil(N / 16000 fps) frames.
            temperature: standard deviation of the latent noise; 0 gives the most probable motion, which is
                deterministic (GeneFace++ uses 0.2).
            mouth_amp: amplitude of the mouth, as a factor of the person's own.
            eye_amp: amplitude of the eyes, as a factor of the person's own.
            blink: 1 at the middle of a blink; none by default.
            seed: seed of the noise.
            first: frame of a longer speech at which the samples begin, a multiple of STRIDE; the noise is that of the
                longer speech.
            level_db: level of the longer speech (`audio.level.spoken_level_of`).
        """
        level = at_level(np.asarray(samples, np.float32), self.speech_level_db, level_db)
        heard = self.features.extract(level, self.fps)
        return self.move(heard, temperature, mouth_amp, eye_amp, blink, seed, first=first)

    def move(
        self,
        heard: AudioFeatures,
        temperature: float = 0.0,
        mouth_amp: float = 1.0,
        eye_amp: float = 1.0,
        blink: Int[np.ndarray, "T"] | None = None,
        seed: int = 0,
        *,
        first: int = 0,
    ) -> Motion:
        """Predict the motion for given audio features; see `predict`."""
        frames = heard.n_frames
        blink = np.zeros(frames, np.int64) if blink is None else blink
        latents = -(-frames // STRIDE)
        rng = np.random.default_rng(seed)
        skipped = first // STRIDE
        noise = rng.standard_normal((skipped + latents, self.network.latent))[skipped:]
        noise = temperature * noise.astype(np.float32)
        pieces = [
            self._piece(heard, blink, noise, (mouth_amp, eye_amp), range(start, min(start + self._chunk, frames)))
            for start in range(0, frames, self._chunk)
        ]
        return Motion(np.concatenate(pieces), self.fps, self.basis)

    def _piece(
        self,
        heard: AudioFeatures,
        blink: Int[np.ndarray, "T"],
        noise: Float[np.ndarray, "L Z"],
        amps: tuple[float, float],
        frames: range,
    ) -> Float[np.ndarray, "t E"]:
        """Expressions of `frames`, computed with their whole receptive field."""
        start = max(0, frames.start - self.network.past)
        stop = min(heard.n_frames, frames.stop + self.network.future)
        part = AudioFeatures(heard.content[2 * start : 2 * stop], heard.pitch[2 * start : 2 * stop])
        latents = noise[start // STRIDE : -(-stop // STRIDE)]
        return self.window(part, latents, amps, blink[start:stop])[frames.start - start : frames.stop - start]

    @torch.inference_mode()
    def window(
        self,
        heard: AudioFeatures,
        noise: Float[np.ndarray, "L Z"],
        amps: tuple[float, float] = (1.0, 1.0),
        blink: Int[np.ndarray, "T"] | None = None,
    ) -> Float[np.ndarray, "T E"]:
        """Expressions of a window, with nothing before it and silence after it.

        Args:
            heard: audio features of T frames.
            noise: noise of the ceil(T / STRIDE) latents.
            amps: amplitudes of mouth and eyes, as factors of the person's own.
            blink: 1 at the middle of a blink; none by default.
        """
        motion = self.network(self._as_speech(heard, amps, blink), torch.from_numpy(noise.T.copy())[None])[0].numpy()
        return motion[:, self._identity_dim :]

    def _as_speech(
        self,
        heard: AudioFeatures,
        amps: tuple[float, float] = (1.0, 1.0),
        blink: Int[np.ndarray, "T"] | None = None,
    ) -> SpeechFeatures:
        """Input of the network for one sequence; see `window`."""
        marks = np.zeros(heard.n_frames, np.int64) if blink is None else blink
        return SpeechFeatures(
            content=torch.from_numpy(heard.content)[None],
            pitch=torch.from_numpy(coarse_pitch(heard.pitch))[None],
            blink=torch.tensor(marks)[None],
            mouth_amp=torch.tensor([amps[0] * self.mouth_amp]),
            eye_amp=torch.tensor([amps[1] * self.eye_amp]),
            inside=torch.ones(1, heard.n_frames, dtype=torch.bool),
        )
