"""Trains some recorded runs of other code again: does this code give the same bits?"""

import json
import tempfile

from experiments.errors import BadInput, Differs
from scripts import command

FLAGS = command.flags_of("profile", "data_seed", "workers")
# What may differ between runs that one trained run speaks for.
FREE = ("data_seed", "run_seed", "learning_rate", "method.thresholds")


def main():
    """Lists the code of every pair of model and method whose runs come out bit for bit."""
    from experiments.machinery.records import code
    from experiments.training.config import RunConfig

    options = command.options(FLAGS)
    found, groups, strange = _of_other_code(options, FLAGS.data_seed), {}, 0
    for store, record in found:
        try:
            RunConfig.from_dict(record.config)
        except (ValueError, TypeError, KeyError):
            strange += 1
            continue
        groups.setdefault((record.code, code.group_of(record)), []).append((store, record))
    print(f"{len(found)} records of other code, {len(groups)} pairs of model and method")
    if strange:
        print(f"{strange} of them have configurations of another version, which prove nothing")
    chosen = {key: cover(runs) for key, runs in groups.items()}
    differing = _train(options, [run for runs in chosen.values() for run in runs]) if groups else {}
    for (other, group), runs in chosen.items():
        wrong = [record.run_id for _, record in runs if record.run_id in differing]
        if not wrong:
            _list(other, group, runs)
        said = "; ".join(f"{run_id} {differing[run_id]}" for run_id in wrong) or "every bit"
        print(f"{group}: {len(runs)} of {len(groups[other, group])} trained again: {said}")
    if differing:
        raise Differs(f"{len(differing)} runs of other code came out differently")


def _of_other_code(options, data_seed):
    """The (Store, RunRecord) that studies would train again, of one data seed or of all."""
    from experiments.machinery.records import code
    from experiments.machinery.records.record import results_folder, seeds_on_disk

    on_disk = seeds_on_disk(options.results, options.profile)
    seeds = on_disk if data_seed is None else [data_seed]
    if not seeds or not set(seeds) <= set(on_disk):
        folder = results_folder(options.results, options.profile, options.data_seed)
        raise BadInput(f"{folder}: no results: expected a profile and DATA_SEED with some")
    stores = [options.store(seed, writable=False) for seed in seeds]
    return [
        (store, record)
        for store in stores
        for record in store.records()
        if record.status != "crashed" and not code.is_of_this_code(record)
    ]


def cover(runs):
    """Some runs that have between them every value that the configurations of all have.

    The values of FREE do not count. The cheapest runs are preferred.

    Args:
      runs: list of (Store, RunRecord), not empty.
    Returns: list of those chosen.
    """
    from experiments.machinery.cost.cost import seconds_of
    from experiments.training.config import RunConfig

    traits = {record.run_id: set(_traits(store, record)) for store, record in runs}
    cost = {record.run_id: seconds_of(RunConfig.from_dict(record.config)) for _, record in runs}
    left, chosen = set().union(*traits.values()), []
    while left or not chosen:
        best = max(traits, key=lambda run_id: (len(traits[run_id] & left), -cost[run_id], run_id))
        chosen.append(best)
        left -= traits[best]
    by_id = {record.run_id: (store, record) for store, record in runs}
    return [by_id[run_id] for run_id in chosen]


def _traits(store, record):
    """Yields the values of a configuration, as texts, and whether its run has telemetry."""
    from experiments.findings.comparison import flat

    yield f"telemetry={_measured_alike(store, record)}"
    for name, value in flat(record.config).items():
        if not name.startswith(FREE) and value != {}:
            yield f"{name}={json.dumps(value)}"


def _measured_alike(store, record):
    """Whether a run has the telemetry that configs/telemetry.gin describes."""
    from experiments.machinery.records.telemetry_store import TelemetryStore
    from experiments.studies.registry import telemetry_config

    return TelemetryStore(store.root).has(record.run_id, telemetry_config())


def _train(options, runs):
    """Trains runs again in a folder of their own: dict from id to text of those that differ."""
    from experiments.machinery.cost.cost import seconds_of
    from experiments.machinery.records.record import Store
    from experiments.machinery.workers.progress import Display
    from experiments.machinery.workers.study import Study
    from experiments.studies.registry import divergence_config, telemetry_config
    from experiments.training.config import RunConfig

    display, measured = Display(divergence_config(), options.workers), telemetry_config()
    with tempfile.TemporaryDirectory(prefix="prove-") as folder:
        there = Store(folder)
        with display, Study.open(there, options.cache, options.workers, display) as study:
            configs = [RunConfig.from_dict(record.config) for _, record in runs]
            display.begin("Runs of other code", len(runs), 0, sum(map(seconds_of, configs)))
            for telemetry in (None, measured):
                wanted = [
                    config
                    for config, run in zip(configs, runs, strict=True)
                    if _measured_alike(*run) == (telemetry is not None)
                ]
                study.execute(wanted, telemetry)
        differing = {record.run_id: _difference(store, record, there) for store, record in runs}
    return {run_id: text for run_id, text in differing.items() if text}


def _difference(store, record, there):
    """How a run that was trained again differs from its record, or ""."""
    from experiments.machinery.records.provenance import provenance
    from experiments.machinery.records.telemetry_store import TelemetryStore

    here = provenance()["processor"]
    recorded = record.provenance.get("processor", "an unknown one")
    where = "" if recorded == here else f" (recorded on {recorded}, trained again on {here})"
    if there.read(record.run_id).curves_sha256 != record.curves_sha256:
        return f"has other curves{where}"
    if _measured_alike(store, record):
        pair = (
            TelemetryStore(root).read_sidecar(record.run_id) for root in (store.root, there.root)
        )
        if len({sidecar["sha256"] for sidecar in pair}) > 1:
            return f"has other telemetry{where}"
    return ""


def _list(other, group, runs):
    """Adds a proof to those of the project."""
    from experiments.machinery.records import code
    from experiments.machinery.records.files import write_json

    proof = {"code": code.code_digest(), "same_as": other, "group": group}
    proof["runs"] = sorted(record.run_id for _, record in runs)
    write_json(code.PROVEN, [*code.proofs(), proof])


if __name__ == "__main__":
    command.main(main, FLAGS)
