"""Where and in what precision the networks run."""

import contextlib

import torch

from ecgcore.errors import EcgError


def pick_device(wanted: str = "auto") -> torch.device:
    """Turn ``auto`` into the GPU where there is one, else the processor.

    Raises:
        EcgError: the wanted device does not exist here.
    """
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if wanted.startswith("cuda") and not torch.cuda.is_available():
        raise EcgError(f"Device {wanted!r} was asked for, but there is no CUDA GPU here.", "Use --device auto or cpu.")
    try:
        return torch.device(wanted)
    except RuntimeError as error:
        raise EcgError(f"{wanted!r} is no device.", "Use auto, cpu or cuda.") from error


def computes_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 arithmetic is native, so that it gains speed: AVX-512 BF16 or AMX, or an Ampere GPU."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    probes = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(probe() for probe in probes if probe is not None)


def mixed_precision(device: torch.device, precision: str = "auto") -> contextlib.AbstractContextManager[object]:
    """Autocast to bfloat16 where it pays (``auto``), always (``bfloat16``) or never (``float32``).

    Args:
        device: where the networks run.
        precision: auto, bfloat16 or float32.
    """
    wanted = precision == "bfloat16" or (precision == "auto" and computes_bfloat16(device))
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=wanted)
