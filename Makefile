# Needs make and Python 3.11 to 3.13, nothing else. The environment is made in .venv on first use, with the versions in
# constraints.txt, and again when pyproject.toml or constraints.txt changes.

PYTHON   ?= python3 python3.13 python3.12 python3.11# the first that fits makes the environment
PIP      ?= python -m pip# "uv pip" is quicker, and with UV_TORCH_BACKEND=cpu spares Linux the CUDA packages
ARGS     ?=
UNITS    ?=
LAB_ARGS ?=
EXTRAS   ?= dev# dev,site: with what `make site` takes, at once
AT_ONCE  ?= -n 3 --dist worksteal# on two cores: tests also wait, for limits and for each other

VENV  := .venv
STAMP := $(VENV)/.installed
SITE  := $(VENV)/.installed-site
FITS  := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
# As in an activated environment, so that `bncourse` and `nbgrader` are also found by what a command starts.
IN_ENV = export VIRTUAL_ENV="$(CURDIR)/$(VENV)" PATH="$(CURDIR)/$(VENV)/bin:$$PATH";
# Tests run beside each other; threads of their own would only wait for each other. They start thousands of processes,
# which in a container that keeps Python from storing what it has compiled would compile all of it again each time.
IN_TESTS = $(IN_ENV) export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1; unset PYTHONDONTWRITEBYTECODE;
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help lab test coverage demo build validate site lint clean FORCE
.DEFAULT_GOAL := help

help:  ## this page
	@echo "Batch normalization, a course in notebooks. To begin:  make lab"
	@echo
	@awk -F':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s%s\n", $$1, $$2 }' Makefile

lab: $(STAMP)  ## open the notebooks in JupyterLab  (LAB_ARGS="--port 9999")
	@$(IN_ENV) python -m jupyterlab --ServerApp.root_dir=notebooks $(LAB_ARGS)

demo: $(STAMP)  ## grade a small class of made-up students and show the result
	@$(IN_ENV) bncourse demo $(ARGS)

test: $(STAMP)  ## run all tests  (ARGS="-m 'not slow'" for the quick ones)
	@$(IN_TESTS) python -m pytest $(AT_ONCE) $(ARGS)

coverage: $(STAMP)  ## run all tests and print how much of each file of grader/ they run
	@$(IN_TESTS) python -m pytest $(AT_ONCE) --cov=grader --cov-report=term-missing:skip-covered $(ARGS)

build: $(STAMP)  ## make the notebooks from solutions/*.py  (UNITS="03 04" for some of them)
	@$(IN_ENV) bncourse build $(UNITS)

validate: $(STAMP)  ## prove the exercises: answers pass, every known mistake is caught and named  (UNITS=…)
	@$(IN_ENV) bncourse validate $(UNITS)

site: $(SITE)  ## make the course's web site: build/site/index.html
	@$(IN_ENV) python -m grader.site $(ARGS)

lint: $(STAMP)  ## look for slips in the code
	@$(IN_ENV) ruff check . && ruff format --check --quiet .

clean:  ## remove the environment and caches, nothing that you wrote
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp holds the folder it was made in: scripts in an environment name their folder, so a moved one is made anew,
# and so is one whose Python has gone.
ifneq ($(shell $(VENV)/bin/python -c "" 2>/dev/null && cat $(STAMP) 2>/dev/null),$(CURDIR))
$(STAMP): FORCE
endif

$(STAMP): pyproject.toml constraints.txt
	@if [ -e $(STAMP) ] && [ "$$(cat $(STAMP))" != "$(CURDIR)" ]; then rm -rf $(VENV); fi; \
	$(VENV)/bin/python -c "import pip; $(FITS)" 2>/dev/null && exit; \
	for python in $(PYTHON); do \
	  "$$python" -c "$(FITS)" 2>/dev/null || continue; \
	  echo "Making $(VENV) with $$("$$python" --version)"; \
	  "$$python" -m venv --clear $(VENV) >/dev/null && exit; \
	  echo "$$python cannot make environments (on Debian and Ubuntu: apt install python3-venv). Nothing was installed." >&2; exit 1; \
	done; \
	echo "No Python 3.11, 3.12 or 3.13 found. Install one, or name it: make lab PYTHON=/path/to/python3.12" >&2; exit 1
	@echo "Installing what constraints.txt names; the first time this takes minutes."
	@$(IN_ENV) $(PIP) install --quiet -c constraints.txt setuptools
	@$(IN_ENV) $(PIP) install --no-compile -c constraints.txt --no-build-isolation -e ".[$(EXTRAS)]"
	@# On all cores. pip would use one; and what is not compiled here, each jail would compile again, which stores nothing.
	@$(IN_ENV) python -m compileall -qq -j 0 -x /tests/ $(VENV)/lib || true # some hold files for newer Pythons
	@printf '%s' "$(CURDIR)" > $(STAMP)
	@case ",$(EXTRAS)," in *,site,*) touch $(SITE) ;; esac

# What the site takes on top, for those who make it.
$(SITE): $(STAMP)
	@$(IN_ENV) $(PIP) install --quiet -c constraints.txt --no-build-isolation -e ".[site]"
	@touch $(SITE)

FORCE:
