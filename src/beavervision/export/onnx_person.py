"""Exports one person for programs without torch: the graphs, the person's arrays, and what both mean."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from torch.export import Dim

from beavervision import __version__
from beavervision.artifacts.atomic_write import atomic_folder
from beavervision.audio.level import at_level
from beavervision.audio.mel import N_FFT, N_MELS
from beavervision.audio.pitch import coarse_pitch
from beavervision.audio.speech_encoder import speech_encoder
from beavervision.audio.waveform import load_waveform
from beavervision.compositing.detail_transfer import SMOOTHING, flow_spline
from beavervision.errors import ArtifactError
from beavervision.export.onnx_files import OPSET, Graph, write_graph
from beavervision.export.onnx_graphs import (
    SAMPLES_PER_FRAME,
    LogMelGraph,
    LowerFaceGraph,
    MotionGraph,
    SpeechEncoderGraph,
)
from beavervision.face.morphable_model import FaceModel
from beavervision.inference.lower_face_avatar import LowerFaceAvatar
from beavervision.inference.speaking_person import SpeakingPerson
from beavervision.stages.audio2motion.inference import AudioToMotion
from beavervision.stages.audio2motion.network import STRIDE
from beavervision.stages.lower_face.inference import LowerFaceRenderer
from beavervision.stages.lower_face.landmark_maps import LINE, MOVING, landmark_maps
from beavervision.stages.lower_face.patch_geometry import opencv_affine
from beavervision.stages.lower_face.references import PREFERENCE_CM
from beavervision.synthetic import speech_audio

FACTS, PERSON = "export.json", "person.npz"
SPEECH, MEL, MOTION, FACE = "speech_encoder", "log_mel", "audio2motion", "lower_face"
HEARD = {"mel": MEL, "speech": SPEECH}
"""Audio feature of a network -> the graph that computes it; others come from networks that are not ours."""
HALF = 0.5
"""Pixel centres are at +0.5 here, and at whole numbers in OpenCV, whose convention the person's arrays follow."""

Report = Callable[[str], None]


def export_onnx(
    folder: Path, person: SpeakingPerson, *, int8: bool = True, report: Report = lambda line: None
) -> dict[str, Any]:
    """Write the graphs of a person, `person.npz` and `export.json`; whole or not at all.

    Args:
        folder: to write; it must not exist.
        person: with a lower face, which a dub needs; else only what hears and moves is written.
        int8: whether to make int8 versions, which are kept where they hold.
        report: called with one line for each graph.

    Returns:
        What `export.json` says.

    Raises:
        ArtifactError: when the folder exists.
        DependencyError: when onnx, onnxscript or onnxruntime is missing.
    """
    face = person.lower_face if isinstance(person, LowerFaceAvatar) else None
    graphs = graphs_of(person.audio2motion, person.face_model, person.identity, face)
    facts = {
        "producer": f"beavervision {__version__}",
        "opset": OPSET,
        "face_model": person.face_model.name,
        "fps": person.fps,
        "samples_per_frame": SAMPLES_PER_FRAME,
        "speech_level_db": person.audio2motion.speech_level_db,
        "features": HEARD.get(person.audio2motion.features.kind),
        "audio_features": person.audio2motion.features.kind,
        "frames_per_latent": STRIDE,
        "latent": person.audio2motion.network.latent,
    }
    if face is not None:
        size, scale = face.geometry.size, face.geometry.pixels_per_cm
        facts |= {"patch": size, "line_px": max(1, round(LINE * scale)), "smoothing": 1e-3 * SMOOTHING}
    return _write(folder, graphs, facts, person, int8=int8, report=report)


def _write(
    folder: Path, graphs: list[Graph], facts: dict[str, Any], person: SpeakingPerson, *, int8: bool, report: Report
) -> dict[str, Any]:
    if folder.exists():
        raise ArtifactError(f"{folder} exists already; give another folder, or move it away.")
    with atomic_folder(folder) as part:
        facts["graphs"] = {}
        for graph in graphs:
            facts["graphs"][graph.name] = found = write_graph(graph, part, int8=int8)
            report(_line(graph.name, found))
        if isinstance(person, LowerFaceAvatar):
            np.savez_compressed(part / PERSON, **person_arrays(person))
        (part / FACTS).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return facts


def _line(name: str, facts: dict[str, Any]) -> str:
    text = f"{name}.onnx: {facts['bytes'] / 1e6:.1f} MB, differs from PyTorch by {facts['largest_difference']:.0e}"
    small = facts.get("int8")
    if small is None:
        return text
    kept = f"{small['bytes'] / 1e6:.1f} MB" if small["file"] else "not kept"
    return f"{text}; int8: {kept}, error {100 * small['relative_error']:.1f} % (limit {100 * small['limit']:.0f} %)"


def graphs_of(
    source: AudioToMotion, face: FaceModel, identity: np.ndarray, lower_face: LowerFaceRenderer | None
) -> list[Graph]:
    """The graphs of a person, each with an input on which it is compared: the package's 8.4 s of speech."""
    sound = load_waveform(speech_audio()).samples
    sound = sound[: len(sound) // SAMPLES_PER_FRAME * SAMPLES_PER_FRAME]
    samples = {"samples": {0: SAMPLES_PER_FRAME * Dim("frames", min=2, max=1 << 20)}}
    encoder = SpeechEncoderGraph(speech_encoder())
    # A quantised spectrum would drown quiet bands, of which the logarithm is taken.
    front = [(N_FFT + 2, 1, N_FFT), (N_FFT // 2 + 1, N_MELS)]
    graphs = [Graph(SPEECH, encoder, {"samples": sound}, ["features"], samples, front, ["MatMul"])]
    if source.features.kind == "mel":
        # All of it is the front: there is nothing to quantise.
        graphs.append(Graph(MEL, LogMelGraph(), {"samples": sound}, ["features"], samples, operators=()))
    heard = source.features.extract(at_level(sound, source.speech_level_db), source.fps)
    inputs = {
        "content": heard.content,
        "pitch": coarse_pitch(heard.pitch),
        "noise": np.zeros((-(-heard.n_frames // STRIDE), source.network.latent), np.float32),
        "amplitude": np.ones(2, np.float32),
    }
    moving = {name: {0: Dim.DYNAMIC} for name in ("content", "pitch", "noise")}
    motion = MotionGraph(source, face, identity)
    # The readout of an adapted network and the face's basis stay exact: they are small.
    graphs.append(Graph(MOTION, motion, inputs, ["expression", "condition68"], moving, operators=["Conv"]))
    if lower_face is not None:
        graphs.append(_face_graph(lower_face))
    return graphs


def _face_graph(renderer: LowerFaceRenderer) -> Graph:
    """The lower face, compared on some of its reference patches, each drawn with the landmarks of the next.

    Not on all: with as many patches as references the exporter would take their number for a constant.
    """
    network, geometry = renderer.network.cpu(), renderer.geometry
    points = network.reference_points.numpy()
    targets = np.roll(points, 1, 0)[:-1]
    splines = [flow_spline(points, face).weights for face in targets]
    inputs = {
        "patch": network.references.numpy()[:-1],
        "maps": np.stack([landmark_maps(face, geometry.size, geometry.pixels_per_cm) for face in targets]),
        "points": (targets - HALF).astype(np.float32),
        "spline": np.stack(splines).astype(np.float32),
    }
    batch = {0: Dim("batch", min=1, max=256)}
    graph = LowerFaceGraph(network, PREFERENCE_CM * geometry.pixels_per_cm)
    return Graph(FACE, graph, inputs, ["drawn"], dict.fromkeys(inputs, batch), operators=["Conv"])


def person_arrays(person: LowerFaceAvatar) -> dict[str, np.ndarray]:
    """What a dub needs of a person besides the graphs; pixels as OpenCV counts them, centres at whole numbers."""
    track, face, geometry = person.track, person.face_model, person.lower_face.geometry
    shown = track.visible & np.isfinite(track.rotation).all((1, 2)) & np.isfinite(track.translation).all(1)
    to_patch = np.full((len(shown), 2, 3), np.nan)
    for frame in np.flatnonzero(shown):
        pose = track.rotation[frame], track.translation[frame], track.cameras[frame]
        to_patch[frame] = opencv_affine(geometry.to_patch(*pose))
    return {
        "visible": shown,
        "rotation": track.rotation.astype(np.float32),
        "translation": track.translation.astype(np.float32),
        "camera": (track.cameras - [0, 0, HALF, HALF]).astype(np.float32),
        "to_patch": to_patch.astype(np.float32),
        "mean68": face.mean[face.landmarks68].astype(np.float32),
        "condition68": person.source_condition,
        "moving": MOVING,
        "reference_points": person.lower_face.network.reference_points.cpu().numpy() - HALF,
        "matte": geometry.matte,
    }
