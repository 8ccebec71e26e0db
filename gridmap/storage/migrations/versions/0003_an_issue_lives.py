"""an issue lives"""

from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql
import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

EVENTS = (
    "report", "reroute", "deadline", "warn", "escalate", "link", "alarm", "recover", "file", "verify", "dispatch",
    "accept", "return", "transfer", "start", "arrive", "control", "hold", "resume", "support", "refer", "resolve",
    "check", "answer", "follow_up", "close", "reopen", "void", "merge", "supervise", "plan", "sign",
)
OLD_EVENTS = (
    "report", "reroute", "file", "verify", "dispatch", "accept", "return", "transfer", "start", "arrive",
    "control", "hold", "resume", "support", "refer", "resolve", "check", "answer", "close", "reopen", "void",
    "merge", "supervise", "plan", "sign",
)
ROLES = (
    "resident", "grid_owner", "supervisor", "coordinator", "head", "dispatcher", "technician", "contractor",
    "auditor", "analyst", "admin",
)
OLD_ROLES = (
    "resident", "grid_owner", "supervisor", "coordinator", "dispatcher", "technician", "contractor", "analyst",
    "admin",
)


def among(table: str, column: str, words: tuple[str, ...]) -> None:
    """Let a column hold these words alone."""
    name = f"ck_{table}_{column}_known"
    op.execute(f"alter table {table} drop constraint if exists {name}")
    allowed = ", ".join(f"'{word}'" for word in words)
    op.execute(f"alter table {table} add constraint {name} check ({column} in ({allowed}))")



def upgrade() -> None:
    op.create_table('calendar_day',
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('hours', sa.String(), server_default='', nullable=False),
    sa.Column('windows', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('name', sa.String(), nullable=True),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_calendar_day_site_id')),
    sa.PrimaryKeyConstraint('site_id', 'day', 'hours', name=op.f('pk_calendar_day'))
    )
    op.create_geospatial_table('position',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('accuracy_m', sa.Double(), nullable=True),
    sa.Column('geom', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_position_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_position'))
    )
    op.create_index('ix_position_person_id', 'position', ['person_id', 'at'], unique=False)
    op.create_table('shift',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('starts', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends', sa.DateTime(timezone=True), nullable=False),
    postgresql.ExcludeConstraint((sa.column('person_id'), '='), (sa.text('tstzrange(starts, ends)'), '&&'), using='gist', name='ex_shift_one_at_once'),
    sa.CheckConstraint('ends > starts', name=op.f('ck_shift_forward')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_shift_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_shift'))
    )
    op.create_table('warning',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('starts', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends', sa.DateTime(timezone=True), nullable=True),
    sa.Column('factor', sa.Double(), server_default='1.5', nullable=False),
    sa.Column('grids', postgresql.ARRAY(sa.Text(collation='C')), nullable=True),
    sa.Column('stamps', postgresql.ARRAY(sa.Text()), nullable=True),
    sa.Column('note', sa.String(), nullable=True),
    sa.Column('declared_by', sa.BigInteger(), nullable=True),
    sa.CheckConstraint("kind in ('storm', 'typhoon', 'flood', 'snow', 'heat', 'cold', 'other')", name=op.f('ck_warning_kind_known')),
    sa.CheckConstraint('ends is null or ends > starts', name=op.f('ck_warning_forward')),
    sa.CheckConstraint('factor >= 1', name=op.f('ck_warning_stretches')),
    sa.ForeignKeyConstraint(['declared_by'], ['account.id'], name=op.f('fk_warning_declared_by')),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_warning_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_warning'))
    )
    op.create_index('ix_warning_site_id', 'warning', ['site_id', 'starts'], unique=False)
    op.create_table('alarm',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('sensor', sa.Text(collation='C'), nullable=False),
    sa.Column('facility_id', sa.BigInteger(), nullable=True),
    sa.Column('issue_id', sa.BigInteger(), nullable=True),
    sa.Column('raised_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('times', sa.Integer(), server_default='1', nullable=False),
    sa.Column('recovered_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['facility_id'], ['facility.id'], name=op.f('fk_alarm_facility_id')),
    sa.ForeignKeyConstraint(['issue_id'], ['issue.id'], name=op.f('fk_alarm_issue_id')),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_alarm_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_alarm'))
    )
    op.create_index('uq_alarm_going', 'alarm', ['site_id', 'sensor'], unique=True, postgresql_where=sa.text('recovered_at is null'))
    op.create_table('deadline',
    sa.Column('issue_id', sa.BigInteger(), nullable=False),
    sa.Column('stamp', sa.String(), nullable=False),
    sa.Column('cycle', sa.SmallInteger(), server_default='0', nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('provisional', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('rule', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.CheckConstraint("stamp in ('first_answer', 'accepted', 'on_site', 'under_control', 'resolved')", name=op.f('ck_deadline_stamp_known')),
    sa.ForeignKeyConstraint(['issue_id'], ['issue.id'], name=op.f('fk_deadline_issue_id')),
    sa.PrimaryKeyConstraint('issue_id', 'stamp', name=op.f('pk_deadline'))
    )
    op.create_index('ix_deadline_due_at', 'deadline', ['due_at'], unique=False)
    op.create_table('deduction',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('issue_id', sa.BigInteger(), nullable=False),
    sa.Column('role', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('judged_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('judged_by', sa.BigInteger(), nullable=True),
    sa.Column('upheld', sa.Boolean(), nullable=True),
    sa.Column('note', sa.String(), nullable=True),
    sa.ForeignKeyConstraint(['issue_id'], ['issue.id'], name=op.f('fk_deduction_issue_id')),
    sa.ForeignKeyConstraint(['judged_by'], ['account.id'], name=op.f('fk_deduction_judged_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deduction')),
    sa.UniqueConstraint('issue_id', name=op.f('uq_deduction_issue_id'))
    )
    op.create_table('escalation',
    sa.Column('issue_id', sa.BigInteger(), nullable=False),
    sa.Column('stamp', sa.String(), nullable=False),
    sa.Column('cycle', sa.SmallInteger(), nullable=False),
    sa.Column('step', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['issue_id'], ['issue.id'], name=op.f('fk_escalation_issue_id')),
    sa.PrimaryKeyConstraint('issue_id', 'stamp', 'cycle', 'step', name=op.f('pk_escalation'))
    )
    op.create_table('follow_link',
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('issue_id', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['issue_id'], ['issue.id'], name=op.f('fk_follow_link_issue_id')),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_follow_link'))
    )
    op.create_index(op.f('ix_follow_link_issue_id'), 'follow_link', ['issue_id'], unique=False)
    op.create_table('follow_up',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('issue_id', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=True),
    sa.Column('role', sa.String(), nullable=True),
    sa.Column('via', sa.String(), nullable=False),
    sa.Column('satisfaction', sa.SmallInteger(), nullable=True),
    sa.Column('words', sa.String(), nullable=True),
    sa.CheckConstraint("via in ('link', 'phone', 'visit', 'page')", name=op.f('ck_follow_up_via_known')),
    sa.CheckConstraint('satisfaction between 1 and 5', name=op.f('ck_follow_up_satisfaction_known')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_follow_up_account_id')),
    sa.ForeignKeyConstraint(['issue_id'], ['issue.id'], name=op.f('fk_follow_up_issue_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_follow_up'))
    )
    op.create_index('ix_follow_up_issue_id', 'follow_up', ['issue_id'], unique=False)
    op.create_table('message',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('uid', sa.Uuid(), server_default=sa.text('gen_random_uuid()'), nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('issue_id', sa.BigInteger(), nullable=True),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=True),
    sa.Column('role', sa.String(), nullable=True),
    sa.Column('urgent', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('data', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('not_before', sa.DateTime(timezone=True), nullable=False),
    sa.Column('planned_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("kind in ('dispatched', 'emergency', 'to_dispatch', 'near_limit', 'over_limit', 'returned', 'reopened', 'rework', 'supervised', 'support', 'resolved', 'overdue_round', 'alarm', 'recovered')", name=op.f('ck_message_kind_known')),
    sa.ForeignKeyConstraint(['issue_id'], ['issue.id'], name=op.f('fk_message_issue_id')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_message_person_id')),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_message_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_message')),
    sa.UniqueConstraint('uid', name=op.f('uq_message_uid'))
    )
    op.create_index('ix_message_issue_id', 'message', ['issue_id'], unique=False)
    op.create_index('ix_message_person_id', 'message', ['person_id', 'id'], unique=False)
    op.create_index('ix_message_unplanned', 'message', ['not_before'], unique=False, postgresql_where=sa.text('planned_at is null'))
    op.create_geospatial_table('photo',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('issue_id', sa.BigInteger(), nullable=True),
    sa.Column('account_id', sa.BigInteger(), nullable=True),
    sa.Column('sort', sa.String(), server_default='near', nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('taken_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('geom', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry'), nullable=True),
    sa.Column('width', sa.Integer(), nullable=False),
    sa.Column('height', sa.Integer(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.CheckConstraint("sort in ('near', 'far', 'reference', 'before', 'after')", name=op.f('ck_photo_sort_known')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_photo_account_id')),
    sa.ForeignKeyConstraint(['issue_id'], ['issue.id'], name=op.f('fk_photo_issue_id')),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_photo_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_photo'))
    )
    op.create_index('ix_photo_digest', 'photo', ['site_id', 'digest'], unique=False)
    op.create_index('ix_photo_issue_id', 'photo', ['issue_id'], unique=False)
    op.add_column('issue', sa.Column('version', sa.Integer(), server_default='1', nullable=False))
    op.add_column('issue', sa.Column('handler_id', sa.BigInteger(), nullable=True))
    op.add_column('issue', sa.Column('handler_role', sa.String(), nullable=True))
    op.add_column('issue', sa.Column('first_answer_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('issue', sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('issue', sa.Column('on_site_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('issue', sa.Column('under_control_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('issue', sa.Column('resolved_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('issue', sa.Column('held_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('issue', sa.Column('look_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('issue', sa.Column('reopens', sa.SmallInteger(), server_default='0', nullable=False))
    op.add_column('issue', sa.Column('reworks', sa.SmallInteger(), server_default='0', nullable=False))
    op.add_column('issue', sa.Column('satisfaction', sa.SmallInteger(), nullable=True))
    op.add_column('issue', sa.Column('closed_as', sa.String(), nullable=True))
    op.add_column('issue', sa.Column('parent_id', sa.BigInteger(), nullable=True))
    op.add_column('issue', sa.Column('present', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False))
    op.create_index('ix_issue_decision_id', 'issue', ['decision_id'], unique=False)
    op.create_index('ix_issue_handler_id', 'issue', ['handler_id'], unique=False, postgresql_where=sa.text("status not in ('closed', 'void', 'merged')"))
    op.create_index('ix_issue_parent_id', 'issue', ['parent_id'], unique=False, postgresql_where=sa.text('parent_id is not null'))
    op.create_foreign_key(op.f('fk_issue_parent_id'), 'issue', 'issue', ['parent_id'], ['id'])
    op.create_foreign_key(op.f('fk_issue_handler_id'), 'issue', 'person', ['handler_id'], ['id'])
    op.add_column('issue_event', sa.Column('account_id', sa.BigInteger(), nullable=True))
    op.add_geospatial_column('issue_event', sa.Column('geom', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry'), nullable=True))
    op.create_foreign_key(op.f('fk_issue_event_account_id'), 'issue_event', 'account', ['account_id'], ['id'])
    op.add_column('site', sa.Column('limits', postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column('site', sa.Column('hours', postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column('site', sa.Column('dispatch_model', sa.String(), server_default='coordinator', nullable=False))
    op.add_column('site', sa.Column('silence_days', sa.Integer(), server_default='3', nullable=False))
    among("issue_event", "action", EVENTS)
    among("account", "role", ROLES)
    among("issue", "closed_as", ('solved', 'no_answer', 'merged', 'void', 'recovered'))
    among("site", "dispatch_model", ('centre', 'coordinator', 'front_desk'))
    op.create_check_constraint(op.f("ck_site_silence_positive"), "site", "silence_days > 0")
    op.execute(
        "create trigger calendar_day_moves_revision after insert or update or delete or truncate on calendar_day "
        "for each statement execute function move_revision()"
    )


def downgrade() -> None:
    # What was said in words that were not known before cannot be kept.
    among("account", "role", OLD_ROLES)
    op.execute("alter table issue_event disable trigger issue_event_append_only")
    op.execute("delete from issue_event where action not in ({})".format(", ".join(f"'{w}'" for w in OLD_EVENTS)))
    op.execute("alter table issue_event enable trigger issue_event_append_only")
    among("issue_event", "action", OLD_EVENTS)
    op.drop_column('site', 'silence_days')
    op.drop_column('site', 'dispatch_model')
    op.drop_column('site', 'hours')
    op.drop_column('site', 'limits')
    op.drop_constraint(op.f('fk_issue_event_account_id'), 'issue_event', type_='foreignkey')
    op.drop_geospatial_column('issue_event', 'geom')
    op.drop_column('issue_event', 'account_id')
    op.drop_constraint(op.f('fk_issue_handler_id'), 'issue', type_='foreignkey')
    op.drop_constraint(op.f('fk_issue_parent_id'), 'issue', type_='foreignkey')
    op.drop_index('ix_issue_parent_id', table_name='issue', postgresql_where=sa.text('parent_id is not null'))
    op.drop_index('ix_issue_handler_id', table_name='issue', postgresql_where=sa.text("status not in ('closed', 'void', 'merged')"))
    op.drop_index('ix_issue_decision_id', table_name='issue')
    op.drop_column('issue', 'present')
    op.drop_column('issue', 'parent_id')
    op.drop_column('issue', 'closed_as')
    op.drop_column('issue', 'satisfaction')
    op.drop_column('issue', 'reworks')
    op.drop_column('issue', 'reopens')
    op.drop_column('issue', 'look_at')
    op.drop_column('issue', 'held_at')
    op.drop_column('issue', 'resolved_at')
    op.drop_column('issue', 'under_control_at')
    op.drop_column('issue', 'on_site_at')
    op.drop_column('issue', 'accepted_at')
    op.drop_column('issue', 'first_answer_at')
    op.drop_column('issue', 'handler_role')
    op.drop_column('issue', 'handler_id')
    op.drop_column('issue', 'version')
    op.drop_index('ix_photo_issue_id', table_name='photo')
    op.drop_index('ix_photo_digest', table_name='photo')
    op.drop_geospatial_table('photo')
    op.drop_index('ix_message_unplanned', table_name='message', postgresql_where=sa.text('planned_at is null'))
    op.drop_index('ix_message_person_id', table_name='message')
    op.drop_index('ix_message_issue_id', table_name='message')
    op.drop_table('message')
    op.drop_index('ix_follow_up_issue_id', table_name='follow_up')
    op.drop_table('follow_up')
    op.drop_index(op.f('ix_follow_link_issue_id'), table_name='follow_link')
    op.drop_table('follow_link')
    op.drop_table('escalation')
    op.drop_table('deduction')
    op.drop_index('ix_deadline_due_at', table_name='deadline')
    op.drop_table('deadline')
    op.drop_index('uq_alarm_going', table_name='alarm', postgresql_where=sa.text('recovered_at is null'))
    op.drop_table('alarm')
    op.drop_index('ix_warning_site_id', table_name='warning')
    op.drop_table('warning')
    op.drop_table('shift')
    op.drop_index('ix_position_person_id', table_name='position')
    op.drop_geospatial_table('position')
    op.drop_table('calendar_day')
