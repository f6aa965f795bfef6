"""Where 1x comes from: the edge of instability of the naive model on design streams (A.1)."""

import dataclasses
import itertools
import json

from data import checks
from experiments.errors import BadInput
from experiments.machinery.records.files import write_json
from experiments.machinery.records.record import results_folder
from experiments.studies.settings import Setting, setting_config
from experiments.training.config import DEFAULT_DATA_SEED
from experiments.training.divergence import label

METHOD = "naive"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Calibration:
    """The edge and its evidence.

    The edge is the smallest rate of the grid at which every seed fully diverged; `base_rate` is 1x,
    the edge divided by `edge_multiple`. `tried` has for each rate: rate, diverged runs, runs, ids.
    """

    edge: float
    base_rate: float
    edge_multiple: float
    model: str
    data_seeds: tuple[int, ...]
    tried: list[dict]


def configs_at(config, profile, rate):
    """The runs that decide one rate: the naive model, one run on each design stream."""
    setting = Setting(config.model, METHOD, None, rate)
    seeds = enumerate(config.data_seeds)
    return [setting_config(setting, profile, data_seed, 1.0, seed) for seed, data_seed in seeds]


def planned(config, profile, study, divergence):
    """The runs a calibration takes, as far as the records tell. Nothing is run.

    Returns: (configs, found): the RunConfigs of every rate up to the edge and the Calibration, or
      those of the whole grid and None while the edge is not known.
    """
    known = itertools.takewhile(
        lambda rate: all(map(study.is_done, configs_at(config, profile, rate))), config.grid()
    )
    found = _search(config, profile, known, study, divergence)
    rates = [rate for rate in config.grid() if found is None or rate <= found.edge]
    return [run for rate in rates for run in configs_at(config, profile, rate)], found


def calibrate(config, profile, study, divergence):
    """Finds the edge: rates ascending, until all runs of one have fully diverged.

    Returns: Calibration, also written to `calibration.json` in the results folder.
    Raises: BadInput if no rate of the grid is the edge.
    """
    found = _search(config, profile, config.grid(), study, divergence)
    if found is None:
        raise BadInput(
            f"CalibrationConfig.rates = {config.rates}: no rate up to {config.grid()[-1]:g} makes "
            f"all {len(config.data_seeds)} naive {config.model} runs diverge: expected a grid that "
            "reaches the edge"
        )
    write(study.store.root, found)
    return found


def write(folder, found):
    """Writes calibration.json into a results folder."""
    write_json(folder / "calibration.json", dataclasses.asdict(found))


def recorded_base_rate(results, profile):
    """The rate called 1x in the calibration.json of a profile, or None without one.

    Raises: BadInput if the file is not what `calibrate` writes.
    """
    path = results_folder(results, profile, DEFAULT_DATA_SEED) / "calibration.json"
    try:
        rate = json.loads(path.read_text())["base_rate"]
        checks.real("base_rate", rate, above=0)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise BadInput(f"{path}: not a calibration ({error}): make calibrate writes it") from error
    return rate


def _search(config, profile, rates, study, divergence):
    """The Calibration of the first of `rates` at which all runs fully diverge, or None."""
    tried = []
    for rate in rates:
        records = study.execute(configs_at(config, profile, rate))
        kinds = [label(study.store.curves(record), divergence).kind for record in records]
        diverged, run_ids = kinds.count("full"), [record.run_id for record in records]
        tried.append({"rate": rate, "diverged": diverged, "runs": len(kinds), "run_ids": run_ids})
        if diverged == len(kinds):
            return Calibration(
                edge=rate,
                base_rate=float(f"{rate / config.edge_multiple:.12g}"),  # 0.8, not 0.799...
                edge_multiple=config.edge_multiple,
                model=config.model,
                data_seeds=config.data_seeds,
                tried=tried,
            )
    return None
