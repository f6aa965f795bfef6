"""The studies of the project by name."""

import pathlib

from experiments.machinery.gin_files import named_file
from experiments.studies.registry import resolve

SECTION_3_2 = ("warmup", "window", "shocks", "objectives")  # small studies beside Table 3


SECTION_4_3_3 = ("adam",)


def table2_config(repeats=None):
    """The study of Table 2; `repeats` overrides its own number unless None."""
    bindings = [] if repeats is None else [f"Table2Config.repeats = {repeats}"]
    file = named_file("studies", "table2")
    (table,) = resolve([file], bindings, ("Table2Config",))
    for folder, names in {"models": table.models, "methods": table.methods}.items():
        for name in names:  # now, and not when the calibration has run
            named_file(folder, name)
    return table


def cases_config(file, runs=None):
    """The study of a gin file that binds CasesConfig; `runs` overrides its number unless None."""
    bindings = [] if runs is None else [f"CasesConfig.runs = {runs}"]
    return resolve([file], bindings, ("CasesConfig",))[0]


def study_config(name):
    """The study of a file in configs/studies, by name: CasesConfig."""
    return cases_config(named_file("studies", name))


def section_3_2(runs=None):
    """Table 3 and the small studies beside it: dict from name to CasesConfig."""
    names = ("table3", *SECTION_3_2)
    return {name: cases_config(named_file("studies", name), runs) for name in names}


def deciding(runs=None):
    """All studies of cases that decide claims by their curves: dict from name to CasesConfig."""
    others = {name: cases_config(named_file("studies", name), runs) for name in SECTION_4_3_3}
    return section_3_2(runs) | others


def study_name(file):
    """What the artefacts of a study are called: the gin file's name without its ending."""
    return pathlib.Path(file).stem
