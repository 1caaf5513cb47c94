"""SQLAlchemy for SQLite alone, in the place of PyInstaller's own hook, which takes all databases."""

hiddenimports = ["sqlalchemy.dialects.sqlite", "sqlalchemy.sql.default_comparator"]
excludedimports = ["sqlalchemy.testing"]
