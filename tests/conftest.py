"""What many tests share: one thread, and a bundle of tiny random networks."""

from pathlib import Path

import pytest
import torch

from tests.tiny import save_tiny_bundle

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a saved bundle of tiny random networks; read only."""
    return save_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny")
