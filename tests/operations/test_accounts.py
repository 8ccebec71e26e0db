"""Who may come in, by what, for how long, and what he then may see."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from gridmap.domain import passwords
from gridmap.domain.model import Account, ApiKey, Receipt, SignIn, Site
from gridmap.domain.rights import ACCOUNT_ROLES, Viewer
from gridmap.errors import InputError, NotFoundError, RefusedError
from gridmap.operations import accounts
from gridmap.settings import Settings
from gridmap.storage import people
from gridmap.storage.accounts import FIRST_LOCK, LONGEST_LOCK, WRONG_ALLOWED
from gridmap.storage.cluster import Cluster
from gridmap.storage.database import Database
from tests.conftest import fresh_store
from tests.operations.conftest import NOW

SECRET = b"s" * 32
PASSWORD = "correct horse battery"
SOON = NOW + timedelta(seconds=1)
Adder = Callable[..., Account]


@pytest.fixture
def add(session: Session) -> Adder:
    """Add an account of the estate, saying only what matters."""

    def add_account(name: str, role: str, **said: Any) -> Account:
        words: dict[str, Any] = {"site": "WJ", "grid": None, "person": None, "password": None, "at": NOW, **said}
        return accounts.add(session, name, role, **words)

    return add_account


@pytest.fixture
def chief(session: Session) -> Account:
    """An administrator of all sites, who needs no site."""
    return accounts.add(session, "chief", "admin", None, None, None, PASSWORD, NOW)


def seen(session: Session, account: Account, at: datetime = NOW) -> Viewer:
    """What an account sees, by a key of its own."""
    viewer = accounts.viewer_of_key(session, SECRET, accounts.new_key(session, account, SECRET, NOW), at)
    assert viewer is not None
    return viewer


def tries(session: Session, password: str, at: datetime, name: str = "chief") -> bool:
    return accounts.sign_in(session, SECRET, name, password, at) is not None


# ---------------------------------------------------------------- what an account is of


def test_whoever_is_of_a_grid_sees_that_grid(session: Session, estate: Site, add: Adder) -> None:
    account = add("li", "grid_owner", grid="Z1-C1-1", person="P-Z1-C1-1")
    person_id = people_id(session, "P-Z1-C1-1")
    assert seen(session, account) == Viewer(
        account.id, "li", "grid_owner", estate.id, "WJ", ("Z1-C1-1",), person_id, "P-Z1-C1-1"
    )


def people_id(session: Session, code: str) -> int:
    return int(session.scalar(text("select id from person where code = :code"), {"code": code}))


def test_whoever_is_of_a_person_sees_the_grids_of_his_posts_at_that_moment(
    session: Session, estate: Site, add: Adder
) -> None:
    account = add("wang", "supervisor", person="P-Z1-C2")
    assert seen(session, account).grids == ("Z1-C2",)
    move_post(session, estate, "Z1-C2", to="P-Z2-C1")
    assert seen(session, account, SOON).grids == ()
    assert seen(session, add("chen", "supervisor", person="P-Z2-C1", at=SOON), SOON).grids == ("Z1-C2", "Z2-C1")


def move_post(session: Session, site: Site, grid: str, to: str) -> None:
    """A post goes to somebody else at once."""
    session.execute(
        text("update post set person_id = :person where site_id = :site and grid_code = :grid"),
        {"person": people_id(session, to), "site": site.id, "grid": grid},
    )


def test_a_post_in_another_role_shows_nothing_more(session: Session, estate: Site, add: Adder) -> None:
    session.execute(
        text("""
            insert into post (site_id, role, person_id, valid_from)
            select site_id, 'dispatcher', id, '2020-01-01' from person where code = 'P-Z1-C1-1'
        """)
    )
    assert seen(session, add("li", "grid_owner", person="P-Z1-C1-1")).grids == ("Z1-C1-1",)


def test_a_deputy_sees_what_he_stands_in_for_while_the_holder_is_away(
    session: Session, estate: Site, add: Adder
) -> None:
    account = add("stand-in", "grid_owner", person="DEP")
    assert seen(session, account).grids == ()
    row = {"code": "P-Z2-C1-3", "name": "x", "away_from": NOW, "away_to": NOW + timedelta(days=1)}
    people.write_people(session, estate.id, pd.DataFrame([row], dtype=object), NOW)
    assert seen(session, account).grids == ("Z2-C1-3",)
    assert seen(session, account, NOW + timedelta(days=1)).grids == ()


def test_a_post_for_the_whole_site_shows_the_whole_site(session: Session, estate: Site, add: Adder) -> None:
    assert seen(session, add("tom", "technician", person="TOM")).grids is None
    assert seen(session, add("eve", "contractor", person="EVE")).grids == ()


@pytest.mark.parametrize("role", ["resident", "dispatcher", "analyst", "admin"])
def test_other_roles_see_their_site_or_the_grid_they_are_given(
    session: Session, estate: Site, add: Adder, role: str
) -> None:
    assert seen(session, add("a", role)).grids is None
    assert seen(session, add("b", role, grid="Z1")).grids == ("Z1",)
    assert seen(session, add("a2", role)).site == "WJ"


def test_an_administrator_may_be_of_all_sites_and_nobody_else(session: Session, estate: Site, add: Adder) -> None:
    assert seen(session, add("chief", "admin", site=None)).site is None
    assert seen(session, add("desk", "dispatcher", site=None)).site == "WJ"


def test_nobody_is_of_a_site_that_is_not_there(session: Session) -> None:
    with pytest.raises(NotFoundError, match="the store holds no site yet"):
        accounts.add(session, "desk", "dispatcher", None, None, None, None, NOW)


@pytest.mark.parametrize(
    ("role", "said", "complaint"),
    [
        ("king", {}, "role 'king' is not known: choose one of resident, grid_owner"),
        ("grid_owner", {}, "a grid owner is of a grid: name it by --grid CODE"),
        ("supervisor", {"person": "GUS"}, "GUS is supervisor of no grid: name the grid by --grid CODE"),
        ("technician", {}, "a technician sees the work of a person: name him by --person CODE"),
        ("contractor", {"grid": "Z1"}, "a contractor sees the work of a person"),
        ("grid_owner", {"grid": "Z9"}, "there is no grid Z9 in Edition 1 of WJ"),
        ("grid_owner", {"grid": "Z1", "person": "NOBODY"}, "there is nobody NOBODY in WJ"),
        ("dispatcher", {"site": "XX"}, "there is no site XX"),
        ("dispatcher", {"password": "short"}, "the password has 5 characters: it needs 10"),
    ],
)
def test_an_account_that_cannot_be_is_refused_in_a_sentence(
    session: Session, estate: Site, add: Adder, role: str, said: dict[str, Any], complaint: str
) -> None:
    with pytest.raises((InputError, NotFoundError, RefusedError)) as refused:
        add("li", role, **said)
    assert str(refused.value).startswith(complaint)
    assert session.scalar(select(func.count()).select_from(Account)) == 0


@pytest.mark.parametrize("name", ["li", "李大为", "li.wei_2@estate-1", "Ж", "1", "x" * 64])
def test_a_name_is_of_any_script(session: Session, name: str) -> None:
    assert accounts.add(session, name, "admin", None, None, None, None, NOW).name == name


@pytest.mark.parametrize("name", ["", "-rf", "_", "a b", "a\n", "a/b", "<b>", "x" * 65, "a\0", "\ud800", "。"])
def test_a_name_that_steers_or_cannot_be_typed_is_refused(session: Session, name: str) -> None:
    with pytest.raises(InputError, match="1 to 64 letters"):
        accounts.add(session, name, "admin", None, None, None, None, NOW)


def test_a_name_is_given_once_however_its_letters_are_written(session: Session) -> None:
    accounts.add(session, "Jos\u00e9", "admin", None, None, None, PASSWORD, NOW)
    with pytest.raises(RefusedError, match="there is an account José already: choose another"):
        accounts.add(session, "Jose\u0301", "admin", None, None, None, None, NOW)
    assert tries(session, PASSWORD, NOW, name="Jose\u0301")


# ---------------------------------------------------------------- passwords


@pytest.mark.parametrize(
    ("password", "name"),
    [
        ("Password123", "li"), ("admin!888888", "li"), ("1234567890", "li"), ("20260501120000", "li"),
        ("qwertyuiop", "li"), ("poiuytrewq", "li"), ("aaaaaaaaaaaa", "li"), ("abababababab", "li"),
        ("li12345678", "li"), ("grid.owner.1", "grid.owner.1"), ("1.renwo.dirg", "grid.owner.1"),
        ("Ｐassword1234", "x"), ("x" * 9, "li"), ("correct horse " * 20, "li"),
    ],
)  # fmt: skip
def test_an_obvious_password_is_refused(password: str, name: str) -> None:
    with pytest.raises(InputError, match="the password"):
        passwords.check(password, name)


@pytest.mark.parametrize("password", [PASSWORD, "一二三四五六七八九十", "Tr0ub4dor&3", "x9!fQ2pL0z"])
def test_a_password_worth_its_name_is_taken(password: str) -> None:
    passwords.check(password, "li")


def test_a_new_password_is_never_refused() -> None:
    drawn = {accounts.new_password() for _ in range(200)}
    for password in drawn:
        passwords.check(password, "li")
    assert len(drawn) == 200


def test_a_password_is_kept_as_a_hash_and_is_the_same_however_it_is_typed(session: Session) -> None:
    account = accounts.add(session, "li", "admin", None, None, None, "ｃｏｒｒｅｃｔ　ｈｏｒｓｅ", NOW)
    assert str(account.password_hash).startswith("$argon2id$")
    assert tries(session, "correct horse", NOW, name="li")


def test_whoever_signs_in_is_known_by_his_cookie_for_half_a_day(session: Session, chief: Account) -> None:
    signed = accounts.sign_in(session, SECRET, "chief", PASSWORD, NOW)
    assert signed is not None
    assert signed.viewer == Viewer(chief.id, "chief", "admin")
    for at, known in [(NOW, True), (NOW + timedelta(hours=11), True), (NOW + timedelta(hours=12), False)]:
        found = accounts.viewer_of_sign_in(session, SECRET, signed.token, "cookie", at)
        assert (found == signed.viewer) == known
    assert accounts.viewer_of_sign_in(session, b"another secret", signed.token, "cookie", NOW) is None
    assert accounts.viewer_of_sign_in(session, SECRET, signed.token, "token", NOW) is None
    assert session.scalar(select(SignIn.digest)) != signed.token.encode()


def test_a_token_lasts_a_quarter_of_an_hour(session: Session, chief: Account) -> None:
    signed = accounts.sign_in(session, SECRET, "chief", PASSWORD, NOW, "token")
    assert signed is not None
    late = NOW + timedelta(minutes=15)
    assert accounts.viewer_of_sign_in(session, SECRET, signed.token, "token", NOW) == signed.viewer
    assert accounts.viewer_of_sign_in(session, SECRET, signed.token, "token", late) is None


def test_whoever_signed_out_is_known_no_longer(session: Session, chief: Account) -> None:
    signed = accounts.sign_in(session, SECRET, "chief", PASSWORD, NOW)
    assert signed is not None
    accounts.sign_out(session, SECRET, signed.token, NOW)
    assert accounts.viewer_of_sign_in(session, SECRET, signed.token, "cookie", NOW) is None


@pytest.mark.parametrize("name", ["nobody", "closed", "keyed", "a\0", "\ud800", "", "x" * 10_000])
@pytest.mark.parametrize("password", [PASSWORD, "\ud800\0", "", "x" * 10_000])
def test_nobody_comes_in_without_an_open_account_and_its_password(session: Session, name: str, password: str) -> None:
    closed = accounts.add(session, "closed", "admin", None, None, None, PASSWORD, NOW)
    accounts.close(session, closed, NOW)
    accounts.add(session, "keyed", "admin", None, None, None, None, NOW)
    assert not tries(session, password, NOW, name=name)


def test_five_wrong_passwords_lock_an_account_and_the_lock_doubles(session: Session, chief: Account) -> None:
    at = NOW
    for _ in range(WRONG_ALLOWED):
        assert not tries(session, "wrong", at)
    lock = FIRST_LOCK
    for _ in range(8):
        just_before, over = at + lock - timedelta(seconds=1), at + lock
        assert not tries(session, PASSWORD, just_before)
        at = over
        assert not tries(session, "wrong", at)
        lock = min(2 * lock, LONGEST_LOCK)
    assert lock == LONGEST_LOCK
    assert tries(session, PASSWORD, at + lock)


def test_the_right_password_forgets_the_wrong_ones(session: Session, chief: Account) -> None:
    for _ in range(3):
        for _ in range(WRONG_ALLOWED - 1):
            assert not tries(session, "wrong", NOW)
        assert tries(session, PASSWORD, NOW)


def test_what_is_tried_while_an_account_is_locked_does_not_prolong_the_lock(session: Session, chief: Account) -> None:
    for _ in range(WRONG_ALLOWED + 5):
        assert not tries(session, "wrong", NOW)
    assert tries(session, PASSWORD, NOW + FIRST_LOCK)


def test_an_account_that_was_tried_for_years_is_still_locked_for_an_hour(session: Session, chief: Account) -> None:
    chief.failures = 2_000_000
    session.flush()
    assert not tries(session, "wrong", NOW)
    assert tries(session, PASSWORD, NOW + LONGEST_LOCK)


def test_a_failure_is_kept_by_committing_the_answer(database: Database) -> None:
    with database.session() as session:
        accounts.add(session, "chief", "admin", None, None, None, PASSWORD, NOW)
    for _ in range(WRONG_ALLOWED):
        with database.session() as session:
            assert not tries(session, "wrong", NOW)
    with database.session() as session:
        assert not tries(session, PASSWORD, NOW)


def test_however_many_guess_at_once_no_more_are_heard_than_allowed(database: Database) -> None:
    with database.session() as session:
        accounts.add(session, "chief", "admin", None, None, None, PASSWORD, NOW)
    start = threading.Barrier(8)

    def guess(number: int) -> bool:
        start.wait()
        with database.session() as session:
            return tries(session, f"wrong {number}", NOW)

    with ThreadPoolExecutor(8) as crowd:
        assert not any(crowd.map(guess, range(8)))
    with database.session() as session:
        assert session.scalar(select(Account.failures)) == WRONG_ALLOWED


def test_another_password_ends_the_old_one_and_whoever_came_in_by_it(session: Session, chief: Account) -> None:
    signed = accounts.sign_in(session, SECRET, "chief", PASSWORD, NOW)
    key = accounts.new_key(session, chief, SECRET, NOW)
    assert signed is not None
    for _ in range(WRONG_ALLOWED):
        tries(session, "wrong", NOW)
    accounts.set_password(session, chief, "another horse", NOW)
    assert accounts.viewer_of_sign_in(session, SECRET, signed.token, "cookie", NOW) is None
    assert accounts.viewer_of_key(session, SECRET, key, NOW) is not None
    session.expire_all()
    assert not tries(session, PASSWORD, NOW)
    assert tries(session, "another horse", NOW)


def test_a_hash_made_by_older_rules_is_made_anew(session: Session, chief: Account) -> None:
    cheap = accounts.PasswordHash((accounts.Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    chief.password_hash = cheap.hash(PASSWORD)
    session.flush()
    assert tries(session, PASSWORD, NOW)
    session.expire_all()
    assert str(chief.password_hash).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


# ---------------------------------------------------------------- links


def test_a_link_lets_its_bearer_in_once(session: Session, chief: Account) -> None:
    token = accounts.one_time_link_token(session, SECRET, chief, NOW)
    assert accounts.viewer_of_sign_in(session, SECRET, token, "cookie", NOW) is None
    signed = accounts.use_link(session, SECRET, token, NOW)
    assert signed is not None
    assert accounts.viewer_of_sign_in(session, SECRET, signed.token, "cookie", NOW) == signed.viewer
    assert accounts.use_link(session, SECRET, token, NOW) is None


def test_a_link_ends_in_time_and_with_its_account(session: Session, chief: Account) -> None:
    late = accounts.one_time_link_token(session, SECRET, chief, NOW, minutes=5)
    assert accounts.use_link(session, SECRET, late, NOW + timedelta(minutes=5)) is None
    closed = accounts.one_time_link_token(session, SECRET, chief, NOW)
    accounts.close(session, chief, NOW)
    assert accounts.use_link(session, SECRET, closed, NOW) is None
    with pytest.raises(InputError, match="a link cannot last 0 minutes"):
        accounts.one_time_link_token(session, SECRET, chief, NOW, minutes=0)


def test_of_all_who_try_a_link_at_once_one_comes_in(database: Database) -> None:
    with database.session() as session:
        chief = accounts.add(session, "chief", "admin", None, None, None, None, NOW)
        token = accounts.one_time_link_token(session, SECRET, chief, NOW)
    start = threading.Barrier(8)

    def enter(_: int) -> bool:
        start.wait()
        with database.session() as session:
            return accounts.use_link(session, SECRET, token, NOW) is not None

    with ThreadPoolExecutor(8) as crowd:
        assert sum(crowd.map(enter, range(8))) == 1


# ---------------------------------------------------------------- keys


def test_a_key_is_kept_as_a_digest_and_its_first_letters(session: Session, chief: Account) -> None:
    key = accounts.new_key(session, chief, SECRET, NOW)
    assert (key[:3], len(key)) == ("gm_", 46)
    kept = session.scalars(select(ApiKey)).one()
    assert kept.begins == key[:8]
    assert key.encode() not in kept.digest
    assert accounts.viewer_of_key(session, SECRET, key, NOW) == Viewer(chief.id, "chief", "admin")
    assert accounts.viewer_of_key(session, b"another secret", key, NOW) is None


@pytest.mark.parametrize("ended", ["revoked", "revoked whole", "expired", "closed"])
def test_a_key_that_has_ended_lets_nobody_in(session: Session, chief: Account, ended: str) -> None:
    key = accounts.new_key(session, chief, SECRET, NOW, NOW + timedelta(days=1))
    at = NOW
    if ended == "expired":
        at += timedelta(days=1)
    elif ended == "closed":
        accounts.close(session, chief, NOW)
    else:
        accounts.revoke(session, chief, key[:8] if ended == "revoked" else key, NOW)
    assert accounts.viewer_of_key(session, SECRET, key, at) is None


def test_a_key_that_is_not_there_cannot_be_revoked(session: Session, chief: Account) -> None:
    key = accounts.new_key(session, chief, SECRET, NOW)
    for begins in ("gm_", "", "gm_nope!"):
        with pytest.raises(NotFoundError, match="chief has no key that begins with"):
            accounts.revoke(session, chief, begins, NOW)
    assert accounts.viewer_of_key(session, SECRET, key, NOW) is not None
    with pytest.raises(InputError, match="a key must be good for some time"):
        accounts.new_key(session, chief, SECRET, NOW, NOW)


@given(word=st.text(max_size=60) | st.from_regex(r"gm_[A-Za-z0-9_-]{43}", fullmatch=True))
def test_no_other_word_is_a_key_or_a_cookie(database_of_one_key: Database, word: str) -> None:
    with database_of_one_key.session() as session:
        assert accounts.viewer_of_key(session, SECRET, word, NOW) is None
        assert accounts.viewer_of_sign_in(session, SECRET, word, "cookie", NOW) is None
        assert accounts.use_link(session, SECRET, word, NOW) is None


@pytest.fixture(scope="module")
def database_of_one_key(cluster: Cluster, template: str) -> Iterator[Database]:
    with fresh_store(cluster, template) as database:
        with database.session() as session:
            chief = accounts.add(session, "chief", "admin", None, None, None, None, NOW)
            accounts.new_key(session, chief, SECRET, NOW)
        yield database


def test_a_closed_account_is_said_to_be_closed(session: Session, chief: Account) -> None:
    accounts.close(session, chief, NOW)
    with pytest.raises(RefusedError, match="account chief is closed"):
        accounts.known(session, "chief")
    with pytest.raises(RefusedError, match=r"there is an account chief already \(it is closed\)"):
        accounts.add(session, "chief", "admin", None, None, None, None, NOW)
    for nobody in ("li", "a\0", "\ud800"):
        with pytest.raises(NotFoundError, match="gridmap accounts list lists them"):
            accounts.known(session, nobody)


def test_what_is_over_is_removed_and_what_is_not_stays(session: Session, chief: Account) -> None:
    for kind in ("cookie", "token"):
        accounts.sign_in(session, SECRET, "chief", PASSWORD, NOW, kind)  # type: ignore[arg-type]
    accounts.one_time_link_token(session, SECRET, chief, NOW)
    session.add_all(
        Receipt(account_id=chief.id, key=str(days), digest=b"", answer="", at=NOW - timedelta(days=days))
        for days in (6, 7, 8)
    )
    session.flush()
    assert accounts.prune(session, NOW + timedelta(hours=1)) == 4
    assert session.scalars(select(SignIn.kind)).all() == ["cookie"]
    assert session.scalars(select(Receipt.key)).all() == ["6"]


# ---------------------------------------------------------------- the secret


def test_every_role_of_an_account_is_known_to_the_store(session: Session, estate: Site, add: Adder) -> None:
    for number, role in enumerate(ACCOUNT_ROLES):
        add(f"n{number}", role, grid="Z1", person="TOM")


def test_the_secret_is_made_once_though_many_start_at_once(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    start = threading.Barrier(8)

    def secret(_: int) -> bytes:
        start.wait()
        return settings.secret_key()

    with ThreadPoolExecutor(8) as crowd:
        made = set(crowd.map(secret, range(8)))
    assert len(made) == 1
    assert len(made.pop()) == 64
    assert [(each.name, each.stat().st_mode & 0o777) for each in settings.home.iterdir()] == [("secret", 0o600)]


def test_a_secret_file_that_was_emptied_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("\n")
    with pytest.raises(InputError, match="holds no secret: remove it"):
        Settings(home=tmp_path).secret_key()


def test_a_database_of_ones_own_needs_a_secret_of_ones_own(tmp_path: Path) -> None:
    said = {"GRIDMAP_HOME": str(tmp_path), "DATABASE_URL": "postgresql://h/d"}
    with pytest.raises(InputError, match="GRIDMAP_SECRET is not set, and with DATABASE_URL"):
        Settings.from_environment(said).secret_key()
    with pytest.raises(InputError, match="GRIDMAP_SECRET has 31 characters: give it 32 or more"):
        Settings.from_environment({**said, "GRIDMAP_SECRET": "x" * 31})
    settings = Settings.from_environment({**said, "GRIDMAP_SECRET": "é" * 32})
    assert settings.secret_key() == "é".encode() * 32
    assert "é" not in repr(settings)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "8000.0", "٨٠٠٠", "9" * 5000])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(InputError, match=r"GRIDMAP_PORT is .*: it must be a whole number from 1 to 65535"):
        Settings.from_environment({"GRIDMAP_PORT": port})


def test_a_port_and_a_limit_of_writes_are_taken_as_said() -> None:
    assert Settings.from_environment({}).port == 8000
    settings = Settings.from_environment({"GRIDMAP_PORT": "65535", "GRIDMAP_WRITES_A_MINUTE": "3000"})
    assert (settings.port, settings.writes_a_minute) == (65535, 3000)
