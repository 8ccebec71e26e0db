-- Issues with all that acting on them asks for, in the order of their numbers.
select i.id, i.code, i.site_id, s.code as site, i.status, i.version, i.kind, i.urgency, c.code as category,
       c."group", c.specialty, i.edition_id, g.code as grid, i.tier1, i.tier2, i.tier3,
       st_x(i.geom) as lon, st_y(i.geom) as lat, i.level, i.extent_m, i.accuracy_m,
       (select f.code from facility f where f.id = i.facility_id) as facility, i.reported_at,
       i.owner_role, i.owner_grid, owner.code as owner, handler.code as handler, i.handler_role, about.code as about,
       i.first_answer_at, i.accepted_at, i.on_site_at, i.under_control_at, i.resolved_at, i.held_at, i.look_at,
       i.closed_at, i.closed_as, i.due_at, i.reopens, i.reworks, i.satisfaction, parent.code as parent, i.present,
       d.answers, r.account_id as reporter,
       coalesce(r.name is not null or r.phone is not null or a.role = 'resident', false) as has_reporter,
       (select json_object_agg(deadline.stamp, deadline.due_at) from deadline where deadline.issue_id = i.id)
           as deadlines,
       (select json_agg(photo.id) from photo where photo.issue_id = i.id) as photos,
       (select max(e.at) from issue_event e where e.issue_id = i.id) as last_at
from issue i
join site s on s.id = i.site_id
join category c on c.id = i.category_id
join decision d on d.id = i.decision_id
left join grid g on g.id = i.grid_id
left join person owner on owner.id = i.owner_id
left join person handler on handler.id = i.handler_id
left join person about on about.id = i.about_id
left join issue parent on parent.id = i.parent_id
left join reporter r on r.issue_id = i.id
left join account a on a.id = r.account_id
where i.code = any(%(codes)s)
order by i.id
