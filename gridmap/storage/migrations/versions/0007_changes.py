"""changes"""

import sqlalchemy as sa
from alembic import op

from gridmap.storage.sql import statement

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

TRIGGERS = ("insert", "update", "delete", "truncate")


def upgrade() -> None:
    op.execute(statement("changes"))
    op.add_column('site', sa.Column('public_map', sa.Boolean(), server_default='false', nullable=False))
    op.add_column('site', sa.Column('plate_phone', sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column('site', 'plate_phone')
    op.drop_column('site', 'public_map')
    for when in TRIGGERS:
        op.execute(f"drop trigger issue_tells_{when} on issue")
    op.execute("drop function tell_changes()")
