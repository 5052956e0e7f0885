"""Footage to Clip, one step a file."""

from beavervision.preprocess.options import PrepareOptions
from beavervision.preprocess.prepare import prepare

__all__ = ["PrepareOptions", "prepare"]
