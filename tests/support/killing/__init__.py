"""The daily flow, killed (SIGKILL) at any moment and run again: what is left, and what comes of it.

    python -m tests.support.killing --chains 2 --seed 1

``moments`` says where the product is, ``desk`` and ``scenes`` prepare what is to be protected,
``forks`` runs and kills, ``looking``, ``reader`` and ``remains`` check, ``sweep`` does it all
without Prefect, and ``commands`` does it to ``marketmap run`` with Prefect.
"""
