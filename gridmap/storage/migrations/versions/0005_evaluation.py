"""evaluation"""

from sqlalchemy.dialects import postgresql
import sqlalchemy as sa
from alembic import op

from gridmap.storage.sql import statement

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('pass_line',
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('role', sa.String(), nullable=False),
    sa.Column('points', sa.Double(), nullable=False),
    sa.CheckConstraint("role in ('grid_owner', 'supervisor', 'coordinator', 'front_desk', 'dispatcher', 'environment_officer', 'guard', 'control_room', 'technician', 'head_of_engineering', 'audit', 'emergency_team', 'reception_lead', 'contractor', 'developer', 'department_head', 'project_head', 'owners_committee', 'outside_body')", name=op.f('ck_pass_line_role_known')),
    sa.CheckConstraint('points between 0 and 100', name=op.f('ck_pass_line_points_of_a_hundred')),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_pass_line_site_id')),
    sa.PrimaryKeyConstraint('site_id', 'role', name=op.f('pk_pass_line'))
    )
    op.create_table('weight',
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('role', sa.String(), nullable=False),
    sa.Column('indicator', sa.String(), nullable=False),
    sa.Column('weight', sa.Double(), nullable=False),
    sa.Column('target', sa.Double(), nullable=True),
    sa.Column('floor', sa.Double(), nullable=True),
    sa.CheckConstraint("role in ('grid_owner', 'supervisor', 'coordinator', 'front_desk', 'dispatcher', 'environment_officer', 'guard', 'control_room', 'technician', 'head_of_engineering', 'audit', 'emergency_team', 'reception_lead', 'contractor', 'developer', 'department_head', 'project_head', 'owners_committee', 'outside_body')", name=op.f('ck_weight_role_known')),
    sa.CheckConstraint('weight > 0', name=op.f('ck_weight_weight_positive')),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_weight_site_id')),
    sa.PrimaryKeyConstraint('site_id', 'role', 'indicator', name=op.f('pk_weight'))
    )
    op.create_table('entry',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('period', sa.Text(collation='C'), nullable=False),
    sa.Column('indicator', sa.String(), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=True),
    sa.Column('numerator', sa.Double(), nullable=False),
    sa.Column('denominator', sa.Double(), server_default='1', nullable=False),
    sa.Column('note', sa.String(), nullable=True),
    sa.Column('account_id', sa.BigInteger(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("indicator in ('accidents', 'saving', 'cleaners')", name=op.f('ck_entry_indicator_known')),
    sa.CheckConstraint('numerator >= 0 and denominator > 0', name=op.f('ck_entry_numbers_sound')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_entry_account_id')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_entry_person_id')),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_entry_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_entry'))
    )
    op.create_index('uq_entry_of', 'entry', ['site_id', 'period', 'indicator', sa.literal_column('coalesce(person_id, 0)')], unique=True)
    op.create_table('period',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.Text(collation='C'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('starts', sa.Date(), nullable=False),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('closed_by', sa.BigInteger(), nullable=True),
    sa.Column('lines', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.CheckConstraint("kind in ('month', 'quarter')", name=op.f('ck_period_kind_known')),
    sa.ForeignKeyConstraint(['closed_by'], ['account.id'], name=op.f('fk_period_closed_by')),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_period_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_period')),
    sa.UniqueConstraint('site_id', 'name', name=op.f('uq_period_site_id_name'))
    )
    op.create_table('score',
    sa.Column('period_id', sa.BigInteger(), nullable=False),
    sa.Column('role', sa.String(), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('indicator', sa.String(), nullable=False),
    sa.Column('numerator', sa.Double(), nullable=True),
    sa.Column('denominator', sa.Double(), nullable=True),
    sa.Column('value', sa.Double(), nullable=True),
    sa.Column('low', sa.Double(), nullable=True),
    sa.Column('high', sa.Double(), nullable=True),
    sa.Column('weight', sa.Double(), nullable=False),
    sa.Column('target', sa.Double(), nullable=True),
    sa.Column('points', sa.Double(), nullable=True),
    sa.ForeignKeyConstraint(['period_id'], ['period.id'], name=op.f('fk_score_period_id')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_score_person_id')),
    sa.PrimaryKeyConstraint('period_id', 'role', 'person_id', 'indicator', name=op.f('pk_score'))
    )
    op.execute(statement("frozen"))


def downgrade() -> None:
    op.drop_table('score')
    op.drop_table('period')
    op.drop_index('uq_entry_of', table_name='entry')
    op.drop_table('entry')
    op.drop_table('weight')
    op.drop_table('pass_line')
    op.execute("drop function refuse_thawing()")
