"""The report's facts as JSON values."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from beavervision.audio.level import QUIETEST_DB, speech_level_db
from beavervision.audio.vad import VoiceActivity
from beavervision.audio.waveform import Waveform, loudest_db
from beavervision.metrics.sound_lag import sound_lag
from beavervision.preprocess.report.av_sync import own_speech, spoken
from beavervision.preprocess.report.frame_selection import error_percent, face_height, yaw_pitch
from beavervision.preprocess.report.report_input import Findings, SubjectFindings
from beavervision.types import VisibilityReason

CLIPPED = 0.999
"""Sample value from which sound counts as clipped."""

Facts = dict[str, Any]
"""A dictionary of JSON types."""


def gather(findings: Findings, activity: VoiceActivity | None) -> Facts:
    """Facts of the clip, and of each subject under `subjects`; `activity` is None without sound."""
    speech = spoken(activity, findings)
    background = findings.background
    return {
        "clip": findings.name,
        "speaker": findings.speaker,
        "video": findings.source.path.name,
        "width": findings.size[0],
        "height": findings.size[1],
        "fps": findings.fps,
        "frames": findings.n_frames,
        "seconds": round(findings.n_frames / findings.fps, 3),
        "footage": {
            "codec": findings.source.info.codec,
            "transfer": findings.source.info.transfer,
            "turned": findings.source.correction.turn,
            "fields": findings.source.correction.fields,
            "interlaced": findings.source.info.interlaced,
            "audio_tracks": findings.tracks,
            "complete": findings.source.info.complete,
        },
        "people": max(len(findings.people), len(findings.subjects)),
        "cuts_at_seconds": [round(cut / findings.fps, 3) for cut in findings.cuts],
        "background": {
            "moving": bool(background.moving),
            "camera_moves": bool(background.camera_moves),
            "seen_share": float(background.seen),
            "changed_share": float(background.changed),
        },
        "sound": _sound(findings.sound, activity, speech),
        "subjects": [_subject(findings, about, speech) for about in findings.subjects],
    }


def spread(values: Float[np.ndarray, "T"]) -> dict[str, float] | None:
    """5th percentile, median and 95th percentile of the known values; None where all are unknown."""
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    low, middle, high = np.percentile(known, [5, 50, 95])
    return {"p5": float(low), "median": float(middle), "p95": float(high)}


def _subject(findings: Findings, about: SubjectFindings, speech: Bool[np.ndarray, "T"]) -> Facts:
    subject, fps = about.subject, findings.fps
    visible, angles = subject.visible, yaw_pitch(subject)
    reasons = {reason.name.lower(): int((subject.reason == reason).sum()) for reason in VisibilityReason}
    return {
        "person": about.person,
        "visible_share": float(visible.mean()),
        "visible_seconds": round(float(visible.sum()) / fps, 3),
        "speech_seconds": round(float((visible & speech).sum()) / fps, 3),
        "own_speech_seconds": round(float(own_speech(subject, speech, fps).sum()) / fps, 3),
        "reasons": {name: count for name, count in reasons.items() if count},
        "interpolated_frames": int(subject.interpolated.sum()),
        "occluded_share": float(subject.occluded[visible].mean()) if visible.any() else 0.0,
        "shoulders_share": _share(np.isfinite(subject.body[:, :2, :2]).all((1, 2)), visible),
        "face_height_px": spread(face_height(subject)),
        "reprojection_error_percent_of_eye_distance": spread(error_percent(subject, about.error_px)),
        "yaw_degrees": spread(angles[:, 0]),
        "pitch_degrees": spread(angles[:, 1]),
        "mouth_open": spread(subject.mouth_open),
        "sharpness": spread(about.sharpness),
        "light": spread(about.light),
        "sound_lag": _lag(findings, about),
    }


def _share(flags: Bool[np.ndarray, "T"], of: Bool[np.ndarray, "T"]) -> float:
    return float(flags[of].mean()) if of.any() else 0.0


def _lag(findings: Findings, about: SubjectFindings) -> Facts | None:
    """Offset of the sound relative to this subject's lips; the number of frames is only given if significant."""
    if findings.sound is None:
        return None
    lag = sound_lag(about.subject.mouth_open.astype(float), findings.sound.samples, findings.fps)
    if lag is None:
        return None
    return {
        "frames": lag.frames if lag.certain else None,
        "correlation": lag.correlation,
        "remarkable": lag.remarkable,
    }


def _sound(sound: Waveform | None, activity: VoiceActivity | None, speech: Bool[np.ndarray, "T"]) -> Facts | None:
    if sound is None or activity is None:
        return None
    return {
        "seconds": round(sound.duration, 3),
        # JSON has no infinity.
        "loudest_db": max(loudest_db(sound), QUIETEST_DB),
        "level_db": max(speech_level_db(sound.samples), QUIETEST_DB),
        "clipped_share": float((np.abs(sound.samples) >= CLIPPED).mean()),
        "speech_share": float(speech.mean()),
        "snr_db": activity.snr_db,
    }
