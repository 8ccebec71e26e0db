-- Store reports that are routed: each with its receipt, who reported it and its first line of history, in one
-- statement. A report whose key has been used meanwhile is left out with all that is its.
with given as materialized (
    select * from json_to_recordset(%(rows)s) as r (
        id bigint, code text, site_id bigint, category text, kind text, urgency text, source text, reference text,
        text text, level text, accuracy_m float8, extent_m float8, facility_id bigint, about text,
        reported_at timestamptz, received_at timestamptz, due_at timestamptz, lon float8, lat float8, position text,
        edition_id bigint, grid_id bigint, tier1 text, tier2 text, tier3 text, decision_id bigint,
        owner_role text, owner_grid text, owner text, deadlines json, messages json,
        account_id bigint, reporter_name text, reporter_phone text, key text, digest text, answer text
    )
),
receipts as (
    insert into receipt (account_id, key, digest, answer, at)
    select account_id, key, decode(digest, 'hex'), answer, received_at from given where key is not null
    on conflict do nothing
    returning account_id, key
),
fresh as materialized (
    select g.* from given g left join receipts r on r.account_id = g.account_id and r.key = g.key
    where g.key is null or r.key is not null
),
stored as (
    insert into issue (
        id, code, site_id, category_id, kind, urgency, status, source, reference, text, level, accuracy_m, extent_m,
        facility_id, about_id, reported_at, received_at, due_at, geom, position, edition_id, grid_id,
        tier1, tier2, tier3, decision_id, owner_role, owner_grid, owner_id, present
    )
    select f.id, f.code, f.site_id,
           coalesce((select id from category c where c.site_id = f.site_id and c.code = f.category),
                    (select id from category c where c.site_id is null and c.code = f.category)),
           f.kind, f.urgency, 'reported', f.source, f.reference, f.text, f.level, f.accuracy_m, f.extent_m,
           f.facility_id, (select id from person p where p.site_id = f.site_id and p.code = f.about),
           f.reported_at, f.received_at, f.due_at, st_setsrid(st_makepoint(f.lon, f.lat), 4326), f.position,
           f.edition_id, f.grid_id, f.tier1, f.tier2, f.tier3, f.decision_id, f.owner_role, f.owner_grid,
           (select id from person p where p.site_id = f.site_id and p.code = f.owner),
           jsonb_build_object('moments', jsonb_build_object('report', f.reported_at))
    from fresh f
),
limits as (
    insert into deadline (issue_id, stamp, started_at, due_at, provisional, rule)
    select f.id, d.stamp, d.started_at, d.due_at, d.provisional, d.rule
    from fresh f cross join json_to_recordset(f.deadlines) as d (
        stamp text, started_at timestamptz, due_at timestamptz, provisional bool, rule jsonb
    )
),
reporters as (
    insert into reporter (issue_id, account_id, name, phone)
    select id, account_id, reporter_name, reporter_phone from fresh
),
outbox as (
    insert into message (site_id, issue_id, kind, person_id, role, created_at, not_before)
    select f.site_id, f.id, m.kind, (select p.id from person p where p.site_id = f.site_id and p.code = m.person),
           m.role, f.received_at, m.not_before
    from fresh f cross join json_to_recordset(f.messages) as m (
        kind text, person text, role text, not_before timestamptz
    )
),
history as (
    insert into issue_event (issue_id, at, action, status, data)
    select f.id, f.reported_at, 'report', 'reported', case when json_array_length(f.deadlines) > 0 then (
        select jsonb_build_object('deadlines', jsonb_object_agg(d.stamp, d.due_at))
        from json_to_recordset(f.deadlines) as d (stamp text, due_at timestamptz)
    ) end
    from fresh f
)
select id from fresh
