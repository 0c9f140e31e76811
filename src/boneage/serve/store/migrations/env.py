"""Alembic's entry: the connection is always given by boneage.serve.store.engine."""

from alembic import context

from boneage.serve.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
