"""Run by Alembic: every room's rows in one metadata, one connection, one transaction."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

import dialplan.store
import foundation.audit
import ledger.store
import queue_manager.store
import ticket_core.attachments.store
import ticket_core.clock.store
import ticket_core.events.store
import ticket_core.message_store
import ticket_core.people.store
import ticket_core.replies.store
import ticket_core.store
from foundation.database import Base
from ticket_core.locks import Lock

# Importing a room's store is what puts its tables into the metadata.
ROOMS = (
    dialplan.store,
    foundation.audit,
    ledger.store,
    queue_manager.store,
    ticket_core.attachments.store,
    ticket_core.clock.store,
    ticket_core.events.store,
    ticket_core.people.store,
    ticket_core.replies.store,
    ticket_core.store,
)

engine = create_engine(context.config.attributes["url"], poolclass=NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock, 0)"), {"lock": Lock.TABLES.value})
        context.run_migrations()
    connection.commit()
engine.dispose()
