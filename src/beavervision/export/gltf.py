"""A face that moves as binary glTF 2.0: the built-in mesh, ARKit's 52 morph targets, and one animation.

The mesh is always that of the built-in face, so that no file holds geometry of a model with another licence.
"""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
from jaxtyping import Float

from beavervision import __version__
from beavervision.face.arkit import arkit_fields
from beavervision.face.arkit_names import ARKIT_NAMES
from beavervision.face.gpmm import load_gpmm

METRES = 0.01
"""glTF's unit is the metre, head space has centimetres."""
SKIN_COLOUR = [0.8, 0.6, 0.5, 1.0]
FLOAT, UINT16 = 5126, 5123
VERTICES, INDICES = 34962, 34963
"""glTF's numbers of component types and of buffer targets."""
TYPES = {(): "SCALAR", (3,): "VEC3", (4,): "VEC4"}


class _Binary:
    """The binary chunk, with its views and accessors."""

    def __init__(self) -> None:
        self.content = bytearray()
        self.views: list[dict[str, int]] = []
        self.accessors: list[dict[str, Any]] = []

    def add(self, values: np.ndarray, target: int | None = None, *, bounds: bool = False) -> int:
        """Append an array; return the number of its accessor."""
        kind = UINT16 if values.dtype == np.uint16 else FLOAT
        data = np.ascontiguousarray(values, values.dtype if kind == UINT16 else "<f4")
        view = {"buffer": 0, "byteOffset": len(self.content), "byteLength": data.nbytes}
        self.views.append(view if target is None else {**view, "target": target})
        self.content += data.tobytes() + bytes(-data.nbytes % 4)
        return self._accessor(data, kind, len(self.views) - 1, bounds=bounds)

    def zeros(self, like: np.ndarray) -> int:
        """An accessor without data, which stands for zeros."""
        return self._accessor(np.zeros_like(like), FLOAT, None, bounds=True)

    def _accessor(self, data: np.ndarray, kind: int, view: int | None, *, bounds: bool) -> int:
        entry: dict[str, Any] = {"componentType": kind, "count": len(data), "type": TYPES[data.shape[1:]]}
        if view is not None:
            entry["bufferView"] = view
        if bounds:
            flat = data.reshape(len(data), -1)
            entry |= {"min": flat.min(0).tolist(), "max": flat.max(0).tolist()}
        self.accessors.append(entry)
        return len(self.accessors) - 1


def face_glb(
    times: Float[np.ndarray, "T"],
    weights: Float[np.ndarray, "T 52"],
    rotation: Float[np.ndarray, "T 3 3"],
    translation: Float[np.ndarray, "T 3"],
) -> bytes:
    """The animated face as a .glb file.

    Args:
        times: seconds.
        weights: [0, 1], in the order of ARKIT_NAMES.
        rotation: head to a y-up world.
        translation: cm.
    """
    from scipy.spatial.transform import Rotation  # Slow to import.

    binary = _Binary()
    mesh = _mesh(binary)
    turns = Rotation.from_matrix(rotation).as_quat(canonical=False)
    flips = np.cumprod(np.r_[1.0, np.where((turns[1:] * turns[:-1]).sum(1) < 0, -1.0, 1.0)])
    turns *= flips[:, None]  # Neighbours on one side, or interpolation would take the long way round.
    moment = binary.add(np.asarray(times, np.float32), bounds=True)
    curves = {
        "weights": binary.add(np.asarray(weights, np.float32).ravel()),
        "rotation": binary.add(np.asarray(turns, np.float32)),
        "translation": binary.add(np.asarray(translation * METRES, np.float32)),
    }
    samplers = [{"input": moment, "output": output, "interpolation": "LINEAR"} for output in curves.values()]
    channels = [{"sampler": i, "target": {"node": 0, "path": path}} for i, path in enumerate(curves)]
    return _pack(
        {
            "asset": {"version": "2.0", "generator": f"beavervision {__version__}"},
            "scene": 0,
            "scenes": [{"nodes": [0]}],
            "nodes": [{"name": "Head", "mesh": 0}],
            "meshes": [mesh],
            "materials": [{"pbrMetallicRoughness": {"baseColorFactor": SKIN_COLOUR, "metallicFactor": 0.0}}],
            "animations": [{"name": "speech", "samplers": samplers, "channels": channels}],
            "accessors": binary.accessors,
            "bufferViews": binary.views,
            "buffers": [{"byteLength": len(binary.content)}],
        },
        bytes(binary.content),
    )


def _mesh(binary: _Binary) -> dict[str, Any]:
    """The built-in face with a morph target for each of ARKit's names."""
    model, fields = load_gpmm(), arkit_fields(load_gpmm())
    points = (model.mean * METRES).astype(np.float32)
    attributes = {
        "POSITION": binary.add(points, VERTICES, bounds=True),
        "NORMAL": binary.add(_normals(model.mean, model.triangles), VERTICES),
    }
    indices = binary.add(model.triangles.astype(np.uint16).ravel(), INDICES)
    nothing = binary.zeros(points)
    targets = [
        binary.add((fields[name] * METRES).astype(np.float32), VERTICES, bounds=True) if name in fields else nothing
        for name in ARKIT_NAMES
    ]
    primitive = {
        "attributes": attributes,
        "indices": indices,
        "material": 0,
        "targets": [{"POSITION": target} for target in targets],
    }
    return {
        "name": "Face",
        "primitives": [primitive],
        "weights": [0.0] * len(ARKIT_NAMES),
        "extras": {"targetNames": list(ARKIT_NAMES)},
    }


def _normals(points: Float[np.ndarray, "V 3"], triangles: np.ndarray) -> Float[np.ndarray, "V 3"]:
    """Unit normals of the vertices: the sum of their triangles' normals, by area."""
    a, b, c = points[triangles].swapaxes(0, 1)
    normals = np.zeros_like(points)
    for corner in triangles.T:
        np.add.at(normals, corner, np.cross(b - a, c - a))
    return (normals / np.linalg.norm(normals, axis=1, keepdims=True)).astype(np.float32)


def _pack(description: dict[str, Any], binary: bytes) -> bytes:
    """The two chunks behind a header (glTF 2.0, section 4.4)."""
    text = json.dumps(description, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks
