"""uv is told what pip's settings say, and pip does the work where uv cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from setup.python_packages import beyond_uv, environ_for_uv, pip_settings, requirements
from tests.setup.conftest import Program, Run

LISTING = """
:env:.default-timeout='30'
:env:.index-url='https://own.example/simple'
global.cert='/a/bundle.pem'
global.extra-index-url='https://b.example/simple\\nhttps://c.example/simple'
global.index-url='https://a.example/simple'
install.no-binary='numpy'
search.index-url='https://never.example'
"""


def test_a_variable_outdoes_a_file_as_it_does_for_pip() -> None:
    assert pip_settings(LISTING) == {
        "timeout": "30",
        "index-url": "https://own.example/simple",
        "cert": "/a/bundle.pem",
        "extra-index-url": "https://b.example/simple\nhttps://c.example/simple",
        "no-binary": "numpy",
    }


def test_uv_is_told_the_same_in_its_own_words(tmp_path: Path) -> None:
    links = f"{tmp_path} {tmp_path}/absent https://d.example/files"
    told = environ_for_uv({**pip_settings(LISTING), "find-links": links, "proxy": "proxy.example:3128"}, {})
    assert told == {
        "UV_HTTP_TIMEOUT": "30",
        "UV_DEFAULT_INDEX": "https://own.example/simple",
        "SSL_CERT_FILE": "/a/bundle.pem",
        "UV_INDEX": "https://b.example/simple https://c.example/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": f"{tmp_path},https://d.example/files",
        "HTTP_PROXY": "http://proxy.example:3128",
        "HTTPS_PROXY": "http://proxy.example:3128",
    }


def test_what_a_person_told_uv_himself_stays() -> None:
    told = environ_for_uv({"index-url": "https://a.example/simple"}, {"UV_DEFAULT_INDEX": "https://mine.example"})
    assert told["UV_DEFAULT_INDEX"] == "https://mine.example"


def test_settings_that_uv_has_no_word_for_are_named() -> None:
    assert beyond_uv(pip_settings(LISTING)) == ["no-binary"]
    assert beyond_uv(["index-url", "disable-pip-version-check"]) == []


def test_what_is_installed_is_what_pyproject_asks_for() -> None:
    assert {"geopandas", "pip", "setuptools", "uv"} <= set(requirements())
    assert {"pytest", "ruff"}.isdisjoint(requirements())
    assert {"pytest", "ruff", "geopandas"} <= set(requirements(["test", "lint"]))


def an_environment(folder: Path, a_program: Program, *, config: str = "", uv: str, pip: str = "exit 0") -> Path:
    """A Python and a uv that only say what they were asked."""
    script = f'case "$*" in *\'config list\'*) echo "{config}";; *) echo pip was asked: "$@"; {pip};; esac'
    a_program(folder, "uv", f'echo uv was asked: "$@"; {uv}')
    return a_program(folder, "python", script)


def test_uv_does_the_work(tmp_path: Path, run: Run, a_program: Program) -> None:
    python = an_environment(tmp_path / "bin", a_program, uv="exit 0")
    done = run("setup.python_packages", python, "all", "lint")
    assert done.returncode == 0, done.stderr
    assert "uv was asked: pip install --no-progress --python" in done.stdout
    assert "ruff" in done.stdout
    assert "pip was asked" not in done.stdout


@pytest.mark.parametrize(("config", "uv"), [("", "exit 2"), ("global.no-binary='numpy'", "exit 0")])
def test_pip_does_the_work_where_uv_cannot(tmp_path: Path, run: Run, a_program: Program, config: str, uv: str) -> None:
    python = an_environment(tmp_path / "bin", a_program, config=config, uv=uv)
    done = run("setup.python_packages", python, "all")
    assert done.returncode == 0, done.stderr
    assert "pip was asked: -m pip install" in done.stdout


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            "ERROR: No matching distribution found for alembic",
            "the Python packages cannot be fetched: check the network",
        ),
        ("ERROR: disk full", "installing the Python packages failed: ERROR: disk full"),
    ],
)
def test_one_line_says_why_neither_could(
    tmp_path: Path, run: Run, a_program: Program, said: str, sentence: str
) -> None:
    python = an_environment(tmp_path / "bin", a_program, uv="exit 2", pip=f"echo '{said}'; exit 1")
    done = run("setup.python_packages", python, "all")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(sentence)


def test_addresses_of_indexes_are_not_written_to_the_log(tmp_path: Path, run: Run, a_program: Program) -> None:
    config = "global.index-url='https://name:secret@a.example/simple'"
    python = an_environment(tmp_path / "bin", a_program, config=config, uv="exit 0")
    assert "secret" not in run("setup.python_packages", python, "all").stdout
