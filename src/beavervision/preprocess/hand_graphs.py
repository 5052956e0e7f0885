"""The two parts of MediaPipe's hand tracking on given crops: palm detection, and the 21 landmarks of one hand."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.preprocess.crop import SquareCrop

PALM_CONFIDENCE, HAND_CONFIDENCE = 0.4, 0.5

PALM_CROP, HAND_CROP = 384, 224
"""Size of the graphs' inputs, px; their networks resample them to 192 and 224."""

PALM_MARGIN, PALM_SHIFT = 2.6, 0.5
"""Side of a hand's square / side of its palm's box, and its shift towards the fingers (MediaPipe's own graph)."""

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

POINTS = """
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


class PalmFinder:
    """MediaPipe's palm detector."""

    def __init__(self) -> None:
        threshold = {"palmdetectioncpu__TensorsToDetectionsCalculator.min_score_thresh": PALM_CONFIDENCE}
        self._graph = _graph(PALMS, threshold, "detections")

    def find(self, rgb: UInt8[np.ndarray, "H W 3"], square: SquareCrop) -> list[SquareCrop]:
        """Squares around the hands in a square of the frame, fingers up; the most confident first."""
        found = self._graph.process({"image": square.cut(rgb, PALM_CROP)}).detections or []
        return [_hand_square(palm.location_data, square) for palm in sorted(found, key=lambda p: -p.score[0])]

    def close(self) -> None:
        """Free the graph."""
        self._graph.close()


class HandMesh:
    """MediaPipe's hand landmarks without tracking: they depend on the frame and the square alone."""

    def __init__(self) -> None:
        from mediapipe.framework.formats import rect_pb2

        threshold = {"handlandmarkcpu__ThresholdingCalculator.threshold": HAND_CONFIDENCE}
        self._graph = _graph(POINTS, threshold, "landmarks")
        self._whole = rect_pb2.NormalizedRect(x_center=0.5, y_center=0.5, width=1.0, height=1.0, rotation=0.0)  # pyright: ignore[reportAttributeAccessIssue]  # protobuf makes its classes at run time

    def points(self, rgb: UInt8[np.ndarray, "H W 3"], square: SquareCrop) -> Float[np.ndarray, "21 2"] | None:
        """Points of the hand in a square of the frame, full-frame px; None where no hand is found."""
        found = self._graph.process({"image": square.cut(rgb, HAND_CROP), "roi": self._whole}).landmarks
        if found is None:
            return None
        return square.to_frame(np.array([(p.x, p.y) for p in found.landmark]))

    def close(self) -> None:
        """Free the graph."""
        self._graph.close()


def _graph(text: str, parameters: dict[str, float], output: str) -> Any:
    """A running graph with MediaPipe's full models."""
    from google.protobuf import text_format
    from mediapipe.framework import calculator_pb2
    from mediapipe.python.solution_base import SolutionBase

    config = text_format.Parse(text, calculator_pb2.CalculatorGraphConfig())  # pyright: ignore[reportAttributeAccessIssue]  # protobuf makes its classes at run time
    return SolutionBase(
        graph_config=config, side_inputs={"model_complexity": 1}, calculator_params=parameters, outputs=[output]
    )


def _hand_square(palm: Any, square: SquareCrop) -> SquareCrop:
    """Square around the hand of a palm found in `square`; the wrist is key point 0, the middle knuckle 2."""
    box = palm.relative_bounding_box
    keys = square.to_frame(np.array([(p.x, p.y) for p in palm.relative_keypoints]))
    along = keys[2] - keys[0]
    middle = square.to_frame(np.array([[box.xmin + box.width / 2, box.ymin + box.height / 2]]))[0]
    side = max(box.width, box.height) * square.side
    x, y = middle + PALM_SHIFT * side * along / max(float(np.linalg.norm(along)), 1e-6)
    return SquareCrop(float(x), float(y), side * PALM_MARGIN, float(np.arctan2(along[0], -along[1])))
