"""The networks as MediaPipe's graphs (`mp.solutions`), whose models are inside the wheels up to 0.10.21."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.preprocess.perception_networks.interface import Detection, Detector, MaskNetwork, PointNetwork

FACE = """
input_stream: "image"
input_stream: "roi"
input_side_packet: "with_attention"
output_stream: "landmarks"
node {
  calculator: "FaceLandmarkCpu"
  input_stream: "IMAGE:image"
  input_stream: "ROI:roi"
  input_side_packet: "WITH_ATTENTION:with_attention"
  output_stream: "LANDMARKS:landmarks"
}
"""
"""The landmark half of `mp.solutions.face_mesh`, without detector and tracking, so that a frame's landmarks depend on
the frame and the square alone."""

PALMS = """
input_stream: "image"
input_side_packet: "model_complexity"
output_stream: "detections"
node {
  calculator: "PalmDetectionCpu"
  input_stream: "IMAGE:image"
  input_side_packet: "MODEL_COMPLEXITY:model_complexity"
  output_stream: "DETECTIONS:detections"
}
"""

HAND = """
input_stream: "image"
input_stream: "roi"
input_side_packet: "model_complexity"
output_stream: "landmarks"
node {
  calculator: "HandLandmarkCpu"
  input_stream: "IMAGE:image"
  input_stream: "ROI:roi"
  input_side_packet: "MODEL_COMPLEXITY:model_complexity"
  output_stream: "LANDMARKS:landmarks"
}
"""


class SolutionNetworks:
    """Opens MediaPipe's graphs; see `Networks`."""

    def face_detectors(self, confidence: float) -> list[Detector]:
        """The full-range and the short-range face detector."""
        from mediapipe.python.solutions.face_detection import FaceDetection

        return [
            _GraphDetector(FaceDetection(min_detection_confidence=confidence, model_selection=s), {}) for s in (1, 0)
        ]

    def face_landmarks(self) -> PointNetwork:
        """Face mesh with attention: eyes, lips and irises are refined."""
        return _RegionPoints(_graph(FACE, {"with_attention": True}, "landmarks"), 3)

    def palms(self, confidence: float) -> Detector:
        """The full palm detector."""
        threshold = {"palmdetectioncpu__TensorsToDetectionsCalculator.min_score_thresh": confidence}
        return _GraphDetector(_graph(PALMS, {"model_complexity": 1}, "detections", threshold), {"by_name": "image"})

    def hand_landmarks(self, confidence: float) -> PointNetwork:
        """The full hand network."""
        threshold = {"handlandmarkcpu__ThresholdingCalculator.threshold": confidence}
        return _RegionPoints(_graph(HAND, {"model_complexity": 1}, "landmarks", threshold), 2)

    def pose(self) -> PointNetwork:
        """The full pose network, applied to each crop independently."""
        from mediapipe.python.solutions.pose import Pose

        return _PosePoints(Pose(static_image_mode=True, model_complexity=1))

    def person_mask(self) -> MaskNetwork:
        """The general selfie segmentation (256 x 256)."""
        from mediapipe.python.solutions.selfie_segmentation import SelfieSegmentation

        return _GraphMask(SelfieSegmentation(model_selection=0))


class _Graph:
    """A running graph. Any: its results are named tuples made at run time."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph

    def close(self) -> None:
        self._graph.close()


class _GraphDetector(_Graph):
    def __init__(self, graph: Any, options: dict[str, str]) -> None:
        super().__init__(graph)
        self._input = options.get("by_name")

    def detect(self, crop: UInt8[np.ndarray, "S S 3"]) -> list[Detection]:
        found = self._graph.process({self._input: crop} if self._input else crop).detections or []
        return [_detection(one) for one in found]


class _RegionPoints(_Graph):
    """A landmark graph that is told to use the whole crop."""

    def __init__(self, graph: Any, columns: int) -> None:
        from mediapipe.framework.formats import rect_pb2

        super().__init__(graph)
        self._columns = columns
        self._whole = rect_pb2.NormalizedRect(x_center=0.5, y_center=0.5, width=1.0, height=1.0, rotation=0.0)  # pyright: ignore[reportAttributeAccessIssue]  # protobuf makes its classes at run time

    def points(self, crop: UInt8[np.ndarray, "S S 3"]) -> Float[np.ndarray, "n d"] | None:
        result = self._graph.process({"image": crop, "roi": self._whole}).landmarks
        if result is None:
            return None
        return np.array([(p.x, p.y, p.z) for p in result.landmark])[:, : self._columns]


class _PosePoints(_Graph):
    def points(self, crop: UInt8[np.ndarray, "S S 3"]) -> Float[np.ndarray, "33 3"] | None:
        result = self._graph.process(crop).pose_landmarks
        if result is None:
            return None
        return np.array([(p.x, p.y, p.visibility) for p in result.landmark])


class _GraphMask(_Graph):
    def mask(self, crop: UInt8[np.ndarray, "S S 3"]) -> Float[np.ndarray, "S S"]:
        return self._graph.process(crop).segmentation_mask


def _graph(text: str, side_inputs: dict[str, Any], output: str, parameters: dict[str, float] | None = None) -> Any:
    """A running graph of this text."""
    from google.protobuf import text_format
    from mediapipe.framework import calculator_pb2
    from mediapipe.python.solution_base import SolutionBase

    config = text_format.Parse(text, calculator_pb2.CalculatorGraphConfig())  # pyright: ignore[reportAttributeAccessIssue]  # protobuf makes its classes at run time
    return SolutionBase(graph_config=config, side_inputs=side_inputs, calculator_params=parameters, outputs=[output])


def _detection(found: Any) -> Detection:
    box, keys = found.location_data.relative_bounding_box, found.location_data.relative_keypoints
    corners = np.array([box.xmin, box.ymin, box.xmin + box.width, box.ymin + box.height])
    return Detection(corners, np.array([(p.x, p.y) for p in keys]), float(found.score[0]))
