"""What the set-up does, stage by stage; as much as can be at the same time.

`setup/bootstrap.sh` finds a Python that is new enough and calls this. It needs the standard library only.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from setup.crew import PROJECT, Crew, SetupError, stop_when_told

STAMPS = PROJECT / ".setup-stamps"
MANIFEST = PROJECT / "gridmap/maps/static/vendor/manifest.json"
BROWSER = STAMPS / "browser.json"
READ_BY_SETUP = ("pyproject.toml", "constraints.txt", "setup/*.py", "setup/*.sh", "web/*.json", "web/*.txt")


@dataclass(frozen=True)
class Stage:
    """What one stage adds to the bare machine."""

    name: str
    extras: tuple[str, ...] = ()
    environment: str = ".venv"
    requirements: str | None = None
    includes: tuple[str, ...] = ()
    makes: tuple[Path, ...] = (MANIFEST,)
    compiles: bool = True

    @property
    def python(self) -> Path:
        return PROJECT / self.environment / "bin/python"

    @property
    def stamp(self) -> Path:
        return STAMPS / self.name


STAGES = {
    "demo": Stage("demo", compiles=False),
    "run": Stage("run", includes=("demo",)),
    "test": Stage("test", ("test", "lint", "notebook"), includes=("demo", "run"), makes=(MANIFEST, BROWSER)),
    "bench": Stage("bench", environment=".venv-bench", requirements="benchmarks/requirements.txt", makes=()),
}


def fingerprint(stage: Stage) -> str:
    """Summarise all that a stage was made from, this place and the Python in it."""
    summary = hashlib.sha256(f"{PROJECT}\n".encode())
    patterns = [*READ_BY_SETUP, stage.requirements] if stage.requirements else READ_BY_SETUP
    for file in sorted(file for pattern in patterns for file in PROJECT.glob(pattern)):
        summary.update(file.read_bytes())
    ask = [str(stage.python), "-I", "-S", "-c", "import sys; print(sys.version)"]
    try:
        summary.update(subprocess.run(ask, capture_output=True, check=True).stdout)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return "there is no Python"
    return summary.hexdigest()


def is_done(stage: Stage) -> bool:
    """Tell whether nothing has changed since this stage, or one that includes it, was done."""
    now = fingerprint(stage)
    wider = [each for each in STAGES.values() if stage.name in (each.name, *each.includes)]
    return any(
        each.stamp.is_file() and each.stamp.read_text("utf-8") == now and all(file.exists() for file in each.makes)
        for each in wider
    )


def build(stage: Stage, crew: Crew) -> None:
    """From python3 to an environment with gridmap in it, a PostGIS, and what pages and tests need."""
    ours = (sys.executable, "-m")
    # They share nothing but the network with what follows.
    if stage.extras or stage.requirements or not os.environ.get("DATABASE_URL"):
        crew.start("looking for PostGIS", *ours, "gridmap.storage.packages", talks=True)
    if BROWSER in stage.makes:
        crew.start("looking for a browser", *ours, "setup.browser", talks=True)  # and for a font
    elif MANIFEST in stage.makes:
        crew.start("looking for a font", *ours, "setup.fonts", talks=True)
    with _pip(stage, crew) as variables:
        packages = (*ours, "setup.python_packages", stage.python)
        crew.run("installing uv", *packages, "uv", talks=True, **variables)
        web = _fetch_web(stage, crew, variables)
        more = (*stage.extras, *([stage.requirements] if stage.requirements else ()))
        crew.run("installing the Python packages", *packages, "all", *more, talks=True, **variables)
    if stage.compiles:
        crew.start("compiling the locator", stage.python, "-m", "gridmap.spatial.locator")
        crew.start("compiling the statistics", stage.python, "-m", "gridmap.analytics.kernels")
    crew.run("installing gridmap itself", *packages, "gridmap", talks=True)
    if web:
        crew.finish(web)
        crew.run("placing the scripts and styles of the pages", stage.python, "-m", "setup.web_assets", talks=True)
    crew.finish()


def _fetch_web(stage: Stage, crew: Crew, variables: dict[str, str]) -> Future[None] | None:
    if MANIFEST not in stage.makes:
        return None
    command = (sys.executable, "-m", "setup.web_assets", "fetch", stage.python)
    return crew.start("fetching the scripts and styles of the pages", *command, talks=True, **variables)


@contextmanager
def _pip(stage: Stage, crew: Crew) -> Iterator[dict[str, str]]:
    """Make the environment if need be, and say how to get at pip until pip is in it."""
    if _usable(stage.python):
        yield {}
        return
    shutil.rmtree(PROJECT / stage.environment, ignore_errors=True)
    crew.run(f"making {stage.environment}", sys.executable, "-m", "venv", "--without-pip", PROJECT / stage.environment)
    wheel = _pip_at_hand() or _pip_from_packages(crew)
    # Straight from its wheel, pip can do what it is asked.
    yield {"PYTHONPATH": str(wheel)}
    shutil.rmtree(STAMPS / "pip", ignore_errors=True)


def _usable(python: Path) -> bool:
    """A virtual environment of another Python, or one that was moved here, does not work."""
    try:
        subprocess.run([str(python), "-c", "import pip"], capture_output=True, check=True)  # noqa: S603
        return str(python) in python.with_name("pip").read_text("utf-8")[:1000]
    except (OSError, subprocess.CalledProcessError):
        return False


def _pip_at_hand() -> Path | None:
    """Find the wheel that comes with Python, or that a distribution keeps for it."""
    bundled = Path(sysconfig.get_path("stdlib")) / "ensurepip/_bundled"
    for folder in (bundled, Path("/usr/share/python-wheels")):
        for wheel in sorted(folder.glob("pip-*.whl")):
            return wheel
    return None


def _pip_from_packages(crew: Crew) -> Path:
    if shutil.which("apt-get") is None:
        raise SetupError("this Python has no pip: install your system's python3-venv and python3-pip")
    folder = STAMPS / "pip"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    command = (sys.executable, "setup/pip_wheel.py", folder)
    crew.run("fetching pip from this distribution's packages", *command, talks=True, PYTHONPATH=str(PROJECT))
    [wheel] = folder.glob("usr/share/python-wheels/pip-*.whl")
    return wheel


@contextmanager
def _alone() -> Iterator[None]:
    """Wait for another set-up of this clone, whose work may be all that is wanted."""
    STAMPS.mkdir(exist_ok=True)
    with (STAMPS / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for another set-up of this clone", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(arguments: list[str]) -> int:
    """Bring the clone to a stage; at once when nothing has changed."""
    name = arguments[0] if arguments else "run"
    if name not in STAGES:
        print(f"setup/bootstrap.sh: the stage is demo, run, test or bench, not {name}", file=sys.stderr)
        return 2
    stage = STAGES[name]
    if stage.requirements and not (PROJECT / stage.requirements).exists():
        raise SetupError(f"{stage.requirements} is missing")
    if is_done(stage):
        return 0
    with _alone():
        if not is_done(stage):
            with Crew(STAMPS / f"{name}.log") as crew:
                build(stage, crew)
                stage.stamp.write_text(fingerprint(stage), "utf-8")
                crew.say("ready")
    return 0


if __name__ == "__main__":
    stop_when_told()
    try:
        sys.exit(main(sys.argv[1:]))
    except SetupError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
