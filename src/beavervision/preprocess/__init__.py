"""Preparation of footage as a Clip, one step per file."""

from beavervision.preprocess.options import PrepareOptions
from beavervision.preprocess.prepare import prepare

__all__ = ["PrepareOptions", "prepare"]
