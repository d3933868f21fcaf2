# SPDX-License-Identifier: GPL-2.0-only
# Included by the Makefiles of programs that are linked statically, as the tests
# are, with what is reused from here. They set PROGRAMS, the names of files with a
# main(); all other files of their folder belong to each of these.
#   make -C FOLDER           builds them all
#   make -C FOLDER list      names them, one a line

ROOT := $(abspath ../..)
TESTS := $(ROOT)/tools/tests
CC ?= gcc
CFLAGS ?= -O2 -g
override CFLAGS += -std=gnu11 -Wall -Wextra -Werror -I$(ROOT)/include/uapi -I$(TESTS)

LIBRARY := $(addprefix $(TESTS)/,tap.o zone.o pattern.o process.o)
SHARED := $(patsubst %.c,%.o,$(filter-out $(PROGRAMS:=.c),$(wildcard *.c)))
HEADERS := $(wildcard *.h $(TESTS)/*.h) $(ROOT)/include/uapi/linux/vmzone.h

all: $(PROGRAMS)

$(PROGRAMS): %: %.o $(SHARED) $(LIBRARY)
	$(CC) $(CFLAGS) -static -pthread $^ -o $@

%.o: %.c $(HEADERS)
	$(CC) $(CFLAGS) -pthread -c $< -o $@

$(LIBRARY): $(TESTS)/%.o: $(TESTS)/%.c $(HEADERS)
	@$(MAKE) --no-print-directory -s -C $(TESTS) $*.o

list:
	@printf '%s\n' $(PROGRAMS)

clean:
	rm -f *.o $(PROGRAMS)

.PHONY: all list clean
.SECONDARY:
