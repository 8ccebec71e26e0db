"""The scripts and styles of the pages: what is fetched, what is kept, and what is said when it cannot be."""

from __future__ import annotations

import json
import re
import sys
from base64 import b64encode
from hashlib import sha384
from pathlib import Path

import pytest

from tests.setup.conftest import PROJECT, Program, Run

LOCK = json.loads((PROJECT / "web/package-lock.json").read_text("utf-8"))
PACKAGE = json.loads((PROJECT / "web/package.json").read_text("utf-8"))
ASSETS = json.loads((PROJECT / "web/assets.json").read_text("utf-8"))
VENDOR = "gridmap/maps/static/vendor"
HEAT = "folium@0.20.0/leaflet_heat.min.js"

# npm as far as we use it: a folder for each package of the lock, with what assets.json names.
NPM = """
[ "$1" = --version ] && echo 10.2.4 && exit 0
echo "$@" >>"$CALLS"
python3 - <<'END'
import json, os, pathlib
assets = json.loads(pathlib.Path(os.environ["ASSETS"]).read_text())["npm"]
versions = json.loads(pathlib.Path("package.json").read_text())["dependencies"]
for package, files in assets.items():
    folder = pathlib.Path("node_modules", package)
    for file in [*files, "package.json", "not-taken.js"]:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(f"{package} {file}")
    (folder / "package.json").write_text(json.dumps({"version": versions[package]}))
END
"""


@pytest.fixture
def npm(tmp_path: Path, clone: Path, a_program: Program) -> dict[str, str]:
    """Surroundings with an npm that fetches nothing."""
    a_program(tmp_path / "bin", "npm", NPM)
    calls, assets = tmp_path / "calls", clone / "web/assets.json"
    return {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "CALLS": str(calls), "ASSETS": str(assets)}


def test_the_lock_names_exact_contents_and_no_address() -> None:
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in PACKAGE["dependencies"].values())
    packages = {name: entry for name, entry in LOCK["packages"].items() if name}
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert {name.removeprefix("node_modules/") for name in packages} >= PACKAGE["dependencies"].keys()
    for name in ("package.json", "package-lock.json", "assets.json", "requirements.txt"):
        assert "://" not in (PROJECT / "web" / name).read_text("utf-8")


def test_something_is_taken_from_every_package_and_its_licence_with_it() -> None:
    assert ASSETS["npm"].keys() == PACKAGE["dependencies"].keys()
    for files in [*ASSETS["npm"].values(), *ASSETS["wheels"].values()]:
        assert any("LICEN" in file for file in files)


def test_only_what_is_listed_is_placed_and_the_manifest_has_its_hashes(
    clone: Path, run: Run, npm: dict[str, str]
) -> None:
    done = run("setup.web_assets", **npm)
    assert done.returncode == 0, done.stderr
    manifest = json.loads((clone / VENDOR / "manifest.json").read_text("utf-8"))
    files = {name: digest for package in manifest["packages"].values() for name, digest in package.items()}
    placed = {str(file.relative_to(clone / VENDOR)) for file in (clone / VENDOR).rglob("*") if file.is_file()}
    assert placed == files.keys() | {"manifest.json"}
    assert {"leaflet@1.9.4/dist/leaflet.js", "jquery@3.7.1/dist/jquery.min.js", HEAT} <= placed
    assert not any("not-taken" in name for name in placed)
    for name, said in files.items():
        assert said == "sha384-" + b64encode(sha384((clone / VENDOR / name).read_bytes()).digest()).decode()


def test_nothing_is_fetched_again_until_something_changes(clone: Path, run: Run, npm: dict[str, str]) -> None:
    calls = Path(npm["CALLS"])
    run("setup.web_assets", **npm)
    run("setup.web_assets", **npm)
    assert len(calls.read_text("utf-8").splitlines()) == 1
    (clone / VENDOR / HEAT).write_text("changed by hand", "utf-8")
    run("setup.web_assets", **npm)
    assert "changed by hand" not in (clone / VENDOR / HEAT).read_text("utf-8")
    assert len(calls.read_text("utf-8").splitlines()) == 2
    (clone / "web/assets.json").write_text(json.dumps({**ASSETS, "wheels": {}}), "utf-8")
    run("setup.web_assets", **npm)
    assert not (clone / VENDOR / HEAT).exists()


def test_what_npm_fetched_before_is_not_fetched_again(clone: Path, run: Run, npm: dict[str, str]) -> None:
    run("setup.web_assets", "fetch", sys.executable, **npm)
    assert not (clone / VENDOR).exists()
    run("setup.web_assets", **npm)
    assert (clone / VENDOR / HEAT).exists()
    assert len(Path(npm["CALLS"]).read_text("utf-8").splitlines()) == 1
    assert "--ignore-scripts" in Path(npm["CALLS"]).read_text("utf-8")


def test_a_file_that_a_package_lacks_is_named_and_what_was_there_stays(
    clone: Path, run: Run, npm: dict[str, str]
) -> None:
    run("setup.web_assets", **npm)
    asked = {**ASSETS, "wheels": {"folium": ["folium/templates/cool.min.js"]}}
    (clone / "web/assets.json").write_text(json.dumps(asked), "utf-8")
    done = run("setup.web_assets", **npm)
    assert done.returncode == 1
    assert done.stderr == "folium has no file cool.min.js, which web/assets.json names: correct it there\n"
    assert (clone / VENDOR / HEAT).exists()


@pytest.mark.parametrize(
    ("code", "said", "sentence"),
    [
        (
            "EINTEGRITY",
            "sha512-a integrity checksum failed",
            "what npm fetched is not what web/package-lock.json names",
        ),
        (
            "ENOTFOUND",
            "network request failed",
            "the pages' scripts cannot be fetched (ENOTFOUND network request failed)",
        ),
        ("EUSAGE", "not in sync", "web/package-lock.json does not fit web/package.json"),
    ],
)
def test_one_line_says_why_npm_failed(
    clone: Path, run: Run, a_program: Program, tmp_path: Path, code: str, said: str, sentence: str
) -> None:
    script = (
        f"[ $1 = --version ] && echo 9.2.0 && exit; echo npm ERR! code {code} >&2; echo npm ERR! {said} >&2; exit 1"
    )
    a_program(tmp_path / "bin", "npm", script)
    done = run("setup.web_assets", PATH=f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(sentence)
    assert not (clone / VENDOR).exists()


def test_without_npm_and_without_an_index_one_line_says_so(run: Run, a_program: Program, tmp_path: Path) -> None:
    a_program(tmp_path / "bin", "npm", "echo 6.14.0")
    python = a_program(tmp_path / "python", "python", "echo 'Network is unreachable'; exit 1")
    done = run("setup.web_assets", "fetch", python, PATH=f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(
        "no npm is on the PATH, and none can be had from PyPI (the Python packages cannot be fetched"
    )
    assert line.endswith("install npm")
