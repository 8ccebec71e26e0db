"""`make setup-run` and `make demo` work on a machine that has python3 and make and nothing else."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "setup" / "bare_machine.py"


def the_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bare_machine", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.prove
@pytest.mark.parametrize("user", ["root", "resident"])
@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_a_bare_machine_is_set_up_by_one_command(suite: str, user: str) -> None:
    script = the_script()
    if reason := script.missing():
        pytest.skip(reason)
    script.prove(suite, user)


@pytest.mark.prove
@pytest.mark.parametrize(("suite", "user"), [("bookworm", "root"), ("trixie", "resident")])
def test_a_newcomer_has_an_answer_from_the_demo(suite: str, user: str) -> None:
    script = the_script()
    if reason := script.missing():
        pytest.skip(reason)
    with script.machine(suite, user) as system:
        script.inside(system, user, ["python3", "-m", "setup.newcomer"])
