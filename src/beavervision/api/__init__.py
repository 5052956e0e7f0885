"""Python API: prepare footage, train an avatar, generate talking videos, evaluate."""

from beavervision.api.avatar import Avatar
from beavervision.api.commands import Evaluation, animate, evaluate, prepare, train, unpack
from beavervision.api.video import Frame, TalkingVideo

__all__ = ["Avatar", "Evaluation", "Frame", "TalkingVideo", "animate", "evaluate", "prepare", "train", "unpack"]
