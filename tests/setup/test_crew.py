"""Programs of the set-up run beside one another, and none is left when one fails or a person stops them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from setup.crew import Crew, SetupError
from tests.setup.conftest import PROJECT


def test_what_a_talking_program_says_is_shown_and_what_it_prints_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Crew(tmp_path / "log") as crew:
        crew.run("trying", "sh", "-c", "echo kept; echo shown >&2", talks=True)
    assert [line.split("] ")[1] for line in capsys.readouterr().err.splitlines()] == ["trying", "shown"]
    assert (tmp_path / "log").read_text("utf-8") == "kept\n"


def test_the_last_line_says_why_a_program_failed(tmp_path: Path) -> None:
    with Crew(tmp_path / "log") as crew, pytest.raises(SetupError, match=r"^no index is there$"):
        crew.run("trying", "sh", "-c", "echo hm >&2; echo no index is there >&2; exit 1", talks=True)
    with Crew(tmp_path / "log") as crew, pytest.raises(SetupError, match=r"^compiling failed: no compiler$"):
        crew.run("compiling", "sh", "-c", "echo no compiler; exit 1")
    with Crew(tmp_path / "log") as crew, pytest.raises(SetupError, match=r"^compiling failed: it did not say why$"):
        crew.run("compiling", "false")


def test_programs_run_at_the_same_time(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    meet = 'touch "$1"; until [ -e "$2" ]; do sleep 0.05; done'
    with Crew(tmp_path / "log") as crew:
        crew.start("one", "sh", "-c", meet, "sh", here, there)
        crew.start("other", "sh", "-c", meet, "sh", there, here)
        crew.finish()


def test_the_first_that_fails_ends_the_others_with_all_they_started(tmp_path: Path) -> None:
    began = tmp_path / "began"
    with Crew(tmp_path / "log") as crew:
        crew.start("waiting", "sh", "-c", 'sleep 600 & echo $! >"$1"; wait', "sh", began)
        crew.start("failing", "sh", "-c", 'until [ -s "$1" ]; do sleep 0.05; done; echo broken; exit 1', "sh", began)
        with pytest.raises(SetupError, match="broken"):
            crew.finish()
    assert is_gone(int(began.read_text("utf-8")))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_person_who_stops_it_leaves_nothing_running(tmp_path: Path, number: signal.Signals) -> None:
    began = tmp_path / "began"
    script = (
        "import sys; from pathlib import Path; from setup.crew import *; stop_when_told()\n"
        "with Crew(Path(sys.argv[1])) as crew:\n"
        "    crew.run('waiting', 'sh', '-c', 'sleep 600 & echo $! >\"$1\"; wait', 'sh', sys.argv[2])"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "log"), str(began)]
    with subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.DEVNULL) as program:
        while not (began.exists() and began.read_text("utf-8")):
            time.sleep(0.05)
        program.send_signal(number)
    assert program.returncode != 0
    assert is_gone(int(began.read_text("utf-8")))


def is_gone(process: int) -> bool:
    """Tell whether a process has ended, though its end may still have to be noticed by its parent."""
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True
