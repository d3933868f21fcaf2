// SPDX-License-Identifier: GPL-2.0-only
/*
 * corpus.c - a list of files, read as if it were one long one
 */
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <fts.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "corpus.h"

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool is_full(const struct corpus *c)
{
	return c->max_bytes && c->bytes >= c->max_bytes;
}

static int add_file(struct corpus *c, const char *path, const struct stat *st)
{
	struct corpus_file *f;

	if (c->nr_files == c->max_files) {
		size_t max = c->max_files ? 2 * c->max_files : 1024;

		f = reallocarray(c->files, max, sizeof(*f));
		if (!f)
			return -1;
		c->files = f;
		c->max_files = max;
	}
	f = &c->files[c->nr_files];
	*f = (struct corpus_file){
		.path = strdup(path),
		.start = c->bytes,
		.bytes = (__u64)st->st_size,
		.mtime = st->st_mtim,
		.ctime = st->st_ctim,
	};
	if (!f->path)
		return -1;
	c->nr_files++;
	c->bytes += f->bytes;
	return 0;
}

/* Return: 0, or -1 with the reason told */
static int add_entry(struct corpus *c, const FTSENT *entry)
{
	switch (entry->fts_info) {
	case FTS_F:
		if (!entry->fts_statp->st_size || !add_file(c, entry->fts_path, entry->fts_statp))
			return 0;
		error(0, errno, "no room for the list of files");
		return -1;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		error(0, entry->fts_errno, "cannot read %s", entry->fts_path);
		return -1;
	default:
		return 0;
	}
}

/**
 * corpus_add() - add a file, or all files below a directory
 * @c: the corpus
 * @path: of either; a symbolic link is followed here, but not further down
 *
 * Only regular files count, and empty ones have nothing to give. A directory
 * is walked in the order of names, without leaving its file system. Stops
 * early when @c->max_bytes is reached.
 *
 * Return: 0, or -1 with the reason told
 */
int corpus_add(struct corpus *c, char *path)
{
	char *const paths[] = { path, NULL };
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR | FTS_XDEV, by_name);
	FTSENT *entry;
	int err = 0;

	if (!tree) {
		error(0, errno, "cannot read %s", path);
		return -1;
	}
	while (!err && !is_full(c)) {
		errno = 0;
		entry = fts_read(tree);
		if (entry) {
			err = add_entry(c, entry);
		} else if (errno) {
			error(0, errno, "cannot walk %s", path);
			err = -1;
		} else {
			break;
		}
	}
	fts_close(tree);
	return err;
}

void corpus_free(struct corpus *c)
{
	for (size_t i = 0; i < c->nr_files; i++)
		free(c->files[i].path);
	free(c->files);
	*c = (struct corpus){ 0 };
}

/* Return: the file that holds the byte at @offset, which is below @c->bytes */
const struct corpus_file *corpus_find(const struct corpus *c, __u64 offset)
{
	size_t low = 0, high = c->nr_files;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (c->files[middle].start <= offset)
			low = middle;
		else
			high = middle;
	}
	return &c->files[low];
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* Return: 0 if the open file still is what was added, or -1 with errno set */
int corpus_recheck(const struct corpus_file *f, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -1;
	if ((__u64)st.st_size == f->bytes && same_time(st.st_mtim, f->mtime) &&
	    same_time(st.st_ctim, f->ctime))
		return 0;
	errno = ESTALE;
	return -1;
}

/* Return: a descriptor, or -1 with errno set: ENOENT it vanished, ESTALE it changed */
int corpus_open(const struct corpus_file *f)
{
	int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int saved;

	if (fd < 0)
		return -1;
	if (!corpus_recheck(f, fd))
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static int read_piece(const struct corpus_file *f, __u64 offset, size_t len, unsigned char *buf)
{
	int fd = corpus_open(f);
	int saved;

	if (fd < 0)
		return -1;
	while (len) {
		ssize_t got = pread(fd, buf, len, (off_t)offset);

		if (got <= 0) {
			saved = got ? errno : ESTALE;
			close(fd);
			errno = saved;
			return -1;
		}
		buf += got;
		offset += (__u64)got;
		len -= (size_t)got;
	}
	close(fd);
	return 0;
}

/**
 * corpus_read() - read from the source files
 * @c: the corpus
 * @offset: first byte
 * @len: how many; @offset + @len is not above @c->bytes
 * @buf: where to
 *
 * Return: NULL, or the file that could not be read, with errno set
 */
const struct corpus_file *corpus_read(const struct corpus *c, __u64 offset, size_t len,
				      unsigned char *buf)
{
	const struct corpus_file *f = len ? corpus_find(c, offset) : NULL;

	for (; len; f++) {
		__u64 skip = offset - f->start;
		size_t piece = f->bytes - skip < len ? (size_t)(f->bytes - skip) : len;

		if (read_piece(f, skip, piece, buf))
			return f;
		buf += piece;
		offset += piece;
		len -= piece;
	}
	return NULL;
}
