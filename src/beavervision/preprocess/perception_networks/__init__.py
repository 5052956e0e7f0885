"""MediaPipe's networks behind one interface: the graphs of the 0.10.21 wheel, or the Tasks API of later wheels."""

from beavervision.preprocess.perception_networks.interface import (
    Detection,
    Detector,
    MaskNetwork,
    Networks,
    PointNetwork,
)
from beavervision.preprocess.perception_networks.selection import (
    ensure_networks,
    network_kind,
    networks_recipe,
    open_networks,
)

__all__ = [
    "Detection",
    "Detector",
    "MaskNetwork",
    "Networks",
    "PointNetwork",
    "ensure_networks",
    "network_kind",
    "networks_recipe",
    "open_networks",
]
