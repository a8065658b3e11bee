"""The Prefect server of ``marketmap serve``."""

import json
import os
import socket

from flows.service.environment import empty_folder, is_healthy, server_file
from flows.service.supervisor import Child
from marketmap.config import Config
from marketmap.errors import ConfigError

HOST = "127.0.0.1"


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
    folder = empty_folder(config)
    return Child("Prefect server", arguments, environment, lambda: is_healthy(url), folder)


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
