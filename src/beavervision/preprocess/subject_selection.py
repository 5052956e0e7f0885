"""Selects the subjects of a clip by a word or by their number in the subjects panel."""

from __future__ import annotations

from collections.abc import Sequence

from beavervision.errors import ConfigError, FootageError
from beavervision.preprocess.face_visibility import FacePresence

SUBJECTS = ("largest", "most_visible", "leftmost", "all")
"""Words for `data.subject`; a person's number is also allowed."""


def select_subjects(people: Sequence[FacePresence], subject: str) -> list[int]:
    """Numbers of the selected people; a number is the person's index in `people`, from left to right.

    `largest` is the largest face, summed over the frames that show it; `most_visible` the one in most frames (of
    equals, the larger); `leftmost` is number 0; `all` is everybody.

    Args:
        people: people from left to right, as `reidentification.join_tracks` returns them.
        subject: one of SUBJECTS or a number.

    Raises:
        BeaverError: when there are no people, or the number does not exist.
    """
    if not people:
        raise FootageError("No face is seen anywhere; use footage in which a face is seen, or other data.start.")
    numbers = range(len(people))
    subject = str(subject)
    if subject == "all":
        return list(numbers)
    if subject == "leftmost":
        return [0]
    if subject == "largest":
        return [max(numbers, key=lambda i: (people[i].size, -i))]
    if subject == "most_visible":
        return [max(numbers, key=lambda i: (people[i].n_frames, people[i].size, -i))]
    if subject.isdecimal():
        return [_numbered(people, int(subject))]
    raise ConfigError(f"data.subject={subject} is not known; choose one of {', '.join(SUBJECTS)} or a person's number.")


def _numbered(people: Sequence[FacePresence], number: int) -> int:
    if number < len(people):
        return number
    if len(people) == 1:
        raise ConfigError(f"data.subject={number} is nobody: only one person is seen; write data.subject=0.")
    raise ConfigError(
        f"data.subject={number} is nobody: {len(people)} people are seen; choose a number from 0 (the leftmost) to "
        f"{len(people) - 1}, or a word: {', '.join(SUBJECTS)}."
    )
