"""The files for Slurm and Kubernetes: what they name exists. No cluster of either kind is here."""

import os
import re
import shlex

import dask
import pytest
import yaml
from distributed.cli import dask_scheduler, dask_worker

from experiments.machinery.workers.cluster import check_address
from scripts.command import ROOT
from scripts.testing import ended

FOLDER = ROOT / "scripts" / "cluster"
COMMANDS = {"scheduler": dask_scheduler.main, "worker": dask_worker.main}
SLURM = (FOLDER / "slurm.sh").read_text()
PAGE = (FOLDER / "README.md").read_text()
KUBERNETES = (FOLDER / "kubernetes.yaml").read_text()
CLAIM, POLICY, SERVICE, SCHEDULER, WORKER, JOB = filter(None, yaml.safe_load_all(KUBERNETES))
PODS = (SCHEDULER, WORKER, JOB)


def pod(item):
    return item["spec"]["template"]


def container(item):
    (found,) = pod(item)["spec"]["containers"]
    return found


def dask_commands():
    lines = (SLURM + PAGE).replace("\\\n", " ").splitlines()
    found = [shlex.split(line) for line in lines if " -m dask " in line]
    return found + [container(item)["command"] + container(item)["args"] for item in PODS[:2]]


@pytest.mark.parametrize("words", dask_commands(), ids=" ".join)
def test_dask_takes_the_flags(words):
    kind, *arguments = words[words.index("dask") + 1 :]
    arguments = [word for word in arguments if word != "&"]
    # Numbers that a shell puts in: any will do here.
    arguments = [re.sub(r"\$\{?[A-Za-z_]+.*", "7", word) for word in arguments]
    given = COMMANDS[kind].make_context(kind, arguments).params
    assert given["dashboard"] is False
    if kind == "worker":
        assert given["nthreads"] == 1
        assert given["memory_limit"] == "0"
        assert given["scheduler"]


def test_flags_and_variables_in_the_text_exist():
    parameters = [one for command in COMMANDS.values() for one in command.params]
    known = {flag for one in parameters for flag in (*one.opts, *one.secondary_opts)}
    named = set(re.findall(r"`(--[a-z-]+)[ `]", PAGE))
    assert len(named) > 8
    assert named <= known
    text = PAGE + KUBERNETES
    variables = set(re.findall(r"\bDASK_[A-Z_]+\b", text))
    assert len(variables) == 4
    for name in variables:
        keys = name.removeprefix("DASK_").lower().replace("__", ".")
        assert dask.config.get(keys, "missing") != "missing", name


@pytest.mark.parametrize("text", [SLURM, PAGE, KUBERNETES])
def test_targets_exist_and_addresses_are_taken(text):
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"(?:make |slurm\.sh |\[make, )([a-z][a-z0-9-]+)", text):
        assert re.search(rf"^{target}:", makefile, re.M), target
    addresses = re.findall(r"\b(?:tcp|tls):\S*\d", text)
    assert addresses or text is SLURM
    for address in addresses:
        check_address(address)


def test_the_objects_of_kubernetes_and_the_image_fit_together():
    address = f"tcp://{SERVICE['metadata']['name']}:{SERVICE['spec']['ports'][0]['port']}"
    assert address in container(WORKER)["args"]
    assert f"CLUSTER={address}" in container(JOB)["args"]
    scheduler, *others = (pod(item)["metadata"]["labels"].items() for item in PODS)
    for item, labels in zip((SCHEDULER, WORKER), (scheduler, others[0]), strict=True):
        assert item["spec"]["selector"]["matchLabels"].items() <= labels
    assert SERVICE["spec"]["selector"].items() <= scheduler
    allowed = POLICY["spec"]["podSelector"]["matchLabels"].items()
    assert all(allowed <= labels for labels in (scheduler, *others))
    for item in (WORKER, JOB):
        (volume,) = pod(item)["spec"]["volumes"]
        assert volume["persistentVolumeClaim"]["claimName"] == CLAIM["metadata"]["name"]
    for part in ("volumeMounts", "image"):
        assert container(JOB)[part] == container(WORKER)[part]
    assert container(JOB)["image"] in PAGE
    # The image is what the Makefile installs.
    lines = (FOLDER / "Dockerfile").read_text()
    assert "WORKDIR /clippy\n" in lines
    assert "make setup" in lines
    mounts = {m["mountPath"] for m in container(JOB)["volumeMounts"]}
    assert mounts == {"/clippy/results", "/clippy/.cache"}  # where scripts/command.py has them


def test_slurm_script_starts_the_three_in_the_checkout(tmp_path):
    """With stand-ins that write down how they are called."""
    for name in ("srun", "make", "hostname", ".venv/bin/python"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        said = "echo node1" if name == "hostname" else f'echo "{name} $*" >> {tmp_path}/calls'
        if name == "make":  # the others are ended with it
            said += f"\nuntil [ $(wc -l < {tmp_path}/calls) -ge 3 ]; do sleep 0.1; done"
        path.write_text(f"#!/bin/sh\n{said}\n")
        path.chmod(0o755)
    given = {"SLURM_SUBMIT_DIR": str(tmp_path), "SLURM_JOB_ID": "60007", "SLURM_CPUS_PER_TASK": "9"}
    given |= {"PATH": f"{tmp_path}:{os.environ['PATH']}", "TMPDIR": "/scratch"}
    words = ("bash", str(FOLDER / "slurm.sh"), "study", "STUDY=a b.gin", "PROFILE=smoke")
    done = ended(*words, cwd="/", **given)
    assert (done.returncode, done.stderr) == (0, "")
    scheduler, make, srun = sorted((tmp_path / "calls").read_text().splitlines())
    assert make == "make study STUDY=a b.gin PROFILE=smoke CLUSTER=tcp://node1:20007"
    assert "dask scheduler --host node1 --port 20007" in scheduler
    assert "dask worker tcp://node1:20007 --nworkers 9 --nthreads 1" in srun
    assert "--local-directory /scratch" in srun
    assert "--cpus-per-task=9 .venv/bin/python" in srun
