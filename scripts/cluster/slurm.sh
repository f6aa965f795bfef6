#!/usr/bin/env bash
# A study on the nodes of one Slurm job. In the checkout, after `make setup` on a login node:
#   sbatch scripts/cluster/slurm.sh reproduce-table2 PROFILE=laptop
# What follows the script is what would follow `make`. The checkout, with its .venv, its results and
# its .cache, lies on a file system that every node sees at the same path.
#SBATCH --job-name=clippy
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --mem-per-cpu=2G
#SBATCH --time=08:00:00
#SBATCH --output=slurm-%j.log
# A node that fails does not end the job: its runs are done again on the others.
#SBATCH --no-kill
# A job that is preempted starts again, and the same command goes on with what is missing.
#SBATCH --requeue
set -euo pipefail

cd "${SLURM_SUBMIT_DIR:?is set by sbatch}"
host=$(hostname)
port=$((20000 + SLURM_JOB_ID % 20000)) # of its own for each job on a node
address=tcp://$host:$port

trap 'kill $(jobs -p) 2>/dev/null || true' EXIT

# It listens on the address of this host's name: see README.md, "Who may connect".
.venv/bin/python -m dask scheduler --host "$host" --port "$port" --no-dashboard &

# A process for each core, of one thread: the bits of a run depend on the number of threads.
# srun has to be told how many cores a task has: it does not take that from sbatch.
srun --no-kill --kill-on-bad-exit=0 --cpus-per-task="$SLURM_CPUS_PER_TASK" \
	.venv/bin/python -m dask worker "$address" --nworkers "$SLURM_CPUS_PER_TASK" --nthreads 1 \
	--memory-limit 0 --no-dashboard --local-directory "${TMPDIR:-/tmp}" --death-timeout 60 &

make "$@" CLUSTER="$address"
