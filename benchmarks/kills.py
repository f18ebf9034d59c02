"""Kill whole runs at every moment, and let several run at once: count published folders that are not whole.

.venv/bin/python benchmarks/kills.py [KILLS]
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
RUN = [sys.executable, "-m", "changping_geo", "run", "--quiet", "--workspace"]


def whole(folder: Path, names: set[str]) -> bool:
    """Return whether a published folder has every file of the reference, each of them readable."""
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    if found != names:
        return False
    for path in folder.rglob("*.gpkg"):
        with sqlite3.connect(path) as base:
            if base.execute("pragma integrity_check").fetchone() != ("ok",):
                return False
    books = all(zipfile.ZipFile(p).testzip() is None for p in folder.rglob("*.xlsx"))
    pages = all(p.read_text(encoding="utf-8").rstrip().endswith("</html>") for p in folder.rglob("*.html"))
    return books and pages


def published(workspace: Path) -> list[Path]:
    return [p for p in (workspace / "results").iterdir() if not p.name.startswith(".")]


def main() -> None:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    workspace = Path(tempfile.mkdtemp()) / "workspace"
    shutil.copytree(ROOT / "tests" / "workspace", workspace)
    began = time.perf_counter()
    subprocess.run([*RUN, str(workspace)], check=True, stdout=subprocess.DEVNULL)
    took = time.perf_counter() - began
    (reference,) = published(workspace)
    names = {p.relative_to(reference).as_posix() for p in reference.rglob("*") if p.is_file()}
    shutil.rmtree(reference)

    finished = broken = 0
    for number in range(kills):
        child = subprocess.Popen([*RUN, str(workspace)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(took * 1.1 * (number + 1) / kills)
        child.kill()
        child.wait()
        for folder in published(workspace):
            finished += 1
            broken += not whole(folder, names)
            shutil.rmtree(folder)
    print(f"{kills} kills spread over a run of {took:.1f} s: {finished} finished folders, {broken} broken")

    children = [subprocess.Popen([*RUN, str(workspace)], stdout=subprocess.DEVNULL) for _ in range(4)]
    codes = [child.wait() for child in children]
    folders = published(workspace)
    drafts = list((workspace / "results").glob(".draft-*"))
    print(f"4 runs at once: exit codes {codes}, {len(folders)} folder, whole: {all(whole(f, names) for f in folders)}")
    print(f"drafts left: {len(drafts)}")
    sys.exit(bool(broken) or any(codes) or len(folders) != 1 or bool(drafts))


if __name__ == "__main__":
    main()
