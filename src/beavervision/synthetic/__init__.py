"""The demo actor: a person that does not exist, with exact truth."""

from beavervision.synthetic.assets import actor_truth, actor_video, speech_audio, speech_truth

__all__ = ["actor_truth", "actor_video", "speech_audio", "speech_truth"]
