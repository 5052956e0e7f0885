"""The synthetic actor: a rendered person whose ground truth is known exactly."""

from beavervision.synthetic.ground_truth import actor_truth, actor_video, speech_audio, speech_truth

__all__ = ["actor_truth", "actor_video", "speech_audio", "speech_truth"]
