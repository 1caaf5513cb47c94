"""Alembic runs this file for every upgrade, on the connection that `upgrade` hands over; logging stays as it is."""

from alembic import context

from alisa_desktop.memory.schema import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite alters tables by rebuilding them
    transactional_ddl=True,  # our connections begin transactions themselves, so SQLite can take schema changes back
)
with context.begin_transaction():
    context.run_migrations()
