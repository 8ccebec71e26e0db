"""Drafts: who drew an Edition, upon which other."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "draft",
        sa.Column("edition_id", sa.BigInteger(), nullable=False),
        sa.Column("based_on_id", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.String(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_draft_version_counts")),
        sa.ForeignKeyConstraint(
            ["based_on_id"], ["edition.id"], name=op.f("fk_draft_based_on_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_draft_edition_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("edition_id", name=op.f("pk_draft")),
    )
    op.create_index(op.f("ix_draft_based_on_id"), "draft", ["based_on_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_draft_based_on_id"), table_name="draft")
    op.drop_table("draft")
