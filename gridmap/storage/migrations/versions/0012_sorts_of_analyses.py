"""sorts of analyses"""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def sorts(allowed: str) -> None:
    op.drop_constraint('ck_analysis_kind_known', 'analysis')
    op.create_check_constraint(op.f('ck_analysis_kind_known'), 'analysis', f'kind in ({allowed})')


def upgrade() -> None:
    sorts("'hotspots', 'emerging', 'scan', 'outbreaks', 'changes'")
    op.add_column('analysis_cell', sa.Column('expected', sa.Double(), nullable=True))
    op.add_column('analysis_cell', sa.Column('ratio', sa.Double(), nullable=True))


def downgrade() -> None:
    # What was looked for in ways that were not known before cannot be kept.
    op.execute("delete from analysis where kind in ('scan', 'outbreaks', 'changes')")
    op.drop_column('analysis_cell', 'ratio')
    op.drop_column('analysis_cell', 'expected')
    sorts("'hotspots', 'emerging'")
