-- The scores of a closed period stay as they were: a trigger says so to whoever tries.
create or replace function refuse_thawing() returns trigger language plpgsql as $$
begin
    raise exception 'a period that is closed stays as it was' using errcode = 'restrict_violation';
end
$$;

create or replace trigger period_frozen
before update or delete or truncate on period
for each statement execute function refuse_thawing();

create or replace trigger score_frozen
before update or delete or truncate on score
for each statement execute function refuse_thawing();
