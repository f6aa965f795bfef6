# Every command of the project. `make help` lists them.
PROFILE ?= laptop
PYTHON ?= python3.11
BIN := .venv/bin
INSTALLED := .venv/.installed
# In quotes: a value with a blank or a semicolon is one value, and is refused by what reads it.
given = $(if $($1),--$2='$($1)')
FLAGS = $(call given,PROFILE,profile) $(call given,DATA_SEED,data_seed) \
	$(call given,WORKERS,workers) $(call given,SEEDS,repeats) $(call given,CLUSTER,cluster)
MODULE = $(BIN)/python -m

# The shell reads these from its environment, so that quotes in them survive.
export CONFIG SET STUDY RUN RUNS MODEL METHOD STATUS

#: variables of every command:
#:   PROFILE=laptop      smoke, laptop or paper: how big everything is
#:   DATA_SEED=1         seed of the stream; another has its own results folder
#:   SEEDS=<number>      run seeds of each setting; default: what the study says
#:   WORKERS=<number>    runs at the same time; default: all cores
#:   CLUSTER=<address>   of a Dask scheduler, whose workers do the runs instead
#: of some, as above: CONFIG, SET, TELEMETRY, DEVICES (run), STUDY (study, list,
#:   tensorboard), RUN, STEPS, RATE, METHOD (replay), RUNS (compare), MODEL,
#:   METHOD (list, tensorboard), STATUS (list), PORT (tensorboard), KILLS (chaos),
#:   FLOPS (operations a second that a device reaches), MEMORY (its GiB; plan),
#:   RUNS_AGAIN, DRAW (verify)
#: of the installation: PYTHON=<path of Python 3.11>
VARIABLES := PROFILE DATA_SEED SEEDS WORKERS CONFIG SET TELEMETRY STUDY RUN RUNS STEPS METHOD \
	RATE MODEL STATUS PORT KILLS PYTHON FLOPS MEMORY DEVICES CLUSTER RUNS_AGAIN DRAW
# A misspelt one would start what was not meant, for an hour.
UNKNOWN := $(strip $(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))), \
	$(filter-out $(VARIABLES),$(name)))))
$(if $(UNKNOWN),$(error no variable $(UNKNOWN): allowed is one of $(VARIABLES)))

.DEFAULT_GOAL := help
FIGURES := figure1 figure2 figure3 figure4 figure5 figure6 figure8
.PHONY: help setup calibrate reproduce reproduce-table2 reproduce-table3 reproduce-adam figures $(FIGURES) \
	claims report smoke table1 study run list compare replay doctor detector tensorboard bench readme test test-slow chaos \
	lint fmt lock clean plan verify

help: ## this list
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18
	@sed -n 's/^#: //p' $(MAKEFILE_LIST)

$(INSTALLED): requirements.lock
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) is not installed: allowed is Python 3.11, PYTHON=<path> names another" >&2; exit 2; }
	@# One at a time: first commands in two terminals would delete each other's files.
	@# Bytecode of what is imported and of nothing else: it halves the start of every process.
	@exec 9>.installing; flock 9; [ $@ -nt $< ] && exit; set -ex; \
	rm -rf .venv; \
	$(PYTHON) -m venv .venv; \
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r $<; \
	env -u PYTHONDONTWRITEBYTECODE TF_CPP_MIN_LOG_LEVEL=3 \
		$(BIN)/python -c 'import scripts.bench.bench, experiments.findings.make, pytest' 2>/dev/null; \
	touch $@

setup: $(INSTALLED) ## install what the lock file names into .venv

reproduce-table2: $(INSTALLED) ## Table 2: calibrate, search, repeat, write and print it
	@$(MODULE) scripts.reproduce_table2 $(FLAGS)

reproduce-table3: $(INSTALLED) ## Table 3 and the other studies of section 3.2
	@$(MODULE) scripts.reproduce_table3 $(FLAGS)

reproduce-adam: $(INSTALLED) ## Clippy on Adam against Adam, section 4.3.3
	@$(MODULE) scripts.study $(FLAGS) --study=configs/studies/adam.gin

figures: $(INSTALLED) ## the figures of the paper
	@$(MODULE) scripts.figures $(FLAGS)

figure1: ## one figure; likewise figure2 to figure6, and figure8
$(FIGURES): $(INSTALLED)
	@$(MODULE) scripts.figures $(FLAGS) --figure=$(@:figure%=%)

claims: $(INSTALLED) ## the scorecard: which claims of the paper the records bear out
	@$(MODULE) scripts.claims $(FLAGS)

REPRODUCE := table1 reproduce-table2 reproduce-table3 reproduce-adam figures claims report
reproduce: ## Tables 1 to 3, Clippy on Adam, figures, scorecard, report
	@for part in $(REPRODUCE); do $(MAKE) --no-print-directory $$part || exit; done

report: $(INSTALLED) ## scorecard, tables, figures and runs as one HTML page
	@$(MODULE) scripts.report $(FLAGS)

calibrate: $(INSTALLED) ## find the learning rate called 1x, with its evidence
	@$(MODULE) scripts.calibrate $(FLAGS)

smoke: ## the same at the smallest size, in under two minutes
	@$(MAKE) --no-print-directory reproduce-table2 PROFILE=smoke

table1: $(INSTALLED) ## Table 1: parameters of the models at the paper's size
	@$(MODULE) scripts.table1 $(FLAGS)

plan: $(INSTALLED) ## cost of a profile before it starts: [FLOPS=..] [MEMORY=..]
	@$(MODULE) scripts.plan $(FLAGS) $(call given,FLOPS,flops) $(call given,MEMORY,memory)

study: $(INSTALLED) ## any grid of cases: STUDY=<gin file>
	@$(MODULE) scripts.study $(FLAGS) --study="$$STUDY"

run: $(INSTALLED) ## one run: CONFIG=<gin file> [SET='name=value ..'] [DEVICES=2]
	@$(MODULE) scripts.run $(FLAGS) --config="$$CONFIG" --set="$$SET" $(if $(TELEMETRY),--telemetry) \
		$(call given,DEVICES,devices)

list: $(INSTALLED) ## runs, studies: [MODEL=..] [METHOD=..] [STATUS=..] [STUDY=..]
	@$(MODULE) scripts.list $(FLAGS) --model="$$MODEL" --method="$$METHOD" \
		--status="$$STATUS" --study="$$STUDY"

verify: $(INSTALLED) ## what is on disk against its records: [RUNS_AGAIN=3] [DRAW=]
	@$(MODULE) scripts.verify $(FLAGS) $(call given,RUNS_AGAIN,again) \
		$(call given,DRAW,draw)

compare: $(INSTALLED) ## recorded runs side by side: RUNS='<id> <id> ...'
	@$(MODULE) scripts.compare --runs="$$RUNS"

replay: $(INSTALLED) ## a run from its snapshot: RUN=<id> [STEPS=] [METHOD=] [RATE=]
	@$(MODULE) scripts.replay --run="$$RUN" $(call given,STEPS,steps) \
		$(call given,METHOD,method) $(call given,RATE,rate)

doctor: $(INSTALLED) ## what went wrong in a run: RUN=<id>
	@$(MODULE) scripts.doctor --run="$$RUN"

detector: $(INSTALLED) ## the online detector against the labels, on the runs on disk
	@$(MODULE) scripts.detector $(FLAGS)

tensorboard: $(BIN)/tensorboard ## TensorBoard: [MODEL=..] [METHOD=..] [STUDY=..] [PORT=6006]
	@$(MODULE) scripts.tensorboard $(FLAGS) --model="$$MODEL" --method="$$METHOD" --study="$$STUDY" \
		$(call given,PORT,at_port)

$(BIN)/tensorboard: requirements-tensorboard.lock | $(INSTALLED)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

bench: $(INSTALLED) ## what a step, a batch and a day cost, as ratios
	@$(MODULE) scripts.bench $(FLAGS)

readme: $(INSTALLED) ## put the committed tables into README.md
	@$(MODULE) scripts.readme

test: $(INSTALLED) ## all fast tests
	$(MODULE) pytest -n logical --dist loadfile --no-loadscope-reorder

test-slow: $(INSTALLED) ## the slow tests
	$(MODULE) pytest -m slow

chaos: $(INSTALLED) ## kill a smoke study at random, run two at once: [KILLS=60]
	@$(MODULE) scripts.chaos --profile=smoke $(call given,SEEDS,repeats) \
		$(call given,WORKERS,workers) $(call given,KILLS,kills)

lint: $(INSTALLED) ## style and unused code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

fmt: $(INSTALLED) ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## resolve pyproject.toml into requirements.lock (needs uv)
	uv pip compile pyproject.toml --group reproduction --group dev --generate-hashes --quiet \
		--no-header --python-version 3.11 --output-file requirements.lock
	uv pip compile --group tensorboard --constraints requirements.lock --generate-hashes --quiet \
		--no-header --python-version 3.11 --output-file requirements-tensorboard.lock

clean: ## remove the environment, the caches and the smoke results
	rm -rf .venv .installing .cache .pytest_cache .ruff_cache results/smoke results/smoke-data*
