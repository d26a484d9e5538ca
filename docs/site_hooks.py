"""What `make docs` adds to the documents: those of the repository's top folder, and one API page a folder of ecgcore.

Links to code, which is no part of the site, become plain words; that they are right is held by tests/test_documents.py.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
TOP = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "MODEL_CARD.md": "model-card.md",
    "CHANGELOG.md": "changelog.md",
}
"""Documents of the top folder, by their names on the site."""
_LINK = re.compile(r"(!?)\[([^\]\n]*(?:\n[^\]\n]+)*)\]\(([^)#:\s]+)(#[^)\s]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the API's pages into the navigation."""
    for entry in config.nav or []:
        if isinstance(entry, dict) and "API of ecgcore" in entry:
            entry["API of ecgcore"] = [_api_page(folder) for folder in _folders()]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the documents of the top folder, and the API's pages."""
    for name, page in TOP.items():
        files.append(File.generated(config, page, content=(ROOT / name).read_text(encoding="utf-8")))
    for folder, modules in _folders().items():
        listed = "\n\n".join(f"::: {module}" for module in modules)
        files.append(File.generated(config, _api_page(folder), content=f"# {folder}\n\n{listed}\n"))
    return files


def on_page_markdown(markdown: str, page: Page, files: Files, **_: object) -> str:
    """Follow the documents of the top folder to their places on the site; leave links to code as words."""
    source = next((name for name, place in TOP.items() if place == page.file.src_uri), f"docs/{page.file.src_uri}")

    def on_site(link: re.Match[str]) -> str:
        sign, words, path, anchor = link.groups()
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        place = TOP.get(target, target.removeprefix("docs/") if target.startswith("docs/") else None)
        if place is not None and (ROOT / target).is_dir():
            place = posixpath.join(place, "README.md")
        if place is None or files.get_file_from_path(place) is None:
            return words
        here = posixpath.dirname(page.file.src_uri)
        return f"{sign}[{words}]({posixpath.relpath(place, here or '.')}{anchor or ''})"

    if source in TOP:
        markdown = markdown.replace('<img src="docs/', '<img src="')
    return _LINK.sub(on_site, markdown)


def _folders() -> dict[str, list[str]]:
    """The public modules of ecgcore by their folders."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "ecgcore").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if not any(part.startswith("_") for part in parts):
            found.setdefault(".".join(parts[:-1]), []).append(".".join(parts))
    return found


def _api_page(folder: str) -> str:
    return f"api/{folder}.md"
