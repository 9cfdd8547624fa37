#!/bin/bash
# seeded.t - every bug that is put in on purpose is found (tests/seeded/run).
exec "$(dirname "$0")/../seeded/run"
