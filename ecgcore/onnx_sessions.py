"""Networks in ONNX's format, run by ONNX Runtime on the processor."""

from pathlib import Path

from onnxruntime import InferenceSession, SessionOptions


def start_session(model: bytes | Path, threads: int = 0) -> InferenceSession:
    """A model ready to run; its threads wait asleep, so that the cores are others' meanwhile.

    What it computes in is freed after each run: kept for the next one, it was 300 MB more for the starter's models.

    Args:
        model: an ONNX model's content or file.
        threads: that multiply at once; 0 for one a core.
    """
    options = SessionOptions()
    options.enable_cpu_mem_arena = False
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    source = model if isinstance(model, bytes) else str(model)
    return InferenceSession(source, options, providers=["CPUExecutionProvider"])
