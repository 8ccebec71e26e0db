"""The private server: shared, gone with its last user, and not to be broken by what a crash leaves."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from gridmap.errors import StoreError
from gridmap.storage.cluster import Cluster
from gridmap.storage.server import Server

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE = 20.0  # seconds until we call it hanging; what is awaited takes about one

USER = """
import sys
from pathlib import Path
from gridmap.storage.cluster import Cluster
cluster = Cluster(Path(sys.argv[1]), durable=False).start()
print(cluster.database("town"), flush=True)
"""
HOLDING = USER + "sys.stdin.read()\n"
FORKING = (
    USER
    + """
import os, time
child = os.fork()
if child == 0:
    time.sleep(600)
print(child, flush=True)
sys.stdin.read()
"""
)


@pytest.fixture
def home() -> Iterator[Path]:
    """A home which the server's user can enter, as pytest's own folders are not when root runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="gridmap test "))
    folder.chmod(0o755)
    yield folder / "home"
    Cluster(folder / "home").stop()
    assert becomes_true(lambda: not watchers(folder))
    shutil.rmtree(folder)


@pytest.fixture
def cluster(home: Path) -> Iterator[Cluster]:
    with Cluster(home, durable=False) as started:
        yield started


@pytest.fixture
def spawn() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start other processes that use a home, and end them afterwards."""
    started: list[subprocess.Popen[str]] = []

    def start(script: str, home: Path, **environ: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=PROJECT,
            env={**os.environ, **environ},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def becomes_true(question: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE
    while not question():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def server_of(home: Path) -> Server:
    return Server(home / "cluster")


def pid_of(home: Path) -> int:
    pid = server_of(home).pid()
    assert pid is not None
    return pid


def watchers(home: Path) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"gridmap.storage.watcher" in words and os.fsencode(home) in b" ".join(words):
            found.append(int(process.name))
    return found


def ask(cluster: Cluster, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
    url = cluster.url(database).replace("+psycopg2", "")
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []


def test_a_started_cluster_answers_with_postgis(cluster: Cluster) -> None:
    cluster.database("town")
    assert ask(cluster, "SELECT ST_AsText(ST_Point(113, 23))", "town") == [("POINT(113 23)",)]
    assert ask(cluster, "SELECT extname FROM pg_extension WHERE extname LIKE 'btree%'", "town")


def test_the_path_may_hold_spaces_quotes_chinese_and_be_long(home: Path) -> None:
    with Cluster(home / "it's $HOME" / ("網格化 管理" * 12) / ("b" * 100), durable=False) as cluster:
        assert ask(cluster, "SELECT 1") == [(1,)]


def test_it_is_started_once_and_starting_again_is_harmless(cluster: Cluster, home: Path) -> None:
    first = pid_of(home)
    assert cluster.start() is cluster
    with Cluster(home, durable=False):
        assert pid_of(home) == first


def test_sixteen_processes_may_race_for_a_fresh_home(home: Path, spawn: Callable[..., subprocess.Popen[str]]) -> None:
    racers = [spawn(USER, home) for _ in range(16)]
    answers = [racer.communicate(timeout=120) for racer in racers]
    assert [racer.returncode for racer in racers] == [0] * 16, answers
    assert len({url for url, _ in answers}) == 1


def test_the_server_goes_with_its_last_user_even_after_kill_9(
    home: Path, spawn: Callable[..., subprocess.Popen[str]]
) -> None:
    first, last = spawn(HOLDING, home), spawn(HOLDING, home)
    assert first.stdout is not None
    assert last.stdout is not None
    assert first.stdout.readline() == last.stdout.readline()
    server = server_of(home)
    socket = server.socket()
    first.kill()
    time.sleep(0.5)
    assert server.ready()
    last.kill()
    assert becomes_true(lambda: server.pid() is None and not socket.exists())


def test_a_forked_child_does_not_keep_the_server(home: Path, spawn: Callable[..., subprocess.Popen[str]]) -> None:
    parent = spawn(FORKING, home)
    assert parent.stdout is not None
    parent.stdout.readline()
    child = int(parent.stdout.readline())
    try:
        parent.kill()
        assert becomes_true(lambda: server_of(home).pid() is None)
        os.kill(child, 0)
    finally:
        os.kill(child, signal.SIGKILL)


def test_the_server_itself_does_not_count_as_a_user(cluster: Cluster, home: Path) -> None:
    files = {str(each.readlink()) for each in Path(f"/proc/{pid_of(home)}/fd").iterdir()}
    assert str(home / "cluster" / "server.lock") in files
    assert str(home / "cluster" / "users.lock") not in files


def test_a_server_that_was_stopped_starts_again(cluster: Cluster, home: Path) -> None:
    cluster.database("town")
    cluster.stop()
    assert server_of(home).pid() is None
    cluster.start()
    assert ask(cluster, "SELECT 1", "town") == [(1,)]


def test_a_new_watcher_takes_over_from_a_killed_one(cluster: Cluster, home: Path) -> None:
    [watcher] = watchers(home)
    os.kill(watcher, signal.SIGKILL)
    assert becomes_true(lambda: not watchers(home))
    cluster.start()
    cluster.release()
    assert becomes_true(lambda: server_of(home).pid() is None)


def test_a_stale_pid_file_whose_number_now_belongs_to_another_is_survived(cluster: Cluster, home: Path) -> None:
    pid_file = home / "cluster" / "data" / "postmaster.pid"
    said = pid_file.read_text("utf-8").split("\n")
    cluster.stop()
    pid_file.write_text("\n".join([str(os.getpid()), *said[1:]]), "utf-8")
    cluster.start()
    assert pid_of(home) != os.getpid()
    assert ask(cluster, "SELECT 1") == [(1,)]


def test_a_half_made_data_directory_is_set_aside(home: Path) -> None:
    Cluster(home, durable=False).start().stop()
    data = home / "cluster" / "data"
    (data / "PG_VERSION").unlink()
    (home / "cluster" / "data.new.1").mkdir()
    with Cluster(home, durable=False) as cluster:
        assert ask(cluster, "SELECT 1") == [(1,)]
    assert len(list((home / "cluster").glob("data.broken.*"))) == 1
    assert not list((home / "cluster").glob("data.new.*"))


def test_what_was_committed_outlives_a_killed_server(home: Path) -> None:
    with Cluster(home) as cluster:
        assert ask(cluster, "SHOW fsync") == [("on",)]
        assert ask(cluster, "SHOW synchronous_commit") == [("on",)]
        cluster.database("town")
        ask(cluster, "CREATE TABLE kept AS SELECT generate_series(1, 10000) AS n", "town")
        os.kill(pid_of(home), signal.SIGKILL)
        assert becomes_true(lambda: server_of(home).pid() is None)
        cluster.start()
        assert ask(cluster, "SELECT count(*) FROM kept", "town") == [(10000,)]


def test_orphans_of_a_killed_server_are_ended_before_a_new_one_starts(cluster: Cluster, home: Path) -> None:
    with closing(psycopg2.connect(cluster.url("postgres").replace("+psycopg2", ""))) as connection:
        orphan = connection.get_backend_pid()
        os.kill(orphan, signal.SIGSTOP)  # it will not notice that its parent has gone
        os.kill(pid_of(home), signal.SIGKILL)
        assert becomes_true(lambda: server_of(home).pid() is None)
        cluster.start()
        assert not Path(f"/proc/{orphan}/exe").exists()
        assert ask(cluster, "SELECT 1") == [(1,)]


def test_data_of_another_version_are_refused_and_left_alone(home: Path) -> None:
    Cluster(home, durable=False).start().stop()
    data = home / "cluster" / "data"
    (data / "PG_VERSION").write_text("9\n", "ascii")
    before = {path: path.stat().st_mtime_ns for path in sorted(data.rglob("*"))}
    with pytest.raises(StoreError, match=r"was made by PostgreSQL 9 .*nothing was changed"):
        Cluster(home, durable=False).start()
    assert {path: path.stat().st_mtime_ns for path in sorted(data.rglob("*"))} == before
    assert server_of(home).pid() is None


def test_it_listens_on_no_network(cluster: Cluster, home: Path) -> None:
    assert ask(cluster, "SHOW listen_addresses") == [("",)]
    sockets = {str(each.readlink()) for each in Path(f"/proc/{pid_of(home)}/fd").iterdir()}
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in (Path("/proc/net") / table).read_text("ascii").splitlines()[1:]:
            assert f"socket:[{line.split()[9]}]" not in sockets


def test_nobody_else_may_enter_its_socket(cluster: Cluster, home: Path) -> None:
    assert server_of(home).socket().stat().st_mode & 0o777 == 0o700


def test_the_callers_environment_does_not_reach_it(
    home: Path, spawn: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    odd = {"PGPORT": "1", "PGDATABASE": "nowhere", "PGUSER": "nobody", "PGDATA": "/nowhere", "TZ": "Asia/Shanghai"}
    with Cluster(home, durable=False) as cluster:
        joined = spawn(USER, home, **odd, LC_ALL="C", TMPDIR=str(tmp_path))
        url, complaint = joined.communicate(timeout=60)
        assert joined.returncode == 0, complaint
        assert url.strip() == cluster.url("town")
        # Without a UTF-8 character type pg_trgm finds no words in Chinese text.
        assert ask(cluster, "SELECT DISTINCT datctype FROM pg_database") == [("C.UTF-8",)]


def test_a_database_for_tests_is_never_taken_for_one_that_keeps(cluster: Cluster, home: Path) -> None:
    with pytest.raises(StoreError, match="holds a database for tests"):
        Cluster(home).start()


def test_a_home_that_keeps_is_never_made_volatile(home: Path) -> None:
    Cluster(home).start().stop()
    with Cluster(home, durable=False) as cluster:
        assert ask(cluster, "SHOW fsync") == [("on",)]


def test_what_may_take_a_second_is_said_beforehand(home: Path) -> None:
    said: list[str] = []
    with Cluster(home, durable=False, progress=said.append):
        assert said == ["Making the database directory", "Starting the database"]


def test_a_home_that_cannot_be_made_is_refused_in_one_line() -> None:
    with pytest.raises(StoreError, match=r"^/proc/gridmap\S* cannot be made .*set GRIDMAP_HOME elsewhere$"):
        Cluster(Path("/proc/gridmap")).start()


def test_a_cluster_that_was_never_started_has_no_url(home: Path) -> None:
    with pytest.raises(StoreError, match="is not running: start it first"):
        Cluster(home).url("town")
