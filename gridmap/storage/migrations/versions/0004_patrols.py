"""patrols"""

from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql
import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_geospatial_table('shelter',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('code', sa.Text(collation='C'), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('capacity', sa.Integer(), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('geom', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.CheckConstraint('capacity > 0', name=op.f('ck_shelter_capacity_positive')),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_shelter_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_shelter')),
    sa.UniqueConstraint('site_id', 'code', name=op.f('uq_shelter_site_id_code'))
    )
    op.create_table('subject_item',
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('subject', sa.SmallInteger(), autoincrement=False, nullable=False),
    sa.Column('item', sa.Text(collation='C'), nullable=False),
    sa.Column('left_out', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('category', sa.String(), nullable=False),
    sa.Column('answer', sa.String(), server_default='yes_no', nullable=False),
    sa.Column('operator', sa.String(), server_default='is', nullable=False),
    sa.Column('limit', sa.Double(), nullable=True),
    sa.Column('unit', sa.String(), nullable=True),
    sa.Column('per_item', sa.String(), nullable=True),
    sa.Column('per_each', sa.Double(), nullable=True),
    sa.CheckConstraint("answer in ('yes_no', 'number', 'date', 'count', 'photo')", name=op.f('ck_subject_item_answer_known')),
    sa.CheckConstraint("operator in ('is', 'at_least', 'at_most', 'in_date', 'within', 'noted')", name=op.f('ck_subject_item_operator_known')),
    sa.CheckConstraint('subject between 1 and 15', name=op.f('ck_subject_item_subject_known')),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_subject_item_site_id')),
    sa.PrimaryKeyConstraint('site_id', 'subject', 'item', name=op.f('pk_subject_item'))
    )
    op.create_geospatial_table('checkpoint',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('code', sa.Text(collation='C'), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('building_id', sa.BigInteger(), nullable=True),
    sa.Column('facility_id', sa.BigInteger(), nullable=True),
    sa.Column('level', sa.String(), nullable=True),
    sa.Column('radius_m', sa.Double(), server_default='50', nullable=False),
    sa.Column('photo', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('token_digest', sa.LargeBinary(), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('geom', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.CheckConstraint('radius_m > 0', name=op.f('ck_checkpoint_radius_positive')),
    sa.ForeignKeyConstraint(['building_id'], ['building.id'], name=op.f('fk_checkpoint_building_id')),
    sa.ForeignKeyConstraint(['facility_id'], ['facility.id'], name=op.f('fk_checkpoint_facility_id')),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_checkpoint_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_checkpoint')),
    sa.UniqueConstraint('site_id', 'code', name=op.f('uq_checkpoint_site_id_code'))
    )
    op.create_index('ix_checkpoint_token', 'checkpoint', ['token_digest'], unique=True)
    op.create_table('household',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('code', sa.Text(collation='C'), nullable=False),
    sa.Column('building_id', sa.BigInteger(), nullable=True),
    sa.Column('address', sa.String(), nullable=False),
    sa.Column('needs', postgresql.ARRAY(sa.Text()), server_default='{}', nullable=False),
    sa.Column('risk', sa.String(), nullable=True),
    sa.Column('people', sa.SmallInteger(), server_default='1', nullable=False),
    sa.Column('visitor_id', sa.BigInteger(), nullable=False),
    sa.Column('visit_days', sa.SmallInteger(), nullable=True),
    sa.Column('guardian_id', sa.BigInteger(), nullable=True),
    sa.Column('shelter_id', sa.BigInteger(), nullable=True),
    sa.Column('since', sa.Date(), nullable=False),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('people > 0', name=op.f('ck_household_people_positive')),
    sa.CheckConstraint('visit_days > 0', name=op.f('ck_household_visit_days_positive')),
    sa.ForeignKeyConstraint(['building_id'], ['building.id'], name=op.f('fk_household_building_id')),
    sa.ForeignKeyConstraint(['guardian_id'], ['person.id'], name=op.f('fk_household_guardian_id')),
    sa.ForeignKeyConstraint(['shelter_id'], ['shelter.id'], name=op.f('fk_household_shelter_id')),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_household_site_id')),
    sa.ForeignKeyConstraint(['visitor_id'], ['person.id'], name=op.f('fk_household_visitor_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_household')),
    sa.UniqueConstraint('site_id', 'code', name=op.f('uq_household_site_id_code'))
    )
    op.create_index('ix_household_visitor_id', 'household', ['visitor_id'], unique=False)
    op.create_table('patrol_plan',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('code', sa.Text(collation='C'), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), server_default='patrol', nullable=False),
    sa.Column('role', sa.String(), nullable=True),
    sa.Column('specialty', sa.String(), nullable=True),
    sa.Column('person_id', sa.BigInteger(), nullable=True),
    sa.Column('grids', postgresql.ARRAY(sa.Text(collation='C')), nullable=True),
    sa.Column('checkpoints', postgresql.ARRAY(sa.Text(collation='C')), nullable=True),
    sa.Column('sample', sa.SmallInteger(), nullable=True),
    sa.Column('subject', sa.SmallInteger(), nullable=True),
    sa.Column('frequency', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('grace_minutes', sa.Integer(), server_default='15', nullable=False),
    sa.Column('since', sa.Date(), nullable=False),
    sa.Column('until', sa.Date(), nullable=True),
    sa.Column('made_by', sa.BigInteger(), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('planned_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('planned_revision', sa.Integer(), nullable=True),
    sa.CheckConstraint("kind = 'visits' or (role is null) <> (person_id is null)", name=op.f('ck_patrol_plan_of_role_or_person')),
    sa.CheckConstraint("kind in ('patrol', 'visits')", name=op.f('ck_patrol_plan_kind_known')),
    sa.CheckConstraint("role in ('grid_owner', 'supervisor', 'coordinator', 'front_desk', 'dispatcher', 'environment_officer', 'guard', 'control_room', 'technician', 'head_of_engineering', 'audit', 'emergency_team', 'reception_lead', 'contractor', 'developer', 'department_head', 'project_head', 'owners_committee', 'outside_body')", name=op.f('ck_patrol_plan_role_known')),
    sa.CheckConstraint("specialty in ('repair', 'greening', 'cleaning', 'security')", name=op.f('ck_patrol_plan_specialty_known')),
    sa.CheckConstraint('sample > 0', name=op.f('ck_patrol_plan_sample_positive')),
    sa.CheckConstraint('subject between 1 and 15', name=op.f('ck_patrol_plan_subject_known')),
    sa.CheckConstraint('until is null or until >= since', name=op.f('ck_patrol_plan_forward')),
    sa.ForeignKeyConstraint(['made_by'], ['account.id'], name=op.f('fk_patrol_plan_made_by')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_patrol_plan_person_id')),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_patrol_plan_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_patrol_plan')),
    sa.UniqueConstraint('site_id', 'code', name=op.f('uq_patrol_plan_site_id_code'))
    )
    op.create_table('sweep',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('code', sa.Text(collation='C'), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('subject', sa.SmallInteger(), nullable=True),
    sa.Column('grids', postgresql.ARRAY(sa.Text(collation='C')), nullable=True),
    sa.Column('starts', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends', sa.DateTime(timezone=True), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_sweep_account_id')),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_sweep_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sweep')),
    sa.UniqueConstraint('site_id', 'code', name=op.f('uq_sweep_site_id_code'))
    )
    op.create_table('facility_state',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('facility_id', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('note', sa.String(), nullable=True),
    sa.Column('account_id', sa.BigInteger(), nullable=True),
    sa.Column('person_id', sa.BigInteger(), nullable=True),
    sa.Column('issue_id', sa.BigInteger(), nullable=True),
    sa.CheckConstraint("state in ('in_order', 'degraded', 'out_of_order', 'closed')", name=op.f('ck_facility_state_state_known')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_facility_state_account_id')),
    sa.ForeignKeyConstraint(['facility_id'], ['facility.id'], name=op.f('fk_facility_state_facility_id')),
    sa.ForeignKeyConstraint(['issue_id'], ['issue.id'], name=op.f('fk_facility_state_issue_id')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_facility_state_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_facility_state'))
    )
    op.create_index('ix_facility_state_facility_id', 'facility_state', ['facility_id', 'at'], unique=False)
    op.create_table('round',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('plan_id', sa.BigInteger(), nullable=False),
    sa.Column('key', sa.Text(collation='C'), nullable=False),
    sa.Column('grid_code', sa.Text(collation='C'), nullable=True),
    sa.Column('role', sa.String(), nullable=True),
    sa.Column('person_id', sa.BigInteger(), nullable=True),
    sa.Column('starts', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends', sa.DateTime(timezone=True), nullable=False),
    sa.Column('stops', postgresql.ARRAY(sa.BigInteger()), server_default='{}', nullable=False),
    sa.Column('due', sa.SmallInteger(), server_default='1', nullable=False),
    sa.Column('visited', sa.SmallInteger(), server_default='0', nullable=False),
    sa.Column('status', sa.String(), server_default='planned', nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("status in ('planned', 'started', 'done', 'late', 'missed', 'cancelled')", name=op.f('ck_round_status_known')),
    sa.CheckConstraint('ends > starts', name=op.f('ck_round_forward')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_round_person_id')),
    sa.ForeignKeyConstraint(['plan_id'], ['patrol_plan.id'], name=op.f('fk_round_plan_id')),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_round_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_round'))
    )
    op.create_index('ix_round_open', 'round', ['ends'], unique=False, postgresql_where=sa.text("status in ('planned', 'started')"))
    op.create_index('ix_round_person_id', 'round', ['person_id', 'starts'], unique=False)
    op.create_index('ix_round_site_id', 'round', ['site_id', 'starts'], unique=False)
    op.create_index('uq_round_key', 'round', ['plan_id', sa.literal_column("coalesce(grid_code, '')"), 'key'], unique=True)
    op.create_table('sweep_building',
    sa.Column('sweep_id', sa.BigInteger(), nullable=False),
    sa.Column('building_id', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(), server_default='to_do', nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('note', sa.String(), nullable=True),
    sa.CheckConstraint("state in ('to_do', 'in_order', 'fault', 'no_access')", name=op.f('ck_sweep_building_state_known')),
    sa.ForeignKeyConstraint(['building_id'], ['building.id'], name=op.f('fk_sweep_building_building_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_sweep_building_person_id')),
    sa.ForeignKeyConstraint(['sweep_id'], ['sweep.id'], name=op.f('fk_sweep_building_sweep_id')),
    sa.PrimaryKeyConstraint('sweep_id', 'building_id', name=op.f('pk_sweep_building'))
    )
    op.create_geospatial_table('check_in',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('uid', sa.Text(collation='C'), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('round_id', sa.BigInteger(), nullable=True),
    sa.Column('checkpoint_id', sa.BigInteger(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('method', sa.String(), nullable=False),
    sa.Column('accuracy_m', sa.Double(), nullable=True),
    sa.Column('off_m', sa.Double(), nullable=True),
    sa.Column('verdict', sa.String(), nullable=False),
    sa.Column('reasons', postgresql.ARRAY(sa.Text()), server_default='{}', nullable=False),
    sa.Column('photo_id', sa.BigInteger(), nullable=True),
    sa.Column('note', sa.String(), nullable=True),
    sa.Column('upheld', sa.Boolean(), nullable=True),
    sa.Column('judged_by', sa.BigInteger(), nullable=True),
    sa.Column('judged_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('geom', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry'), nullable=True),
    sa.CheckConstraint("method in ('nfc', 'qr', 'gps')", name=op.f('ck_check_in_method_known')),
    sa.CheckConstraint("verdict in ('accepted', 'doubtful', 'refused')", name=op.f('ck_check_in_verdict_known')),
    sa.ForeignKeyConstraint(['checkpoint_id'], ['checkpoint.id'], name=op.f('fk_check_in_checkpoint_id')),
    sa.ForeignKeyConstraint(['judged_by'], ['account.id'], name=op.f('fk_check_in_judged_by')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_check_in_person_id')),
    sa.ForeignKeyConstraint(['photo_id'], ['photo.id'], name=op.f('fk_check_in_photo_id')),
    sa.ForeignKeyConstraint(['round_id'], ['round.id'], name=op.f('fk_check_in_round_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_check_in')),
    sa.UniqueConstraint('person_id', 'uid', name=op.f('uq_check_in_person_id_uid'))
    )
    op.create_index('ix_check_in_checkpoint_id', 'check_in', ['checkpoint_id', 'at'], unique=False)
    op.create_index('ix_check_in_person_id', 'check_in', ['person_id', 'at'], unique=False)
    op.create_index('ix_check_in_round_id', 'check_in', ['round_id'], unique=False)
    op.create_geospatial_table('inspection',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('uid', sa.Text(collation='C'), nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('subject', sa.SmallInteger(), nullable=False),
    sa.Column('kind', sa.String(), server_default='sample', nullable=False),
    sa.Column('building_id', sa.BigInteger(), nullable=True),
    sa.Column('facility_id', sa.BigInteger(), nullable=True),
    sa.Column('grid_code', sa.Text(collation='C'), nullable=True),
    sa.Column('round_id', sa.BigInteger(), nullable=True),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=True),
    sa.Column('joint_with_id', sa.BigInteger(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('passed', sa.Boolean(), nullable=False),
    sa.Column('note', sa.String(), nullable=True),
    sa.Column('geom', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.CheckConstraint("(kind = 'joint') = (joint_with_id is not null)", name=op.f('ck_inspection_joint_is_of_two')),
    sa.CheckConstraint("kind in ('sample', 'joint', 'take_over')", name=op.f('ck_inspection_kind_known')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_inspection_account_id')),
    sa.ForeignKeyConstraint(['building_id'], ['building.id'], name=op.f('fk_inspection_building_id')),
    sa.ForeignKeyConstraint(['facility_id'], ['facility.id'], name=op.f('fk_inspection_facility_id')),
    sa.ForeignKeyConstraint(['joint_with_id'], ['person.id'], name=op.f('fk_inspection_joint_with_id')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_inspection_person_id')),
    sa.ForeignKeyConstraint(['round_id'], ['round.id'], name=op.f('fk_inspection_round_id')),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_inspection_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_inspection')),
    sa.UniqueConstraint('account_id', 'uid', name=op.f('uq_inspection_account_id_uid'))
    )
    op.create_index('ix_inspection_building_id', 'inspection', ['building_id', 'at'], unique=False)
    op.create_index('ix_inspection_facility_id', 'inspection', ['facility_id', 'at'], unique=False)
    op.create_index('ix_inspection_site_id', 'inspection', ['site_id', 'at'], unique=False)
    op.create_table('visit',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('uid', sa.Text(collation='C'), nullable=False),
    sa.Column('household_id', sa.BigInteger(), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('round_id', sa.BigInteger(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('outcome', sa.String(), nullable=False),
    sa.Column('note', sa.String(), nullable=True),
    sa.CheckConstraint("outcome in ('well', 'help_needed', 'not_met')", name=op.f('ck_visit_outcome_known')),
    sa.ForeignKeyConstraint(['household_id'], ['household.id'], name=op.f('fk_visit_household_id')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_visit_person_id')),
    sa.ForeignKeyConstraint(['round_id'], ['round.id'], name=op.f('fk_visit_round_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_visit')),
    sa.UniqueConstraint('person_id', 'uid', name=op.f('uq_visit_person_id_uid'))
    )
    op.create_index('ix_visit_household_id', 'visit', ['household_id', 'at'], unique=False)
    op.create_table('inspection_answer',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('inspection_id', sa.BigInteger(), nullable=False),
    sa.Column('subject', sa.SmallInteger(), nullable=False),
    sa.Column('item', sa.Text(collation='C'), nullable=False),
    sa.Column('value', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('passed', sa.Boolean(), nullable=True),
    sa.Column('note', sa.String(), nullable=True),
    sa.Column('issue_id', sa.BigInteger(), nullable=True),
    sa.Column('earlier_id', sa.BigInteger(), nullable=True),
    sa.Column('accepted_in_id', sa.BigInteger(), nullable=True),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('rechecks', sa.SmallInteger(), server_default='0', nullable=False),
    sa.ForeignKeyConstraint(['accepted_in_id'], ['inspection.id'], name=op.f('fk_inspection_answer_accepted_in_id')),
    sa.ForeignKeyConstraint(['earlier_id'], ['inspection_answer.id'], name=op.f('fk_inspection_answer_earlier_id')),
    sa.ForeignKeyConstraint(['inspection_id'], ['inspection.id'], name=op.f('fk_inspection_answer_inspection_id')),
    sa.ForeignKeyConstraint(['issue_id'], ['issue.id'], name=op.f('fk_inspection_answer_issue_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_inspection_answer'))
    )
    op.create_index('ix_inspection_answer_issue_id', 'inspection_answer', ['issue_id'], unique=False, postgresql_where=sa.text('issue_id is not null'))
    op.create_index('ix_inspection_answer_open', 'inspection_answer', ['inspection_id'], unique=False, postgresql_where=sa.text('not passed and accepted_at is null'))
    op.create_index('uq_inspection_answer_item', 'inspection_answer', ['inspection_id', 'subject', 'item', sa.literal_column('coalesce(earlier_id, 0)')], unique=True)


def downgrade() -> None:
    op.drop_index('uq_inspection_answer_item', table_name='inspection_answer')
    op.drop_index('ix_inspection_answer_open', table_name='inspection_answer', postgresql_where=sa.text('not passed and accepted_at is null'))
    op.drop_index('ix_inspection_answer_issue_id', table_name='inspection_answer', postgresql_where=sa.text('issue_id is not null'))
    op.drop_table('inspection_answer')
    op.drop_index('ix_visit_household_id', table_name='visit')
    op.drop_table('visit')
    op.drop_index('ix_inspection_site_id', table_name='inspection')
    op.drop_index('ix_inspection_facility_id', table_name='inspection')
    op.drop_index('ix_inspection_building_id', table_name='inspection')
    op.drop_geospatial_table('inspection')
    op.drop_index('ix_check_in_round_id', table_name='check_in')
    op.drop_index('ix_check_in_person_id', table_name='check_in')
    op.drop_index('ix_check_in_checkpoint_id', table_name='check_in')
    op.drop_geospatial_table('check_in')
    op.drop_table('sweep_building')
    op.drop_index('uq_round_key', table_name='round')
    op.drop_index('ix_round_site_id', table_name='round')
    op.drop_index('ix_round_person_id', table_name='round')
    op.drop_index('ix_round_open', table_name='round', postgresql_where=sa.text("status in ('planned', 'started')"))
    op.drop_table('round')
    op.drop_index('ix_facility_state_facility_id', table_name='facility_state')
    op.drop_table('facility_state')
    op.drop_table('sweep')
    op.drop_table('patrol_plan')
    op.drop_index('ix_household_visitor_id', table_name='household')
    op.drop_table('household')
    op.drop_index('ix_checkpoint_token', table_name='checkpoint')
    op.drop_geospatial_table('checkpoint')
    op.drop_table('subject_item')
    op.drop_geospatial_table('shelter')
