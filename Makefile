# SPDX-License-Identifier: Apache-2.0
# twinwalk: an x86-64 MMU in RTL and in C, in lockstep. `make help` lists the targets.

ifeq ($(origin CC),default)
CC := gcc
endif
AR := gcc-ar
BUILD ?= build

# Parallel unless told otherwise, or called by a make that has been.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif
MAKEFLAGS += --no-print-directory
# Builds from other targets: each job's output in one piece.
BUILD_NOW := $(MAKE) --output-sync=target

# `make V=1` shows the commands.
ifndef V
Q := @
SAY = @echo
else
SAY = @:
endif

CPPFLAGS := -D_GNU_SOURCE= -Icmodel -Itb -Isim
WARNINGS := -Wall -Wextra -Werror
# Objects hold machine code beside the LTO form: the program is linked with LTO, the tests quickly, without.
OPTIMIZE := -O3 -g -flto=auto -ffat-lto-objects
LINK_TIME := -flto=auto
ifdef SANITIZE
OPTIMIZE := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
LINK_TIME :=
endif
ifdef FUZZ
OPTIMIZE := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
LINK_TIME :=
endif
ifdef GCOV
OPTIMIZE := -O0 -g
LINK_TIME :=
endif
CFLAGS := -std=gnu11 $(WARNINGS) $(OPTIMIZE)
LDLIBS := -lcyaml -lyaml -ljansson -lzstd -llzma -lz -lelf -lm -ldl -lpthread -lsqlite3

ifdef GCOV
LDLIBS += --coverage
$(BUILD)/cmodel/%.o: CFLAGS += --coverage
endif

# The library is everything but the program's main; tests link it too.
RESOURCES := $(wildcard sim/report/*.html sim/report/*.css sim/report/*.js)
SOURCES := $(filter-out sim/main.c tb/fst_seam.c,$(wildcard cmodel/*.c tb/*.c sim/*.c))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o) $(RESOURCES:%=$(BUILD)/%.o)
LIBRARY := $(BUILD)/libtwinwalk.a
PROGRAM := $(BUILD)/twinwalk
TEST_SOURCES := $(wildcard tb/tests/test_*.c)
TESTS := $(TEST_SOURCES:tb/tests/%.c=$(BUILD)/tests/%)
TEST_HELPERS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(TEST_SOURCES),$(wildcard tb/tests/*.c)))
TEST_SCRIPTS := $(wildcard tb/tests/*.sh)
# Each harness twice: with a main that runs files once, for the tests, and with libFuzzer's.
HARNESSES := $(filter-out fuzz_input,$(patsubst tb/fuzz/%.c,%,$(wildcard tb/fuzz/fuzz_*.c)))
REPLAYS := $(HARNESSES:%=$(BUILD)/replay/%)
FUZZERS := $(HARNESSES:%=$(BUILD)/fuzz/%)

RUN_ARGS ?= -c configs/default.yaml --random --image configs/images/linux-l4.tables.bin.zst --cycles 5M
JOBS ?= $(shell nproc)
PLAN ?= configs/regress/smoke.yaml
REGRESS_ARGS ?=
WAVE ?= twinwalk.fst
VIEW ?= mismatch
MUTATE ?= all
LATE_BUGS ?=
WAVES_BUGS ?=
FORMAL ?=
FUZZ_SECONDS ?= 60
SLURM_TESTS ?= $(wildcard tb/slurm/test_*.sh)
SOAK_CYCLES ?= 8M
SOAK_SEEDS ?= 101 102
CLOSING_CYCLES ?= 200M

# Every target that help lists, and those that only others call.
.PHONY: $(shell sed -nE 's/^([a-z-]+):.*\x23\x23 .*/\1/p' $(firstword $(MAKEFILE_LIST))) programs tests fuzzers FORCE
.DEFAULT_GOAL := help
.SECONDARY:
.DELETE_ON_ERROR:

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z-]+):.*## /  \1|/' | column -t -s '|'

setup: ## install the Debian packages that are missing (.ci/packages; sudo when not root)
	@.ci/setup

all: setup ## set up and build build/twinwalk and the tests
	+@$(BUILD_NOW) programs

run: setup ## set up, build, and run RTL and C model in lockstep on a real machine's page tables
	+@$(BUILD_NOW) $(PROGRAM)
	+$(PROGRAM) run $(RUN_ARGS)

test: setup ## set up, build and run every test
	+@$(BUILD_NOW) programs
	@TWINWALK=$(PROGRAM) JOBS=$(JOBS) .ci/run-tests $(BUILD)/test-logs $(TESTS) $(TEST_SCRIPTS)

test-slurm: setup ## test regressions over Slurm, on a cluster of this machine (as root)
	@.ci/setup .ci/packages-slurm
	+@$(BUILD_NOW) $(PROGRAM)
	@TWINWALK=$(PROGRAM) JOBS=1 TEST_SECONDS=1200 .ci/run-tests $(BUILD)/slurm-logs $(SLURM_TESTS)

test-waves: setup ## bugs late in a run, their waves in GTKWave under Xvfb (docs/debugging.md)
	@.ci/setup .ci/packages-waves
	+@$(BUILD_NOW) $(PROGRAM)
	@TWINWALK=$(PROGRAM) JOBS=$(JOBS) WAVES_BUGS="$(WAVES_BUGS)" TEST_SECONDS=7200 .ci/run-tests $(BUILD)/waves-logs tb/test_waves.sh

wave: ## show a wave in GTKWave: WAVE=twinwalk.fst VIEW=mismatch
	+@$(BUILD_NOW) $(PROGRAM)
	$(PROGRAM) wave --view $(VIEW) $(WAVE)

soak: setup ## 100 million random lockstep cycles across the configurations
	+@$(BUILD_NOW) $(PROGRAM)
	TWINWALK=$(PROGRAM) CYCLES=$(SOAK_CYCLES) SEEDS="$(SOAK_SEEDS)" tb/tests/random_lockstep.sh

regress: setup ## do the runs of a plan, PLAN=configs/regress/smoke.yaml, and report them (docs/regression.md)
	+@$(BUILD_NOW) $(PROGRAM)
	$(PROGRAM) regress $(PLAN) $(REGRESS_ARGS)

coverage: setup ## reach every point of functional coverage, in lockstep (docs/coverage.md)
	+@$(BUILD_NOW) $(PROGRAM)
	$(PROGRAM) regress configs/regress/coverage.yaml --coverage -j $(JOBS) -o $(BUILD)/coverage
	@$(PROGRAM) coverage report --check $(BUILD)/coverage/coverage.json

closing: setup ## measure how many cycles closing functional coverage takes, steered and not
	+@$(BUILD_NOW) $(PROGRAM)
	$(PROGRAM) regress configs/regress/scripts.yaml --coverage -j $(JOBS) -o $(BUILD)/closing/scripts
	$(PROGRAM) coverage close --engine model --compare --start $(BUILD)/closing/scripts/coverage.json --budget $(CLOSING_CYCLES) -j $(JOBS) -o $(BUILD)/closing

sanitize: setup ## run the unit tests of the C side under address and undefined-behaviour sanitizers
	+@$(BUILD_NOW) BUILD=build/asan SANITIZE=1 tests
	@JOBS=$(JOBS) .ci/run-tests build/asan/test-logs $(TEST_SOURCES:tb/tests/%.c=build/asan/tests/%)

fuzz: setup ## fuzz every reader, and the C model against the judge, for FUZZ_SECONDS (60)
	+@$(BUILD_NOW) BUILD=build/fuzz CC=clang FUZZ=1 fuzzers
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tb/fuzz/run.sh build/fuzz

lint: setup ## check the RTL with three tools, the C code, formats and licence lines
	+@$(BUILD_NOW) $(PROGRAM)
	@JOBS=$(JOBS) TWINWALK=$(PROGRAM) .ci/lint

formal: setup ## prove properties of the RTL (docs/formal.md; FORMAL="BLOCK/PROPERTY..." for some, fast)
	@.ci/setup .ci/packages-formal
	@.ci/formal $(FORMAL)

test-report: setup ## test the page of a sweep in a headless browser, and its charts
	@.ci/setup .ci/packages-report
	+@$(BUILD_NOW) $(PROGRAM)
	@TWINWALK=$(PROGRAM) TEST_SECONDS=1200 .ci/run-tests $(BUILD)/report-logs tb/report/test_report.sh

test-area: setup ## test what twinwalk area counts
	@.ci/setup .ci/packages-area
	+@$(BUILD_NOW) $(PROGRAM)
	@TWINWALK=$(PROGRAM) TEST_SECONDS=1200 .ci/run-tests $(BUILD)/area-logs tb/area/test_area.sh

mutate: setup ## put bugs into the RTL and see what catches them (docs/mutants.md; MUTATE=sample: a few)
	+@$(BUILD_NOW) $(PROGRAM)
	@TWINWALK=$(PROGRAM) JOBS=$(JOBS) tb/mutate.sh $(MUTATE)

late-bugs: setup ## put bugs into the RTL 10 million cycles into a run, and have explain name the cause (docs/debugging.md)
	+@$(BUILD_NOW) $(PROGRAM)
	@TWINWALK=$(PROGRAM) JOBS=$(JOBS) tb/late_bugs.sh $(LATE_BUGS)

code-coverage: setup ## count which lines of RTL and C model run (docs/code-coverage.md)
	+@$(BUILD_NOW) BUILD=build/gcov GCOV=1 build/gcov/twinwalk build/gcov/tests/test_params
	@TWINWALK=build/gcov/twinwalk JOBS=$(JOBS) tb/code_coverage.sh

bench: setup ## measure the speed of bare RTL, lockstep and the C model
	+@$(BUILD_NOW) $(PROGRAM)
	@TWINWALK=$(PROGRAM) tb/bench_speed.sh
	@TWINWALK=$(PROGRAM) tb/bench_stack.sh
	@TWINWALK=$(PROGRAM) tb/bench_waves.sh

docs: setup ## make the references in docs from the tables in the code
	+@$(BUILD_NOW) $(PROGRAM)
	$(PROGRAM) config --markdown >$(BUILD)/configuration.md
	mv $(BUILD)/configuration.md docs/configuration.md
	$(PROGRAM) config --markdown=statistics >$(BUILD)/statistics.md
	mv $(BUILD)/statistics.md docs/statistics.md
	$(PROGRAM) coverage points >$(BUILD)/coverage-points.md
	mv $(BUILD)/coverage-points.md docs/coverage-points.md

clean: ## remove everything built
	rm -rf $(BUILD)

programs: $(PROGRAM) tests $(REPLAYS)
tests: $(TESTS)
fuzzers: $(FUZZERS)

$(PROGRAM): $(BUILD)/sim/main.o $(LIBRARY)
	$(SAY) "  LINK  $@"
	+$(Q)$(CC) $(CFLAGS) $(LINK_TIME) -rdynamic -o $@ $^ $(LDLIBS)

# Made anew, so that no member outlives its source.
$(LIBRARY): $(OBJECTS) $(BUILD)/objects.txt
	$(SAY) "  AR    $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $(OBJECTS)

$(BUILD)/objects.txt: FORCE | $(BUILD)/tests/.
	@echo '$(OBJECTS)' | cmp -s - $@ || echo '$(OBJECTS)' >$@

$(BUILD)/tests/%: $(BUILD)/tb/tests/%.o $(TEST_HELPERS) $(LIBRARY) | $(BUILD)/tests/.
	$(SAY) "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) -fno-lto -rdynamic -o $@ $^ $(LDLIBS) -lcmocka

$(REPLAYS): $(BUILD)/replay/%: $(BUILD)/tb/fuzz/%.o $(BUILD)/tb/fuzz/fuzz_input.o $(BUILD)/tb/fuzz/replay.o $(LIBRARY)
	$(SAY) "  LINK  $@"
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -fno-lto -rdynamic -o $@ $^ $(LDLIBS)

$(FUZZERS): $(BUILD)/fuzz/%: $(BUILD)/tb/fuzz/%.o $(BUILD)/tb/fuzz/fuzz_input.o $(LIBRARY)
	$(SAY) "  LINK  $@"
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -fsanitize=fuzzer -rdynamic -o $@ $^ $(LDLIBS)

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(SAY) "  CC    $@"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Files that the program has in it, under names made of theirs.
$(RESOURCES:%=$(BUILD)/%.o): $(BUILD)/%.o: % Makefile
	@mkdir -p $(@D)
	$(SAY) "  LD    $@"
	$(Q)ld -r -b binary -z noexecstack -o $@ $<

$(BUILD)/tests/.:
	@mkdir -p $@

-include $(OBJECTS:.o=.d) $(BUILD)/sim/main.d $(TEST_SOURCES:%.c=$(BUILD)/%.d) $(TEST_HELPERS:.o=.d) \
  $(patsubst %.c,$(BUILD)/%.d,$(wildcard tb/fuzz/*.c))
