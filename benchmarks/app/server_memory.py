"""How much memory the server keeps of pages whose browsers are gone.

    python -m benchmarks.app.server_memory [--pages 300] [--sessions 6]

A real server with the shipped model; one browser screens a page, which is what everything is compared with. Then
several sessions drop their share of the pages at once, all different and as large as a scan at 200 dpi, look at one of
them with Grad-CAM, and are closed. The server forgets a session some minutes after its last browser has gone; what its
process holds then is printed, and ends with code 1 where it is more than 300 MB above what it was after the first page.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import cv2
from playwright.sync_api import Browser, Page, expect, sync_playwright

from ecgcore.papersim import PageStyle, draw_page, synthetic_ecg
from pages.parts.common.browser.closed_sessions import FORGET_AFTER_S, POLL_EVERY_S
from tests.support.real_browser import launch, served

MOST_LEFT_MB = 300.0
DRAWN = 6
WAIT_MS = 120_000
A_PAGE_S = 90.0
"""Patience for a page, with other programs at work on the machine."""


def draw_files(folder: Path, count: int) -> list[Path]:
    """``count`` pictures of pages, no two of the same content."""
    paths = []
    for number in range(count):
        seed = number % DRAWN
        if number < DRAWN:
            signals_mv, fs_hz, beats_s = synthetic_ecg("normal", seed)
            drawn = draw_page(signals_mv, fs_hz, PageStyle(px_per_mm=8.0), seed, beats_s=beats_s).image_rgb
            cv2.imwrite(str(folder / f"drawn-{seed}.png"), cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR))
        bgr = cv2.imread(str(folder / f"drawn-{seed}.png"))
        assert bgr is not None
        paths.append(folder / f"page {number + 1}.jpg")
        cv2.imwrite(str(paths[-1]), bgr[: bgr.shape[0] - number // DRAWN], [cv2.IMWRITE_JPEG_QUALITY, 95])
    return paths


def resident_mb(pid: int) -> float:
    """Memory of one process, in MB of 2^20 bytes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def open_screen(browser: Browser, address: str) -> Page:
    """One browser session before the Screen page."""
    page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(address)
    page.locator("input[type=file]").first.wait_for(state="attached")
    page.wait_for_selector("[data-test-script-state=notRunning]", state="attached")
    return page


def drop(page: Page, paths: list[Path]) -> None:
    """Drop files; they are screened in the background."""
    page.locator("input[type=file]").first.set_input_files(paths)


def expect_screened(page: Page, count: int) -> None:
    """Wait until all are screened, and look at the open one as a reader would."""
    if count > 1:
        ended = page.get_by_text(f"{count} pages:")
        expect(ended).to_be_visible(timeout=WAIT_MS + count * A_PAGE_S * 1000)
        expect(page.locator(".row.waiting")).to_have_count(0, timeout=WAIT_MS + count * A_PAGE_S * 1000)
    expect(page.locator(".st-key-page-view")).to_be_visible()
    page.get_by_text("Grad-CAM", exact=True).first.click()
    expect(page.locator(".st-key-page-view image").nth(1)).to_be_attached()


def main() -> int:
    """Run it and print what was found; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=300)
    parser.add_argument("--sessions", type=int, default=6)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder, data = Path(temporary) / "pages", Path(temporary) / "data"
        folder.mkdir()
        paths = draw_files(folder, options.pages + 1)
        print(f"{options.pages} pages of {sum(p.stat().st_size for p in paths) / len(paths) / 2**20:.1f} MB each")
        with served({"ECG_DATA_DIR": str(data)}) as (address, server):
            browser = launch(playwright)
            print(f"before any page:       {resident_mb(server.pid):6.0f} MB")
            page = open_screen(browser, address)
            drop(page, paths[:1])
            expect_screened(page, 1)
            first_mb = resident_mb(server.pid)
            print(f"after the first page:  {first_mb:6.0f} MB", flush=True)
            page.context.close()
            share = -(-options.pages // options.sessions)
            parts = [paths[1:][start : start + share] for start in range(0, options.pages, share)]
            sessions = [(open_screen(browser, address), part) for part in parts]
            for page, part in sessions:
                drop(page, part)
            for page, part in sessions:
                expect_screened(page, len(part))
            print(f"all sessions open:     {resident_mb(server.pid):6.0f} MB", flush=True)
            browser.close()
            time.sleep(FORGET_AFTER_S + 3 * POLL_EVERY_S)
            left_mb = resident_mb(server.pid)
            print(f"all sessions closed:   {left_mb:6.0f} MB, {left_mb - first_mb:+.0f} MB")
    return int(left_mb - first_mb > MOST_LEFT_MB)


if __name__ == "__main__":
    sys.exit(main())
