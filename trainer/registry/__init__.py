"""The bundles on this machine: which there are, which one answers, and who decides that; loads no network."""

from trainer.registry.catalogue import (
    OVERRIDE,
    BundleFacts,
    Standing,
    active,
    bundle,
    bundles,
    bundles_folder,
    line_of_descent,
    present_version,
    seen_by,
)

__all__ = [
    "OVERRIDE",
    "BundleFacts",
    "Standing",
    "active",
    "bundle",
    "bundles",
    "bundles_folder",
    "line_of_descent",
    "present_version",
    "seen_by",
]
