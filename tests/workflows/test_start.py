"""What a command imports before it works: slow packages that it does not need would delay its first frame."""

import subprocess
import sys


def test_infer_imports_neither_lightning_nor_the_tracking():
    slow = ("lightning", "scipy.signal", "mediapipe", "torchmetrics", "beavervision.preprocess")
    modules = "beavervision.workflows.infer, beavervision.inference.sync_card, beavervision.inference.sync_measurement"
    code = f"import sys, {modules}; print(*(name for name in {slow} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
