#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The C++ compiler for builds with mutants: they run for seconds, so it is not
# worth while to optimize them at length.
exec "${CXX:-g++}" "$@" -O1
