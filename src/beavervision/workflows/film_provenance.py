"""What infer's config says about a film's credentials, and what the user is told about them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig
from PIL import Image

from beavervision.artifacts.bundle import TrainedFacts
from beavervision.artifacts.clip import Clip, ClipFacts
from beavervision.artifacts.manifest import Manifest, sha256_file, sha256_folder
from beavervision.config.schemas import ProvenanceSettings, typed_node
from beavervision.inference.avatar import TORSO
from beavervision.inference.background import SOURCE
from beavervision.inference.lower_face_avatar import LOWER_FACE
from beavervision.inference.settings import FilmSettings
from beavervision.inference.speech import Speech
from beavervision.provenance.consent import Consent
from beavervision.provenance.film_record import FilmRecord, NamedHash, PersonRecord
from beavervision.provenance.film_signer import FilmSigner
from beavervision.provenance.signing_key import ANCHOR, signing_key

THUMBNAIL = 320
"""Longer side of the footage's picture in the credentials, px."""
UNSIGNED = (
    "provenance=off: the film carries no mark that it was generated, which the law may ask for (EU AI Act, Art. 50)."
)


@dataclass(frozen=True)
class CastMember:
    """A person of a film: the bundles that render them, and what they say."""

    bundles: Mapping[str, Path]
    speech: Speech | None


def film_signer(
    cfg: DictConfig,
    settings: FilmSettings,
    cast: Mapping[int, CastMember],
    clip: Clip | None,
    consent: Consent | None = None,
) -> FilmSigner | None:
    """Return what signs the config's film; None with provenance=off.

    Args:
        cfg: of infer.
        settings: of the film.
        cast: subject -> who says what.
        clip: the footage; a dub has it.
        consent: of the people shown.

    Raises:
        BeaverError: when the key or its certificate cannot sign films.
    """
    provenance = typed_node(cfg, "provenance", ProvenanceSettings)
    if not provenance.sign:
        return None
    key = signing_key(provenance.key, provenance.certificate)
    if key.made_now:
        print(f"made a key that signs your films: {key.made_now} (others need its {ANCHOR} to trust them)", flush=True)
    people = [_person(subject, member) for subject, member in sorted(cast.items())]
    agreed = None if consent is None else consent.sha256
    shown = clip if clip is not None and (settings.mode == "dub" or settings.background == SOURCE) else None
    if shown is None:
        return FilmSigner(FilmRecord(settings.mode, people, consent=agreed, purpose=provenance.purpose), key)
    sha256 = Manifest.read(shown.folder, ClipFacts).inputs["video"].sha256
    record = FilmRecord(
        settings.mode,
        people,
        shown.video,
        sha256,
        consent=agreed,
        purpose=provenance.purpose,
        thumbnail=_thumbnail(shown),
    )
    return FilmSigner(record, key)


def credentials_line(signer: FilmSigner | None) -> str:
    """Return the line that says where a film's credentials are."""
    if signer is None:
        return UNSIGNED
    place = "inside the film" if signer.sidecar is None else f"beside it in {signer.sidecar}"
    return f"content credentials: {place}, {signer.record.consent_note}"


def _person(subject: int, member: CastMember) -> PersonRecord:
    # Networks of speech may come from a corpus; what renders always comes from the person's clip.
    renderer = member.bundles.get(TORSO) or member.bundles[LOWER_FACE]
    clip = Manifest.read(renderer, TrainedFacts).facts.clip
    speech = member.speech
    spoken = None if speech is None else NamedHash(speech.path.name, sha256_file(speech.path))
    return PersonRecord(subject, clip, {stage: sha256_folder(path) for stage, path in member.bundles.items()}, spoken)


def _thumbnail(clip: Clip) -> bytes:
    """JPEG of the footage's first frame."""
    frame = next((rgb for _, rgb in clip.frames([0])), None)
    if frame is None:
        return b""
    picture, content = Image.fromarray(frame), io.BytesIO()
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    picture.save(content, "JPEG", quality=80)
    return content.getvalue()
