import re

import pytest

from beavervision.preprocess.report.assessment import NEEDS, headline, judge_stages
from beavervision.preprocess.report.grading import GOOD, NOT_USABLE, USABLE
from beavervision.preprocess.report.quality_checks import correction_lines

SPEECH = ("audio2motion", "syncnet", "postnet")
PICTURE = ("radnerf_head", "radnerf_torso", "lower_face", "dub")


def spread(low, middle, high):
    return {"p5": low, "median": middle, "p95": high}


def clip(**changes):
    """Facts of a long, clean clip."""
    clean = {
        "people": 1,
        "footage": {"codec": "h264", "transfer": "sdr", "interlaced": False, "complete": True},
        "background": {"moving": False, "camera_moves": False, "seen_share": 0.9, "changed_share": 0.0},
        "sound": {"loudest_db": -12.0, "clipped_share": 0.0, "speech_share": 0.9, "snr_db": 40.0},
    }
    return clean | changes


def subject(**changes):
    """Facts of somebody who is large, sharp, well lit and always visible."""
    clean = {
        "visible_share": 1.0,
        "visible_seconds": 200.0,
        "speech_seconds": 180.0,
        "own_speech_seconds": 180.0,
        "reasons": {"visible": 5000},
        "occluded_share": 0.0,
        "shoulders_share": 1.0,
        "face_height_px": spread(280.0, 300.0, 320.0),
        "reprojection_error_percent_of_eye_distance": spread(0.8, 1.0, 1.5),
        "yaw_degrees": spread(-12.0, 0.0, 14.0),
        "mouth_open": spread(0.0, 0.05, 0.2),
        "light": spread(120.0, 130.0, 140.0),
        "sound_lag": {"frames": 0, "correlation": 0.5, "remarkable": False},
        "recommended": {"settings": ["frame=1x1", "frame.height=192", "frame.face_scale=0.45"]},
    }
    return clean | changes


def judged(clip_facts, subject_facts):
    return {verdict.stage: verdict for verdict in judge_stages(clip_facts, subject_facts)}


def test_that_hdr_was_toned_down_is_good_to_know():
    found = judged(clip(footage=clip()["footage"] | {"transfer": "hlg"}), subject())
    assert {verdict.grade for verdict in found.values()} == {GOOD}
    assert "HDR footage (HLG)" in found["radnerf_head"].why


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"turned": 180}, "turned by 180 degrees clockwise"),
        ({"fields": "top"}, r"interlaced \(top field first\) and is deinterlaced"),
        (
            {
                "audio_tracks": {
                    "number": 1,
                    "lines": ["aac: 0.0 s of speech", "opus: 9.0 s of speech"],
                    "reason": "why",
                }
            },
            r"0: aac: 0.0 s of speech; 1: opus: 9.0 s of speech; track 1 is used \(why\), data.audio_track=",
        ),
    ],
)
def test_what_was_changed_on_reading_is_good_to_know(facts, words):
    changed = clip()["footage"] | facts
    found = judged(clip(footage=changed), subject())
    assert {verdict.grade for verdict in found.values()} == {GOOD}
    assert re.search(words, found["radnerf_head"].why)
    assert [line for line in correction_lines(changed) if re.search(words, line)]


def test_a_single_track_is_no_remark():
    one = clip()["footage"] | {
        "turned": 0,
        "fields": "off",
        "audio_tracks": {"number": 0, "lines": ["aac"], "reason": ""},
    }
    assert list(correction_lines(one)) == []


def test_a_clean_clip_is_good_for_everything():
    verdicts = judge_stages(clip(), subject())
    assert [v.stage for v in verdicts] == list(NEEDS)
    assert {(v.grade, v.why) for v in verdicts} == {(GOOD, "nothing to object to")}
    assert headline(verdicts) == "Good for everything."


def test_a_short_clip_of_a_speaker_is_a_member_of_a_corpus():
    short = subject(own_speech_seconds=1.6, visible_seconds=3.0)
    assert {judged(clip(), short)[stage].grade for stage in SPEECH} == {NOT_USABLE}
    member = judged(clip(speaker="s1"), short)
    assert {member[stage].grade for stage in SPEECH} == {USABLE}
    assert "1.6 s of speech with moving lips in view: train on it together" in member["audio2motion"].why
    assert judged(clip(speaker="s1"), subject(own_speech_seconds=0.3))["audio2motion"].grade == NOT_USABLE


@pytest.mark.parametrize(
    ("changes", "stages", "grade", "words"),
    [
        ({"footage": clip()["footage"] | {"complete": False}}, PICTURE, USABLE, "breaks off"),
        ({"sound": None}, SPEECH, NOT_USABLE, "no sound"),
        ({"sound": {"loudest_db": -90.0}}, SPEECH, NOT_USABLE, "silent"),
        ({"sound": clip()["sound"] | {"clipped_share": 0.02}}, SPEECH, USABLE, "audio clips in 2.0 %"),
        ({"sound": clip()["sound"] | {"snr_db": 12.0}}, SPEECH, USABLE, "12 dB above the noise"),
        ({"sound": clip()["sound"] | {"snr_db": 2.0}}, SPEECH, NOT_USABLE, "2 dB above the noise"),
        ({"background": {"moving": True, "camera_moves": False}}, ("radnerf_torso",), USABLE, "the background moves"),
        ({"background": {"moving": True, "camera_moves": True}}, ("radnerf_torso",), USABLE, "the camera moves"),
    ],
)
def test_a_fault_of_the_clip_is_named_where_it_matters_and_nowhere_else(changes, stages, grade, words):
    found = judged(clip(**changes), subject())
    assert {stage for stage, verdict in found.items() if verdict.grade != GOOD} == set(stages)
    for stage in stages:
        assert found[stage].grade == grade
        assert words in found[stage].why


@pytest.mark.parametrize(
    ("changes", "stage", "grade", "words"),
    [
        (
            {"face_height_px": spread(80, 84, 90)},
            "radnerf_head",
            USABLE,
            "face 84 px high: train with frame=1x1 ",
        ),
        ({"face_height_px": spread(18, 20, 22)}, "dub", NOT_USABLE, "only 20 px high"),
        ({"occluded_share": 0.12}, "radnerf_torso", USABLE, "12 % of frames occluded"),
        (
            {"visible_share": 0.5, "reasons": {"visible": 9, "no_face": 2, "out_of_frame": 7}},
            *(
                "radnerf_head",
                USABLE,
                "50 % of the frames do not show the face and are left out, mostly because of: out",
            ),
        ),
        ({"visible_seconds": 1.2}, "radnerf_head", NOT_USABLE, "1.2 s only"),
        ({"own_speech_seconds": 1.2}, "audio2motion", NOT_USABLE, "1.2 s of speech"),
        ({"own_speech_seconds": 40.0}, "syncnet", USABLE, "40 s of speech"),
        ({"reprojection_error_percent_of_eye_distance": spread(5, 7, 9)}, "postnet", NOT_USABLE, "7.0 %"),
        ({"reprojection_error_percent_of_eye_distance": None}, "dub", NOT_USABLE, "no frame could be fitted"),
        ({"mouth_open": spread(0.0, 0.01, 0.04)}, "audio2motion", USABLE, "mouth opens by 0.04"),
        ({"light": spread(18, 20, 22)}, "radnerf_head", USABLE, "underexposed (grey value 20 of 255)"),
        ({"light": spread(80, 120, 160)}, "radnerf_head", USABLE, "light on the face changes (grey value 80 to 160)"),
        ({"shoulders_share": 0.2}, "radnerf_torso", USABLE, "shoulders seen in 20 %"),
        ({"yaw_degrees": spread(-1, 0, 2)}, "radnerf_head", GOOD, "turns by 3° only"),
        ({"sound_lag": {"frames": 3, "remarkable": True}}, "syncnet", USABLE, "sound seems 3 frames late"),
        ({"sound_lag": {"frames": -4, "remarkable": True}}, "postnet", USABLE, "sound seems 4 frames early"),
        ({"sound_lag": {"frames": 7, "remarkable": False}}, "postnet", GOOD, "nothing"),
        ({"sound_lag": None}, "postnet", GOOD, "nothing"),
    ],
)
def test_a_fault_of_the_subject_is_named_with_its_number(changes, stage, grade, words):
    verdict = judged(clip(), subject(**changes))[stage]
    assert verdict.grade == grade
    assert words in verdict.why


def test_speech_of_somebody_else_is_told_where_several_are_seen():
    still = subject(own_speech_seconds=130.0)
    assert judged(clip(people=3), still)["audio2motion"].why.startswith("3 people share the sound, and for 50 s of it")
    assert judged(clip(people=3), subject())["audio2motion"].grade == GOOD
    assert judged(clip(), still)["audio2motion"].grade == GOOD


def test_footage_without_sound_can_be_dubbed_all_the_same():
    assert judged(clip(sound=None), subject())["dub"].grade == GOOD


def test_the_headline_says_what_the_clip_is_no_use_for():
    assert headline(judge_stages(clip(sound=None), subject())) == (
        "Not usable for audio2motion, syncnet and postnet; usable for radnerf_head, radnerf_torso, lower_face and dub."
    )
    assert headline(judge_stages(clip(background={"moving": True, "camera_moves": True}), subject())).startswith(
        "Good for audio2motion, syncnet, postnet, radnerf_head, lower_face and dub, usable for radnerf_torso:"
    )


def test_nobody_who_was_never_seen_breaks_the_report():
    never = {name: None for name in ("face_height_px", "mouth_open", "light", "yaw_degrees")}
    seconds = {name: 0.0 for name in ("visible_seconds", "speech_seconds", "own_speech_seconds")}
    gone = subject(visible_share=0.0, reasons={"no_face": 9}, **seconds, **never)
    assert {v.grade for v in judge_stages(clip(), gone)} == {NOT_USABLE}
