"""Runs, studies and artefacts: everything that reads gin, clocks and files.

A notebook needs `from experiments import load_curves, load_runs, run`. The three functions of
`findings.notebook` are imported when one of them is asked for, so that an import of a module of
this package imports nothing beside it.
"""

__all__ = ["load_curves", "load_runs", "run"]


def __getattr__(name):
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from experiments.findings import notebook

    return getattr(notebook, name)


def __dir__():
    return sorted({*globals(), *__all__})
