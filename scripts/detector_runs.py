"""`make detector`: the online detector judged on the runs on disk. Nothing is run here."""

import pandas as pd

from experiments.errors import BadInput
from experiments.findings import detection
from experiments.machinery.records.files import write_whole
from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.studies.registry import divergence_config, telemetry_config


def write_detector(options):
    """Writes detector.{csv,md} of one data seed.

    Args:
      options: session.Options.
    Returns: detector.md as text.
    Raises: BadInput if there is no run.
    """
    store = options.store(options.data_seed)
    divergence = divergence_config()
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
