"""`python -m grader.site`, which is `make site`: the sources into build/site-src, the site into build/site."""

import argparse
import shutil
import sys
import time
from pathlib import Path

from grader.paths import ROOT
from grader.site.sources import write_sources

CONFIG = ROOT / "docs" / "site"


def make_site(sources: Path, site: Path, *options: str) -> int:
    """Write the sources and run Sphinx on them, with warnings as errors. Returns Sphinx's exit status."""
    from sphinx.cmd.build import build_main

    write_sources(sources)
    # Parsed pages are kept beside the sources, so that a second run reads what has changed only.
    doctrees = sources.with_name(sources.name + "-doctrees")
    fixed = ["-b", "html", "-c", str(CONFIG), "-d", str(doctrees), "-W", "--keep-going", "-j", "auto", "-q"]
    return build_main([*fixed, *options, str(sources), str(site)])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m grader.site", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "site", help="where the site goes")
    parser.add_argument("--fresh", action="store_true", help="keep nothing of the last run")
    args = parser.parse_args()
    sources = args.out.with_name(args.out.name + "-src")
    if args.fresh:
        for old in (args.out, sources, sources.with_name(sources.name + "-doctrees")):
            shutil.rmtree(old, ignore_errors=True)
    began = time.monotonic()
    status = make_site(sources, args.out)
    if status == 0:
        print(f"{args.out / 'index.html'}  ({time.monotonic() - began:.0f} s)")
    return status


if __name__ == "__main__":
    sys.exit(main())
