"""Alembic's way into the store: GeoAlchemy2's three hooks, and the connection it was handed."""

from alembic import context
from geoalchemy2 import alembic_helpers

from gridmap.domain.model import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    include_object=alembic_helpers.include_object,
    process_revision_directives=alembic_helpers.writer,
    render_item=alembic_helpers.render_item,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
