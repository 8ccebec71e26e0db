"""The store's history, run by gridmap.storage.upgrades."""

# The newest version, so that a store that is up to date is opened without asking Alembic.
HEAD = "0012"
