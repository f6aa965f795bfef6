"""A recorded run by its id: its record, its configuration, where it lies."""

import pathlib
from typing import NamedTuple

from experiments.errors import BadInput, did_you_mean
from experiments.machinery.records.measured import is_record
from experiments.machinery.records.record import RunRecord, Store
from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.training.config import RunConfig


class Recorded(NamedTuple):
    """A run with a record: the Store that holds it, its RunRecord and its RunConfig."""

    store: Store
    record: RunRecord
    config: RunConfig

    @property
    def same_bits(self):
        """Whether the run whose telemetry is on disk had the curves of the record, bit for bit."""
        return TelemetryStore(self.store.root).is_of(self.record)


def find(results, given):
    """The run that `locate` finds. Raises: BadInput if it is not there, or of another version."""
    path = locate(results, given, "RUN")
    store = Store(path.parent.parent)
    record = ended(store, path)
    try:
        config = RunConfig.from_dict(record.config)
    except (ValueError, TypeError, KeyError) as error:
        raise BadInput(f"{path}: not a configuration of this version ({error})") from error
    if config.run_id != record.run_id:
        raise BadInput(f"{path}: a run of another version: expected one of this version")
    return Recorded(store, record, config)


def ended(store, path):
    """The record in a file of a Store. Raises: BadInput if its run crashed."""
    record = store.read(path.stem)
    if record is None:
        raise BadInput(f"{path}: the run crashed: expected one that ended")
    return record


def named(results):
    """The files of all records, in the folders of all profiles and data seeds, by id: dict."""
    paths = sorted(pathlib.Path(results).glob("*/runs/*.json"), reverse=True)
    return {path.stem: path for path in paths if is_record(path)}


def locate(results, given, variable, known=None):
    """The file of a record, in the folder of any profile and data seed.

    `given` is an id or the path of a record, or the beginning of an id or of its hash that no other
    run shares; a person calls it `variable`, RUN or RUNS. `known` is `named(results)`, for whom it
    is read once.
    Raises: BadInput if no record matches, or more than one.
    """
    where = f"{variable} = {given!r}"
    if given.endswith(".json"):  # the path that `make run` prints
        given = pathlib.Path(given).stem
    if not given or "/" in given:
        raise BadInput(f"{where}: expected the name of a record, <model>-<method>-<hash>")
    known = named(results) if known is None else known
    if given in known:
        return known[given]
    begin = [
        name
        for name in sorted(known)
        if name.startswith(given) or name.rpartition("-")[2].startswith(given)
    ]
    if not begin:
        raise BadInput(
            f"{where}: no record in {results}/*/runs{did_you_mean(given, known)}: make run leaves "
            "one, make list shows all"
        )
    if len(begin) > 1:
        raise BadInput(
            f"{where}: {len(begin)} runs begin so, as {begin[0]} and {begin[1]}: expected the "
            "beginning of one alone"
        )
    return known[begin[0]]
