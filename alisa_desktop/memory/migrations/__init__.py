"""How the database became what it is: Alembic's `env` and one file per step in `versions`.

A new step is a new file in `versions` (copy the last one), and its revision is `schema.HEAD`.
"""
