/* SPDX-License-Identifier: Apache-2.0 */
/* The names under which a run's coverage is kept. */
#ifndef TWINWALK_COVERAGE_NAMES_H
#define TWINWALK_COVERAGE_NAMES_H

#include "cmd_run.h"
#include "config.h"

/*
 * The shell command that repeats a run, without what it writes and always in the
 * same form, so that equal runs have equal names. To be freed; NULL: out of memory.
 */
char *coverage_run_command(const struct run_options *options);

/*
 * The machine of a run: the configuration's name, and behind it the settings
 * that change the hardware. To be freed; NULL: out of memory.
 */
char *coverage_config_name(const struct run_options *options, const struct config *config);

#endif
