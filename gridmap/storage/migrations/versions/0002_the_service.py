"""the service"""

import sqlalchemy as sa
from alembic import op

from gridmap.storage.sql import statement

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

TABLES = (
    'site', 'edition', 'grid', 'building', 'allotment', 'unit', 'facility', 'overlay', 'category', 'person', 'leave', 'post',
)


def upgrade() -> None:
    op.create_table('revision',
    sa.Column('single', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('number', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint('single', name=op.f('ck_revision_one_row')),
    sa.PrimaryKeyConstraint('single', name=op.f('pk_revision'))
    )
    op.create_table('account',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('name', sa.Text(collation='C'), nullable=False),
    sa.Column('role', sa.String(), nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=True),
    sa.Column('grid_code', sa.Text(collation='C'), nullable=True),
    sa.Column('person_id', sa.BigInteger(), nullable=True),
    sa.Column('password_hash', sa.String(), nullable=True),
    sa.Column('failures', sa.Integer(), server_default='0', nullable=False),
    sa.Column('locked_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("role in ('resident', 'grid_owner', 'supervisor', 'coordinator', 'dispatcher', 'technician', 'contractor', 'analyst', 'admin')", name=op.f('ck_account_role_known')),
    sa.CheckConstraint("site_id is not null or role = 'admin'", name=op.f('ck_account_site_unless_admin')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_account_person_id')),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_account_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account')),
    sa.UniqueConstraint('name', name=op.f('uq_account_name'))
    )
    op.create_table('api_key',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('begins', sa.String(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_api_key_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_key')),
    sa.UniqueConstraint('digest', name=op.f('uq_api_key_digest'))
    )
    op.create_index(op.f('ix_api_key_account_id'), 'api_key', ['account_id'], unique=False)
    op.create_table('receipt',
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('key', sa.Text(collation='C'), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('answer', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_receipt_account_id')),
    sa.PrimaryKeyConstraint('account_id', 'key', name=op.f('pk_receipt'))
    )
    op.create_index('ix_receipt_at', 'receipt', ['at'], unique=False)
    op.create_table('sign_in',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("kind in ('cookie', 'link', 'token')", name=op.f('ck_sign_in_kind_known')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_sign_in_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_in')),
    sa.UniqueConstraint('digest', name=op.f('uq_sign_in_digest'))
    )
    op.create_index(op.f('ix_sign_in_account_id'), 'sign_in', ['account_id'], unique=False)
    op.create_table('reporter',
    sa.Column('issue_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=True),
    sa.Column('name', sa.String(), nullable=True),
    sa.Column('phone', sa.String(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_reporter_account_id')),
    sa.ForeignKeyConstraint(['issue_id'], ['issue.id'], name=op.f('fk_reporter_issue_id')),
    sa.PrimaryKeyConstraint('issue_id', name=op.f('pk_reporter'))
    )
    op.create_index('ix_reporter_account_id', 'reporter', ['account_id', 'issue_id'], unique=False)
    op.create_index('ix_issue_reported_at', 'issue', ['site_id', 'reported_at', 'id'], unique=False)
    op.execute(statement("revision"))


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"drop trigger {table}_moves_revision on {table}")
    op.execute("drop function move_revision()")
    op.drop_index('ix_issue_reported_at', table_name='issue')
    op.drop_index('ix_reporter_account_id', table_name='reporter')
    op.drop_table('reporter')
    op.drop_index(op.f('ix_sign_in_account_id'), table_name='sign_in')
    op.drop_table('sign_in')
    op.drop_index('ix_receipt_at', table_name='receipt')
    op.drop_table('receipt')
    op.drop_index(op.f('ix_api_key_account_id'), table_name='api_key')
    op.drop_table('api_key')
    op.drop_table('account')
    op.drop_table('revision')
