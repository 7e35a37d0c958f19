"""`python -m centralino.clock` on real rows: several run, one is active; when it is killed, cut off or frozen another takes over."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from centralino import migrate
from centralino.pbx_home import secret
from centralino.postgres import Cluster
from centralino.services import Services
from centralino.settings import Tree, UpSettings
from centralino.supervisor import Supervisor
from foundation.clock import SystemClock
from foundation.database import Database, DatabaseSettings
from foundation.monitor import fetch
from foundation.process import EXIT_SETTINGS
from tests.places import first_port
from tests.polling import until
from tests.postgres import TEMPLATE, Throwaway
from tests.practices import CODES, COUNTING
from tests.processes import Run, Running
from tests.timekeeping import closings, cut
from ticket_core.casework import Casework
from ticket_core.clock.seat import SILENT_S, Seat, SeatLost
from ticket_core.clock.settings import RetentionSettings
from ticket_core.model import Channel, Practice, Request, Requester
from ticket_core.replies.service import Replies

CLOCK = SystemClock()
FORM = Request(channel=Channel.WEB_FORM, requester=Requester(name="Anna Verdi", email="anna.verdi@example.org"))
Start = Callable[..., Running]


@pytest.fixture
def monitors() -> tuple[str, str]:
    return f"127.0.0.1:{first_port(2) + 15}", f"127.0.0.1:{first_port(2) + 16}"


@pytest.fixture
def start(run: Run, database_url: str, tmp_path: Path) -> Start:
    common = {
        "CENTRALINO_DATABASE__URL": database_url,
        "CENTRALINO_AUDIO__FOLDER": str(tmp_path / "audio"),
        "CENTRALINO_ATTACHMENTS__FOLDER": str(tmp_path / "attachments"),
        "CENTRALINO_CODES__KEY": CODES.key.decode(),
        "CENTRALINO_CLOCK__LOOK_S": "0.5",
    }

    def clock(monitor: str, **settings: str) -> Running:
        return run("centralino.clock", common | {"CENTRALINO_MONITOR__ADDRESS": monitor} | settings)

    return clock


@pytest.fixture
def casework(database: Database) -> Casework:
    return Casework(database, CLOCK, COUNTING, CODES, Replies(database, CLOCK))


async def overdue(casework: Casework, database: Database) -> UUID:
    """A practice whose documents were asked for fifty days ago."""
    practice = await casework.take((await casework.open(FORM, "form")).id, "anna")
    await casework.ask_documents(practice.id, "una fotografia", "anna")
    async with database.session() as session:
        await session.execute(
            text("UPDATE practice SET state_since = :at WHERE id = :id"),
            {"at": CLOCK.now() - timedelta(days=50), "id": practice.id},
        )
    return practice.id


async def closed(casework: Casework, practice_id: UUID) -> Practice:
    """The practice, once the clock has closed it."""
    found: Practice | None = None

    async def is_so() -> bool:
        nonlocal found
        found = await casework.assign(practice_id, "anna", "looked at")
        return found.closure is not None

    await until(is_so, 60, "the closure")
    assert found is not None
    return found


async def is_active(monitor: str) -> bool:
    try:
        return "\ncentralino_clock_active 1.0\n" in (await fetch(monitor, "/metrics", 2.0)).text
    except (OSError, TimeoutError):
        return False


async def says(monitor: str) -> str:
    try:
        return str(json.loads((await fetch(monitor, "/health", 2.0)).text)["checks"]["duties"]["says"])
    except (OSError, TimeoutError):
        return ""


async def standing_by(monitor: str) -> None:
    async def is_so() -> bool:
        return (await says(monitor)).startswith("standing by")

    await until(is_so, 60, f"the standby on {monitor}")


@pytest.fixture
async def seats(database_url: str) -> AsyncIterator[tuple[Seat, Seat]]:
    first, second = (Seat(DatabaseSettings(url=database_url), CLOCK) for _ in range(2))
    yield first, second
    await first.leave()
    await second.leave()


async def test_who_lost_the_connection_lost_the_seat_and_learns_it_before_the_next_step(
    seats: tuple[Seat, Seat], database: Database
) -> None:
    first, second = seats
    assert await first.take()
    assert not await second.take()
    await first.confirm()
    await cut(database)
    assert await second.take()

    async def is_lost() -> bool:
        try:
            await first.confirm()
        except SeatLost:
            return True
        return False

    await until(is_lost, 5, "the loss")
    with pytest.raises(SeatLost):
        await first.confirm()
    assert not await first.take()
    await second.leave()
    await until(first.take, 5, "the seat that was left")


async def test_who_says_nothing_for_long_is_ended_by_the_server_and_who_keeps_speaking_is_not(
    seats: tuple[Seat, Seat],
) -> None:
    first, second = seats
    assert await first.take()
    speaking = asyncio.create_task(first.keep())
    with pytest.raises(AssertionError, match="did not come true"):
        await until(second.take, SILENT_S + 5, "the seat")
    speaking.cancel()
    await asyncio.gather(speaking, return_exceptions=True)
    await until(second.take, SILENT_S + 5, "the seat")
    with pytest.raises(SeatLost):
        await first.confirm()


async def test_of_two_one_works_and_when_it_is_killed_the_other_takes_over_within_seconds(
    start: Start, monitors: tuple[str, str], casework: Casework, database: Database
) -> None:
    one, other = monitors
    with start(one) as active:
        await until(lambda: is_active(one), 60, "the first")
        with start(other):
            await standing_by(other)
            assert (await fetch(other, "/ready", 2.0)).status == 200
            assert not await is_active(other)
            assert "clock_last_run_timestamp_seconds{" not in (await fetch(other, "/metrics", 2.0)).text
            before = await overdue(casework, database)
            assert closings([entry.what for entry in (await closed(casework, before)).history]) == 1
            active.kill()
            await until(lambda: is_active(other), 5, "the second")
            after = await overdue(casework, database)
            assert closings([entry.what for entry in (await closed(casework, after)).history]) == 1


async def test_a_frozen_one_is_replaced_and_when_it_thaws_it_stands_by_and_does_nothing_again(
    start: Start, monitors: tuple[str, str], casework: Casework, database: Database, tmp_path: Path
) -> None:
    one, other = monitors
    with start(one) as frozen:
        await until(lambda: is_active(one), 60, "the first")
        with start(other):
            await standing_by(other)
            frozen.send_signal(signal.SIGSTOP)
            await until(lambda: is_active(other), SILENT_S + 10, "the second")
            practice_id = await overdue(casework, database)
            await closed(casework, practice_id)
            frozen.send_signal(signal.SIGCONT)
            await standing_by(one)
            assert await is_active(other)
            assert not await is_active(one)
            practice = await casework.assign(practice_id, "anna", "looked at again")
    assert closings([entry.what for entry in practice.history]) == 1
    assert '"event": "seat_lost"' in (tmp_path / "log").read_text("utf-8")


async def test_cut_off_from_the_database_it_says_so_comes_back_and_goes_on(
    start: Start, monitors: tuple[str, str], casework: Casework, database: Database
) -> None:
    one, _ = monitors
    with start(one) as process:
        await until(lambda: is_active(one), 60, "the first")
        await cut(database)
        await until(lambda: is_active(one), 20, "it again")
        practice_id = await overdue(casework, database)
        await closed(casework, practice_id)
        process.terminate()
        assert await asyncio.to_thread(process.wait, 10) == 0


@contextmanager
def serving(cluster: Cluster) -> Iterator[None]:
    """Its server runs for the length of the block."""
    with subprocess.Popen(cluster.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            cluster.wait_ready(30)
            yield
        finally:
            subprocess.run(cluster.stop_command(), check=False)  # a fast shutdown: whoever is connected is cut off
            server.wait(20)


async def test_while_the_database_is_away_it_says_so_and_when_it_is_back_it_works_again(
    start: Start, monitors: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    one, folder = monitors[0], tmp_path_factory.mktemp("pg")
    cluster = Cluster(folder / "data", folder / "run", durable=False)
    await asyncio.to_thread(cluster.initialise)

    async def is_told() -> bool:
        return "the database does not answer" in await says(one)

    with start(one, CENTRALINO_DATABASE__URL=cluster.url()):
        await until(is_told, 60, "the sentence")
        assert (await fetch(one, "/ready", 2.0)).status == 503
        for _ in range(2):
            with serving(cluster):
                cluster.create_database()
                await asyncio.to_thread(migrate.upgrade, cluster.url())
                await until(lambda: is_active(one), 30, "the clock")
            await until(is_told, 30, "the sentence")


async def test_its_pages_tell_of_each_duty(start: Start, monitors: tuple[str, str]) -> None:
    one, _ = monitors
    with start(one):

        async def is_well() -> bool:
            return await says(one) == "active: every duty is done in its turn"

        await until(is_well, 60, "the sentence")
        page = (await fetch(one, "/metrics", 2.0)).text
    for duty in ("close_missing", "remind", "raise_alarms", "seal_histories", "sweep_attachments", "forget_callers"):
        assert f'centralino_clock_last_run_timestamp_seconds{{action="{duty}"}}' in page
        assert f'centralino_clock_failures_in_a_row{{action="{duty}"}} 0.0' in page
    assert "centralino_clock_practices_overdue 0.0" in page


def test_a_wrong_setting_stops_the_start_with_its_name(start: Start, monitors: tuple[str, str], tmp_path: Path) -> None:
    with start(monitors[0], CENTRALINO_RETENTION__AUDIO_DAYS="0") as process:
        assert process.wait(30) == EXIT_SETTINGS
    assert "setting retention.audio_days is wrong" in (tmp_path / "log").read_text("utf-8")


async def test_the_platform_starts_it_with_its_own_settings_and_it_becomes_active(
    postgres: Throwaway, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = tmp_path_factory.mktemp("d")
    tree = Tree(up=UpSettings(data=data, first_port=first_port(2)), retention=RetentionSettings(audio_days=7))
    secret(data / "secrets", "ari")  # every process of ours is told of it
    services, supervisor = Services(tree, postgres.cluster, ""), Supervisor(data / "logs")
    postgres.cluster.create_database(template=TEMPLATE)
    try:
        running = await supervisor.start(services.ours("clock"))
        assert running.service.environ["CENTRALINO_RETENTION__AUDIO_DAYS"] == "7"
        await until(lambda: is_active(services.monitor_address("clock")), 20, "the clock")
    finally:
        await supervisor.stop()
        postgres.cluster.drop_database("centralino")
