"""A folder tree of pictures: ``normal/``, ``abnormal/``, ``unsure/``, ``unlabelled/``, each with a folder a group."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from annotations.exchange.formats.assemble import FILE_NAMES, PROPOSAL_LINK, Collector, build_page
from annotations.exchange.formats.files import existing_folder, walk
from annotations.exchange.formats.foreign_json import PageExtras
from annotations.exchange.formats.page import ExchangePage, Loaded, Progress, quiet
from annotations.exchange.formats.staging import safe_name, staged
from annotations.model import PAGE_LABELS, PageLabel, StoreError

UNLABELLED = "unlabelled"
LOSSES: tuple[str, ...] = (
    "boxes, and whether all beats are boxed",
    "flags, comment and source record",
    "pages without their picture",
    "special characters in group names",
    FILE_NAMES,
    PROPOSAL_LINK,
)

_LABELS: Mapping[str, PageLabel | None] = {**{label: label for label in PAGE_LABELS}, UNLABELLED: None}
LABEL_FOLDERS = frozenset(_LABELS)


def load(path: Path, progress: Progress = quiet) -> Loaded:
    """Read every picture below the label folders; the first folder below a label is the group, deeper ones nothing.

    Args:
        path: the folder, or its main file.
        progress: called with pages done and of how many.

    Raises:
        StoreError: there is no label folder.
    """
    root = existing_folder(path)
    collector = Collector(LOSSES, progress)
    files = [(relative.parts[0] if len(relative.parts) > 1 else ".", relative) for relative in walk(root)]
    pictures = [relative for folder, relative in files if folder.casefold() in _LABELS]
    strangers = Counter(folder for folder, _ in files if folder.casefold() not in _LABELS)
    collector.expect(len(pictures))
    for relative in pictures:
        collector.add(str(relative), None, _page, root, relative)
    if not pictures:
        raise StoreError(f"No picture lies in a folder {' or '.join(PAGE_LABELS)}.", "Sort the pictures into them.")
    for folder, count in strangers.items():
        error = StoreError(f"{count} files lie in no label folder.", f"Sort them into {', '.join(_LABELS)}.")
        collector.refuse(folder, None, error)
    return collector.result()


def _page(root: Path, relative: PurePosixPath) -> ExchangePage:
    label, *folders = relative.parts[:-1]
    extras = PageExtras(label=_LABELS[label.casefold()], group=folders[0] if folders else "")
    return build_page(root, str(relative), extras)


def save(folder: Path, pages: Iterable[ExchangePage]) -> None:
    """Write the pictures into a new or empty folder; pages without their picture are left out.

    Args:
        folder: new or empty.
        pages: what to write.

    Raises:
        StoreError: it cannot be written; nothing remains then.
    """
    with staged(folder) as stage:
        for page in pages:
            if page.picture is not None:
                group = f"/{safe_name(page.group)}" if page.group else ""
                stage.place(page, f"{page.reading.label or UNLABELLED}{group}")
