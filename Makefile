# Every target is a script in scripts/, which says what it does and brings what it needs.
.DEFAULT_GOAL := help
.PHONY: help run dev test bench screens journeys prepare check fmt

help: ## Lists these
	@sed -n 's/^\([a-z0-9]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

run: ## Builds the release and starts it with its own Postgres and demonstration data
	@scripts/run

dev: ## The same in debug, rebuilt and reloaded at every change
	@scripts/dev

test: ## Everything that CI runs
	@scripts/test

check: ## Formatting and lints only
	@scripts/check

journeys: ## The journeys in Chromium only, on the release build
	@scripts/journeys

bench: ## The benchmarks: one table, also in docs/BENCHMARKS.md; ONLY=bookings, charging, payouts, reconciliation or streams: a part
	@scripts/bench $(ONLY)

screens: ## Photographs every main page into docs/screens
	@scripts/screens

prepare: ## Writes the generated files that are committed: .sqlx, docs/openapi.json
	@scripts/prepare

fmt: ## Formats the code
	@cargo fmt --all
