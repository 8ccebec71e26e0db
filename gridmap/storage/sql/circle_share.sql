-- What share of a circle lies on a polygon, exactly: the same sum over edges as
-- gridmap.spatial.measures.circle_share. Null where the radius is not a positive number.
-- Each edge p + t*d, in radii from the centre, runs inside the circle from t1 to t2: there it makes a
-- triangle with the centre, before and after that sectors.
-- `offset 0` keeps the steps apart: merged into one expression they are computed dozens of times.
create or replace function circle_share(area geometry, x float8, y float8, radius float8) returns float8
language sql immutable strict parallel safe as $$
    select case when radius > 0 and radius < 'infinity' then
        least(1, greatest(0, coalesce(sum(
            atan2(px * uy - py * ux, px * ux + py * uy)
            + (t2 - t1) * across
            + atan2(vx * qy - vy * qx, vx * qx + vy * qy)
        ), 0) / (2 * pi())))
    end
    from (
        select px, py, px + dx as qx, py + dy as qy, across, t1, t2,
               px + t1 * dx as ux, py + t1 * dy as uy, px + t2 * dx as vx, py + t2 * dy as vy
        from (
            select px, py, dx, dy, across,
                   least(1, greatest(0, (-towards - reach) / length2)) as t1,
                   least(1, greatest(0, (-towards + reach) / length2)) as t2
            from (
                select *, sqrt(greatest(length2 - across * across, 0)) as reach
                from (
                    select px, py, dx, dy, nullif(dx * dx + dy * dy, 0) as length2,
                           px * dx + py * dy as towards, px * dy - py * dx as across
                    from (
                        select (st_x(a) - x) / radius as px, (st_y(a) - y) / radius as py,
                               (st_x(b) - st_x(a)) / radius as dx, (st_y(b) - st_y(a)) / radius as dy
                        from (
                            select st_startpoint(geom) as a, st_endpoint(geom) as b
                            from st_dumpsegments(st_forcepolygonccw(area))
                            where radius > 0 and radius < 'infinity'
                            offset 0
                        ) segment
                        offset 0
                    ) edge
                    offset 0
                ) product
                where length2 > 0
                offset 0
            ) chord
            offset 0
        ) crossing
        offset 0
    ) point
$$;
