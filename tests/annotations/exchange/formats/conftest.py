"""What the tests of the formats share."""

import shutil
from pathlib import Path

import pytest

from annotations.exchange.formats.page import ExchangePage
from tests.annotations.exchange.formats.samples import draw_pictures


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[ExchangePage]:
    """Four pictures without a reading; read only."""
    return draw_pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture
def folder(pictures: list[ExchangePage], tmp_path: Path) -> Path:
    """An import folder with pictures one, turned and three, beside something that nobody may read."""
    root = tmp_path / "import"
    root.mkdir()
    for page in pictures[:3]:
        assert page.picture is not None
        shutil.copy(page.picture, root / page.name)
    shutil.copy(root / "one.png", tmp_path / "secret.png")
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    return root
