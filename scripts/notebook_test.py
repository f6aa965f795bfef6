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
    client.owns_km = True  # or it leaves a kernel that it was given
    client.execute()
    return notebook


def shown(notebook):
    """(what the code cells wrote to standard output, how many pictures they drew)."""
    outs = [out for cell in notebook.cells for out in cell.get("outputs", ())]
    said = "".join(out["text"] for out in outs if out.get("name") == "stdout")
    return said, sum("image/png" in out.get("data", {}) for out in outs)


@pytest.mark.slow
def test_the_notebook_runs_and_draws_both_curves():
    check = "print(*((line.get_label(), len(line.get_xdata())) for line in axes.get_lines()))"
    notebook = executed([check])
    said, pictures = shown(notebook)
    naive, clippy, lines = said.splitlines()
    # How a run near the edge ends differs between processors.
    assert (naive.split()[0], clippy.split()[0], pictures) == ("naive", "clippy", 1)
    assert lines.startswith("('naive', 21) ('clippy', 21) ")


def test_the_notebook_is_committed_as_it_ran():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    counts = [cell["execution_count"] for cell in notebook.cells if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))
    said, pictures = shown(notebook)
    endings = [line.split()[:2] for line in said.splitlines()]
    assert (endings, pictures) == ([["naive", "full"], ["clippy", "healthy"]], 1)
    assert NOTEBOOK.stat().st_size < 200_000
    assert str(ROOT) not in NOTEBOOK.read_text()


if __name__ == "__main__":
    ran = executed()
    for one in ran.cells:
        one["metadata"].pop("execution", None)  # times, which differ with every run
        if "outputs" in one:
            one["outputs"] = [out for out in one["outputs"] if out.get("name") != "stderr"]
    nbformat.write(ran, NOTEBOOK)
