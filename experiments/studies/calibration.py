"""Where 1x comes from: the edge of instability of the naive model on design streams (A.1)."""

import dataclasses
import itertools
import json

from data import checks
from experiments.errors import BadInput
from experiments.machinery.records.files import write_json
from experiments.studies.grid import run_config
from experiments.training.divergence import label

METHOD = "naive"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Calibration:
    """The edge and its evidence.

    Args:
      edge: smallest rate of the grid at which every seed fully diverged.
      base_rate: 1x, the edge divided by `edge_multiple`.
      edge_multiple: what the edge is called in units of 1x.
      model: the model it was found on.
      data_seeds: the design seeds.
      tried: for each rate tried: rate, diverged runs, runs, their ids.
    """

    edge: float
    base_rate: float
    edge_multiple: float
    model: str
    data_seeds: tuple[int, ...]
    tried: list[dict]


def configs_at(config, profile, rate):
    """The runs that decide one rate: the naive model, one run on each design stream."""
    return [
        run_config(
            profile,
            config.model,
            METHOD,
            learning_rate=rate,
            data_seed=data_seed,
            run_seed=run_seed,
        )
        for run_seed, data_seed in enumerate(config.data_seeds)
    ]


def planned(config, profile, study, divergence):
    """The runs a calibration takes, as far as the records tell.

    Args: as for `calibrate`.
    Returns: (configs, found): the RunConfigs of every rate up to the edge and the Calibration, or
      those of the whole grid and None while the edge is not known.
    """
    known = itertools.takewhile(
        lambda rate: all(map(study.is_done, configs_at(config, profile, rate))), config.grid()
    )
    tried, configs = [], []
    for rate in known:
        configs += configs_at(config, profile, rate)
        tried.append(_try(config, profile, rate, study, divergence))
        if tried[-1]["diverged"] == tried[-1]["runs"]:
            return configs, _found(config, tried)
    whole_grid = [configs_at(config, profile, rate) for rate in config.grid()]
    return list(itertools.chain(*whole_grid)), None


def calibrate(config, profile, study, divergence):
    """Finds the edge: rates ascending, until all runs of one have fully diverged.

    Args:
      config: CalibrationConfig.
      profile: name of the profile.
      study: Study.
      divergence: DivergenceConfig.
    Returns: Calibration, also written to `calibration.json` in the results folder.
    Raises: BadInput if no rate of the grid is the edge.
    """
    tried = []
    for rate in config.grid():
        tried.append(_try(config, profile, rate, study, divergence))
        if tried[-1]["diverged"] == tried[-1]["runs"]:
            found = _found(config, tried)
            write(study.store.root, found)
            return found
    raise BadInput(
        f"CalibrationConfig.rates = {config.rates}: no rate up to {rate:g} makes all "
        f"{len(config.data_seeds)} naive {config.model} runs diverge: allowed is a grid that "
        "reaches the edge"
    )


def write(folder, found):
    """Writes calibration.json into a results folder."""
    write_json(folder / "calibration.json", dataclasses.asdict(found))


def recorded_base_rate(folder):
    """The rate called 1x that calibration.json in a results folder gives, or None without one.

    Raises: BadInput if the file is not what `calibrate` writes.
    """
    path = folder / "calibration.json"
    try:
        rate = json.loads(path.read_text())["base_rate"]
        checks.real("base_rate", rate, above=0)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise BadInput(f"{path}: not a calibration ({error}): make calibrate writes it") from error
    return rate


def _try(config, profile, rate, study, divergence):
    """Runs what is missing at one rate and counts the full divergences."""
    records = study.execute(configs_at(config, profile, rate))
    kinds = [label(study.store.curves(record), divergence).kind for record in records]
    return {
        "rate": rate,
        "diverged": kinds.count("full"),
        "runs": len(kinds),
        "run_ids": [record.run_id for record in records],
    }


def _found(config, tried):
    edge = tried[-1]["rate"]
    return Calibration(
        edge=edge,
        base_rate=float(f"{edge / config.edge_multiple:.12g}"),  # 0.8, not 0.7999999999999999
        edge_multiple=config.edge_multiple,
        model=config.model,
        data_seeds=config.data_seeds,
        tried=tried,
    )
