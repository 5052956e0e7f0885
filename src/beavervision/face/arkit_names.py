"""Names of ARKit's 52 face blendshapes (Apple, `ARFaceAnchor.BlendShapeLocation`)."""

from __future__ import annotations


def _pair(name: str) -> tuple[str, str]:
    return f"{name}Left", f"{name}Right"


_EYE = ("eyeBlink", "eyeLookDown", "eyeLookIn", "eyeLookOut", "eyeLookUp", "eyeSquint", "eyeWide")

ARKIT_NAMES: tuple[str, ...] = (
    *(f"{name}Left" for name in _EYE),
    *(f"{name}Right" for name in _EYE),
    *("jawForward", "jawRight", "jawLeft", "jawOpen"),
    *("mouthClose", "mouthFunnel", "mouthPucker", "mouthRight", "mouthLeft"),
    *(*_pair("mouthSmile"), *_pair("mouthFrown"), *_pair("mouthDimple"), *_pair("mouthStretch")),
    *("mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper"),
    *(*_pair("mouthPress"), *_pair("mouthLowerDown"), *_pair("mouthUpperUp")),
    *(*_pair("browDown"), "browInnerUp", *_pair("browOuterUp")),
    *("cheekPuff", *_pair("cheekSquint"), *_pair("noseSneer"), "tongueOut"),
)
"""The 52 names in the order of Live Link Face; left and right are the subject's."""
