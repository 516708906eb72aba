"""Chromium, which reaches nothing but this machine, and axe-core: fixtures, to be imported by a conftest or a test."""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from helpers.shared import locked

AXE = "axe-core@4.14.1"
SECONDS = 60


def prepared(home: Path, *flags: str):
    """Options and service of a headless Chromium with a fresh profile that finds no host but this machine.

    Skips the test where there is no Chromium, or no selenium.
    """
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed (pip install selenium)")
    binary = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    driver_binary = shutil.which("chromedriver")
    if not binary or not driver_binary:
        missing = "Chromium" if not binary else "chromedriver"
        pytest.skip(f"no {missing} here (Debian: apt install chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in (
        *("headless", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "no-first-run", "no-proxy-server"),
        *("disable-background-networking", "disable-component-update", "disable-sync"),
        f"user-data-dir={home / 'profile'}",
        "host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # so nothing is fetched from a CDN
        *flags,
    ):
        options.add_argument(f"--{flag}")
    # chromedriver is named, so that selenium does not look for one to download.
    env = os.environ | {"HOME": str(home), "SE_OFFLINE": "true", "SE_AVOID_STATS": "true"}
    return options, webdriver.ChromeService(driver_binary, log_output=str(home / "chromedriver.log"), env=env)


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A headless Chromium that keeps what pages asked for and complained of."""
    options, service = prepared(tmp_path_factory.mktemp("chromium"), "window-size=1280,900")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    from selenium import webdriver

    driver = webdriver.Chrome(options=options, service=service)
    driver.set_page_load_timeout(SECONDS)
    driver.set_script_timeout(SECONDS)
    yield driver
    driver.quit()


def requests(events: list[dict]) -> list[str]:
    """What pages asked for, of the messages of Chromium's performance log; its own pages (a new tab's) left out."""
    asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    return [url for url in asked if not url.startswith(("chrome:", "chrome-untrusted:"))]


@pytest.fixture(scope="session")
def axe(shared) -> str:
    """axe-core's source, from the npm registry: 500 KB that are not worth keeping in the repository."""
    folder = shared / "axe"
    with locked(folder):
        script = folder / "package" / "axe.min.js"
        if not script.exists():
            npm = shutil.which("npm")
            if npm is None:
                pytest.skip("axe-core is fetched with npm, which is not here")
            folder.mkdir(exist_ok=True)
            try:
                command = [npm, "pack", "--silent", AXE]
                done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS)
            except subprocess.TimeoutExpired:
                pytest.skip(f"npm did not get {AXE} in {SECONDS} s")
            if done.returncode:
                pytest.skip(f"npm could not get {AXE}: {done.stderr.strip()[-200:]}")
            with tarfile.open(folder / done.stdout.strip().splitlines()[-1]) as archive:
                archive.extractall(folder, filter="data")
    return script.read_text(encoding="utf-8")


def serious(browser, axe: str, **options) -> list[str]:
    """What axe-core finds serious or critical on the page that is open, a line for each rule."""
    browser.execute_script(axe)
    found = browser.execute_async_script(
        "axe.run(document, arguments[0]).then(r => arguments[1](r.violations), e => arguments[1](String(e)));",
        {"resultTypes": ["violations"], **options},
    )
    return told(found)


def told(found) -> list[str]:
    """Of axe-core's violations the serious and critical ones, a line for each rule. found: what axe.run gave."""
    assert isinstance(found, list), f"axe failed: {found}"
    return [
        f"{v['id']}: {v['nodes'][0]['html'][:160]} ({len(v['nodes'])})"
        for v in found
        if v["impact"] in ("serious", "critical")
    ]
