-- What came of actions on issues, in one statement: the present of each, its lines of history, its deadlines, what the
-- reporter said, and who is told.
with moved as (
    update issue i set
        status = m.status, version = i.version + 1, urgency = m.urgency,
        category_id = coalesce(
            (select id from category c where c.site_id = i.site_id and c.code = m.category),
            (select id from category c where c.site_id is null and c.code = m.category)
        ),
        handler_id = (select id from person p where p.site_id = i.site_id and p.code = m.handler),
        handler_role = m.handler_role, first_answer_at = m.first_answer_at, accepted_at = m.accepted_at,
        on_site_at = m.on_site_at, under_control_at = m.under_control_at, resolved_at = m.resolved_at,
        held_at = m.held_at, look_at = m.look_at, closed_at = m.closed_at, closed_as = m.closed_as,
        reopens = m.reopens, reworks = m.reworks, satisfaction = m.satisfaction, due_at = m.due_at,
        parent_id = (select id from issue parent where parent.code = m.parent), present = m.present
    from json_to_recordset(%(issues)s) as m (
        id bigint, status text, urgency text, category text, handler text, handler_role text,
        first_answer_at timestamptz, accepted_at timestamptz, on_site_at timestamptz, under_control_at timestamptz,
        resolved_at timestamptz, held_at timestamptz, look_at timestamptz, closed_at timestamptz, closed_as text,
        reopens int, reworks int, satisfaction int, due_at timestamptz, parent text, present jsonb
    )
    where i.id = m.id
    returning i.id, i.code, i.site_id, i.version
),
history as (
    insert into issue_event (issue_id, at, action, status, actor_id, account_id, role, geom, note, data)
    select l.issue_id, l.at, l.action, l.status,
           (select p.id from person p join moved on moved.id = l.issue_id
            where p.site_id = moved.site_id and p.code = l.person),
           l.account_id, l.role,
           case when l.lon is not null then st_setsrid(st_makepoint(l.lon, l.lat), 4326) end, l.note, l.data
    from json_to_recordset(%(lines)s) as l (
        n int, issue_id bigint, at timestamptz, action text, status text, person text, account_id bigint, role text,
        lon float8, lat float8, note text, data jsonb
    )
    order by l.n
),
-- What an issue has no limit for any more is not due.
over as (
    delete from deadline d using json_to_recordset(%(issues)s) as m (id bigint, stamps jsonb)
    where d.issue_id = m.id and not m.stamps ? d.stamp
),
limits as (
    insert into deadline (issue_id, stamp, cycle, started_at, due_at, provisional, rule)
    select issue_id, stamp, cycle, started_at, due_at, provisional, rule
    from json_to_recordset(%(deadlines)s) as d (
        issue_id bigint, stamp text, cycle int, started_at timestamptz, due_at timestamptz, provisional bool, rule jsonb
    )
    on conflict (issue_id, stamp) do update set cycle = excluded.cycle, started_at = excluded.started_at,
        due_at = excluded.due_at, provisional = excluded.provisional, rule = excluded.rule
),
answers as (
    insert into follow_up (issue_id, at, account_id, role, via, satisfaction, words)
    select issue_id, at, account_id, role, via, satisfaction, words
    from json_to_recordset(%(follow_ups)s) as f (
        issue_id bigint, at timestamptz, account_id bigint, role text, via text, satisfaction int, words text
    )
),
outbox as (
    insert into message (site_id, issue_id, kind, person_id, role, urgent, data, created_at, not_before)
    select i.site_id, i.id, o.kind, (select p.id from person p where p.site_id = i.site_id and p.code = o.person),
           o.role, o.urgent, o.data, o.at, o.not_before
    from json_to_recordset(%(messages)s) as o (
        issue_id bigint, kind text, person text, role text, urgent bool, data jsonb, at timestamptz,
        not_before timestamptz
    )
    join issue i on i.id = o.issue_id
)
select id, code, version from moved
