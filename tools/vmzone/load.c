// SPDX-License-Identifier: GPL-2.0-only
/*
 * load.c - the first phase: read(2) every file straight into the mapped zone
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "units.h"
#include "verify.h"

#define CHUNK_BYTES (256 * 1024)

/**
 * verify_complain_bus() - the zone did not give a page
 * @p: the phase
 * @offset: where in the zone
 * @what: what we wanted of it: "read" or "written"
 */
void verify_complain_bus(struct phase *p, __u64 offset, const char *what)
{
	__u64 page_size = p->zone->info.page_size;
	struct unit_text used, limit;
	struct vmzone_stats s = { 0 };
	const char *why = "no frame could be had";

	zone_stats(p->zone, &s);
	if (s.load_errors)
		why = "a stored page could not be loaded";
	else if (s.store_full)
		why = "the store is full";
	phase_complain(p, EXIT_WRONG,
		       "page %llu (offset %#llx) could not be %s: %s (sigbus %llu, store_full %llu, load_errors %llu; %llu of %llu frames, %llu pinned; store %s of %s)",
		       offset / page_size, offset, what, why, s.sigbus, s.store_full,
		       s.load_errors, s.resident_frames, s.budget_frames, s.pinned_slots,
		       bytes_text(&used, s.store_bytes), bytes_text(&limit, s.store_limit_bytes));
}

/* errno says why @f could not be read. */
void verify_complain_source(struct phase *p, const struct corpus_file *f)
{
	if (errno == ESTALE || errno == ENOENT)
		phase_complain(p, EXIT_TROUBLE,
			       "%s %s while we were at work, so nothing can be said about it: choose files that stay as they are",
			       f->path, errno == ENOENT ? "vanished" : "changed");
	else
		phase_complain(p, EXIT_TROUBLE, "cannot read %s: %s", f->path, strerror(errno));
}

/* Return: true if the whole file is in the zone; if not, why has been told */
static bool load_file(struct phase *p, const struct corpus_file *f, int fd)
{
	__u64 done = 0;

	while (done < f->bytes && !phase_is_over(p)) {
		__u64 left = f->bytes - done;
		ssize_t got = read(fd, p->zone->base + f->start + done,
				   left < CHUNK_BYTES ? left : CHUNK_BYTES);

		if (got < 0 && errno == EFAULT) {
			verify_complain_bus(p, f->start + done, "written");
			p->stop = true;
			return false;
		}
		if (got <= 0) {
			errno = got ? errno : ESTALE;
			verify_complain_source(p, f);
			return false;
		}
		done += (__u64)got;
		p->done_bytes += (__u64)got;
	}
	if (phase_is_over(p))
		return false;
	if (!corpus_recheck(f, fd))
		return true;
	verify_complain_source(p, f);
	return false;
}

static void load_files(struct phase *p)
{
	const struct verify *v = p->arg;
	bool go_on = true;

	for (size_t i = 0; i < v->corpus.nr_files && go_on; i++) {
		const struct corpus_file *f = &v->corpus.files[i];
		int fd = corpus_open(f);

		if (fd < 0) {
			verify_complain_source(p, f);
			return;
		}
		go_on = load_file(p, f, fd);
		close(fd);
	}
}

enum vmzone_exit load_run(struct verify *v)
{
	struct phase phase = {
		.name = "load  ",
		.zone = &v->zone,
		.work = load_files,
		.arg = v,
		.nr_threads = 1,
		.total_bytes = v->corpus.bytes,
	};
	enum vmzone_exit verdict = phase_run(&phase);

	v->load_seconds = phase.seconds;
	return verdict;
}
