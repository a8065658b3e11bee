"""Fetching many windows: several at a time, stored as they come, and again where they failed."""

import queue
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from marketmap.errors import SourceError
from marketmap.sources.answers import Answer, Window
from marketmap.sources.base import RemoteSource

ROUNDS = 4
"""How often failed windows are asked for; a round in which none succeeds is the last."""
BATCH_SECONDS = 2.0
BATCH_ANSWERS = 25
"""Answers are handed over at least this often; a kill loses no more than that."""

Keep = Callable[[Sequence[Answer]], None]


@dataclass
class Progress:
    """How far a fetch is.

    Attributes
    ----------
    n_assets : int
    n_windows, n_answered : int
        Requests that are needed, and those of them that have been answered.
    n_rows : int
        Rows that came.
    n_requests : int
        Requests that were sent.
    """

    n_assets: int = 0
    n_windows: int = 0
    n_answered: int = 0
    n_rows: int = 0
    n_requests: int = 0
    _open: dict[str | None, int] = field(default_factory=dict)

    @property
    def n_retries(self) -> int:
        """Requests beyond one for each answer."""
        return max(0, self.n_requests - self.n_answered)

    @property
    def n_assets_done(self) -> int:
        """Assets whose windows have all been answered."""
        return self.n_assets - len(self._open)

    def plan(self, window: Window) -> None:
        """Count a window that is to be asked for."""
        self.n_windows += 1
        if window.asset_id not in self._open:
            self._open[window.asset_id] = 0
        self._open[window.asset_id] += 1

    def count(self, answer: Answer) -> None:
        """Count an answer, or a failure."""
        self.n_requests += len(answer.attempts)
        if answer.rows is None:
            return
        self.n_answered += 1
        self.n_rows += len(answer.rows)
        asset_id = answer.window.asset_id
        self._open[asset_id] -= 1
        if not self._open[asset_id]:
            del self._open[asset_id]


def fetch(
    source: RemoteSource,
    windows: Iterable[Window],
    keep: Keep,
    show: Callable[[Progress], None] = lambda _: None,
    *,
    concurrency: int = 4,
) -> dict[str, SourceError]:
    """Ask for all windows, the newest first, and hand every answer over.

    Parameters
    ----------
    source : RemoteSource
    windows : iterable of Window
    keep : callable
        Called with answers in batches, failures included, in this thread. On Ctrl-C or SIGTERM it
        is called with what has come before the interrupt goes on.
    show : callable
        Called with how far the fetch is.
    concurrency : int
        Requests at once.

    Returns
    -------
    dict of str to SourceError
        Why an asset could not be had as a whole, by asset id. What failed is asked for again after
        everything else, for as long as that helps and the source has not given up.
    """
    waiting = set(windows)
    progress = Progress(n_assets=len({window.asset_id for window in waiting}))
    for window in waiting:
        progress.plan(window)
    failed: dict[Window, SourceError] = {}
    for _ in range(ROUNDS):
        failed = _Round(source, keep, show, progress).go(waiting, concurrency)
        if source.has_given_up or not failed or failed.keys() == waiting:
            break
        waiting = set(failed)
    return {str(window.asset_id): error for window, error in failed.items()}


class _Round:
    """Asks for every window once; after a window of an asset has failed, for no more of it."""

    def __init__(
        self,
        source: RemoteSource,
        keep: Keep,
        show: Callable[[Progress], None],
        progress: Progress,
    ) -> None:
        self._source = source
        self._keep = keep
        self._show = show
        self._progress = progress
        self._came: queue.SimpleQueue[tuple[Window, Answer | BaseException]] = queue.SimpleQueue()
        self._errors: dict[str | None, SourceError] = {}
        self._batch: list[Answer] = []
        self._kept_at = time.monotonic()

    def go(self, windows: Iterable[Window], concurrency: int) -> dict[Window, SourceError]:
        """Ask for windows, and return those that failed."""
        failed: dict[Window, SourceError] = {}
        pool = ThreadPoolExecutor(concurrency, thread_name_prefix="fetch")
        newest_first = sorted(windows, key=lambda window: (window.last, window.first), reverse=True)
        n_open = len(newest_first)
        try:
            for window in newest_first:
                pool.submit(self._ask, window)
            self._show(self._progress)
            while n_open:
                window, answer = self._next()
                n_open -= 1
                if answer.error is not None:
                    failed[window] = answer.error
                else:
                    for rest in window.without(answer.window):
                        self._progress.plan(rest)
                        pool.submit(self._ask, rest)
                        n_open += 1
                self._hand_over(only_if_due=n_open > 0)
        except Exception:
            self._source.stop()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        except BaseException:  # Ctrl-C, or what a flow's engine makes of SIGTERM
            self._source.stop()
            pool.shutdown(wait=False, cancel_futures=True)
            while not self._came.empty():
                _, came = self._came.get()
                if isinstance(came, Answer):
                    self._batch.append(came)
            self._hand_over(only_if_due=False)
            raise
        pool.shutdown()
        return failed

    def _ask(self, window: Window) -> None:
        """Ask, in a thread."""
        try:
            error = self._errors.get(window.asset_id)
            if error is None:
                answer = self._source.ask_prices(window)
                if answer.error is not None:
                    self._errors[window.asset_id] = answer.error
            else:
                answer = Answer(window, (), error=error)
            self._came.put((window, answer))
        except BaseException as problem:
            self._came.put((window, problem))

    def _next(self) -> tuple[Window, Answer]:
        """Wait for the next answer."""
        window, answer = self._came.get()
        if isinstance(answer, BaseException):
            raise answer
        self._batch.append(answer)
        self._progress.count(answer)
        self._show(self._progress)
        return window, answer

    def _hand_over(self, *, only_if_due: bool) -> None:
        now = time.monotonic()
        is_due = now - self._kept_at >= BATCH_SECONDS or len(self._batch) >= BATCH_ANSWERS
        if only_if_due and not is_due:
            return
        batch, self._batch, self._kept_at = self._batch, [], now
        if batch:
            self._keep(batch)
