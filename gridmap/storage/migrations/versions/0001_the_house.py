"""the house"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

from gridmap.storage.sql import statement

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('site',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), server_default='residential', nullable=False),
    sa.Column('grade', sa.String(), nullable=True),
    sa.Column('community', sa.String(), nullable=True),
    sa.Column('street', sa.String(), nullable=True),
    sa.Column('gross_area_m2', sa.Double(), nullable=True),
    sa.Column('timezone', sa.String(), server_default='Asia/Shanghai', nullable=False),
    sa.Column('calendar', sa.String(), server_default='CN', nullable=False),
    sa.Column('metric_epsg', sa.Integer(), nullable=False),
    sa.Column('tolerance_m', sa.Double(), server_default='30', nullable=False),
    sa.Column('building_reach_m', sa.Double(), server_default='50', nullable=False),
    sa.Column('fallback_role', sa.String(), server_default='dispatcher', nullable=False),
    sa.Column('rules', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.CheckConstraint('tolerance_m >= 0 and building_reach_m >= 0', name=op.f('ck_site_reach_positive')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_site')),
    sa.UniqueConstraint('code', name=op.f('uq_site_code'))
    )
    op.create_geospatial_table('building',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('code', sa.Text(collation='C'), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('grid_code', sa.Text(collation='C'), nullable=True),
    sa.Column('floors', sa.Integer(), nullable=True),
    sa.Column('households', sa.Integer(), nullable=True),
    sa.Column('use', sa.String(), nullable=True),
    sa.Column('grade', sa.String(), nullable=True),
    sa.Column('built', sa.Date(), nullable=True),
    sa.Column('accepted', sa.Date(), nullable=True),
    sa.Column('delivered', sa.Date(), nullable=True),
    sa.Column('warranty_until', sa.Date(), nullable=True),
    sa.Column('risk', sa.String(), nullable=True),
    sa.Column('geom', Geometry(geometry_type='MULTIPOLYGON', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.Column('shape_m', Geometry(geometry_type='MULTIPOLYGON', dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_building_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_building')),
    sa.UniqueConstraint('site_id', 'code', name=op.f('uq_building_site_id_code'))
    )
    op.create_index('ix_building_shape_m', 'building', ['site_id', 'shape_m'], unique=False, postgresql_using='gist')
    op.create_table('category',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('code', sa.Text(collation='C'), nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=True),
    sa.Column('group', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('specialty', sa.String(), nullable=True),
    sa.Column('kind', sa.String(), server_default='repair', nullable=False),
    sa.Column('urgency', sa.String(), server_default='normal', nullable=False),
    sa.Column('subject', sa.Integer(), nullable=True),
    sa.Column('refer_to', sa.String(), nullable=True),
    sa.CheckConstraint("kind in ('repair', 'complaint', 'enquiry', 'suggestion', 'inspection', 'alarm')", name=op.f('ck_category_kind_known')),
    sa.CheckConstraint("urgency in ('life', 'emergency', 'urgent', 'normal')", name=op.f('ck_category_urgency_known')),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_category_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_category'))
    )
    op.create_index('uq_category_code', 'category', [sa.literal_column('coalesce(site_id, 0)'), 'code'], unique=True)
    op.create_table('decision',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('answers', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('reasons', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_decision_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_decision')),
    sa.UniqueConstraint('site_id', 'digest', name=op.f('uq_decision_site_id_digest'))
    )
    op.create_geospatial_table('edition',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('valid_from', sa.DateTime(timezone=True), nullable=True),
    sa.Column('valid_to', sa.DateTime(timezone=True), nullable=True),
    sa.Column('leaf_tier', sa.Integer(), nullable=False),
    sa.Column('accepted', postgresql.JSONB(astext_type=sa.Text()), server_default='[]', nullable=False),
    sa.Column('extent', Geometry(geometry_type='POLYGON', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry'), nullable=True),
    postgresql.ExcludeConstraint((sa.column('site_id'), '='), (sa.text('tstzrange(valid_from, valid_to)'), '&&'), where=sa.text("status <> 'draft'"), using='gist', name='ex_edition_one_in_force'),
    sa.CheckConstraint("status = 'draft' or valid_from is not null", name=op.f('ck_edition_published_is_dated')),
    sa.CheckConstraint("status in ('draft', 'published', 'retired')", name=op.f('ck_edition_status_known')),
    sa.CheckConstraint('valid_to is null or valid_to > valid_from', name=op.f('ck_edition_validity_forward')),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_edition_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_edition')),
    sa.UniqueConstraint('site_id', 'number', name=op.f('uq_edition_site_id_number'))
    )
    op.create_geospatial_table('facility',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('code', sa.Text(collation='C'), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('level', sa.String(), nullable=True),
    sa.Column('grid_code', sa.Text(collation='C'), nullable=True),
    sa.Column('state', sa.String(), server_default='in_order', nullable=False),
    sa.Column('in_use', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('maker', sa.String(), nullable=True),
    sa.Column('warranty_until', sa.Date(), nullable=True),
    sa.Column('inspection_due', sa.Date(), nullable=True),
    sa.Column('geom', Geometry(srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.CheckConstraint("state in ('in_order', 'degraded', 'out_of_order', 'closed')", name=op.f('ck_facility_state_known')),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_facility_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_facility')),
    sa.UniqueConstraint('site_id', 'code', name=op.f('uq_facility_site_id_code'))
    )
    op.create_index('ix_facility_geom', 'facility', ['site_id', 'geom'], unique=False, postgresql_using='gist')
    op.create_table('person',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('code', sa.Text(collation='C'), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('phone', sa.String(), nullable=True),
    sa.Column('organisation', sa.String(), nullable=True),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_person_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_person')),
    sa.UniqueConstraint('site_id', 'code', name=op.f('uq_person_site_id_code'))
    )
    op.create_table('allotment',
    sa.Column('edition_id', sa.BigInteger(), nullable=False),
    sa.Column('building_id', sa.BigInteger(), nullable=False),
    sa.Column('grid_code', sa.Text(collation='C'), nullable=False),
    sa.Column('area_m2', sa.Double(), nullable=False),
    sa.ForeignKeyConstraint(['building_id'], ['building.id'], name=op.f('fk_allotment_building_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['edition_id'], ['edition.id'], name=op.f('fk_allotment_edition_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('edition_id', 'building_id', 'grid_code', name=op.f('pk_allotment'))
    )
    op.create_geospatial_table('grid',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('edition_id', sa.BigInteger(), nullable=False),
    sa.Column('parent_id', sa.BigInteger(), nullable=True),
    sa.Column('code', sa.Text(collation='C'), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('tier', sa.Integer(), nullable=False),
    sa.Column('households', sa.Integer(), nullable=True),
    sa.Column('codes', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False),
    sa.Column('geom', Geometry(geometry_type='MULTIPOLYGON', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.Column('shape_m', Geometry(geometry_type='MULTIPOLYGON', dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.CheckConstraint('tier between 1 and 3', name=op.f('ck_grid_tier_known')),
    sa.ForeignKeyConstraint(['edition_id'], ['edition.id'], name=op.f('fk_grid_edition_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['parent_id'], ['grid.id'], name=op.f('fk_grid_parent_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_grid')),
    sa.UniqueConstraint('edition_id', 'code', name=op.f('uq_grid_edition_id_code'))
    )
    op.create_index('ix_grid_geom', 'grid', ['edition_id', 'geom'], unique=False, postgresql_using='gist')
    op.create_index('ix_grid_parent_id', 'grid', ['parent_id'], unique=False)
    op.create_index('ix_grid_shape_m', 'grid', ['edition_id', 'tier', 'shape_m'], unique=False, postgresql_using='gist')
    op.create_table('leave',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('starts', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('ends > starts', name=op.f('ck_leave_forward')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_leave_person_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_leave')),
    sa.UniqueConstraint('person_id', 'starts', name=op.f('uq_leave_person_id_starts'))
    )
    op.create_geospatial_table('overlay',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('code', sa.Text(collation='C'), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('level', sa.String(), nullable=True),
    sa.Column('keeper_id', sa.BigInteger(), nullable=True),
    sa.Column('role', sa.String(), nullable=True),
    sa.Column('valid_from', sa.DateTime(timezone=True), nullable=True),
    sa.Column('valid_to', sa.DateTime(timezone=True), nullable=True),
    sa.Column('geom', Geometry(geometry_type='MULTIPOLYGON', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.CheckConstraint("kind in ('keeper', 'contractor', 'key_area')", name=op.f('ck_overlay_kind_known')),
    sa.ForeignKeyConstraint(['keeper_id'], ['person.id'], name=op.f('fk_overlay_keeper_id')),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_overlay_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_overlay')),
    sa.UniqueConstraint('site_id', 'code', name=op.f('uq_overlay_site_id_code'))
    )
    op.create_index('ix_overlay_geom', 'overlay', ['site_id', 'geom'], unique=False, postgresql_using='gist')
    op.create_table('post',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('role', sa.String(), nullable=False),
    sa.Column('specialty', sa.String(), nullable=True),
    sa.Column('grid_code', sa.Text(collation='C'), nullable=True),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('deputy_id', sa.BigInteger(), nullable=True),
    sa.Column('valid_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('valid_to', sa.DateTime(timezone=True), nullable=True),
    postgresql.ExcludeConstraint((sa.column('site_id'), '='), (sa.column('role'), '='), (sa.column('grid_code'), '='), (sa.text('tstzrange(valid_from, valid_to)'), '&&'), where=sa.text("role in ('grid_owner', 'supervisor', 'coordinator')"), using='gist', name='ex_post_one_in_charge'),
    sa.CheckConstraint("role in ('grid_owner', 'supervisor', 'coordinator', 'front_desk', 'dispatcher', 'environment_officer', 'guard', 'control_room', 'technician', 'head_of_engineering', 'audit', 'emergency_team', 'reception_lead', 'contractor', 'developer', 'department_head', 'project_head', 'owners_committee', 'outside_body')", name=op.f('ck_post_role_known')),
    sa.CheckConstraint("specialty in ('repair', 'greening', 'cleaning', 'security')", name=op.f('ck_post_specialty_known')),
    sa.CheckConstraint('valid_to is null or valid_to > valid_from', name=op.f('ck_post_forward')),
    sa.ForeignKeyConstraint(['deputy_id'], ['person.id'], name=op.f('fk_post_deputy_id')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_post_person_id')),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_post_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_post'))
    )
    op.create_index('ix_post_site_id_grid_code', 'post', ['site_id', 'grid_code'], unique=False)
    op.create_geospatial_table('unit',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('building_id', sa.BigInteger(), nullable=False),
    sa.Column('code', sa.Text(collation='C'), nullable=False),
    sa.Column('name', sa.String(), nullable=True),
    sa.Column('households', sa.Integer(), nullable=True),
    sa.Column('geom', Geometry(geometry_type='MULTIPOLYGON', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.ForeignKeyConstraint(['building_id'], ['building.id'], name=op.f('fk_unit_building_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_unit')),
    sa.UniqueConstraint('building_id', 'code', name=op.f('uq_unit_building_id_code'))
    )
    op.create_geospatial_table('issue',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('code', sa.Text(collation='C'), nullable=False),
    sa.Column('site_id', sa.BigInteger(), nullable=False),
    sa.Column('category_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('urgency', sa.String(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('source', sa.String(), nullable=False),
    sa.Column('reference', sa.String(), nullable=True),
    sa.Column('text', sa.String(), nullable=True),
    sa.Column('level', sa.String(), nullable=True),
    sa.Column('accuracy_m', sa.Double(), nullable=True),
    sa.Column('extent_m', sa.Double(), nullable=True),
    sa.Column('facility_id', sa.BigInteger(), nullable=True),
    sa.Column('about_id', sa.BigInteger(), nullable=True),
    sa.Column('reported_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('geom', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.Column('position', sa.String(), nullable=False),
    sa.Column('edition_id', sa.BigInteger(), nullable=False),
    sa.Column('grid_id', sa.BigInteger(), nullable=True),
    sa.Column('tier1', sa.Text(collation='C'), nullable=True),
    sa.Column('tier2', sa.Text(collation='C'), nullable=True),
    sa.Column('tier3', sa.Text(collation='C'), nullable=True),
    sa.Column('decision_id', sa.BigInteger(), nullable=False),
    sa.Column('owner_role', sa.String(), nullable=False),
    sa.Column('owner_grid', sa.Text(collation='C'), nullable=True),
    sa.Column('owner_id', sa.BigInteger(), nullable=True),
    sa.CheckConstraint("(position = 'outside') = (grid_id is null)", name=op.f('ck_issue_grid_unless_outside')),
    sa.CheckConstraint("kind in ('repair', 'complaint', 'enquiry', 'suggestion', 'inspection', 'alarm')", name=op.f('ck_issue_kind_known')),
    sa.CheckConstraint("position in ('inside', 'boundary', 'near', 'outside')", name=op.f('ck_issue_position_known')),
    sa.CheckConstraint("status in ('reported', 'filed', 'dispatched', 'accepted', 'in_progress', 'on_hold', 'referred', 'resolved', 'checked', 'closed', 'void', 'merged')", name=op.f('ck_issue_status_known')),
    sa.CheckConstraint("urgency in ('life', 'emergency', 'urgent', 'normal')", name=op.f('ck_issue_urgency_known')),
    sa.CheckConstraint('accuracy_m >= 0', name=op.f('ck_issue_accuracy_positive')),
    sa.ForeignKeyConstraint(['about_id'], ['person.id'], name=op.f('fk_issue_about_id')),
    sa.ForeignKeyConstraint(['category_id'], ['category.id'], name=op.f('fk_issue_category_id')),
    sa.ForeignKeyConstraint(['decision_id'], ['decision.id'], name=op.f('fk_issue_decision_id')),
    sa.ForeignKeyConstraint(['edition_id'], ['edition.id'], name=op.f('fk_issue_edition_id')),
    sa.ForeignKeyConstraint(['facility_id'], ['facility.id'], name=op.f('fk_issue_facility_id')),
    sa.ForeignKeyConstraint(['grid_id'], ['grid.id'], name=op.f('fk_issue_grid_id')),
    sa.ForeignKeyConstraint(['owner_id'], ['person.id'], name=op.f('fk_issue_owner_id')),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_issue_site_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_issue')),
    sa.UniqueConstraint('code', name=op.f('uq_issue_code'))
    )
    op.create_geospatial_index('ix_issue_geom', 'issue', ['geom'], unique=False, postgresql_using='gist', postgresql_ops={})
    op.create_index('ix_issue_grid_id', 'issue', ['grid_id', 'reported_at'], unique=False)
    op.create_index('ix_issue_open', 'issue', ['site_id', 'id'], unique=False, postgresql_where=sa.text("status not in ('closed', 'void', 'merged')"))
    op.create_index('ix_issue_owner_id', 'issue', ['owner_id'], unique=False, postgresql_where=sa.text("status not in ('closed', 'void', 'merged')"))
    op.create_index('uq_issue_reference', 'issue', ['site_id', 'source', 'reference'], unique=True, postgresql_where=sa.text('reference is not null'))
    op.create_table('issue_event',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('issue_id', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('action', sa.String(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('actor_id', sa.BigInteger(), nullable=True),
    sa.Column('role', sa.String(), nullable=True),
    sa.Column('note', sa.String(), nullable=True),
    sa.Column('data', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.CheckConstraint("action in ('report', 'reroute', 'file', 'verify', 'dispatch', 'accept', 'return', 'transfer', 'start', 'arrive', 'control', 'hold', 'resume', 'support', 'refer', 'resolve', 'check', 'answer', 'close', 'reopen', 'void', 'merge', 'supervise', 'plan', 'sign')", name=op.f('ck_issue_event_action_known')),
    sa.CheckConstraint("status in ('reported', 'filed', 'dispatched', 'accepted', 'in_progress', 'on_hold', 'referred', 'resolved', 'checked', 'closed', 'void', 'merged')", name=op.f('ck_issue_event_status_known')),
    sa.ForeignKeyConstraint(['actor_id'], ['person.id'], name=op.f('fk_issue_event_actor_id')),
    sa.ForeignKeyConstraint(['issue_id'], ['issue.id'], name=op.f('fk_issue_event_issue_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_issue_event'))
    )
    op.create_index('ix_issue_event_issue_id', 'issue_event', ['issue_id', 'id'], unique=False)
    op.execute(statement("circle_share"))
    op.execute(statement("append_only"))


def downgrade() -> None:
    op.drop_index('ix_issue_event_issue_id', table_name='issue_event')
    op.drop_table('issue_event')
    op.drop_index('uq_issue_reference', table_name='issue', postgresql_where=sa.text('reference is not null'))
    op.drop_index('ix_issue_owner_id', table_name='issue', postgresql_where=sa.text("status not in ('closed', 'void', 'merged')"))
    op.drop_index('ix_issue_open', table_name='issue', postgresql_where=sa.text("status not in ('closed', 'void', 'merged')"))
    op.drop_index('ix_issue_grid_id', table_name='issue')
    op.drop_geospatial_index('ix_issue_geom', table_name='issue', postgresql_using='gist', column_name='geom')
    op.drop_geospatial_table('issue')
    op.drop_geospatial_table('unit')
    op.drop_index('ix_post_site_id_grid_code', table_name='post')
    op.drop_table('post')
    op.drop_index('ix_overlay_geom', table_name='overlay', postgresql_using='gist')
    op.drop_geospatial_table('overlay')
    op.drop_table('leave')
    op.drop_index('ix_grid_shape_m', table_name='grid', postgresql_using='gist')
    op.drop_index('ix_grid_parent_id', table_name='grid')
    op.drop_index('ix_grid_geom', table_name='grid', postgresql_using='gist')
    op.drop_geospatial_table('grid')
    op.drop_table('allotment')
    op.drop_table('person')
    op.drop_index('ix_facility_geom', table_name='facility', postgresql_using='gist')
    op.drop_geospatial_table('facility')
    op.drop_geospatial_table('edition')
    op.drop_table('decision')
    op.drop_index('uq_category_code', table_name='category')
    op.drop_table('category')
    op.drop_index('ix_building_shape_m', table_name='building', postgresql_using='gist')
    op.drop_geospatial_table('building')
    op.drop_table('site')
    op.execute("drop function refuse_change()")
    op.execute("drop function circle_share(geometry, float8, float8, float8)")
