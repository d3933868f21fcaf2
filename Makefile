# SPDX-License-Identifier: GPL-2.0-only
# The front door: names what there is to do. How it is done is in tools/.

# Whom the module is built for: the running kernel where its headers are
# installed, and the lab's stock kernel elsewhere.
KDIR ?= $(wildcard /lib/modules/$(shell uname -r)/build)
# Where the main job runs: in the lab, or on this host.
WHERE ?= lab
# Which kernel the lab boots; empty: that of this machine's Debian.
KERNEL ?=

# How many seconds a suite that can go on shall do so; 0: once.
DURATION ?= 0
# Options and suites of tools/check/nightly; empty: all of it.
NIGHTLY ?=

PREFIX ?= /usr/local
SUITES := kunit user-tests races stress check bench-check fio real-programs

export KERNEL

all: module programs

help:
	@tools/setup/help

setup:
	@tools/setup/install

module:
	@tools/setup/install --check
	@mkdir -p build
	@cp "$$(tools/lab/lab module $(if $(KDIR),--kdir $(KDIR)))" build/vmzone.ko

programs:
	@$(MAKE) --no-print-directory -s -C tools/tests
	@$(MAKE) --no-print-directory -s -C tools/vmzone

run: setup
	@$(MAKE) --no-print-directory programs
	@tools/lab/main-job --where $(WHERE) -- $(FILES)

test:
	@tools/check/summary $(SUITES)

kunit: setup
	@kunit/run

user-tests: setup
	@$(MAKE) --no-print-directory programs
	@tools/check/user-tests

check: setup
	@tools/check/run

failures: setup
	@$(MAKE) --no-print-directory programs
	@$(MAKE) --no-print-directory -s -C tools/sweep
	@tools/check/failures $(SWEEPS)

fio: setup
	@$(MAKE) --no-print-directory programs
	@tools/check/fio

# For two minutes, or DURATION=3600; SEED=... makes a run's choices again.
stress: setup
	@$(MAKE) --no-print-directory -s -C tools/stress
	@tools/check/stress

fuzz: setup
	@$(MAKE) --no-print-directory -s -C tools/fuzz
	@tools/check/fuzz

kernels: setup
	@$(MAKE) --no-print-directory programs
	@tools/check/kernels

races: setup
	@$(MAKE) --no-print-directory programs
	@$(MAKE) --no-print-directory -s -C tools/races
	@tools/check/races

policies: setup
	@tools/policy/compare

real-programs: setup
	@$(MAKE) --no-print-directory programs
	@tools/check/real-programs

debug-kernel: setup
	@$(MAKE) --no-print-directory programs
	@tools/check/debug-kernel

debug-tests kcsan-tests: setup
	@$(MAKE) --no-print-directory programs
	@tools/check/debug-kernel --kernel $(@:-tests=) --all --seconds $(DURATION)

nightly: setup
	@tools/check/nightly $(NIGHTLY)

deb: setup
	@tools/packaging/build build/deb

packages: setup
	@$(MAKE) --no-print-directory programs
	@tools/check/packages

bench: setup
	@$(MAKE) --no-print-directory programs
	@tools/bench/run $(CONFIGURATIONS)
	@tools/bench/page

bench-check: setup
	@tools/bench/check

coverage: setup
	@$(MAKE) --no-print-directory programs
	@tools/coverage/run

load: module
	@tools/setup/load build/vmzone.ko

unload:
	@tools/setup/as-root rmmod vmzone

install: all
	install -D -m 644 build/vmzone.ko $(DESTDIR)/lib/modules/$$(uname -r)/updates/vmzone.ko
	install -D -m 755 tools/vmzone/vmzone $(DESTDIR)$(PREFIX)/bin/vmzone
	install -D -m 644 include/uapi/linux/vmzone.h $(DESTDIR)$(PREFIX)/include/linux/vmzone.h
	$(if $(DESTDIR),,depmod)

clean:
	@tools/lab/lab module --clean
	@$(MAKE) --no-print-directory -s -C tools/tests clean
	@$(MAKE) --no-print-directory -s -C tools/races clean
	@$(MAKE) --no-print-directory -s -C tools/vmzone clean
	@$(MAKE) --no-print-directory -s -C tools/fuzz clean
	@$(MAKE) --no-print-directory -s -C tools/policy clean
	@$(MAKE) --no-print-directory -s -C tools/sweep clean
	@$(MAKE) --no-print-directory -s -C tools/stress clean
	@$(MAKE) --no-print-directory -s -C tools/bench clean
	rm -rf build

.PHONY: all help setup module programs run test $(SUITES) failures stress fuzz kernels deb packages bench bench-check policies debug-kernel debug-tests kcsan-tests nightly coverage load unload install clean
