/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * corpus.h - a list of files, read as if it were one long one
 *
 * The files lie end to end in the order in which they were added, directories
 * in the order of their names; so a page may hold the end of one and the start
 * of the next. A file must stay as it was when it was added: each time it is
 * opened, size and times are compared, and a difference is an error (ESTALE).
 */
#ifndef VMZONE_CORPUS_H
#define VMZONE_CORPUS_H

#include <stddef.h>
#include <time.h>

#include <linux/types.h>

/**
 * struct corpus_file - one regular file that is not empty
 * @path: to open it by
 * @start: offset of its first byte in the corpus
 * @bytes: its size
 * @mtime: last change of its contents
 * @ctime: last change of its inode
 */
struct corpus_file {
	char *path;
	__u64 start;
	__u64 bytes;
	struct timespec mtime;
	struct timespec ctime;
};

struct corpus {
	struct corpus_file *files;
	size_t nr_files;
	size_t max_files;
	__u64 bytes;
	__u64 max_bytes;
};

int corpus_add(struct corpus *c, char *path);
void corpus_free(struct corpus *c);
const struct corpus_file *corpus_find(const struct corpus *c, __u64 offset);
int corpus_open(const struct corpus_file *f);
int corpus_recheck(const struct corpus_file *f, int fd);
const struct corpus_file *corpus_read(const struct corpus *c, __u64 offset, size_t len,
				      unsigned char *buf);

#endif /* VMZONE_CORPUS_H */
