"""`make detector`: the online detector judged on the runs on disk. Nothing is run here."""

import pandas as pd

from experiments.artefacts import detection
from experiments.errors import BadInput
from experiments.gin_files import resolve, telemetry_config
from experiments.run.record import write_whole
from experiments.run.telemetry_store import TelemetryStore


def write_detector(options):
    """Writes detector.{csv,md} of one data seed.

    Args:
      options: session.Options.
    Returns: detector.md as text.
    Raises: BadInput if there is no run.
    """
    store = options.store(options.data_seed)
    (divergence,) = resolve(["configs/divergence.gin"], (), ("DivergenceConfig",))
    config, measured, rows = telemetry_config().detector, TelemetryStore(store.root), []
    for record in store.records():
        if record.status == "crashed":
            continue
        telemetry = measured.read(record.run_id) if measured.has(record.run_id) else None
        rows += detection.rows_of(record, store.curves(record), telemetry, divergence, config)
    if not rows:
        raise BadInput(f"{store.runs}: no run: make run or a study leaves some")
    frame = pd.DataFrame(rows, columns=detection.COLUMNS)
    for name in ("label_step", "said_step", "onset", "delay"):
        frame[name] = frame[name].astype("Int64")
    text = detection.markdown(frame)
    write_whole(store.root / "detector.csv", frame.to_csv(index=False).encode())
    write_whole(store.root / "detector.md", text.encode())
    return text
