"""Runs migrations on the connection that `authserver.storage.migrations` holds under its lock.

`flask db …`, for developers, has no such connection and opens one of its own.
"""

from alembic import context
from flask import current_app

from authserver.storage.migrations import comparison

config = context.config


def run(connection) -> None:
    context.configure(connection=connection, transactional_ddl=True, **comparison(connection))
    with context.begin_transaction():
        context.run_migrations()


connection = config.attributes.get("connection")
if connection is not None:
    run(connection)
else:
    with current_app.extensions["migrate"].db.engine.connect() as connection:
        run(connection)
        connection.commit()
