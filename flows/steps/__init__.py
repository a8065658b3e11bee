"""What the flows do, step by step: plain functions without Prefect."""
