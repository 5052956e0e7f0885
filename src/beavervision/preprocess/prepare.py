"""Prepares footage as a Clip, step by step. Results of steps are cached."""

from __future__ import annotations

from pathlib import Path

from beavervision.artifacts.atomic_write import atomic_folder
from beavervision.artifacts.clip import CONSENT, Clip
from beavervision.errors import BeaverError
from beavervision.face.model_registry import load_face_model
from beavervision.preprocess.assembly import assemble
from beavervision.preprocess.footage_correction import correct_footage
from beavervision.preprocess.ingest import Source, open_source
from beavervision.preprocess.mediapipe_runtime import quiet_native
from beavervision.preprocess.options import AUTO, PrepareOptions
from beavervision.preprocess.perception_networks import ensure_networks
from beavervision.preprocess.preparation import Preparation
from beavervision.preprocess.progress import Report, shown_steps
from beavervision.preprocess.step_cache import WORKSPACE, StepCache
from beavervision.preprocess.track_choice import given_track
from beavervision.video.audio_tracks import audio_tracks


def prepare(
    video: Path, folder: Path, options: PrepareOptions, report: Report | None = None, consent: bytes | None = None
) -> Clip:
    """Prepare footage and write the results as a Clip, atomically.

    The results of the steps stay in a workspace beside the clip: an interrupted preparation continues there, and other
    settings start at the first step that they change.

    Args:
        video: footage in any container and codec that FFmpeg reads; it is not modified.
        folder: folder of the Clip; it is replaced when it exists.
        options: part of the footage, subject, face model, and further settings.
        report: called with the name of a step, the frames done, and their total.
        consent: content of the consent record to store in the clip; None for none.

    Raises:
        BeaverError: when the footage cannot be read or shows no face, or the folder cannot be written.
    """
    folder = Path(folder)
    load_face_model(options.basis)
    ensure_networks()
    source = open_source(video, options)
    if options.audio_track != AUTO:  # a wrong number is told before minutes of work
        given_track(source, audio_tracks(source.path), options.audio_track)
    workspace = StepCache(folder.with_name(WORKSPACE))
    with shown_steps(report) as steps, quiet_native():
        with steps.step("footage"):
            source = _corrected(source, options, workspace)
        preparation = Preparation(source, options, workspace, steps)
        _look(preparation, workspace)
        with atomic_folder(folder) as part, steps.step("report"):
            assemble(preparation, part)
            if consent is not None:
                (part / CONSENT).write_bytes(consent)
    workspace.forget_unused()
    return Clip.load(folder)


def _corrected(source: Source, options: PrepareOptions, workspace: StepCache) -> Source:
    """The footage, turned and deinterlaced where needed; footage that cannot be read leaves nothing behind."""
    try:
        return correct_footage(source, options, workspace)
    except BeaverError:
        workspace.discard()
        raise


def _look(preparation: Preparation, workspace: StepCache) -> None:
    """Run the steps that find people; footage without people leaves nothing behind."""
    try:
        preparation.person_tracks  # noqa: B018  (made here, so that its failure is told from later ones)
    except BeaverError:
        workspace.discard()
        raise
    preparation.labels  # noqa: B018  (before the clip's folder is begun)
    preparation.sound  # noqa: B018
