"""PostgreSQL with PostGIS is found where it is, and fetched where it is not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gridmap.errors import StoreError
from gridmap.storage.binaries import Binaries, available, library_path
from gridmap.storage.packages import DEPENDENCY, NOT_NEEDED, fetch
from gridmap.storage.programs import run

APT_CACHE_DEPENDS = """\
postgresql-15
  Depends: libc6
 |Depends: locales
  Depends: <locales-all>
    locales
  PreDepends: <virtual-thing>
    first-provider
    second-provider
  Depends: libicu72
"""


def a_server_in(prefix: Path, major: int, *extensions: str) -> None:
    programs = prefix / f"usr/lib/postgresql/{major}/bin"
    controls = prefix / f"usr/share/postgresql/{major}/extension"
    programs.mkdir(parents=True)
    controls.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (programs / name).touch(0o755)
    for extension in extensions:
        (controls / f"{extension}.control").touch()


def found_in(prefix: Path) -> list[Binaries]:
    return [each for each in available([prefix]) if each.prefix == prefix]


def test_a_server_without_postgis_is_passed_over(tmp_path: Path) -> None:
    a_server_in(tmp_path, 17, "btree_gist")
    a_server_in(tmp_path, 15, "btree_gist", "postgis")
    assert [each.major for each in found_in(tmp_path)] == [15]


def test_the_newest_of_several_servers_comes_first(tmp_path: Path) -> None:
    for major in (9, 17, 16):
        a_server_in(tmp_path, major, "btree_gist", "postgis")
    assert [each.major for each in found_in(tmp_path)] == [17, 16, 9]


def test_an_empty_prefix_holds_nothing(tmp_path: Path) -> None:
    assert found_in(tmp_path / "nowhere") == []


def test_only_a_private_server_is_told_where_its_libraries_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("LD_PRELOAD", "")
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    (tmp_path / "usr/lib/x86_64-linux-gnu").mkdir(parents=True)
    private = Binaries(tmp_path, tmp_path, 15, tmp_path).environ()
    system = Binaries(tmp_path, tmp_path, 15).environ()
    assert private["LD_LIBRARY_PATH"] == library_path(tmp_path) == f"{tmp_path}/usr/lib/x86_64-linux-gnu"
    assert "LD_LIBRARY_PATH" not in system
    for environ in (private, system):
        assert environ["LC_ALL"] == "C.UTF-8"
        assert environ.keys().isdisjoint({"PGPORT", "LD_PRELOAD"})


def test_alternatives_and_virtual_packages_are_read() -> None:
    read = [(virtual, name, providers.split()) for virtual, name, providers in DEPENDENCY.findall(APT_CACHE_DEPENDS)]
    assert read == [
        ("", "libc6", []),
        ("", "locales", []),
        ("<", "locales-all", ["locales"]),
        ("<", "virtual-thing", ["first-provider", "second-provider"]),
        ("", "libicu72", []),
    ]


@pytest.mark.parametrize("name", ["libgdal32", "libllvm14", "perl-base", "libc6", "locales"])
def test_what_only_raster_or_a_whole_system_needs_is_left_out(name: str) -> None:
    assert NOT_NEEDED.match(name)


@pytest.mark.parametrize("name", ["libgeos-c1v5", "libproj25", "proj-data", "libpq5", "libc6-dev", "postgresql-15"])
def test_what_postgis_needs_is_kept(name: str) -> None:
    assert not NOT_NEEDED.match(name)


def test_a_system_without_apt_is_told_in_one_line_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreError, match=r"^no PostgreSQL with PostGIS here: install .*set DATABASE_URL[^\n]*$"):
        fetch(tmp_path / "postgresql")


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_fetched() -> None:
    if shutil.which("apt-get") is None:
        pytest.skip("this system has no apt")
    with pytest.raises(StoreError, match=r"^/proc/gridmap cannot be made .*set GRIDMAP_HOME elsewhere$"):
        fetch(Path("/proc/gridmap/postgresql"))


def test_a_program_that_is_missing_or_fails_becomes_one_line() -> None:
    with pytest.raises(StoreError, match=r"^the program no-such-program is not on this machine: install it$"):
        run(["no-such-program"])
    with pytest.raises(StoreError, match=r"^ls failed: [^\n]*no-such-file[^\n]*$"):
        run(["ls", "/no-such-file"])


@pytest.mark.prove
def test_the_distributions_packages_make_a_server(tmp_path: Path) -> None:
    if shutil.which("apt-get") is None:
        pytest.skip("this system has no apt")
    said: list[str] = []
    prefix = fetch(tmp_path / "a prefix" / "postgresql", said.append)
    [binaries] = found_in(prefix)
    version = run([binaries.programs / "postgres", "--version"], environ=binaries.environ())
    assert f"(PostgreSQL) {binaries.major}." in version
    assert any("MB" in text for text in said)
    assert fetch(prefix) == prefix
