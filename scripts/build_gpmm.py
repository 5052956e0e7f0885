"""Build the face model `gpmm` and the topology of the mesh: `python scripts/build_gpmm.py [folder]`.

Needs the [dev] extra (scikit-image, whose public-domain portrait is the template). Writes topology.safetensors and
gpmm.safetensors into src/beavervision/face/data unless another folder is given.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from gpmm_build import topology
from gpmm_build.portrait import portrait_landmarks, symmetric_face
from safetensors.numpy import save_file

DATA = Path(__file__).parents[1] / "src/beavervision/face/data"


def build_topology(points: np.ndarray, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Write the triangles and the mirror map; return the upright symmetric face [478, 3] and the skin's triangles."""
    mirror = topology.mirror_map(points)
    face = symmetric_face(points, topology.with_irises(mirror))
    skin = topology.symmetric_skin(face, mirror)
    arrays = {"skin": skin, "mirror": topology.with_irises(mirror), **topology.closing(face, skin, mirror)}
    save_file({k: np.ascontiguousarray(v.astype(np.int16)) for k, v in arrays.items()}, folder / "topology.safetensors")
    return face, skin


def main(folder: Path) -> None:
    """Write topology.safetensors, then gpmm.safetensors, which depends on it."""
    face, skin = build_topology(portrait_landmarks(), folder)
    # Imported here, because beavervision.face.landmarks reads the topology that was just written.
    from gpmm_build.expression import expression_basis
    from gpmm_build.identity import identity_basis
    from gpmm_build.template import template

    from beavervision.face.landmarks import MIRROR, N_MESH

    mean = template(face, skin)
    expression, semantic = expression_basis(mean)
    arrays = {"mean": mean, "id_basis": identity_basis(mean, MIRROR[:N_MESH]), "exp_basis": expression}
    arrays |= {f"semantic/{name}": coefficients for name, coefficients in semantic.items()}
    save_file({k: np.ascontiguousarray(v.astype(np.float32)) for k, v in arrays.items()}, folder / "gpmm.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA)
