"""Quality checks of a clip: each compares facts with thresholds and yields remarks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from beavervision.audio.waveform import SILENCE_DB
from beavervision.preprocess.report import grading
from beavervision.preprocess.report.frame_selection import REASONS
from beavervision.preprocess.report.grading import GOOD, NOT_USABLE, USABLE, Remark
from beavervision.preprocess.report.statistics import Facts
from beavervision.types import VisibilityReason

Concern = Callable[[Facts, Facts], Iterator[Remark]]
"""(facts of the clip, facts of the subject) -> remarks."""


def view(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """Duration with a visible face."""
    seconds, gone = subject["visible_seconds"], 1 - subject["visible_share"]
    if seconds < grading.FEW_SECONDS:
        yield Remark(NOT_USABLE, f"the face is visible for {seconds:.1f} s only", "use footage that shows it longer")
        return
    if seconds < grading.ENOUGH_SECONDS:
        yield Remark(USABLE, f"{seconds:.0f} s of face", "two minutes or more give a better avatar")
    if gone > grading.OFTEN:
        causes = sorted((n, name) for name, n in subject["reasons"].items() if name != "visible")
        worst = f", mostly because of: {REASONS[VisibilityReason[causes[-1][1].upper()]]}" if causes else ""
        yield Remark(USABLE, f"{100 * gone:.0f} % of the frames do not show the face and are left out{worst}")


def footage(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """Properties of the file."""
    film = clip["footage"]
    if not film["complete"]:
        found = "the file breaks off before the end that it names"
        yield Remark(USABLE, found, "what is there was used; fetch it again if it was a download")
    yield from (Remark(GOOD, line) for line in correction_lines(film))
    if film["transfer"] != "sdr":
        yield Remark(GOOD, f"HDR footage ({film['transfer'].upper()}) was toned down to what ordinary screens show")


def correction_lines(film: Facts) -> Iterator[str]:
    """Say what was changed on reading the footage, and which of several sound tracks is used.

    Args:
        film: the report's facts of the footage.
    """
    if film.get("turned"):
        yield f"the footage is turned by {film['turned']} degrees clockwise (data.rotate=0 keeps it as it is)"
    if film.get("fields", "off") != "off":
        yield (
            f"the footage is interlaced ({film['fields']} field first) and is deinterlaced "
            "(data.deinterlace=off keeps it as it is)"
        )
    tracks = film.get("audio_tracks") or {}
    if len(tracks.get("lines", ())) > 1:
        listed = "; ".join(f"{i}: {line}" for i, line in enumerate(tracks["lines"]))
        used = "no track can be decoded" if tracks["number"] is None else f"track {tracks['number']} is used"
        why = f" ({tracks['reason']})" if tracks["reason"] else ""
        yield f"sound tracks {listed}; {used}{why}, data.audio_track= chooses another"


def size(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """Size of the face."""
    if subject["face_height_px"] is None:
        return
    height = subject["face_height_px"]["median"]
    advice = subject["recommended"]["settings"]
    if height < grading.SMALL_FACE:
        yield Remark(NOT_USABLE, f"the face is only {height:.0f} px high", "film closer, or in a larger format")
    elif height < grading.TALL_FACE:
        yield Remark(USABLE, f"face {height:.0f} px high", f"train with {' '.join(advice)}")


def fit(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """Accuracy of the face model's fit."""
    error = subject["reprojection_error_percent_of_eye_distance"]
    if error is None:
        yield Remark(NOT_USABLE, "no frame could be fitted")
    elif error["median"] > grading.FIT_GOOD:
        grade = NOT_USABLE if error["median"] > grading.FIT_POOR else USABLE
        yield Remark(
            grade,
            f"the face model misses the landmarks by {error['median']:.1f} % of the eye distance",
            "look at the worst frames below; a face that is larger, sharper or less hidden fits better",
        )


def hidden(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """Occlusion of the head."""
    share = subject["occluded_share"]
    if share > grading.OFTEN:
        remedy = "hidden pixels take no part in training; footage without hands before the face is better"
        yield Remark(USABLE, f"{100 * share:.0f} % of frames occluded", remedy)


def light(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """Evenness of the face's lighting."""
    found = subject["light"]
    if found is None:
        return
    if not grading.DIM <= found["median"] <= grading.GLARING:
        word = "underexposed" if found["median"] < grading.DIM else "overexposed"
        yield Remark(USABLE, f"the face is {word} (grey value {found['median']:.0f} of 255)", "light it evenly")
    if found["p95"] > grading.FLICKER * max(found["p5"], 1.0):
        range_ = f"grey value {found['p5']:.0f} to {found['p95']:.0f}"
        yield Remark(USABLE, f"the light on the face changes ({range_})", "fix the exposure, or trim the clip")


def turns(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """Range of head rotation; an avatar cannot go beyond it."""
    yaw = subject["yaw_degrees"]
    if yaw is not None and yaw["p95"] - yaw["p5"] < grading.STIFF_HEAD:
        yield Remark(GOOD, f"the head turns by {yaw['p95'] - yaw['p5']:.0f}° only, so the avatar will not turn farther")


def background(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """Availability of the background plate."""
    if clip["background"]["moving"]:
        remedy = "use mode=dub, which keeps the footage's own background"
        what = "camera" if clip["background"]["camera_moves"] else "background"
        yield Remark(USABLE, f"the {what} moves, so there is no plate", remedy)


def shoulders(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """Availability of the shoulders, which the torso depends on."""
    share = subject["shoulders_share"]
    if share < grading.MOSTLY:
        yield Remark(USABLE, f"shoulders seen in {100 * share:.0f} % of the frames", "film from the chest upwards")


def speech(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """Amount of speech with visible lips."""
    found, seconds = clip["sound"], subject["own_speech_seconds"]
    if found is None:
        yield Remark(NOT_USABLE, "the footage has no sound", "use footage with speech, or another clip for this stage")
    elif found["loudest_db"] < SILENCE_DB:
        yield Remark(NOT_USABLE, "the sound is silent from end to end", "check the microphone")
    elif seconds < grading.FEW_SECONDS:
        spoken = f"{seconds:.1f} s of speech with moving lips in view"
        if clip.get("speaker") is not None and seconds >= grading.FEW_SECONDS_OF_A_MEMBER:
            yield Remark(USABLE, spoken, "train on it together with other clips (data=corpus)")
        else:
            yield Remark(NOT_USABLE, spoken, "use footage that has more")
    elif seconds < grading.ENOUGH_SECONDS:
        yield Remark(USABLE, f"{seconds:.0f} s of speech with moving lips in view", "two minutes or more are better")


def sound(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """Quality of the sound."""
    found = clip["sound"]
    if found is None or found["loudest_db"] < SILENCE_DB:
        return
    if found["clipped_share"] > grading.CLIPPED_SHARE:
        yield Remark(
            USABLE, f"audio clips in {100 * found['clipped_share']:.1f} % of its samples", "lower the recording level"
        )
    if found["snr_db"] is not None and found["snr_db"] < grading.NOISY_DB:
        grade = NOT_USABLE if found["snr_db"] < grading.DEAFENING_DB else USABLE
        yield Remark(grade, f"the speech is {found['snr_db']:.0f} dB above the noise", "record nearer to the mouth")


def voices(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """Whether the sound contains one person's voice only."""
    others = subject["speech_seconds"] - subject["own_speech_seconds"]
    if clip["people"] > 1 and others > grading.OTHERS_SECONDS:
        found = f"{clip['people']} people share the sound, and for {others:.0f} s of it these lips are still"
        yield Remark(USABLE, found, "trim to where this person speaks (data.start, data.end)")


def step(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """Synchronisation of sound and lips."""
    lag = subject["sound_lag"]
    if lag is not None and lag["remarkable"]:
        word = "late" if lag["frames"] > 0 else "early"
        yield Remark(
            USABLE, f"the sound seems {abs(lag['frames'])} frames {word}", "shift it in an editor and prepare again"
        )


def mouth(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """Range of mouth motion."""
    opening = subject["mouth_open"]
    if opening is not None and opening["p95"] - opening["p5"] < grading.STIFF_MOUTH:
        yield Remark(USABLE, f"the mouth opens by {opening['p95'] - opening['p5']:.2f} of the eye distance only")


def speech_or_none(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """Footage to be dubbed need not have any sound."""
    if clip["sound"] is None:
        yield Remark(GOOD, "the footage has no sound of its own: the voice comes from audio=")


CONCERNS: dict[str, Concern] = {
    concern.__name__: concern
    for concern in (
        *(view, footage, size, fit, hidden, light, turns, background, shoulders),
        *(speech, sound, voices, step, mouth, speech_or_none),
    )
}
"""All quality checks by name."""
