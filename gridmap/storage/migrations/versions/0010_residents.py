"""Residents who report from a phone, and how their site wants it."""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('supporter',
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('issue_id', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('text', sa.String(), nullable=True),
    sa.Column('name', sa.String(), nullable=True),
    sa.Column('phone', sa.String(), nullable=True),
    sa.ForeignKeyConstraint(['issue_id'], ['issue.id'], name=op.f('fk_supporter_issue_id')),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_supporter'))
    )
    op.create_index(op.f('ix_supporter_issue_id'), 'supporter', ['issue_id'], unique=False)
    op.add_column('site', sa.Column('report_open', sa.Boolean(), server_default=sa.text('true'), nullable=False))
    op.add_column('site', sa.Column('report_code', sa.String(), nullable=True))
    op.add_column('site', sa.Column('plate_names', sa.Boolean(), server_default=sa.text('true'), nullable=False))
    op.create_check_constraint(op.f('ck_site_report_code_said'), 'site', "report_code <> ''")


def downgrade() -> None:
    op.drop_constraint(op.f('ck_site_report_code_said'), 'site', type_='check')
    op.drop_column('site', 'plate_names')
    op.drop_column('site', 'report_code')
    op.drop_column('site', 'report_open')
    op.drop_index(op.f('ix_supporter_issue_id'), table_name='supporter')
    op.drop_table('supporter')
