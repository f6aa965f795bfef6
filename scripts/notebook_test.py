"""The notebook runs from start to end in a checkout, and is committed as it ran.

`python -m scripts.notebook_test` executes it anew and writes it with its outputs.
"""

import sys

import nbclient
import nbformat
import pytest
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

from experiments.machinery.gin_files import ROOT

NOTEBOOK = ROOT / "experiments" / "naive_and_clippy.ipynb"
LARGEST = 200_000  # bytes


class ThisPython(KernelSpecManager):
    """Starts kernels with the interpreter of the test; none needs to be registered."""

    def get_kernel_spec(self, kernel_name):
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=command, display_name=kernel_name, language="python")


def executed(more=()):
    """The notebook with the outputs of a run in the checkout, further cells at its end."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in more]
    manager = AsyncKernelManager(kernel_spec_manager=ThisPython())
    where = {"metadata": {"path": str(NOTEBOOK.parent)}}
    client = nbclient.NotebookClient(notebook, km=manager, timeout=300, resources=where)
    client.execute()
    return notebook


def printed(notebook):
    """What the code cells wrote to standard output, cell by cell."""
    found = [
        "".join(out["text"] for out in cell["outputs"] if out.get("name") == "stdout")
        for cell in notebook.cells
        if cell["cell_type"] == "code"
    ]
    return [text for text in found if text]


def pictures(notebook):
    """How many pictures the code cells drew."""
    found = [out for cell in notebook.cells for out in cell.get("outputs", ())]
    return sum("image/png" in out.get("data", {}) for out in found)


def endings(text):
    """(method, label) of each line that the notebook prints of a run."""
    return [tuple(line.split()[:2]) for line in text.splitlines()]


@pytest.mark.slow
def test_the_notebook_runs_and_draws_both_curves():
    check = "print(*((line.get_label(), len(line.get_xdata())) for line in axes.get_lines()))"
    notebook = executed([check])
    ended, lines = printed(notebook)
    # How a run near the edge ends differs between processors.
    assert [method for method, _ in endings(ended)] == ["naive", "clippy"]
    assert lines.startswith("('naive', 21) ('clippy', 21) ")
    assert pictures(notebook) == 1


def test_the_notebook_is_committed_as_it_ran():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    counts = [cell["execution_count"] for cell in notebook.cells if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert pictures(notebook) == 1
    assert endings(*printed(notebook)) == [("naive", "full"), ("clippy", "healthy")]
    assert NOTEBOOK.stat().st_size < LARGEST
    assert str(ROOT) not in NOTEBOOK.read_text()


if __name__ == "__main__":
    ran = executed()
    for one in ran.cells:
        one["metadata"].pop("execution", None)  # times, which differ with every run
        if "outputs" in one:
            one["outputs"] = [out for out in one["outputs"] if out.get("name") != "stderr"]
    nbformat.write(ran, NOTEBOOK)
