-- Whatever changes an issue says so to whoever listens, once it is committed: what kind of thing, and its code. Of very
-- many at once it says only that all should be read again. The same word twice in a transaction is sent once.
create or replace function tell_changes() returns trigger language plpgsql as $$
begin
    if tg_op = 'TRUNCATE' then
        perform pg_notify('gridmap', json_build_object('kind', 'resync')::text);
    elsif (select count(*) from (select 1 from changed limit 1001) as counted) > 1000 then
        perform pg_notify('gridmap', json_build_object('kind', 'resync')::text);
    else
        perform pg_notify('gridmap', json_build_object('kind', 'issue', 'code', changed.code)::text) from changed;
    end if;
    return null;
end
$$;

create or replace trigger issue_tells_insert
after insert on issue referencing new table as changed
for each statement execute function tell_changes();

create or replace trigger issue_tells_update
after update on issue referencing new table as changed
for each statement execute function tell_changes();

create or replace trigger issue_tells_delete
after delete on issue referencing old table as changed
for each statement execute function tell_changes();

create or replace trigger issue_tells_truncate
after truncate on issue
for each statement execute function tell_changes();
