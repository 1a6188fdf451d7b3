.DEFAULT_GOAL := help
.PHONY: help demo stories test coverage mutate check bench smoke format clean
export PYTHON
bin := .venv/bin
pytest := -m pytest --numprocesses=auto --dist=loadgroup

help: ## say what there is (this)
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile
	@echo "Everything goes into .venv; make PYTHON=/path/to/python3.12 chooses another Python."

demo: ## ask the manual of Python: a local model, a search, a person, and the card that says who answered
	@scripts/setup demo
	@$(bin)/python -m demo

stories: ## look at every state of every component
	@scripts/setup demo
	@$(bin)/python -m fallbackkit stories

test: ## run every test, in random order
	@scripts/setup test
	@$(bin)/python $(pytest)

coverage: ## run every test, and say which lines and branches of src none of them reached
	@scripts/setup test
	@$(bin)/python -m coverage erase
	@$(bin)/python -m coverage run $(pytest)
	@$(bin)/python -m coverage combine --quiet
	@$(bin)/python -m coverage report

mutate: ## break the core in thousands of ways, and list those that no test notices
	@scripts/setup test mutate
	@$(bin)/python scripts/mutate.py

check: ## lint, types, floors, spelling
	@scripts/setup test lint
	@$(bin)/ruff check
	@$(bin)/ruff format --check
	@$(bin)/mypy
	@$(bin)/pyright --pythonpath $(bin)/python
	@$(bin)/lint-imports
	@$(bin)/codespell

bench: ## measure what a wrapped call costs, beside other libraries
	@scripts/setup bench
	@$(bin)/python -m benchmarks

smoke: ## start the demo, ask it one question, and stop
	@scripts/setup demo
	@$(bin)/python -m demo --smoke

format: ## let ruff put the code in order
	@scripts/setup lint
	@$(bin)/ruff check --fix
	@$(bin)/ruff format

clean: ## remove .venv and every cache
	rm -rf .venv .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build dist
