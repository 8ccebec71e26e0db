-- History is appended to, never changed or emptied: a trigger says so to whoever tries.
create or replace function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'the history of issues is append-only' using errcode = 'restrict_violation';
end
$$;

create or replace trigger issue_event_append_only
before update or delete or truncate on issue_event
for each statement execute function refuse_change();
