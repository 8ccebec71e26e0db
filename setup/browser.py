"""Finds a browser for the tests and a font with Chinese signs; where there is none, fetches them.

    python -m setup.browser     writes .setup-stamps/browser.json: the program, its variables, or why there is none

The browser is GRIDMAP_BROWSER, else one on the PATH, else Debian's Chromium: installed where root may, else its
packages unpacked beside the private PostGIS. What has no browser says so in one line and is no error.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

from gridmap.errors import StoreError
from gridmap.settings import default_home
from gridmap.storage.binaries import library_path
from gridmap.storage.locks import Lock
from gridmap.storage.packages import NOT_NEEDED, Apt, dependencies_of, in_batches, installed_packages
from gridmap.storage.programs import make_folder, run
from setup.crew import PROJECT, stop_when_told

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM, FONTS, ATOMIC = "chromium", "fonts-noto-cjk", "libatomic1"
# What Chromium looks for beside itself, so that another installation's is of no use to it.
BESIDE = {CHROMIUM: (CHROMIUM, "chromium-common"), FONTS: (FONTS,), ATOMIC: (ATOMIC,)}
PROGRAM = "usr/lib/chromium/chromium"
ATOMIC_LIBRARY = "libatomic.so.1"  # what Playwright's own program wants, and no package of ours asks for
CHINESE = re.compile(r"CJK|wqy|SourceHan|DroidSansFallback|[uU](ming|kai)|PingFang|YaHei|simsun")
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
RESULT = PROJECT / ".setup-stamps/browser.json"
LEFT_OUT = "the browser tests are left out"
# What only a desktop, a printer or a graphics card needs.
NOT_FOR_TESTS = re.compile(r"(adwaita|dconf|xdg-|x11-|xfonts|desktop-file|libgtk-3|mesa-|dbus|fonts-(?!noto-cjk))")

FONT_SETTINGS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>/usr/share/fonts</dir>
  <dir>{fonts}</dir>
  <cachedir>{cache}</cachedir>
  <alias><family>sans-serif</family><prefer><family>Noto Sans CJK SC</family></prefer></alias>
</fontconfig>
"""


@dataclass(frozen=True)
class Browser:
    """A program with the variables it is started with, or the reason why there is none."""

    executable: str | None = None
    environment: dict[str, str] = field(default_factory=dict)
    reason: str | None = None


def private_prefix() -> Path:
    """Where packages are unpacked when nothing may be installed."""
    return default_home() / "browser"


def find(environ: Mapping[str, str] = os.environ) -> Browser:
    """Look for a browser that starts, without fetching anything."""
    fonts, libraries = _variables(private_prefix())
    if not _loads(ATOMIC_LIBRARY):
        fonts |= libraries
    if named := environ.get("GRIDMAP_BROWSER"):
        if _starts(named, fonts):
            return Browser(named, fonts)
        return Browser(reason=f"GRIDMAP_BROWSER names {named}, which does not start: {LEFT_OUT}")
    for program in filter(None, (shutil.which(name, path=environ.get("PATH")) for name in NAMES)):
        if _starts(program, fonts):
            return Browser(program, fonts)
    private = str(private_prefix() / PROGRAM)
    if _starts(private, fonts | libraries):
        return Browser(private, fonts | libraries)
    return Browser(reason=f"no browser is here: {LEFT_OUT}")


def _variables(prefix: Path) -> tuple[dict[str, str], dict[str, str]]:
    """What makes a browser find the private fonts, and the private browser its libraries."""
    settings = prefix / "fonts.conf"
    within = sorted(str(folder) for folder in prefix.glob("usr/lib/*-linux-gnu*/pulseaudio"))
    libraries = ":".join(filter(None, [library_path(prefix), *within]))
    fonts = {"FONTCONFIG_FILE": str(settings)} if settings.exists() else {}
    return fonts, {"LD_LIBRARY_PATH": libraries} if libraries else {}


def _starts(program: str, variables: Mapping[str, str]) -> bool:
    """A program on the PATH may be a stub that only says where to get the real one."""
    try:
        environ = {**os.environ, **variables}
        done = subprocess.run([program, "--version"], env=environ, capture_output=True, timeout=60, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def has_chinese_font(folders: Iterable[str | Path] = FONT_FOLDERS) -> bool:
    """Tell whether one of the fonts in these folders has Chinese signs, by their usual names."""
    return any(
        CHINESE.search(file.name) for folder in folders for file in Path(folder).expanduser().rglob("*.[ot]t[fc]")
    )


def ensure() -> Browser:
    """Find a browser with what goes with it, or fetch what is missing."""
    browser = find()
    missing = [] if browser.executable else [CHROMIUM]
    if not has_chinese_font([*FONT_FOLDERS, private_prefix() / "usr/share/fonts"]):
        missing.append(FONTS)
    if not _loads(ATOMIC_LIBRARY) and not [*private_prefix().rglob(ATOMIC_LIBRARY)]:
        missing.append(ATOMIC)
    if not missing or "GRIDMAP_BROWSER names" in (browser.reason or ""):
        return browser
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return browser if browser.executable else Browser(reason=f"no Chromium is here, install one: {LEFT_OUT}")
    try:
        _fetch(missing)
    except StoreError as error:
        return browser if browser.executable else Browser(reason=f"no Chromium can be fetched ({error}): {LEFT_OUT}")
    return find()


def _fetch(missing: list[str]) -> None:
    if os.geteuid() == 0:
        try:
            _install(missing)
        except StoreError as error:
            _say(f"apt-get cannot install it ({error})")
        else:
            return
    prefix = private_prefix()
    make_folder(prefix.parent)
    with (
        Lock(prefix.with_name(prefix.name + ".lock")).exclusive(),
        tempfile.TemporaryDirectory(prefix="gridmap-apt-") as folder,
    ):
        _unpack(prefix, missing, Apt(Path(folder)))


def _install(missing: list[str]) -> None:
    _say(f"Installing {' and '.join(missing)} with apt-get")
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    options = ("-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=3")
    run(["apt-get", *options, "update", "-qq"], environ=environ)
    run(["apt-get", *options, "install", "-y", "-qq", "--no-install-recommends", *missing], environ=environ)


def _unpack(prefix: Path, missing: list[str], apt: Apt) -> None:
    trouble = apt.update()
    known = set(apt("apt-cache", "pkgnames").split())
    if absent := [name for name in missing if name not in known]:
        raise StoreError(trouble or f"this system's package sources offer no {' and no '.join(absent)}")
    names = _needed(apt, missing)
    debs = apt.folder / "debs"
    debs.mkdir()
    listing = apt("apt-get", "download", "--print-uris", "-qq", *names, folder=debs)
    sizes = {file.split("_")[0]: int(size) for file, size in re.findall(r"^'\S+' (\S+) (\d+)", listing, re.MULTILINE)}
    _say(f"Fetching {' and '.join(missing)}: {len(names)} packages, {sum(sizes.values()) / 1e6:.0f} MB")
    for batch in in_batches(names, sizes):
        apt("apt-get", "download", "-qq", *batch, folder=debs)
    new = prefix.with_name(f"{prefix.name}.new.{os.getpid()}")
    for leftover in prefix.parent.glob(f"{prefix.name}.new.*"):
        shutil.rmtree(leftover, ignore_errors=True)
    if prefix.exists():
        shutil.copytree(prefix, new, symlinks=True)
    for deb in sorted(debs.glob("*.deb")):
        run(["dpkg-deb", "-x", deb, new])
    _set_fonts(new, prefix)
    _check_libraries(new)
    shutil.rmtree(prefix, ignore_errors=True)
    new.rename(prefix)


def _needed(apt: Apt, missing: list[str]) -> list[str]:
    """Follow the dependencies down to what the system already has."""
    installed = installed_packages()
    needed: set[str] = set()
    level = {name for each in missing for name in BESIDE[each]}
    while level:
        needed |= level
        found = set(dependencies_of(apt, sorted(level), installed)) - needed - installed
        level = {name for name in found if not NOT_NEEDED.match(name) and not NOT_FOR_TESTS.match(name)}
    return sorted(needed)


def _set_fonts(new: Path, prefix: Path) -> None:
    fonts, cache = prefix / "usr/share/fonts", prefix / "var/cache/fontconfig"
    text = FONT_SETTINGS.format(fonts=escape(str(fonts)), cache=escape(str(cache)))
    (new / "fonts.conf").write_text(text, "utf-8")
    (new / "var/cache/fontconfig").mkdir(parents=True, exist_ok=True)


def _check_libraries(prefix: Path) -> None:
    if not (prefix / PROGRAM).exists():
        return
    listing = run(["ldd", prefix / PROGRAM], environ={**os.environ, **_variables(prefix)[1]})
    if lacking := sorted(set(re.findall(r"(\S+) => not found", listing))):
        raise StoreError(f"the fetched Chromium lacks {', '.join(lacking)}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Write down what the tests need."""
    browser = ensure()
    if browser.reason:
        _say(browser.reason)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(asdict(browser), indent=1) + "\n", "utf-8")
    print(RESULT.read_text("utf-8"))


if __name__ == "__main__":
    stop_when_told()
    main()
