"""The lists that come with a version, written into the database when it is made ready: topics and municipalities."""

from __future__ import annotations

from foundation import logs
from foundation.clock import SystemClock
from foundation.database import Database, DatabaseSettings
from ticket_core.events.municipalities import PACKAGE, BadList, packaged
from ticket_core.events.places import Places
from ticket_core.events.topics import Topics

log = logs.get(__name__)


async def load_lists(url: str) -> None:
    """Write what is new; quick when nothing is. Without a list of municipalities the start goes on, and the log says so."""
    database, clock = Database(DatabaseSettings(url=url, pool_size=1)), SystemClock()
    try:
        await Topics(database, clock).load_shipped()
        await _load_municipalities(Places(database, clock))
    finally:
        await database.close()


async def _load_municipalities(places: Places) -> None:
    source = packaged()
    if source is None:
        log.warning("no_list_of_municipalities", package=PACKAGE, on_the_list=await places.count())
        return
    try:
        loaded = await places.load_new(source)
    except (BadList, OSError) as error:
        log.warning("municipalities_not_loaded", version=source.version, **logs.fault(error))
        return
    if loaded is not None:
        log.info("municipalities_loaded", version=source.version, written=loaded.written, gone=loaded.gone)
