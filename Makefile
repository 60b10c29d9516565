# 接力. `make demo` needs nothing but Python 3.11 to 3.13 and make; everything else comes into .venv by itself.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev

# Pages are tried in a real browser where there is one; CI installs it, and there they always run.
BROWSER := $(shell command -v chromium 2>/dev/null)
WHICH := $(if $(BROWSER)$(CI),,-m "not chromium")

.DEFAULT_GOAL := help
.PHONY: help demo up test chaos check lint format clean

help: ## 列出可用的目标
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else "需要 Python 3.11 至 3.13，可用 make PYTHON=python3.12 指定。 (Python 3.11 to 3.13 is needed.)")'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "建不了虚拟环境：请先安装 Python 的 venv（Debian：apt install python3-venv）。 (The venv module is missing.)"; exit 1; }

$(READY): pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "正在安装依赖，第一次约一两分钟 … (Installing what it needs.)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(READY_DEV): pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "正在安装依赖和检查工具 … (Installing what it needs and the tools of the tests.)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(READY) $@

demo: $(READY) ## 在真实部件上演完一个虚构的案件（约两分钟）
	$(BIN)/jieli demo

up: $(READY) ## 启动全部部件，信件留在本机；Ctrl-C 停止
	$(BIN)/jieli up --demo

check: $(READY_DEV) ## 静态检查：格式、类型、引用方向、示例县
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/jieli check

test: check ## 静态检查和全部测试
	$(BIN)/python -m pytest -n 2 --dist loadscope --ignore=tests/acceptance
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/acceptance $(WHICH)

chaos: $(READY_DEV) ## 几百个案件，真实部件随机出故障，最后独立核对有无漏发、重发、早发（SEED=、CASES= 可选，约八分钟）
	$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(CASES),--cases $(CASES)) $(if $(SECONDS),--seconds $(SECONDS))

format: $(READY_DEV) ## 整理格式
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## 删除虚拟环境和缓存（不动数据文件夹）
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build *.egg-info
