"""Fetches the scripts and styles of the pages into gridmap/maps/static/vendor, which is not in git.

    python -m setup.web_assets                  all of it, in the environment that has gridmap's packages
    python -m setup.web_assets fetch PYTHON     only npm's part, which can run before those are installed

`web/package-lock.json` says by its hashes what npm may fetch, `web/assets.json` which files are taken. Where
no npm is on the PATH it comes from PyPI, into a folder that is thrown away. No script of a package is run.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path, PurePosixPath

from setup.crew import PROJECT, SetupError, stop_when_told
from setup.python_packages import install, settings_of

WEB = PROJECT / "web"
FETCHED = PROJECT / ".setup-stamps/web"
VENDOR = PROJECT / "gridmap/maps/static/vendor"
OLDEST_NPM = 7  # the first that reads our form of lock
OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
PATIENCE = ("--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000")
AFTER = "then run the set-up again"

Files = Mapping[str, Path]  # where a file is placed, and where it comes from


def wanted() -> str:
    """Summarise what is asked for: a manifest that names the same is not made again."""
    summary = hashlib.sha256()
    for name in ("package.json", "package-lock.json", "assets.json"):
        summary.update((WEB / name).read_bytes())
    return summary.hexdigest()


def sha384(file: Path) -> str:
    """Hash a file as a page's `integrity` attribute names it."""
    return "sha384-" + base64.b64encode(hashlib.sha384(file.read_bytes()).digest()).decode()


def is_placed() -> bool:
    """Tell whether all files are there as the manifest says, and the manifest is of what is asked for."""
    try:
        manifest = json.loads((VENDOR / "manifest.json").read_text("utf-8"))
        files = {name: digest for package in manifest["packages"].values() for name, digest in package.items()}
        return manifest["lock"] == wanted() and all(sha384(VENDOR / name) == said for name, said in files.items())
    except (OSError, ValueError, LookupError, AttributeError):
        return False


def fetch(python: Path) -> Path:
    """Let npm fetch what the lock names, whole or not at all; return the folder of its packages."""
    mark = FETCHED / "wanted"
    if mark.is_file() and mark.read_text("utf-8") == wanted():
        return FETCHED / "node_modules"
    FETCHED.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FETCHED.parent, prefix="web.new.") as name:
        folder = Path(name) / "web"
        folder.mkdir()
        for file in ("package.json", "package-lock.json"):
            shutil.copy(WEB / file, folder)
        with npm(python) as command:
            _let_npm_fetch([*command, "ci", *OPTIONS, *PATIENCE], folder, python)
        (folder / "wanted").write_text(wanted(), "utf-8")
        shutil.rmtree(FETCHED, ignore_errors=True)
        folder.rename(FETCHED)
    return FETCHED / "node_modules"


@contextmanager
def npm(python: Path) -> Iterator[list[str]]:
    """Give the command that is npm: the machine's own, or one from PyPI that is gone afterwards."""
    if _is_new_enough(found := shutil.which("npm")):
        yield [str(found)]
        return
    # Not in /tmp: beside the clone the files are linked from uv's cache, not copied into memory.
    with tempfile.TemporaryDirectory(dir=FETCHED.parent, prefix="npm.") as folder:
        try:
            install(python, "--target", Path(folder), "-r", WEB / "requirements.txt")
        except SetupError as error:
            raise SetupError(f"no npm is on the PATH, and none can be had from PyPI ({error}): install npm") from None
        [node] = Path(folder).glob("*/bin/node")
        [script] = Path(folder).glob("*/lib/node_modules/npm/bin/npm-cli.js")
        yield [str(node), str(script)]


def _is_new_enough(program: str | None) -> bool:
    if program is None:
        return False
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    version = re.match(r"(\d+)\.", done.stdout)
    return done.returncode == 0 and version is not None and int(version[1]) >= OLDEST_NPM


def _let_npm_fetch(command: list[str], folder: Path, python: Path) -> None:
    environ = {**_certificates(python), **os.environ}
    done = subprocess.run(  # noqa: S603
        command, cwd=folder, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    print(done.stdout, done.stderr, flush=True)
    if done.returncode != 0:
        raise SetupError(_what_npm_said(done.stderr))


def _certificates(python: Path) -> dict[str, str]:
    """Node has certificates of its own: it is told of those that Python's programs here are told to trust."""
    file = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE") or settings_of(python).get("cert")
    return {"NODE_EXTRA_CA_CERTS": file} if file else {}


def _what_npm_said(output: str) -> str:
    said = re.findall(r"^npm (?:error|ERR!) (?!code |errno )(\S.*)", output, re.MULTILINE)
    code = (re.findall(r"^npm (?:error|ERR!) code (\S+)", output, re.MULTILINE) or [""])[0]
    if code == "EINTEGRITY":
        return (
            f"what npm fetched is not what web/package-lock.json names ({said[0] if said else code}): nothing was kept"
        )
    if code == "EUSAGE":
        return "web/package-lock.json does not fit web/package.json: run npm install --package-lock-only in web/"
    why = f"{code} {said[0] if said else ''}".strip() or "npm did not say why"
    return f"the pages' scripts cannot be fetched ({why}): check the network and npm's settings, {AFTER}"


def from_npm(modules: Path, names: Mapping[str, list[str]]) -> Iterator[tuple[str, Files]]:
    """Find the files that are taken from each package of npm."""
    for package, files in names.items():
        folder = modules / package
        version = json.loads((folder / "package.json").read_text("utf-8"))["version"]
        yield package, {f"{package}@{version}/{file}": folder / file for file in files}


def from_wheels(names: Mapping[str, list[str]]) -> Iterator[tuple[str, Files]]:
    """Find the files that come with a package of Python, named by how their paths end."""
    for package, endings in names.items():
        distribution = metadata.distribution(package)
        files = {}
        for ending in endings:
            found = [file for file in distribution.files or () if str(file).endswith(ending)]
            source = found[0] if found else PurePosixPath(ending)
            files[f"{package}@{distribution.version}/{source.name}"] = Path(str(distribution.locate_file(source)))
        yield package, files


def place(packages: Mapping[str, Files]) -> None:
    """Copy the files to where pages are served from, whole or not at all, with a manifest of their hashes."""
    VENDOR.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=VENDOR.parent, prefix="vendor.") as name:
        folder = Path(name) / "vendor"
        for package, files in packages.items():
            for target, source in files.items():
                if not source.is_file():
                    raise SetupError(
                        f"{package} has no file {source.name}, which web/assets.json names: correct it there"
                    )
                (folder / target).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, folder / target)
        digests = {package: {file: sha384(folder / file) for file in files} for package, files in packages.items()}
        manifest = {"lock": wanted(), "packages": digests}
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
        if VENDOR.exists():
            VENDOR.rename(Path(name) / "old")
        folder.rename(VENDOR)


def main(arguments: list[str]) -> None:
    """Fetch and place what is not yet placed."""
    if is_placed():
        return
    if arguments:
        fetch(Path(arguments[1]))
        return
    assets = json.loads((WEB / "assets.json").read_text("utf-8"))
    modules = fetch(Path(sys.executable))
    place(dict([*from_npm(modules, assets["npm"]), *from_wheels(assets["wheels"])]))
    shutil.rmtree(FETCHED, ignore_errors=True)


if __name__ == "__main__":
    stop_when_told()
    try:
        main(sys.argv[1:])
    except SetupError as error:
        sys.exit(str(error))
