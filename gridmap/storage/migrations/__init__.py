"""The store's history, run by gridmap.storage.database."""
