-- The facts of places, one row each, in the order asked: what gridmap.domain.facts.Facts is made of.
-- In: arrays lon, lat, at, level, facility, accuracy_m, extent_m of one length; site (null: any).
-- A place is looked up in the Edition in force at its own moment.
with asked as materialized (
    select a.n, st_setsrid(st_makepoint(a.lon, a.lat), 4326) as geom,
           a.at, a.level, a.facility, a.accuracy_m, a.extent_m
    from unnest(
        %(lon)s::float8[], %(lat)s::float8[], %(at)s::timestamptz[], %(level)s::text[], %(facility)s::text[],
        %(accuracy_m)s::float8[], %(extent_m)s::float8[]
    ) with ordinality as a (lon, lat, at, level, facility, accuracy_m, extent_m, n)
),
plan as materialized (
    select e.id as edition_id, e.site_id, e.leaf_tier, e.extent, e.valid_from, e.valid_to,
           s.code as site, s.metric_epsg, s.tolerance_m, s.building_reach_m
    from edition e join site s on s.id = e.site_id
    where e.status <> 'draft' and (%(site)s::text is null or s.code = %(site)s::text)
),
-- Every grid of every tier that covers the place, and the Edition of the one that decides:
-- the deepest tier, then the lowest code.
covering as (
    select a.*, p.edition_id, g.id as grid_id, g.tier, g.code,
           first_value(p.edition_id) over (partition by a.n order by g.tier desc, g.code, p.site collate "C") as decided
    from asked a
    join plan p on p.extent && a.geom and a.at >= p.valid_from and (p.valid_to is null or a.at < p.valid_to)
    join grid g on g.edition_id = p.edition_id and st_covers(g.geom, a.geom)
),
-- The place's own columns go along, so that nothing has to be joined by n again: these tables have no statistics.
covered as materialized (
    select n, geom, at, level, facility, accuracy_m, extent_m, edition_id,
           (array_agg(grid_id order by tier desc, code))[1] as grid_id, 0::float8 as outside_m,
           min(code) filter (where tier = 1) as tier1,
           min(code) filter (where tier = 2) as tier2,
           min(code) filter (where tier = 3) as tier3
    from covering
    where edition_id = decided
    group by n, geom, at, level, facility, accuracy_m, extent_m, edition_id
),
-- A place outside every grid has a nearest leaf; beyond a degree from a plan, a projection says nothing.
outside as (
    select a.*, nearest.edition_id, nearest.grid_id, nearest.outside_m, null::text, null::text, null::text
    from asked a
    cross join lateral (
        select p.edition_id, g.grid_id, g.outside_m
        from plan p
        left join lateral (
            select near.*
            from (
                select leaf.id as grid_id, leaf.code,
                       leaf.shape_m <-> st_setsrid(st_transform(a.geom, p.metric_epsg), 0) as outside_m
                from grid leaf
                -- Asked in here, before anything is projected: the far side of the earth cannot be.
                where leaf.edition_id = p.edition_id and leaf.tier = p.leaf_tier and p.extent && st_expand(a.geom, 1)
                order by outside_m
                limit 16
            ) near
            order by round(near.outside_m::numeric, 6), near.code
            limit 1
        ) g on true
        where a.at >= p.valid_from and (p.valid_to is null or a.at < p.valid_to)
        order by round(g.outside_m::numeric, 6), st_distance(p.extent::geography, a.geom::geography), g.code
        limit 1
    ) nearest
    where a.n not in (select n from covered)
),
spot as materialized (
    select f.*, p.site_id, p.site, p.leaf_tier, p.building_reach_m, coalesce(f.outside_m > p.tolerance_m, true) as too_far,
           g.code as leaf, g.tier, g.geom as leaf_geom, g.shape_m as leaf_m,
           case when g.id is not null then st_setsrid(st_transform(f.geom, p.metric_epsg), 0) end as place_m
    from (select * from covered union all select * from outside) f
    join plan p on p.edition_id = f.edition_id
    left join grid g on g.id = f.grid_id and f.outside_m <= p.tolerance_m
)
select
    s.n, s.site_id, s.site, s.edition_id, s.outside_m,
    case when not s.too_far then s.grid_id end as grid_id, s.leaf,
    case
        when s.too_far then 'outside'
        when s.outside_m > 0 then 'near'
        when st_intersects(st_boundary(s.leaf_geom), s.geom) then 'boundary'
        else 'inside'
    end as position,
    s.tier1, s.tier2, s.tier3,
    edge.boundary_m,
    runner_up.code as runner_up, runner_up.distance_m as runner_up_m,
    coalesce(whole.shares, shares.shares) as shares,
    building.code as building, building.grid_code as building_grid, building.distance_m as building_m,
    building.warranty_until as building_warranty,
    coalesce(overlays.codes, '{}') as overlays,
    level_area.code as level_area, level_area.grid_code as level_grid,
    facility.id as facility_id, facility.warranty_until as facility_warranty,
    coalesce(touches.codes, '{}') as touches
from spot s
left join lateral (select st_distance(st_boundary(s.leaf_m), s.place_m) as boundary_m) edge on not s.too_far
left join lateral (
    -- The nearest by the index, then all that are as near: distances that differ by less than a micrometre are one,
    -- for two ways of computing them must name the same grid.
    select near.code, near.distance_m
    from (
        select g.shape_m <-> s.place_m as distance_m
        from grid g
        where g.edition_id = s.edition_id and g.tier = s.tier and g.id <> s.grid_id
        order by distance_m
        limit 1
    ) least
    cross join lateral (
        select g.code, st_distance(g.shape_m, s.place_m) as distance_m
        from grid g
        where g.edition_id = s.edition_id and g.tier = s.tier and g.id <> s.grid_id
          and st_dwithin(g.shape_m, s.place_m, least.distance_m + 1e-6)
    ) near
    order by round(near.distance_m::numeric, 6), near.code
    limit 1
) runner_up on not s.too_far
-- A circle that reaches no line lies in its own grid alone, which most do: nothing has to be cut for them.
left join lateral (
    select jsonb_build_array(jsonb_build_object('code', s.leaf, 'share', 1.0)) as shares
) whole on s.accuracy_m > 0 and s.outside_m = 0 and edge.boundary_m >= s.accuracy_m
    and coalesce(runner_up.distance_m > s.accuracy_m, true)
left join lateral (
    select jsonb_agg(jsonb_build_object('code', part.code, 'share', part.share) order by part.share desc, part.code)
           as shares
    from (
        select g.code, circle_share(g.shape_m, st_x(s.place_m), st_y(s.place_m), s.accuracy_m) as share
        from grid g
        where g.edition_id = s.edition_id and g.tier = s.tier and st_dwithin(g.shape_m, s.place_m, s.accuracy_m)
          and s.accuracy_m > 0 and whole.shares is null
        offset 0  -- or else every share would be computed twice, once for the condition
    ) part
    where part.share > 0
) shares on not s.too_far
left join lateral (
    select b.code, a.grid_code, b.warranty_until, st_distance(b.shape_m, s.place_m) as distance_m
    from building b join allotment a on a.building_id = b.id and a.edition_id = s.edition_id
    where b.site_id = s.site_id and st_dwithin(b.shape_m, s.place_m, s.building_reach_m)
    order by (a.grid_code = s.leaf) desc, round(st_distance(b.shape_m, s.place_m)::numeric, 6), b.code,
             a.area_m2 desc, a.grid_code
    limit 1
) building on not s.too_far
left join lateral (
    select array_agg(o.code order by o.code) as codes
    from overlay o
    where o.site_id = s.site_id and st_covers(o.geom, s.geom) and (o.level is null or o.level = s.level)
      and (o.valid_from is null or s.at >= o.valid_from) and (o.valid_to is null or s.at < o.valid_to)
) overlays on not s.too_far
left join lateral (
    select f.code, g.code as grid_code
    from facility f left join grid g on g.edition_id = s.edition_id and g.code = f.grid_code
    where f.site_id = s.site_id and f.level = s.level and st_dimension(f.geom) = 2 and st_covers(f.geom, s.geom)
    order by f.code
    limit 1
) level_area on s.level is not null and not s.too_far
left join facility on facility.site_id = s.site_id and facility.code = s.facility
left join lateral (
    select array_agg(g.code order by g.code) as codes
    from grid g
    where g.edition_id = s.edition_id and g.tier = s.leaf_tier and st_dwithin(g.shape_m, s.place_m, s.extent_m)
) touches on s.extent_m > 0 and not s.too_far
order by s.n
