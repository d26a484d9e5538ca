"""The bundles on this machine: which there are, which one answers, and who decides that; loads no network."""

from trainer.registry.catalogue import (
    OVERRIDE,
    BundleFacts,
    BundleStatus,
    active,
    bundle,
    bundles,
    bundles_folder,
    lineage_of,
    present_version,
    trained_on_by,
)

__all__ = [
    "OVERRIDE",
    "BundleFacts",
    "BundleStatus",
    "active",
    "bundle",
    "bundles",
    "bundles_folder",
    "lineage_of",
    "present_version",
    "trained_on_by",
]
