"""The studies of the project by name, and the configs of the gin files that describe them."""

import pathlib

from experiments.errors import BadInput
from experiments.machinery.gin_files import CONFIGS, bound, file_of, named_file
from experiments.studies.registry import resolve

# The small studies beside Table 3: each is at the edge of instability on the stream of Table 2, and
# changes its own parameter alone.
SECTION_3_2 = ("warmup", "window", "shocks", "objectives")
SECTION_4_3_3 = ("adam",)
# What else a results folder has by name, with any ending.
ARTEFACTS = ("bench", "bench_scale", "calibration", "claims", "claims_pooled", "detector")
ARTEFACTS += ("figure7", "report", "rescues", "seeds")
ARTEFACTS += ("table1", "table2", "table2_budgets", "table2_onsets", "table3")


def calibration_config():
    """The CalibrationConfig of the project."""
    return resolve([named_file("studies", "calibration")], wanted=("CalibrationConfig",))[0]


def table2_config(repeats=None):
    """The study of Table 2; `repeats` overrides its own number unless None."""
    values = {} if repeats is None else {"Table2Config.repeats": repeats}
    (table,) = resolve([named_file("studies", "table2")], wanted=("Table2Config",), values=values)
    for folder, names in {"models": table.models, "methods": table.methods}.items():
        for name in names:  # now, and not when the calibration has run
            named_file(folder, name)
    return table


def cases_config(file, runs=None):
    """The study of a gin file that binds CasesConfig; `runs` overrides its number unless None."""
    if not any(name.startswith("CasesConfig.") for name in bound(file)):
        expected = "a study of cases, as configs/studies/warmup.gin"
        raise BadInput(f"{file}: binds no parameter of CasesConfig: expected {expected}")
    values = {} if runs is None else {"CasesConfig.runs": runs}
    return resolve([file], wanted=("CasesConfig",), values=values)[0]


def study_config(name, runs=None):
    """The study of a file in configs/studies, by name: CasesConfig."""
    return cases_config(named_file("studies", name), runs)


def figure7_config(repeats=None):
    """The study of Figure 7; `repeats` overrides its own number unless None."""
    values = {} if repeats is None else {"Figure7Config.repeats": repeats}
    file = named_file("studies", "figure7")
    (config,) = resolve([file], wanted=("Figure7Config",), values=values)
    for arm in config.optimizers.values():  # now, and not when the others have run
        named_file("methods", arm.method)
    return config


def section_3_2(runs=None):
    """Table 3 and the small studies beside it: dict from name to CasesConfig."""
    return {name: study_config(name, runs) for name in ("table3", *SECTION_3_2)}


def deciding(runs=None):
    """All studies of cases that decide claims by their curves: dict from name to CasesConfig.

    A study named why_* explains a verdict and decides none.
    """
    return section_3_2(runs) | {name: study_config(name, runs) for name in SECTION_4_3_3}


def study_name(file):
    """What the files of a study are called: the name of the gin file without its ending."""
    return pathlib.Path(file).name.removesuffix(".gin")


def own_name(file):
    """`study_name` of a study that is about to be run.

    Raises: BadInput if the project calls something else so, which would be overwritten or hidden.
    """
    name, home = study_name(file), CONFIGS / "studies"
    taken = {*ARTEFACTS, *(study_name(path) for path in home.glob("*.gin")), ""}
    is_own = file_of(file).resolve() == (home / f"{name}.gin").resolve()
    if (name in taken and not is_own) or name.endswith("_runs"):
        raise BadInput(f"{file}: the project has files so named: expected a file of another name")
    return name


def studies_of_the_project():
    """The names of the studies in configs/studies, which has files of single runs, too."""
    found = []
    for path in sorted((CONFIGS / "studies").glob("*.gin")):
        try:
            kinds = {name.partition(".")[0] for name in bound(path)}
        except BadInput:  # a file that somebody is at work on
            continue
        if kinds & {"CasesConfig", "Table2Config"}:
            found.append(study_name(path))
    return found
