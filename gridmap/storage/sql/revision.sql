-- Whatever decisions and the layers of a plan rest on: a change of any of it moves the number of the revision, in the
-- same transaction, so that who remembers something of a revision knows whether it still holds.
insert into revision default values on conflict do nothing;

create or replace function move_revision() returns trigger language plpgsql as $$
begin
    update revision set number = number + 1;
    return null;
end
$$;

create or replace trigger site_moves_revision
after insert or update or delete or truncate on site
for each statement execute function move_revision();

create or replace trigger edition_moves_revision
after insert or update or delete or truncate on edition
for each statement execute function move_revision();

create or replace trigger grid_moves_revision
after insert or update or delete or truncate on grid
for each statement execute function move_revision();

create or replace trigger building_moves_revision
after insert or update or delete or truncate on building
for each statement execute function move_revision();

create or replace trigger allotment_moves_revision
after insert or update or delete or truncate on allotment
for each statement execute function move_revision();

create or replace trigger unit_moves_revision
after insert or update or delete or truncate on unit
for each statement execute function move_revision();

create or replace trigger facility_moves_revision
after insert or update or delete or truncate on facility
for each statement execute function move_revision();

create or replace trigger overlay_moves_revision
after insert or update or delete or truncate on overlay
for each statement execute function move_revision();

create or replace trigger category_moves_revision
after insert or update or delete or truncate on category
for each statement execute function move_revision();

create or replace trigger person_moves_revision
after insert or update or delete or truncate on person
for each statement execute function move_revision();

create or replace trigger leave_moves_revision
after insert or update or delete or truncate on leave
for each statement execute function move_revision();

create or replace trigger post_moves_revision
after insert or update or delete or truncate on post
for each statement execute function move_revision();
