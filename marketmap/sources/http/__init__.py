"""Requests over HTTP, and what is done when one fails.

- ``retry``: whether a request is sent again, and after how long: one loop for every source;
- ``confirmation``: which answer can be trusted, and when a second one has to confirm it;
- ``throttle``: when a request may leave, by the two below and the wait after failures;
- ``rate_limit``: how many requests a minute all programs on a machine send to a host;
- ``circuit_breaker``: when a host that only fails is not asked for a while;
- ``transport``: one request, and what became of it;
- ``proxies``: which proxy and which certificates the environment names for a host;
- ``status``: what the status and headers of an answer say about asking again.
"""
