"""deliveries"""


import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('channel',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.Text(collation='C'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('address', sa.String(), server_default='', nullable=False),
    sa.Column('secret', sa.String(), nullable=True),
    sa.Column('language', sa.String(), server_default='zh-Hans', nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=True),
    sa.Column('role', sa.String(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("kind in ('webhook', 'mail', 'wecombot', 'dingtalk', 'feishu', 'log')", name=op.f('ck_channel_kind_known')),
    sa.CheckConstraint("role in ('grid_owner', 'supervisor', 'coordinator', 'front_desk', 'dispatcher', 'environment_officer', 'guard', 'control_room', 'technician', 'head_of_engineering', 'audit', 'emergency_team', 'reception_lead', 'contractor', 'developer', 'department_head', 'project_head', 'owners_committee', 'outside_body')", name=op.f('ck_channel_role_known')),
    sa.CheckConstraint('person_id is null or role is null', name=op.f('ck_channel_for_one_or_a_role')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_channel_person_id')),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_channel_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_channel'))
    )
    op.create_index('uq_channel_name', 'channel', ['site_id', 'name'], unique=True, postgresql_where=sa.text('closed_at is null'))
    op.create_table('delivery',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('message_id', sa.BigInteger(), nullable=False),
    sa.Column('channel_id', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(), server_default='waiting', nullable=False),
    sa.Column('attempts', sa.SmallInteger(), server_default='0', nullable=False),
    sa.Column('next_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('claimed_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('error', sa.String(), nullable=True),
    sa.CheckConstraint("state in ('waiting', 'sent', 'dead')", name=op.f('ck_delivery_state_known')),
    sa.ForeignKeyConstraint(['channel_id'], ['channel.id'], name=op.f('fk_delivery_channel_id')),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_delivery_message_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delivery')),
    sa.UniqueConstraint('message_id', 'channel_id', name=op.f('uq_delivery_message_id_channel_id'))
    )
    op.create_index('ix_delivery_channel_id', 'delivery', ['channel_id', 'id'], unique=False)
    op.create_index('ix_delivery_waiting', 'delivery', ['next_at'], unique=False, postgresql_where=sa.text("state = 'waiting'"))


def downgrade() -> None:
    op.drop_index('ix_delivery_waiting', table_name='delivery', postgresql_where=sa.text("state = 'waiting'"))
    op.drop_index('ix_delivery_channel_id', table_name='delivery')
    op.drop_table('delivery')
    op.drop_index('uq_channel_name', table_name='channel', postgresql_where=sa.text('closed_at is null'))
    op.drop_table('channel')
