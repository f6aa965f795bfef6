# Every command of the project. `make help` lists them.
PYTHON ?= python3.11
BIN := .venv/bin
INSTALLED := .venv/.installed
MODULE = $(BIN)/python -m
PYTEST = $(MODULE) pytest -n logical --dist loadfile --no-loadscope-reorder

VARIABLES := PROFILE DATA_SEED SEEDS WORKERS CLUSTER CONFIG SET TELEMETRY DEVICES STUDY RUN STEPS \
	RATE METHOD RUNS MODEL STATUS PORT KILLS FLOPS MEMORY RUNS_AGAIN DRAW STREAM PYTHON
export $(VARIABLES)

STUDIES := PROFILE DATA_SEED SEEDS WORKERS CLUSTER
lower = $(shell echo '$1' | tr A-Z a-z)
# The shell reads a value from its environment, so that quotes and blanks in it survive.
flags = $(foreach name,$(reads),$(if $(value $(name)),--$(call lower,$(name))="$$$(name)"))
# A variable that is misspelt, or that a command does not read, would start what was not meant.
GIVEN := $(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(name)))
OUTSIDE := $(foreach name,$(VARIABLES),$(if $(value $(name)),$(if \
	$(filter environment,$(origin $(name))),$(name))))
unread = $(filter-out $(reads) PYTHON,$(if $(MAKELEVEL:0=),,$1))
# What a target has installed is refused as it is, before anything is installed.
asked = $(if $(filter .venv/%,$@),$(firstword $(MAKECMDGOALS)),$@)
refused = $(if $1,$(error make $(asked) does not read $1$2: expected $(or $(reads),no variable)))
checked = $(call refused,$(call unread,$(GIVEN)))$(call refused,$(call unread,$(OUTSIDE)), of the \
	environment)
# A target runs the script of its name with the variables that it reads.
run = @$(checked)$(MODULE) scripts.$(subst -,_,$@) $(flags)
UNKNOWN := $(filter-out $(VARIABLES),$(GIVEN))
$(if $(UNKNOWN),$(error no variable $(UNKNOWN): expected one of $(VARIABLES)))

.DEFAULT_GOAL := help
FIGURES := figure1 figure2 figure3 figure4 figure5 figure6 figure7 figure8 figure-labels figure-onset \
	figure-curvature figure-regimes
.PHONY: help setup calibrate reproduce reproduce-table2 reproduce-table3 reproduce-adam reproduce-figure7 figures $(FIGURES) \
	claims report smoke table1 study fetch run list compare replay doctor detector plants rescues tensorboard bench \
	readme test test-slow chaos lint fmt lock clean clean-all setup-gpu setup-jax plan verify prove search

$(INSTALLED): requirements.lock
	@$(checked)command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) is not installed: expected Python 3.11, PYTHON=<path> names another" >&2; exit 2; }
	@# One at a time: first commands in two terminals would delete each other's files.
	@# Bytecode of what is imported and of nothing else: it halves the start of every process.
	@exec 9>.installing; flock 9; [ $@ -nt $< ] && exit; set -ex; \
	rm -rf .venv; \
	$(PYTHON) -m venv .venv; \
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r $<; \
	env -u PYTHONDONTWRITEBYTECODE TF_CPP_MIN_LOG_LEVEL=3 \
		$(BIN)/python -c 'import scripts.bench.bench, scripts.verify.regenerate, scripts.verify.rerun, pytest' 2>/dev/null; \
	touch $@

#@ Reproduce the paper
smoke: reads = $(STUDIES)
smoke: ## Table 2 at the smallest size, in under two minutes
	@$(checked)$(if $(filter-out smoke,$(PROFILE)),$(error make smoke PROFILE=$(PROFILE): expected no PROFILE))$(MAKE) --no-print-directory reproduce-table2 PROFILE=smoke

REPRODUCE := table1 reproduce-table2 reproduce-table3 reproduce-adam figures claims report
reproduce: reads = $(STUDIES)
reproduce: ## Tables 1 to 3, Clippy on Adam, figures, scorecard, report
	@$(checked)for part in $(REPRODUCE); do $(MAKE) --no-print-directory $$part || exit; done

calibrate: reads = $(STUDIES)
calibrate: $(INSTALLED) ## find the learning rate called 1x, with its evidence
	$(run)

reproduce-table2: reads = $(STUDIES)
reproduce-table2: $(INSTALLED) ## Table 2: calibrate, search, repeat, write and print it
	$(run)

reproduce-table3: reads = $(STUDIES)
reproduce-table3: $(INSTALLED) ## Table 3 and the other studies of section 3.2
	$(run)

reproduce-adam: reads = $(STUDIES)
reproduce-adam: $(INSTALLED) ## Clippy on Adam against Adam, section 4.3.3
	@$(checked)$(MODULE) scripts.study $(flags) --study=configs/studies/adam.gin

reproduce-figure7: reads = PROFILE SEEDS WORKERS CLUSTER
reproduce-figure7: $(INSTALLED) ## Figure 7: optimizers on translation, section A.2
	$(run)

table1: reads = PROFILE
table1: $(INSTALLED) ## Table 1: parameters of the models at the paper's size
	$(run)

figures $(FIGURES): reads = $(STUDIES)
figures: $(INSTALLED) ## the figures of the paper, and ours
	$(run)

figure1: ## one figure; likewise figure2 to figure8
figure-labels: ## ours: twenty runs drawn at random, each with its label
figure-onset: ## ours: naive runs at 0.4x less the same runs without shocks
figure-curvature: ## ours: how steep the loss is where runs train
figure-regimes: ## ours: which method pays at which loss, shock and rate
$(FIGURES): $(INSTALLED)
	@$(checked)$(MODULE) scripts.figures $(flags) --figure=$(patsubst -%,%,$(@:figure%=%))

claims: reads = PROFILE DATA_SEED SEEDS
claims: $(INSTALLED) ## scorecard: which claims of the paper the records bear out
	$(run)

report: reads = PROFILE DATA_SEED
report: $(INSTALLED) ## scorecard, tables, figures and runs as one HTML page
	$(run)

#@ Look at runs
list: reads = PROFILE DATA_SEED MODEL METHOD STATUS STUDY
list: $(INSTALLED) ## runs, studies: [MODEL=..] [METHOD=..] [STATUS=..] [STUDY=..]
	$(run)

compare: reads = RUNS
compare: $(INSTALLED) ## recorded runs side by side: RUNS='<id> <id> ...'
	$(run)

doctor: reads = RUN
doctor: $(INSTALLED) ## what went wrong in a run: RUN=<id>
	$(run)

replay: reads = RUN STEPS METHOD RATE
replay: $(INSTALLED) ## a run from its snapshot: RUN=<id> [STEPS=] [METHOD=] [RATE=]
	$(run)

detector: reads = PROFILE DATA_SEED
detector: $(INSTALLED) ## the online detector against the labels, on the runs on disk
	$(run)

plants: reads = PROFILE WORKERS
plants: $(INSTALLED) ## the doctor against faults planted at random
	$(run)

rescues: reads = PROFILE DATA_SEED WORKERS
rescues: $(INSTALLED) ## Table 2's diverged runs, each replayed under Clippy
	$(run)

tensorboard: reads = PROFILE DATA_SEED MODEL METHOD STUDY PORT
tensorboard: $(BIN)/tensorboard ## TensorBoard: [MODEL=..] [METHOD=..] [STUDY=..] [PORT=6006]
	$(run)

$(BIN)/tensorboard: requirements-tensorboard.lock | $(INSTALLED)
	$(checked)$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

#@ Experiments of your own
run: reads = PROFILE DATA_SEED CONFIG SET TELEMETRY DEVICES
run: $(INSTALLED) ## one run: CONFIG=<gin file> [SET='name=value ..'] [DEVICES=2]
	$(run)

study: reads = $(STUDIES) STUDY
study: $(INSTALLED) ## any grid of cases: STUDY=<gin file>
	$(run)

plan: reads = PROFILE DATA_SEED SEEDS WORKERS FLOPS MEMORY
plan: $(INSTALLED) ## cost of a profile before it starts: [FLOPS=..] [MEMORY=..]
	$(run)

fetch: reads = STREAM
fetch: $(INSTALLED) ## real data: STREAM=<flights, movielens or libreoffice>
	$(run)

search: reads = PROFILE WORKERS
search: $(INSTALLED) ## candidates for the stream, by naive runs on design seeds
	$(run)

#@ Operate
help: export MAKEFILE = $(MAKEFILE_LIST)
help: ## this list
	@$(call refused,$(call unread,$(GIVEN)))sed -En -e 's/^#@ (.*)/\n\1:/p' \
		-e 's/^([a-z0-9-]+):.*## /  \1\t/p' -e 's/^#: //p' "$${MAKEFILE# }" | expand -t 20

setup: $(INSTALLED) ## install what the lock file names into .venv
	@$(checked)true

setup-gpu: .venv/.gpu ## add NVIDIA's libraries, with which TensorFlow finds a GPU
	@$(checked)true

.venv/.gpu: requirements-gpu.lock | $(INSTALLED)
	$(checked)$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r $<
	@touch $@

setup-jax: .venv/.jax ## add JAX, on which clippy.keras3 is measured by the bench
	@$(checked)true

.venv/.jax: requirements-jax.lock | $(INSTALLED)
	$(checked)$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r $<
	@touch $@

verify: reads = PROFILE DATA_SEED SEEDS RUNS_AGAIN DRAW
verify: $(INSTALLED) ## what is on disk against its records: [RUNS_AGAIN=3] [DRAW=]
	$(run)

prove: reads = PROFILE DATA_SEED WORKERS
prove: $(INSTALLED) ## whether this code gives the bits of records of other code
	$(run)

chaos: reads = SEEDS WORKERS KILLS
chaos: $(INSTALLED) ## kill a smoke study at random, run two at once: [KILLS=60]
	@$(checked)$(MODULE) scripts.chaos --profile=smoke $(flags)

clean: ## remove the caches and the smoke results
	$(checked)rm -rf .cache .pytest_cache .ruff_cache results/smoke results/smoke-data* results/smoke_translation

clean-all: clean ## the same, and the environment
	$(checked)rm -rf .venv .installing

#@ Develop
test: $(INSTALLED) ## the fast tests
	$(checked)$(PYTEST)

test-slow: $(INSTALLED) ## the slow tests
	$(checked)$(PYTEST) -m slow

lint: $(INSTALLED) ## style and unused code
	$(checked)$(BIN)/ruff check .
	$(BIN)/ruff format --check .

fmt: $(INSTALLED) ## format the code
	$(checked)$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: reads = PROFILE
bench: $(INSTALLED) ## what a step, a batch and a day cost, as ratios
	$(run)

readme: $(INSTALLED) ## put the committed tables into the pages
	$(run)

LOCK = uv pip compile --generate-hashes --quiet --no-header --python-version 3.11
lock: ## resolve pyproject.toml into requirements*.lock (needs uv)
	$(checked)$(LOCK) pyproject.toml --extra keras2 --group reproduction --group dev --output-file requirements.lock
	for extra in tensorboard gpu jax; do $(LOCK) --group $$extra --constraints requirements.lock \
		--output-file requirements-$$extra.lock || exit; done

#@ Variables of every command that trains
#:   PROFILE=laptop      smoke, laptop, paper, flights, movielens: stream, size
#:   DATA_SEED=11        seed of the stream; another has its own results folder
#:   SEEDS=<number>      run seeds of each setting; default: what the study says
#:   WORKERS=<number>    runs at the same time; default: all cores
#:   CLUSTER=<address>   of a Dask scheduler, whose workers do the runs instead
#: Of some: CONFIG, SET, TELEMETRY, DEVICES (run), STUDY (study, list,
#:   tensorboard), RUN, STEPS, RATE, METHOD (replay), RUNS (compare), MODEL,
#:   METHOD (list, tensorboard), STATUS (list), PORT (tensorboard), KILLS (chaos),
#:   FLOPS (operations a second that a device reaches), MEMORY (its GiB; plan),
#:   RUNS_AGAIN, DRAW (verify), STREAM (fetch)
#: Of the installation: PYTHON=<path of Python 3.11>
