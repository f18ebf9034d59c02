"""A run folder is whole or not there, whatever happens to those who write it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from changping_geo.model import ResultError
from changping_geo.publish import PREFIX, Draft, sweep

FILES = 40

WRITER = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from changping_geo.publish import Draft

    with Draft(Path(sys.argv[1]), "0123456789abcdef") as draft:
        print("begun", flush=True)
        for number in range(40):
            (draft.path / f"{number}.txt").write_text("x" * 10_000)
            time.sleep(float(sys.argv[2]))
        print(draft.publish())
    """
)


def write(path, files=FILES):
    for number in range(files):
        (path / f"{number}.txt").write_text("x" * 10_000)


def test_a_draft_is_published_by_name(tmp_path):
    with Draft(tmp_path, "key") as draft:
        write(draft.path)
        target = draft.publish()
    assert target == tmp_path / "key"
    assert len(list(target.iterdir())) == FILES
    assert [p.name for p in tmp_path.iterdir()] == ["key"]


def test_a_draft_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError, match="stop"), Draft(tmp_path, "key") as draft:
        write(draft.path, 3)
        raise RuntimeError("stop")
    assert list(tmp_path.iterdir()) == []


def test_the_second_of_two_equal_runs_keeps_the_first(tmp_path):
    with Draft(tmp_path, "key") as first, Draft(tmp_path, "key") as second:
        write(first.path)
        write(second.path)
        assert first.publish() == second.publish()
    assert [p.name for p in tmp_path.iterdir()] == ["key"]
    assert len(list((tmp_path / "key").iterdir())) == FILES


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultError, match="choose another folder with --results"), Draft(tmp_path / "file", "key"):
        pass


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path):
    with pytest.raises(ResultError, match="nothing is published"), Draft(tmp_path, "key") as draft:
        write(draft.path, 3)
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_drafts_of_dead_runs_are_swept_and_those_of_living_ones_stay(tmp_path):
    with Draft(tmp_path, "key") as living:
        child = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), "1"], stdout=subprocess.PIPE)
        child.stdout.readline()
        child.kill()
        child.wait()
        child.stdout.close()
        assert len(list(tmp_path.glob(f"{PREFIX}*"))) == 2
        sweep(tmp_path)
        assert list(tmp_path.glob(f"{PREFIX}*")) == [living.path]


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_killed_writers_leave_nothing_that_looks_finished(tmp_path):
    finished = 0
    for attempt in range(12):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), "0.002"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        child.stdout.readline()
        time.sleep(0.012 * attempt)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        published = [p for p in tmp_path.iterdir() if not p.name.startswith(PREFIX)]
        for folder in published:
            assert len(list(folder.iterdir())) == FILES
            finished += 1
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
    with Draft(tmp_path, "key") as draft:
        draft.publish()
    assert [p.name for p in tmp_path.iterdir()] == ["key"]
