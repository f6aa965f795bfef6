"""Replays the diverged runs of Table 2 under Clippy; writes results/<profile>/rescues.{csv,md}."""

import functools
import pathlib

from experiments.errors import BadInput
from scripts import command

FLAGS = command.flags_of("profile", "data_seed", "workers")


def main():
    """Reads Table 2 from records, replays, and prints how often replay and record agree."""
    from experiments.findings import rescues
    from experiments.machinery.records.files import write_whole
    from experiments.studies import known
    from experiments.studies.session import recorded
    from scripts import terminal

    options = command.options(FLAGS)
    reader = recorded(options)
    if reader is None:
        raise BadInput(f"{options.profile}: not calibrated: expected the runs of make calibrate")
    store = options.store(options.data_seed)
    pairs = rescues.pairs(reader.run_table2(known.table2_config())[0])
    if pairs.empty:
        raise BadInput(f"{store.root}: no run of Table 2 diverged fully: nothing to replay")
    rows = pairs.to_dict("records")
    root = pathlib.Path(options.cache) / "rescues" / store.root.name
    replay_one = functools.partial(replayed, store.root, root, options.cache)
    with command.pool(options.workers) as pool:
        found = []
        for row, shown in zip(rows, pool.map(replay_one, pairs["run_id"]), strict=True):
            found.append(row | shown)
            command.say(f"[{len(found)}/{len(rows)}] {row['run_id']}  {shown['replayed']}")
    frame = rescues.frame(found)
    text = rescues.markdown(frame)
    write_whole(store.root / "rescues.csv", frame.to_csv(index=False).encode())
    write_whole(store.root / "rescues.md", text.encode())
    terminal.show(text, store.root / "rescues.{csv,md}")


def replayed(results, root, cache, run_id):
    """How a recorded run ends under the rescuer: a part of a row; called in a worker.

    Telemetry and snapshots of the runs are kept in a folder of records of its own, `root`.
    """
    runner = command.runner(root, cache)
    from experiments.findings.rescues import RESCUER
    from experiments.machinery.records.find import Recorded
    from experiments.machinery.records.record import Store
    from experiments.machinery.workers.replay import rescue
    from experiments.studies.registry import divergence_config, telemetry_config
    from experiments.training.config import RunConfig
    from scripts.replay import method_for

    source, store = Store(results, writable=False), Store(root)
    record = source.read(run_id)
    store.write(record, source.curves(record))
    found = Recorded(store, record, RunConfig.from_dict(record.config))
    step, onset, kind = rescue(
        found,
        runner,
        telemetry=telemetry_config(),
        divergence=divergence_config(),
        method=method_for(found.config, RESCUER),
    )
    return {"snapshot": step, "onset": onset, "replayed": kind}


if __name__ == "__main__":
    command.main(main, FLAGS)
