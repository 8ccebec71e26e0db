-- The rows of verdicts, each written if it is new: in the order given.
with given as materialized (
    select n, decode(digest, 'hex') as digest, answers, reasons
    from json_to_recordset(%(rows)s) as r (n int, digest text, answers jsonb, reasons jsonb)
),
written as (
    insert into decision (site_id, digest, answers, reasons)
    select distinct on (digest) %(site_id)s, digest, answers, reasons from given g
    where not exists (select 1 from decision d where d.site_id = %(site_id)s and d.digest = g.digest)
    order by digest
    on conflict (site_id, digest) do nothing
    returning id, digest
)
select g.n, coalesce(w.id, d.id) as id
from given g
left join written w on w.digest = g.digest
left join decision d on d.site_id = %(site_id)s and d.digest = g.digest
order by g.n
