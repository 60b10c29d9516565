"""Alembic's entry: runs the steps on the connection it is given."""

from alembic import context

from office.migrate import context_options

connection = context.config.attributes["connection"]
context.configure(connection=connection, transaction_per_migration=False, **context_options())
with context.begin_transaction():
    context.run_migrations()
