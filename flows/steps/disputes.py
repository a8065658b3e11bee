"""Where fetched prices meet stored ones: what contradicts them is asked for again and settled."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pandas as pd

from flows.steps.answers import archive_of
from flows.steps.progress import tell, warn
from flows.steps.signals import note_kept, signals_wait
from marketmap.config import Config
from marketmap.errors import SourceError
from marketmap.printing import plural
from marketmap.sources.answers import Answer, Window, quarantine_frame
from marketmap.sources.base import RemoteSource
from marketmap.sources.disputes import (
    FEWEST_EQUAL,
    Reason,
    compare,
    contradictions,
    is_confirmed,
    nearer,
    overruled,
    refuse,
    refused_rows,
    told_by,
    withhold,
)
from marketmap.sources.fetching import fetch
from storage import Database

ONE_DAY = timedelta(days=1)
ROUNDS = 3
"""So often the whole history of an asset is asked for again, until two answers agree."""


@dataclass
class Dispute:
    """An asset of which answers contradict each other, or are another asset's prices.

    Attributes
    ----------
    asset_id : str
    why : str
        A sentence.
    held : list of Answer
        Answers that came and are not stored: what the dispute began with.
    rounds : list of list of Answer
        What came each time the whole history was asked for again.
    is_another : bool
        Whether its newest prices are another asset's.
    """

    asset_id: str
    why: str
    held: list[Answer] = field(default_factory=list)
    rounds: list[list[Answer]] = field(default_factory=list)
    is_another: bool = False

    @property
    def answers(self) -> list[Answer]:
        """All answers about the asset, oldest first."""
        return [*self.held, *(answer for answers in self.rounds for answer in answers)]

    @property
    def telling(self) -> pd.DataFrame:
        """All prices of the newest round."""
        return told_by(self.rounds[-1])


Disputes = dict[str, Dispute]


def keep_sound(
    config: Config, source_name: str, answers: Sequence[Answer], disputes: Disputes
) -> None:
    """Store the answers that fit what is stored; the others open a dispute, or join one."""
    with signals_wait():
        # The database is open for moments only, so that another map can be made meanwhile.
        with Database.open(config.database) as database:
            _open_disputes(database, source_name, answers, disputes)
            kept = []
            for answer in answers:
                dispute = disputes.get(str(answer.window.asset_id))
                if dispute is None or answer.rows is None:
                    kept.append(answer)
                    continue
                dispute.held.append(answer)
                kept.append(replace(withhold(answer, dispute.why), archived=()))
            # First the bodies, so that no stored row lacks the body that it comes from.
            archive_of(config).keep(source_name, (body for a in kept for body in a.archived))
            database.store_answers(source_name, kept)
        note_kept("answer", len(answers))


def _open_disputes(
    database: Database, source_name: str, answers: Sequence[Answer], disputes: Disputes
) -> None:
    told = [a for a in answers if a.window.asset_id is not None]
    frames = [f for a in told if a.rows is not None for f in (a.rows, a.around) if len(f)]
    if not frames:
        return
    rows = pd.concat(frames, ignore_index=True)
    first, last = rows["date"].min().date(), rows["date"].max().date()
    stored = database.prices(source_name, set(rows["asset_id"]), first, last)
    for asset_id, why in contradictions(told, stored).items():
        disputes.setdefault(asset_id, Dispute(asset_id, why))
    found = database.equal_prices(source_name, rows, fewest=FEWEST_EQUAL)
    for asset_id, other_id, n_days in found.itertuples(index=False):
        for one, other in ((asset_id, other_id), (other_id, asset_id)):
            disputes.setdefault(one, Dispute(one, _its(other, n_days), is_another=True))


@dataclass(frozen=True)
class Settled:
    """What came of disputes.

    Attributes
    ----------
    failed : dict of str to SourceError
        Why it is open what is right, by asset id.
    replaced : dict of str to str
        What was wrong with stored prices that were replaced, by asset id.
    """

    failed: dict[str, SourceError] = field(default_factory=dict)
    replaced: dict[str, str] = field(default_factory=dict)


def settle(config: Config, source: RemoteSource, disputes: Disputes) -> Settled:
    """Ask for the whole history of every asset in dispute until two answers agree, and store them.

    What is decided about an asset is stored in one transaction: a killed run leaves it as it was,
    and the next one meets the same contradiction.
    """
    settled = Settled()
    if not disputes:
        return settled
    tell(f"{plural(len(disputes), 'asset')} in doubt: the whole history is asked for again")
    opened = dict(disputes)
    with Database.open(config.database) as database:
        stored = database.prices(source.name, opened, None, date.max)
        sizes = database.newest_sizes(source.name, opened)
        histories = {asset_id: stored[stored["asset_id"] == asset_id] for asset_id in opened}
        wrong = _of_others(database, source.name, histories, sizes)
    for n in range(1, ROUNDS + 1):
        answers = list[Answer]()
        windows = [w for d in opened.values() for w in _anew(source, d, histories, n)]
        failed = fetch(source, windows, answers.extend, concurrency=config.fetch.concurrency)
        for dispute in opened.values():
            dispute.rounds.append([a for a in answers if a.window.asset_id == dispute.asset_id])
        with signals_wait(), Database.open(config.database) as database:
            tellings = {asset_id: d.telling for asset_id, d in opened.items()}
            found = _of_others(database, source.name, tellings, sizes)
            for asset_id, dispute in list(opened.items()):
                error = failed.get(asset_id)
                if error is None:
                    dispute.is_another = asset_id in found
                    dispute.why = found.get(asset_id, dispute.why)
                if error is None and _is_decided(dispute, histories[asset_id]):
                    _store(config, database, source.name, dispute, histories, tellings, settled)
                    del opened[asset_id]
                elif n == ROUNDS or source.has_given_up:
                    history = histories[asset_id]
                    is_wrong = asset_id in wrong or (
                        dispute.is_another and compare(history, dispute.telling).agrees
                    )
                    given = history if is_wrong else None
                    _leave_open(config, database, source.name, dispute, given, error)
                    settled.failed[asset_id] = SourceError(dispute.why)
        if source.has_given_up or not opened:
            break
    return settled


def _anew(
    source: RemoteSource, dispute: Dispute, histories: dict[str, pd.DataFrame], n: int
) -> list[Window]:
    """Return an asset's whole history in windows as no cache has seen them."""
    days = [day.date() for day in histories[dispute.asset_id]["date"].agg(["min", "max"]).dropna()]
    windows = [answer.window for answer in dispute.held]
    if not days and not windows:
        return []
    first = min([*days, *(w.first for w in windows)]) - n * ONE_DAY
    last = max([*days, *(w.last for w in windows)])
    newest, *older = source.windows(dispute.asset_id, first, last)
    if not older:
        return [newest]
    newest = replace(newest, first=newest.first + n * ONE_DAY)
    return [newest, *source.windows(dispute.asset_id, first, newest.first - ONE_DAY)]


def _of_others(
    database: Database,
    source_name: str,
    tellings: dict[str, pd.DataFrame],
    sizes: dict[str, dict[str, float]],
) -> dict[str, str]:
    """Return which assets' prices are another one's, with a sentence; of two equal ones, whose."""
    rows = pd.concat(list(tellings.values()), ignore_index=True)
    found = database.equal_prices(source_name, rows, without=tellings, fewest=FEWEST_EQUAL)
    said: dict[str, str] = {}
    for asset_id, other_id, n_days in found.itertuples(index=False):
        other = tellings.get(other_id)
        if other is None or nearer(tellings[asset_id], other, sizes) != asset_id:
            said.setdefault(asset_id, _its(other_id, n_days))
    return said


def _is_decided(dispute: Dispute, history: pd.DataFrame) -> bool:
    """Return whether the newest round is confirmed by what came before or what is stored."""
    if dispute.is_another:
        return False
    telling = dispute.telling
    earlier = [told_by(answers) for answers in dispute.rounds[:-1]]
    return is_confirmed(telling, [*earlier, *(told_by([a]) for a in dispute.held), history])


def _store(
    config: Config,
    database: Database,
    source_name: str,
    dispute: Dispute,
    histories: dict[str, pd.DataFrame],
    tellings: dict[str, pd.DataFrame],
    settled: Settled,
) -> None:
    """Store the newest round; what it overrules, stored or not, goes to the quarantine."""
    asset_id, right, winning = dispute.asset_id, dispute.telling, dispute.rounds[-1]
    others = []
    for answer in dispute.answers[: -len(winning) or None]:
        wrong = overruled(told_by([answer]), right) if answer.rows is not None else None
        if wrong is None:
            others.append(withhold(answer, "told again"))
        else:
            others.append(refuse(answer, wrong.reason, wrong.detail, right))
    wrong = overruled(histories[asset_id], right)
    rows = None
    if wrong is not None:
        others_now = [rows for other_id, rows in tellings.items() if other_id != asset_id]
        named = _named(database, source_name, asset_id, pd.concat([wrong.rows, *others_now]))
        settled.replaced[asset_id] = f"{wrong.detail}{named}"
        rows = _refused(wrong.rows, wrong.reason, settled.replaced[asset_id])
        warn(f"asset {asset_id}: stored prices are replaced: {settled.replaced[asset_id]}")
    _keep(config, database, source_name, [*others, *winning], rows)


def _leave_open(
    config: Config,
    database: Database,
    source_name: str,
    dispute: Dispute,
    history: pd.DataFrame | None,
    error: SourceError | None,
) -> None:
    """Quarantine all answers, and what is stored (``history``) where it is another asset's."""
    reason: Reason = "another_asset" if dispute.is_another else "disputed"
    if not dispute.is_another:
        dispute.why += "; no two answers agree"
    if error is not None:
        dispute.why += f"; asked again: {error}"
    wrong = None if history is None else _refused(history, "another_asset", dispute.why)
    answers = [refuse(answer, reason, dispute.why, None) for answer in dispute.answers]
    warn(f"asset {dispute.asset_id}: not used: {dispute.why}")
    _keep(config, database, source_name, answers, wrong)


def _keep(
    config: Config,
    database: Database,
    source_name: str,
    answers: Sequence[Answer],
    wrong: pd.DataFrame | None,
) -> None:
    archive_of(config).keep(source_name, (body for a in answers for body in a.archived))
    database.store_answers(source_name, answers, overruled=wrong)


def _refused(rows: pd.DataFrame, reason: Reason, detail: str) -> pd.DataFrame:
    return quarantine_frame(refused_rows(rows, reason, detail))


def _named(database: Database, source_name: str, asset_id: str, rows: pd.DataFrame) -> str:
    """Say whose prices they are, where they are another asset's."""
    found = database.equal_prices(source_name, rows, without=[asset_id], fewest=FEWEST_EQUAL)
    found = found[found["asset_id"] == asset_id]
    return f"; they were {_equal(*found.iloc[0][['other_id', 'n_days']])}" if len(found) else ""


def _equal(other_id: str, n_days: int) -> str:
    return f"those of asset {other_id} to the last digit on {n_days} days"


def _its(other_id: str, n_days: int) -> str:
    return f"its prices are {_equal(other_id, n_days)}"
