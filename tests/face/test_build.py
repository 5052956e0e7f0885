"""The shipped face model is what the script in the repository builds."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from beavervision.face.gpmm import DATA

ROOT = Path(__file__).parents[2]


def test_script_rebuilds_the_shipped_model(tmp_path):
    pytest.importorskip("skimage", reason="the portrait comes with scikit-image, in the [dev] extra")
    subprocess.run([sys.executable, ROOT / "scripts/build_gpmm.py", tmp_path], check=True, capture_output=True)
    topology, model = (load_file(tmp_path / f"{name}.safetensors") for name in ("topology", "gpmm"))
    for name, value in load_file(DATA.parent / "topology.safetensors").items():
        np.testing.assert_array_equal(topology[name], value)
    shipped = load_file(DATA)
    assert model.keys() == shipped.keys()
    # MediaPipe's kernels round differently on different processors: a tenth of a millimetre is the same face.
    np.testing.assert_allclose(model["mean"], shipped["mean"], atol=0.01)
    for name in (n for n in shipped if n.startswith("semantic/")):
        built = np.tensordot(model[name], model["exp_basis"], 1)
        np.testing.assert_allclose(built, np.tensordot(shipped[name], shipped["exp_basis"], 1), atol=0.02)
    variance = [(m["id_basis"] ** 2).sum(0) for m in (model, shipped)]
    np.testing.assert_allclose(*variance, atol=0.01)
