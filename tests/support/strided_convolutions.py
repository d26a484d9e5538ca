"""Networks that oneDNN would train wrongly on some processors (issue 6035) are refused on every one."""

from torch import nn

from trainer.recipes import FEWEST_STRIDED_1X1_CHANNELS


def refuse_unsound(module: nn.Module, _inputs: object = None) -> None:
    """A hook before the forward of every module.

    Raises:
        AssertionError: it is a strided 1x1 convolution of too few input channels.
    """
    if not isinstance(module, nn.Conv2d) or max(module.kernel_size) > 1 or max(module.stride) == 1:
        return
    channels = module.in_channels // module.groups
    assert channels >= FEWEST_STRIDED_1X1_CHANNELS, (
        f"{module} has {channels} input channels a group. On processors with AVX2 or AVX-512, oneDNN writes past its "
        "workspace when it trains such a layer: convolve x[:, :, ::n, ::n] with stride 1, as Shortcut1x1 does."
    )
