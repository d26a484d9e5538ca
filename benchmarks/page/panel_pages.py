"""Pages as a clinic has them by mistake or by habit: halves of ECGs, and grids that run on under a patient's name.

    python -m benchmarks.page.panel_pages [--halves N] [--headers N] [--tilted N] [--bundle DIR] [--first N]

Of the halves it counts how many are called normal (``benchmarks.page.whole_pages`` counts what the same rule costs). Of
the pages with a header on the grid it counts the words of header and footer of which more than a few pixels are left in
what "only the panel" would keep, and the beats whose box is not whole in it.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterable

from ecgcore.bundle.folder import load_bundle, starter_folder
from ecgcore.errors import NotScreenableError
from ecgcore.papersim import SimPage
from ecgcore.pipeline import screen
from ecgcore.types import ByteArray
from tests.support.panel_pages import half_page, header_page, left_in_cut, tilted_page


def print_left(draw: Callable[[int], tuple[SimPage, ByteArray]], numbers: Iterable[int]) -> None:
    """Print what is left of the words, page by page and in all."""
    words = printed = lost = beats = pages = 0
    for number in numbers:
        page, without_rgb = draw(number)
        try:
            left, cut_off = left_in_cut(page, without_rgb)
        except NotScreenableError:
            continue
        if left or cut_off:
            print(f"{number}: {left} words left, {cut_off} beats not whole", flush=True)
        words, lost, beats, pages = words + left, lost + cut_off, beats + len(page.boxes_xyxy), pages + 1
        printed += len(page.text_xyxy)
    print(f"{draw.__name__}: {pages} pages, {words} of {printed} words left, {lost} of {beats} beats not whole")


def main() -> None:
    """Draw, screen and cut, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--halves", type=int, default=210)
    parser.add_argument("--headers", type=int, default=500)
    parser.add_argument("--tilted", type=int, default=0, help="headers photographed at a slant; beats are not counted")
    parser.add_argument("--first", type=int, default=0, help="number of the first page: other pages for a last look")
    parser.add_argument("--bundle", default=None)
    options = parser.parse_args()
    bundle = load_bundle(options.bundle or starter_folder())
    numbers = range(options.first, options.first + options.halves)
    answers: Counter[tuple[str, str]] = Counter()
    for number in numbers:
        name, half = half_page(number)
        prediction = screen(half.image_rgb, bundle, file=name)
        answers[name, prediction.decision or prediction.status] += 1
        if prediction.decision == "normal":
            print(f"{number}, {name}: normal, {prediction.leads_found} leads", flush=True)
    for (name, answer), count in sorted(answers.items()):
        print(f"{name}: {count} {answer}")
    print_left(header_page, range(options.first, options.first + options.headers))
    print_left(tilted_page, range(options.first, options.first + options.tilted))


if __name__ == "__main__":
    main()
