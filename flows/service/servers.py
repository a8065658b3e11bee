"""Prefect servers of our own on this machine: one that stays, and one for a single command."""

import atexit
import json
import os
import socket

from flows.service.environment import is_healthy, server_file
from flows.service.supervisor import Child, ServiceError
from marketmap.config import Config
from marketmap.errors import ConfigError

HOST = "127.0.0.1"
TEMPORARY = {
    # It lives for one command: no UI, nothing to schedule, to clean up or to trigger.
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
    "PREFECT_UI_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_FOREMAN_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
}


def lasting_server(config: Config, port: int | None) -> Child:
    """Describe the server of ``marketmap serve``: with Prefect's UI, its database in data_dir."""
    chosen = free_port(*((port,) if port else (4200, 0)))
    url = f"http://{HOST}:{chosen}/api"
    arguments = ["prefect", "server", "start", "--host", HOST, "--port", str(chosen)]
    environment = {
        "PREFECT_API_URL": url,
        "PREFECT_UI_API_URL": url,
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        # It would mark hundreds of runs at once after a pause, and lock SQLite against the rest.
        "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
    }
    server_file(config).write_text(json.dumps({"api": url, "pid": os.getpid()}), encoding="utf-8")
    return Child("Prefect server", arguments, environment, ready=lambda: is_healthy(url))


def temporary_server() -> Child:
    """Start a server that ends with this process, however that ends; prepare() comes first.

    Prefect would start one as well, but only when the first flow asks for it, seconds later, and
    it would outlive a process that is killed. :func:`wait_for` waits until it is up.
    """
    port = free_port(0)
    url = f"http://{HOST}:{port}/api"
    os.environ["PREFECT_API_URL"] = url
    # As Prefect 3.8 starts its own, in prefect.server.api.server.
    arguments = ["uvicorn", "--factory", "prefect.server.api.server:create_app"]
    arguments += ["--host", HOST, "--port", str(port), "--log-level", "error", "--lifespan", "on"]
    child = Child("temporary Prefect server", arguments, TEMPORARY, lambda: is_healthy(url))
    # What is registered first is called last: Prefect, still to be imported, has things to tell it.
    atexit.register(child.stop)
    child.start()
    return child


def wait_for(server: Child) -> None:
    """Wait until a server is up, or raise a ServiceError."""
    server.wait_until_ready()
    if not server.is_alive():
        raise ServiceError(f"the {server.name} did not start; see what it wrote above")


def free_port(*wanted: int) -> int:
    """Find a port to listen on: the first of those wanted that is free; 0 stands for any."""
    for port in wanted:
        with socket.socket() as probe:
            # As servers do: a port whose connections are just closing is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                taken = error
                continue
            return int(probe.getsockname()[1])
    raise ConfigError(f"--port {port}: cannot listen there ({taken.strerror}); name another")
