"""Who says what in a film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from beavervision.artifacts.clip import Clip
from beavervision.errors import BundleError, ClipError, ConfigError
from beavervision.inference.background import SOURCE
from beavervision.inference.pose_source import ENERGY, POSE_MODES
from beavervision.inference.settings import FilmSettings
from beavervision.inference.speaking_person import SpeakingPerson
from beavervision.inference.speech import Speech


@dataclass(frozen=True)
class Speaker:
    """A person with what they say; None keeps their mouth at rest."""

    avatar: SpeakingPerson
    speech: Speech | None


def check_speakers(speakers: Sequence[Speaker], settings: FilmSettings, clip: Clip | None) -> None:
    """Refuse people that do not go together, and wishes that need footage that is not there.

    Raises:
        BeaverError: saying what to change.
    """
    if not any(one.speech for one in speakers):
        raise ConfigError("Nobody says anything; add audio=speech.wav or speech.0=speech.wav.")
    if clip is None:
        wishes = {
            "mode=dub": settings.mode == "dub",
            "background=source": settings.mode == "avatar" and settings.background == SOURCE,
            "fps=source": settings.fps == "source",
            "pose=energy": settings.mode == "avatar" and settings.pose == ENERGY,
        }
        if asked := [name for name, wish in wishes.items() if wish]:
            raise ClipError(f"{asked[0]} needs the footage, which is not here; prepare the clip again or leave it.")
    if settings.mode == "avatar" and settings.background == SOURCE and settings.pose not in POSE_MODES:
        raise ConfigError("background=source follows the footage's own poses; take another background or pose.")
    if len({one.avatar.clip_sha256 for one in speakers}) > 1:
        raise BundleError("The people's bundles come from different preparations of the clip; train them all again.")
