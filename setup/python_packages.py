"""Installs Python packages with uv as pip would have, only faster, and with pip where uv cannot.

    python -m setup.python_packages PYTHON uv               uv itself
    python -m setup.python_packages PYTHON all lint test    what gridmap needs, and these extras of it
    python -m setup.python_packages PYTHON gridmap          gridmap, editable

uv reads none of pip's settings, so they are read here at run time and handed to it: the index, further
indexes and folders, certificates, proxies. A setting that uv has no word for leaves the work to pip.
"""

from __future__ import annotations

import ast
import os
import ssl
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from setup.crew import PROJECT, SetupError, stop_when_told

CONSTRAINTS = PROJECT / "constraints.txt"
TOOLS = ("pip", "setuptools", "uv")

# What uv calls a setting of pip's; both take several values one after the other.
FOR_UV = {
    "index-url": ("UV_DEFAULT_INDEX",),
    "extra-index-url": ("UV_INDEX",),
    "find-links": ("UV_FIND_LINKS",),
    "trusted-host": ("UV_INSECURE_HOST",),
    "no-index": ("UV_NO_INDEX",),
    "cert": ("SSL_CERT_FILE",),
    "client-cert": ("SSL_CLIENT_CERT",),
    "proxy": ("HTTP_PROXY", "HTTPS_PROXY"),
    "timeout": ("UV_HTTP_TIMEOUT",),
    "retries": ("UV_HTTP_RETRIES",),
    "no-cache-dir": ("UV_NO_CACHE",),
}
# Settings that say how pip talks, not what it installs.
OF_NO_MATTER = {
    "break-system-packages",
    "cache-dir",
    "disable-pip-version-check",
    "log",
    "no-color",
    "no-input",
    "no-python-version-warning",
    "no-warn-script-location",
    "progress-bar",
    "quiet",
    "require-virtualenv",
    "require-venv",
    "root-user-action",
    "verbose",
}


def pip_settings(listing: str) -> dict[str, str]:
    """Read what `pip config list` prints; a variable outdoes a section, [install] outdoes [global]."""
    settings: dict[str, str] = {}
    for section in ("global", "install", ":env:"):
        for line in listing.splitlines():
            name, _, value = line.partition("=")
            if name.startswith(f"{section}."):
                key = name.removeprefix(f"{section}.").removeprefix("default-")
                settings[key] = str(ast.literal_eval(value))
    return settings


def settings_of(python: Path) -> dict[str, str]:
    """Ask the pip of a Python how it is set up."""
    return pip_settings(_run([python, "-m", "pip", "config", "list"]).stdout)


def environ_for_uv(settings: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Say the same to uv by its variables; what a person told uv himself stays as it is."""
    told: dict[str, str] = {}
    for key, value in settings.items():
        for name in FOR_UV.get(key, ()):
            told[name] = _in_uvs_form(key, value.split())
    # pip takes the best version of all indexes, and knows the system's certificates.
    told.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    if "SSL_CERT_FILE" not in told | dict(own) and ssl.get_default_verify_paths().cafile:
        told["UV_SYSTEM_CERTS"] = "1"
    return told | {name: value for name, value in own.items() if name.startswith("UV_")}


def _in_uvs_form(key: str, values: list[str]) -> str:
    if key == "find-links":
        # A folder that is not there is nothing to pip, and an error to uv.
        return ",".join(value for value in values if "://" in value or Path(value).exists())
    if key == "proxy":
        return " ".join(value if "://" in value else f"http://{value}" for value in values)
    return " ".join(values)


def beyond_uv(settings: Iterable[str]) -> list[str]:
    """Name the settings that change what is installed and that uv cannot be told."""
    return sorted(set(settings) - FOR_UV.keys() - OF_NO_MATTER)


def requirements(extras: Sequence[str] = ()) -> list[str]:
    """List what pyproject.toml asks for, and the tools that install it."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    unknown = set(extras) - project["optional-dependencies"].keys()
    if unknown:
        raise SetupError(f"pyproject.toml has no extra {', '.join(sorted(unknown))}")
    wanted = [*project["dependencies"], *TOOLS]
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    return wanted


def install(python: Path, *arguments: str | Path) -> None:
    """Install into the environment of a Python, with uv if it can, else with pip."""
    reason = _with_uv(python, arguments)
    if reason is None:
        return
    print(f"uv was of no use ({reason}): installing with pip", flush=True)
    done = _run([python, "-m", "pip", "install", "--no-input", "--progress-bar", "off", *arguments])
    print(done.stdout, flush=True)
    if done.returncode != 0:
        raise SetupError(_what_pip_said(done.stdout))


def _with_uv(python: Path, arguments: Sequence[str | Path]) -> str | None:
    """Return why it did not work."""
    uv = python.with_name("uv")
    if not uv.exists():
        return "it is not here"
    settings = settings_of(python)
    if beyond := beyond_uv(settings):
        return f"it cannot be told pip's {', '.join(beyond)}"
    own = {**os.environ, **environ_for_uv(settings, os.environ)}
    done = _run([uv, "pip", "install", "--no-progress", "--python", python, *arguments], own)
    print(done.stdout, flush=True)
    return None if done.returncode == 0 else f"it ended with {done.returncode}"


def fetch_uv(python: Path) -> None:
    """Let pip install uv; where it cannot, pip does without."""
    if not python.with_name("uv").exists():
        print(_run([python, "-m", "pip", "install", "--no-input", "-c", CONSTRAINTS, "uv"]).stdout, flush=True)


def _run(command: Sequence[str | Path], environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [str(part) for part in command],
        cwd=PROJECT,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


def _what_pip_said(output: str) -> str:
    # All pins are known to fit together: no solution means that the index was not reached.
    hints = ("connection", "resolution", "network", "timed out", "no matching distribution")
    if any(hint in output.lower() for hint in hints):
        return "the Python packages cannot be fetched: check the network and pip's settings"
    errors = [line for line in output.splitlines() if line.startswith("ERROR")]
    return f"installing the Python packages failed: {errors[-1] if errors else 'pip did not say why'}"


def main(arguments: Sequence[str]) -> None:
    """Install what the command line names."""
    python, what, *more = Path(arguments[0]), *arguments[1:]
    if what == "uv":
        fetch_uv(python)
    elif what == "gridmap":
        install(python, "--no-deps", "--no-build-isolation", "--editable", PROJECT)
    else:
        files = [part for each in more if each.endswith(".txt") for part in ("-r", each)]
        extras = [each for each in more if not each.endswith(".txt")]
        install(python, "-c", CONSTRAINTS, *files, *requirements(extras))


if __name__ == "__main__":
    stop_when_told()
    try:
        main(sys.argv[1:])
    except SetupError as error:
        sys.exit(str(error))
