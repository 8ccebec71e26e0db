"""What taking reports needs of the store: few statements, all planned once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.storage.prepared import run_prepared


def site_codes(session: Session) -> list[str]:
    """The codes of all sites."""
    return list(session.execute(text("select code from site order by code")).scalars())


def new_ids(session: Session, count: int) -> list[int]:
    """Numbers for issues that are about to be stored."""
    numbers = text("select nextval(pg_get_serial_sequence('issue', 'id')) from generate_series(1, :count)")
    return list(session.execute(numbers, {"count": count}).scalars())


def receipts(session: Session, keys: Iterable[tuple[int, str]]) -> dict[tuple[int, str], tuple[bytes, str]]:
    """What was answered under keys of accounts before: digest of the request, and the answer."""
    accounts, names = zip(*keys, strict=True)
    rows = session.execute(
        text("""
            select r.account_id, r.key, r.digest, r.answer
            from unnest(cast(:accounts as bigint[]), cast(:keys as text[])) as a (account_id, key)
            join receipt r on r.account_id = a.account_id and r.key = a.key
        """),
        {"accounts": list(accounts), "keys": list(names)},
    )
    return {(account, key): (bytes(digest), answer) for account, key, digest, answer in rows}


def stored_references(session: Session, named: Iterable[tuple[int, str, str]]) -> dict[tuple[int, str, str], str]:
    """The codes of the issues that were reported under references of a source before."""
    sites, sources, references = zip(*named, strict=True)
    rows = session.execute(
        text("""
            select i.site_id, i.source, i.reference, i.code
            from unnest(cast(:sites as bigint[]), cast(:sources as text[]), cast(:references as text[]))
                as a (site_id, source, reference)
            join issue i on i.site_id = a.site_id and i.source = a.source and i.reference = a.reference
        """),
        {"sites": list(sites), "sources": list(sources), "references": list(references)},
    )
    return {(site, source, reference): code for site, source, reference, code in rows}


def write_reports(session: Session, rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """Store routed reports, as the columns of `take.sql`: the ids of those that were."""
    written = run_prepared(session, "take", {"rows": "json"}, {"rows": json.dumps(rows, default=str)})
    return {row["id"] for row in written}


def write_reporters(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Note who reported issues that are stored."""
    session.execute(
        text("""
            insert into reporter (issue_id, account_id, name, phone)
            select * from json_to_recordset(cast(:rows as json))
                as r (issue_id bigint, account_id bigint, name text, phone text)
        """),
        {"rows": json.dumps(rows)},
    )


def keep_receipt(session: Session, account_id: int, key: str, digest: bytes, answer: str, at: datetime) -> bool:
    """Keep an answer for whoever asks again; false if somebody has answered under this key meanwhile."""
    kept = session.execute(
        text("""
            insert into receipt (account_id, key, digest, answer, at) values (:account_id, :key, :digest, :answer, :at)
            on conflict do nothing returning account_id
        """),
        {"account_id": account_id, "key": key, "digest": digest, "answer": answer, "at": at},
    )
    return kept.first() is not None


def change_receipts(session: Session, rows: Sequence[tuple[int, str, str]]) -> None:
    """Answers that say more than when they were kept: accounts, their keys, and the new answers."""
    if not rows:
        return
    accounts, keys, answers = zip(*rows, strict=True)
    session.execute(
        text("""
            update receipt r set answer = n.answer
            from unnest(cast(:accounts as bigint[]), cast(:keys as text[]), cast(:answers as text[]))
                as n (account_id, key, answer)
            where r.account_id = n.account_id and r.key = n.key
        """),
        {"accounts": list(accounts), "keys": list(keys), "answers": list(answers)},
    )
