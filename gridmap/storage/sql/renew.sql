-- Deadlines of issues as they have come out anew, in one statement: each issue whose stamps are due at another time gets
-- one line of history that says what was and what is.
with given as (
    select * from json_to_recordset(%(issues)s) as g (
        id bigint, data jsonb, resolved bool, due_at timestamptz, gone jsonb
    )
),
renewed as (
    update issue i set version = i.version + 1, due_at = case when g.resolved then g.due_at else i.due_at end
    from given g where i.id = g.id and g.data is not null
    returning i.id, i.code, i.status, g.data
),
history as (
    insert into issue_event (issue_id, at, action, status, account_id, role, data)
    select r.id, %(at)s, 'deadline', r.status, %(account_id)s, %(role)s, r.data from renewed r order by r.id
),
written as (
    insert into deadline (issue_id, stamp, cycle, started_at, due_at, provisional, rule)
    select issue_id, stamp, cycle, started_at, due_at, provisional, rule
    from json_to_recordset(%(deadlines)s) as d (
        issue_id bigint, stamp text, cycle int, started_at timestamptz, due_at timestamptz, provisional bool, rule jsonb
    )
    on conflict (issue_id, stamp) do update set cycle = excluded.cycle, started_at = excluded.started_at,
        due_at = excluded.due_at, provisional = excluded.provisional, rule = excluded.rule
),
taken as (
    delete from deadline d using given g
    where d.issue_id = g.id and d.stamp in (select jsonb_array_elements_text(g.gone))
)
select code from renewed order by id
