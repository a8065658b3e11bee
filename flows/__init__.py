"""flows: when things happen. Prefect flows, the schedule and the command line."""
