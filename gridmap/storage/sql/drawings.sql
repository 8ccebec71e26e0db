-- What stands on the ground is drawn as it is written, whoever writes it: its shape in EPSG:3857 beside it.
create or replace function draw_building() returns trigger language plpgsql as $$
begin
    insert into building_shape (building_id, site_id, shape)
    select id, site_id, st_transform(geom, 3857) from written
    on conflict (building_id) do update set site_id = excluded.site_id, shape = excluded.shape;
    return null;
end
$$;

create or replace function draw_facility() returns trigger language plpgsql as $$
begin
    insert into facility_shape (facility_id, site_id, shape)
    select id, site_id, st_transform(geom, 3857) from written
    on conflict (facility_id) do update set site_id = excluded.site_id, shape = excluded.shape;
    return null;
end
$$;

create or replace trigger building_is_drawn_when_added
after insert on building referencing new table as written
for each statement execute function draw_building();

create or replace trigger building_is_drawn_when_changed
after update on building referencing new table as written
for each statement execute function draw_building();

create or replace trigger facility_is_drawn_when_added
after insert on facility referencing new table as written
for each statement execute function draw_facility();

create or replace trigger facility_is_drawn_when_changed
after update on facility referencing new table as written
for each statement execute function draw_facility();
