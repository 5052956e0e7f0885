"""Builds the face of a live session from the bundles of the config."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from omegaconf import DictConfig

from beavervision.errors import ConfigError
from beavervision.inference.avatar import Avatar
from beavervision.inference.live.face import LiveFace
from beavervision.inference.live.head import LiveHead
from beavervision.inference.live.lower_face import LiveLowerFace
from beavervision.inference.live.settings import LoopSettings
from beavervision.inference.lower_face_avatar import LowerFaceAvatar
from beavervision.inference.speaking_person import SpeakingPerson
from beavervision.provenance.consent import Consent
from beavervision.workflows.infer import load_live_person


@dataclass(frozen=True)
class LivePerson:
    """A person who can be shown live."""

    face: LiveFace
    consent: Consent | None
    kind: str
    """`lower_face` or `head`: what is generated."""


def load_live_face(
    cfg: DictConfig,
    settings: LoopSettings,
    avatars: MutableMapping[tuple[Path, ...], SpeakingPerson],
    *,
    require_consent: bool = False,
) -> LivePerson:
    """Load what a live session shows.

    Args:
        cfg: config of infer; `subject`, `data` and `paths` say who.
        settings: of the footage's loop.
        avatars: loaded people by their bundle folders; newly loaded ones are added.
        require_consent: whether a person without a consent record is refused.

    Raises:
        BeaverError: when a bundle is missing, or the person's consent does not cover it.
    """
    person, clip, consent = load_live_person(cfg, avatars)
    if consent is None and require_consent:
        raise ConfigError(
            f"{cfg.data.name} has no consent record and serve.require_consent is set; prepare with data.consent=."
        )
    if consent is not None:
        consent.check(cfg.provenance.purpose, date.today())
    if isinstance(person, LowerFaceAvatar) and clip is not None:
        return LivePerson(LiveLowerFace(person, clip, settings), consent, "lower_face")
    assert isinstance(person, Avatar)
    return LivePerson(LiveHead(person, settings), consent, "head")
