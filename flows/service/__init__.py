"""``marketmap serve``: the Prefect server, the schedule, and what keeps both alive."""
