"""Concerns: what may be wrong with a clip, each judged from the facts by thresholds that have a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from beavervision.audio.waveform import SILENCE_DB
from beavervision.preprocess.report.facts import Facts
from beavervision.preprocess.report.remark import GOOD, NOT_USABLE, USABLE, Remark

ENOUGH_SECONDS = 120.0
"""Of face or speech from which a stage has enough to learn from (GeneFace++ asks for 2 to 5 minutes)."""
FEW_SECONDS = 2.0
"""Below this there is nothing to learn from: half a dozen words, a turn of the head at most."""
TALL_FACE = 200
"""px of face height from which training at the full canvas of 512 is worth while (face_scale 0.4)."""
SMALL_FACE = 40
"""px of face height under which closed and open lips differ by two or three pixels."""
FIT_GOOD, FIT_POOR = 2.0, 5.0
"""Reprojection error in per cent of the eye distance: a good tracker's own noise is 1 to 2; the lips are 5 thick."""
OFTEN = 0.1
"""Share of frames that is worth a word: as much as is held out for the test."""
MOSTLY = 0.5
OTHERS_SECONDS = 1.0
"""Of speech over still lips: a voice that is not this person's."""
CLIPPED_SHARE = 1e-3
"""Of samples: a clipped vowel now and then passes, more is heard as distortion."""
NOISY_DB, DEAFENING_DB = 15.0, 5.0
"""Signal to noise: below 15 dB consonants drown, at 5 dB the pitch goes too (speech_activity finds half of it)."""
STIFF_MOUTH = 0.06
"""Range of the mouth's opening (5th to 95th percentile, inner lips over eye distance); lively speakers have 0.15."""
DIM, GLARING = 30.0, 220.0
"""Grey value of the skin: below, coding noise drowns the shading of any skin (a dark one in a studio measured 63);
above, there is no shading left."""
FLICKER = 1.6
"""Brightest over darkest skin (95th over 5th percentile): more than a head's turns in a lit room make of it."""
STIFF_HEAD = 5.0
"""Degrees of yaw, 5th to 95th percentile, from which an avatar can be shown from a little aside."""

Concern = Callable[[Facts, Facts], Iterator[Remark]]
"""(facts of the clip, facts of the subject) -> remarks."""


def view(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """How long the face is seen."""
    seconds, gone = subject["visible_seconds"], 1 - subject["visible_share"]
    if seconds < FEW_SECONDS:
        yield Remark(NOT_USABLE, f"the face is visible for {seconds:.1f} s only", "use footage that shows it longer")
        return
    if seconds < ENOUGH_SECONDS:
        yield Remark(USABLE, f"{seconds:.0f} s of face", "two minutes or more give a better avatar")
    if gone > OFTEN:
        causes = sorted((n, name) for name, n in subject["reasons"].items() if name != "visible")
        worst = f", mostly because of: {causes[-1][1].replace('_', ' ')}" if causes else ""
        yield Remark(USABLE, f"{100 * gone:.0f} % of the frames do not show the face and are left out{worst}")


def size(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """How large the face is."""
    if subject["face_height_px"] is None:
        return
    height = subject["face_height_px"]["median"]
    advice = subject["recommended"]["settings"]
    if height < SMALL_FACE:
        yield Remark(NOT_USABLE, f"the face is only {height:.0f} px high", "film closer, or in a larger format")
    elif height < TALL_FACE:
        yield Remark(USABLE, f"face {height:.0f} px high", f"train with {' '.join(advice)}")


def fit(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """How well the face model follows the face."""
    error = subject["reprojection_error_percent_of_eye_distance"]
    if error is None:
        yield Remark(NOT_USABLE, "no frame could be fitted")
    elif error["median"] > FIT_GOOD:
        grade = NOT_USABLE if error["median"] > FIT_POOR else USABLE
        yield Remark(
            grade,
            f"the face model misses the landmarks by {error['median']:.1f} % of the eye distance",
            "look at the worst frames below; a face that is larger, sharper or less hidden fits better",
        )


def hidden(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """How often something stands before the head."""
    share = subject["occluded_share"]
    if share > OFTEN:
        remedy = "hidden pixels take no part in training; footage without hands before the face is better"
        yield Remark(USABLE, f"{100 * share:.0f} % of frames occluded", remedy)


def light(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """How evenly the face is lit."""
    found = subject["light"]
    if found is None:
        return
    if not DIM <= found["median"] <= GLARING:
        word = "underexposed" if found["median"] < DIM else "overexposed"
        yield Remark(USABLE, f"the face is {word} (grey value {found['median']:.0f} of 255)", "light it evenly")
    if found["p95"] > FLICKER * max(found["p5"], 1.0):
        range_ = f"grey value {found['p5']:.0f} to {found['p95']:.0f}"
        yield Remark(USABLE, f"the light on the face changes ({range_})", "fix the exposure, or trim the clip")


def turns(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """How far the head turns: the avatar knows no more than that."""
    yaw = subject["yaw_degrees"]
    if yaw is not None and yaw["p95"] - yaw["p5"] < STIFF_HEAD:
        yield Remark(GOOD, f"the head turns by {yaw['p95'] - yaw['p5']:.0f}° only, so the avatar will not turn farther")


def background(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """Whether there is a plate to stand before."""
    if clip["background"]["moving"]:
        remedy = "use mode=dub, which keeps the footage's own background"
        what = "camera" if clip["background"]["camera_moves"] else "background"
        yield Remark(USABLE, f"the {what} moves, so there is no plate", remedy)


def shoulders(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """Whether the torso can be told from where the shoulders are."""
    share = subject["shoulders_share"]
    if share < MOSTLY:
        yield Remark(USABLE, f"shoulders seen in {100 * share:.0f} % of the frames", "film from the chest upwards")


def speech(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """How much speech there is with lips in sight."""
    found, seconds = clip["sound"], subject["own_speech_seconds"]
    if found is None:
        yield Remark(NOT_USABLE, "the footage has no sound", "use footage with speech, or another clip for this stage")
    elif found["loudest_db"] < SILENCE_DB:
        yield Remark(NOT_USABLE, "the sound is silent from end to end", "check the microphone")
    elif seconds < FEW_SECONDS:
        yield Remark(NOT_USABLE, f"{seconds:.1f} s of speech with moving lips in view", "use footage that has more")
    elif seconds < ENOUGH_SECONDS:
        yield Remark(USABLE, f"{seconds:.0f} s of speech with moving lips in view", "two minutes or more are better")


def sound(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """How clean the sound is."""
    found = clip["sound"]
    if found is None or found["loudest_db"] < SILENCE_DB:
        return
    if found["clipped_share"] > CLIPPED_SHARE:
        yield Remark(
            USABLE, f"audio clips in {100 * found['clipped_share']:.1f} % of its samples", "lower the recording level"
        )
    if found["snr_db"] is not None and found["snr_db"] < NOISY_DB:
        grade = NOT_USABLE if found["snr_db"] < DEAFENING_DB else USABLE
        yield Remark(grade, f"the speech is {found['snr_db']:.0f} dB above the noise", "record nearer to the mouth")


def voices(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """Whether the sound is one person's."""
    others = subject["speech_seconds"] - subject["own_speech_seconds"]
    if clip["people"] > 1 and others > OTHERS_SECONDS:
        found = f"{clip['people']} people share the sound, and for {others:.0f} s of it these lips are still"
        yield Remark(USABLE, found, "trim to where this person speaks (data.start, data.end)")


def step(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """Whether sound and lips belong together."""
    lag = subject["sound_lag"]
    if lag is not None and lag["remarkable"]:
        word = "late" if lag["frames"] > 0 else "early"
        yield Remark(
            USABLE, f"the sound seems {abs(lag['frames'])} frames {word}", "shift it in an editor and prepare again"
        )


def mouth(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """Whether the mouth moves enough to learn from."""
    opening = subject["mouth_open"]
    if opening is not None and opening["p95"] - opening["p5"] < STIFF_MOUTH:
        yield Remark(USABLE, f"the mouth opens by {opening['p95'] - opening['p5']:.2f} of the eye distance only")


def speech_or_none(clip: Facts, subject: Facts) -> Iterator[Remark]:
    """Footage to be dubbed need not have any sound."""
    if clip["sound"] is None:
        yield Remark(GOOD, "the footage has no sound of its own: the voice comes from audio=")


CONCERNS: dict[str, Concern] = {
    concern.__name__: concern
    for concern in (
        *(view, size, fit, hidden, light, turns, background, shoulders),
        *(speech, sound, voices, step, mouth, speech_or_none),
    )
}
"""Every concern by its name."""
