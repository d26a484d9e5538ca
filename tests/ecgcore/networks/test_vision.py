"""torchvision is loaded without torch's compiler, and nothing is missing for it."""

import subprocess
import sys

SCREENS = """
import sys
import ecgcore.pipeline
assert "torchvision" in sys.modules
assert "torch._dynamo" not in sys.modules, "whatever screens waits for a compiler that it does not use"

from torchvision.ops import roi_align
asks = sys.modules["torchvision.ops.roi_align"].is_compile_supported("cpu")
import torch._dynamo
assert torch._dynamo.utils.is_compile_supported("cpu") == asks, "the stand-in must give the compiler's own answer"
assert callable(torch._dynamo.disable)
"""


def test_whatever_screens_starts_without_the_compiler_which_stays_whole() -> None:
    done = subprocess.run([sys.executable, "-c", SCREENS], capture_output=True, text=True, timeout=300, check=False)
    assert not done.returncode, done.stderr
