"""analyses"""

from sqlalchemy.dialects import postgresql
import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('analysis',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('settings', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('seed', sa.BigInteger(), nullable=False),
    sa.Column('edition_id', sa.BigInteger(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=True),
    sa.Column('summary', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.CheckConstraint("kind in ('hotspots', 'emerging')", name=op.f('ck_analysis_kind_known')),
    sa.CheckConstraint('since < until', name=op.f('ck_analysis_window_sound')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_analysis_account_id')),
    sa.ForeignKeyConstraint(['edition_id'], ['edition.id'], name=op.f('fk_analysis_edition_id')),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_analysis_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_analysis'))
    )
    op.create_index('ix_analysis_latest', 'analysis', ['site_id', 'kind', sa.literal_column('made_at desc')], unique=False)
    op.create_table('analysis_cell',
    sa.Column('analysis_id', sa.BigInteger(), nullable=False),
    sa.Column('code', sa.Text(collation='C'), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('rate', sa.Double(), nullable=True),
    sa.Column('few', sa.Boolean(), nullable=False),
    sa.Column('score', sa.Double(), nullable=True),
    sa.Column('p', sa.Double(), nullable=True),
    sa.Column('neighbours', sa.Integer(), nullable=False),
    sa.Column('bin', sa.SmallInteger(), nullable=False),
    sa.Column('category', sa.String(), nullable=True),
    sa.CheckConstraint('bin between -3 and 3', name=op.f('ck_analysis_cell_bin_known')),
    sa.ForeignKeyConstraint(['analysis_id'], ['analysis.id'], name=op.f('fk_analysis_cell_analysis_id'), ondelete='cascade'),
    sa.PrimaryKeyConstraint('analysis_id', 'code', name=op.f('pk_analysis_cell'))
    )


def downgrade() -> None:
    op.drop_table('analysis_cell')
    op.drop_index('ix_analysis_latest', table_name='analysis')
    op.drop_table('analysis')
