"""What a command imports before it works: slow packages that it does not need would delay its first frame."""

import subprocess
import sys


def test_infer_imports_neither_lightning_nor_scipy_signal():
    code = "import sys, beavervision.workflows.infer; print(*(n for n in ('lightning', 'scipy.signal') if n in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
