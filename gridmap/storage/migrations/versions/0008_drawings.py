"""drawings"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

from gridmap.storage.sql import statement

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_geospatial_table('building_shape',
    sa.Column('building_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('shape', Geometry(srid=3857, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.ForeignKeyConstraint(['building_id'], ['building.id'], name=op.f('fk_building_shape_building_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_building_shape_site_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('building_id', name=op.f('pk_building_shape'))
    )
    op.create_index('ix_building_shape_shape', 'building_shape', ['site_id', 'shape'], unique=False, postgresql_using='gist')
    op.create_table('drawing',
    sa.Column('edition_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('first_tier', sa.SmallInteger(), nullable=False),
    sa.Column('leaf_tier', sa.SmallInteger(), nullable=False),
    sa.Column('built_to', sa.SmallInteger(), nullable=False),
    sa.ForeignKeyConstraint(['edition_id'], ['edition.id'], name=op.f('fk_drawing_edition_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('edition_id', name=op.f('pk_drawing'))
    )
    op.create_geospatial_table('facility_shape',
    sa.Column('facility_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('shape', Geometry(srid=3857, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.ForeignKeyConstraint(['facility_id'], ['facility.id'], name=op.f('fk_facility_shape_facility_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_facility_shape_site_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('facility_id', name=op.f('pk_facility_shape'))
    )
    op.create_index('ix_facility_shape_shape', 'facility_shape', ['site_id', 'shape'], unique=False, postgresql_using='gist')
    op.create_table('grid_tile',
    sa.Column('edition_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('layer', sa.String(), nullable=False),
    sa.Column('z', sa.SmallInteger(), autoincrement=False, nullable=False),
    sa.Column('x', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('y', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('tile', sa.LargeBinary(), nullable=False),
    sa.CheckConstraint("layer in ('grids', 'labels')", name=op.f('ck_grid_tile_layer_known')),
    sa.ForeignKeyConstraint(['edition_id'], ['edition.id'], name=op.f('fk_grid_tile_edition_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('edition_id', 'layer', 'z', 'x', 'y', name=op.f('pk_grid_tile'))
    )
    op.create_geospatial_table('grid_label',
    sa.Column('grid_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('edition_id', sa.BigInteger(), nullable=False),
    sa.Column('tier', sa.SmallInteger(), nullable=False),
    sa.Column('radius_m', sa.Double(), nullable=False),
    sa.Column('place', Geometry(geometry_type='POINT', srid=3857, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.CheckConstraint('radius_m >= 0', name=op.f('ck_grid_label_radius_positive')),
    sa.ForeignKeyConstraint(['edition_id'], ['edition.id'], name=op.f('fk_grid_label_edition_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['grid_id'], ['grid.id'], name=op.f('fk_grid_label_grid_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('grid_id', name=op.f('pk_grid_label'))
    )
    op.create_index('ix_grid_label_place', 'grid_label', ['edition_id', 'place'], unique=False, postgresql_using='gist')
    op.create_geospatial_table('grid_shape',
    sa.Column('grid_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('band', sa.SmallInteger(), autoincrement=False, nullable=False),
    sa.Column('edition_id', sa.BigInteger(), nullable=False),
    sa.Column('tier', sa.SmallInteger(), nullable=False),
    sa.Column('shape', Geometry(srid=3857, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.ForeignKeyConstraint(['edition_id'], ['edition.id'], name=op.f('fk_grid_shape_edition_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['grid_id'], ['grid.id'], name=op.f('fk_grid_shape_grid_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('grid_id', 'band', name=op.f('pk_grid_shape'))
    )
    op.create_index('ix_grid_shape_shape', 'grid_shape', ['edition_id', 'band', 'shape'], unique=False, postgresql_using='gist')
    op.execute(statement("drawings"))
    # What stands there already is drawn once; grids are drawn when they are first asked for.
    for table in ("building", "facility"):
        op.execute(f"insert into {table}_shape select id, site_id, st_transform(geom, 3857) from {table}")


def downgrade() -> None:
    for table in ("building", "facility"):
        for when in ("added", "changed"):
            op.execute(f"drop trigger {table}_is_drawn_when_{when} on {table}")
        op.execute(f"drop function draw_{table}()")
    op.drop_index('ix_grid_shape_shape', table_name='grid_shape', postgresql_using='gist')
    op.drop_geospatial_table('grid_shape')
    op.drop_index('ix_grid_label_place', table_name='grid_label', postgresql_using='gist')
    op.drop_geospatial_table('grid_label')
    op.drop_table('grid_tile')
    op.drop_index('ix_facility_shape_shape', table_name='facility_shape', postgresql_using='gist')
    op.drop_geospatial_table('facility_shape')
    op.drop_table('drawing')
    op.drop_index('ix_building_shape_shape', table_name='building_shape', postgresql_using='gist')
    op.drop_geospatial_table('building_shape')
