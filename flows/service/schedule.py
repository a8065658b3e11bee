"""What ``marketmap serve`` starts beside its server: makes each map when its time has come.

``python -m flows.service.schedule CONFIG [SECONDS]``, with PREFECT_API_URL set. It ends on
SIGTERM, and the runs that are going on end with it. The end of their processes frees their locks,
so that nothing of a killed run can stand in the way of the next one.
"""

import asyncio
import logging
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from prefect import State, flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.deployments.runner import RunnerDeployment
from prefect.runner import Runner
from prefect.schedules import Cron, Interval, Schedule
from prefect.states import Completed, Crashed
from prefect.types.entrypoint import EntrypointType

from flows.daily import RunResult, run_day
from flows.interpreter import quiet_exit
from flows.steps.context import map_context, open_map
from flows.steps.lock import MapBusyError, schedule_lock
from marketmap.config import Config, load_config
from marketmap.errors import MarketmapError
from storage import stored_days

PATIENCE_SECONDS = 6 * 3600.0
"""How long a scheduled run waits while a person makes the same map, by a backfill for instance."""

ENDED = "Execution was aborted by a termination signal"
"""What Prefect says of a crash that is none."""


@flow(name="scheduled")
def scheduled(map_name: str, config_path: Path) -> RunResult | State[RunResult]:
    """Make a map's newest day, unless the run before is still going on."""
    quiet_exit()
    hush_crashes()
    try:
        with (
            schedule_lock(load_config(config_path), map_name),
            open_map(config_path, map_name, PATIENCE_SECONDS, unattended=True) as context,
        ):
            return run_day(context, None)
    except MapBusyError as busy:
        return Completed(name="Skipped", message=str(busy))


def hush_crashes() -> None:
    """Keep off the terminal that a run crashed when it was ended, with the service for instance.

    Prefect's record of the run has it, and the terminal its other lines: that it was terminated.
    """
    for handler in logging.getLogger().handlers:
        handler.addFilter(lambda record: ENDED not in record.getMessage())


async def serve_maps(config_path: Path, every: float | None) -> None:
    """Register the scheduled maps and make them as they come due, until SIGTERM."""
    config = load_config(config_path)
    poll = min(10.0, every / 2) if every else 10.0
    names = config.scheduled_maps
    # A run of each map may wait for its day while those that must be skipped come and go.
    limit = 2 * len(names)
    runner = Runner(name="marketmap", pause_on_shutdown=False, query_seconds=poll, limit=limit)
    when = schedule_of(config, every)
    for name in names:
        deployment_id = await runner.aadd_deployment(await deployment_of(name, config_path, when))
        await clear_away(deployment_id)
        if every is None and is_behind(config, name):
            await catch_up(deployment_id)
    work = asyncio.create_task(runner.start())
    await asyncio.sleep(0)
    # In place of the runner's own handler, which cannot stop it while its event loop runs.
    asyncio.get_running_loop().add_signal_handler(
        signal.SIGTERM, lambda: asyncio.ensure_future(runner.astop())
    )
    await work


def main() -> None:
    """Serve the maps of the configuration that the command line names."""
    every = float(sys.argv[2]) if len(sys.argv) > 2 else None
    asyncio.run(serve_maps(Path(sys.argv[1]), every))


def schedule_of(config: Config, every: float | None) -> Schedule:
    """Return when maps are made: as config.yaml says, or every so many seconds."""
    if every is None:
        return Cron(config.schedule.cron, timezone="UTC")
    return Interval(timedelta(seconds=every), anchor_date=datetime.now(UTC), timezone="UTC")


async def deployment_of(name: str, config_path: Path, when: Schedule) -> RunnerDeployment:
    """Describe a map's scheduled runs to Prefect."""
    return await scheduled.ato_deployment(
        name=name,
        schedule=when,
        parameters={"map_name": name, "config_path": str(config_path.absolute())},
        entrypoint_type=EntrypointType.MODULE_PATH,
        description=f"makes map {name} of its newest day",
    )


async def clear_away(deployment_id: UUID) -> None:
    """Deal with what an earlier service has left: runs that it was to start, or had started."""
    async with get_client() as client:
        for run in await _runs_in(client, deployment_id, StateType.SCHEDULED):
            if run.expected_start_time and run.expected_start_time < datetime.now(UTC):
                await client.delete_flow_run(run.id)
        for run in await _runs_in(
            client, deployment_id, StateType.PENDING, StateType.RUNNING, StateType.CANCELLING
        ):
            gone: State[None] = Crashed(message="its process ended before it did")
            await client.set_flow_run_state(run.id, gone, force=True)


async def _runs_in(client: PrefectClient, deployment_id: UUID, *states: StateType) -> list[FlowRun]:
    return await client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment_id])),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(states)))
        ),
    )


def is_behind(config: Config, name: str) -> bool:
    """Return whether a map's newest day is not stored, such as after a night without power."""
    try:
        return map_context(config, name).last_day not in stored_days(config.published, name)
    except MarketmapError:
        return True


async def catch_up(deployment_id: UUID) -> None:
    """Have a map made at once."""
    async with get_client() as client:
        await client.create_flow_run_from_deployment(deployment_id, name="catching up")


if __name__ == "__main__":
    # Prefect finds a flow by its module's name, and __main__ is another module in each process.
    from flows.service.schedule import main as main_of_this_module

    main_of_this_module()
