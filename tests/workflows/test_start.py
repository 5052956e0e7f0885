"""What a command imports before it works: slow packages that it does not need would delay its first frame."""

import subprocess
import sys


def test_infer_imports_neither_lightning_nor_scipy_signal():
    slow = ("lightning", "scipy.signal")
    code = f"import sys, beavervision.workflows.infer; print(*(name for name in {slow} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
