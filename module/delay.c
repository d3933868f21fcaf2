// SPDX-License-Identifier: GPL-2.0-only
/*
 * delay.c - points at which a test can stop a task; not in a normal build
 *
 * Owns: debugfs vmzone/delays. What is written there is a command:
 *
 *   arm POINT INDEX|any [MS]	the next task at that point stops, for 100 s at most
 *   release POINT		whoever is stopped there goes on; nobody is to stop
 *
 * What is read is a line for each point: its name, whether it is armed or somebody
 * is held there, how many have stopped so far, and how many of them went on because
 * their time was over.
 *
 * Lock order: points_lock is a leaf.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "delay.h"

#define ANY_INDEX	ULONG_MAX

/* How long a task is held that nobody lets go. */
#define MAX_MS		100000U

/**
 * struct point - a place in the code
 * @index: whom to stop
 * @max_ms: for how long, at most
 * @nr_stopped: how many have stopped
 * @nr_expired: of these, how many were not let go in time
 * @armed: the next one stops
 * @held: one has
 */
struct point {
	unsigned long index;
	unsigned int max_ms;
	unsigned int nr_stopped;
	unsigned int nr_expired;
	bool armed;
	bool held;
};

static const char *const names[] = {
	[VMZONE_DELAY_GET_BEGUN] = "get_begun",
	[VMZONE_DELAY_GET_LOOKED] = "get_looked",
	[VMZONE_DELAY_FILL_CLAIMED] = "fill_claimed",
	[VMZONE_DELAY_FILL_FRAMED] = "fill_framed",
	[VMZONE_DELAY_FRAME_FOUND] = "frame_found",
	[VMZONE_DELAY_FRAME_GOT] = "frame_got",
	[VMZONE_DELAY_GET_FILLED] = "get_filled",
	[VMZONE_DELAY_GET_DONE] = "get_done",
	[VMZONE_DELAY_PIN_GOT] = "pin_got",
	[VMZONE_DELAY_WRITE_COPIED] = "write_copied",
	[VMZONE_DELAY_DISCARD_LOOKED] = "discard_looked",
	[VMZONE_DELAY_OWN_BEGUN] = "own_begun",
	[VMZONE_DELAY_PARK_MARKED] = "park_marked",
	[VMZONE_DELAY_RUN_FOUND] = "run_found",
	[VMZONE_DELAY_EVICT_UNMAPPED] = "evict_unmapped",
	[VMZONE_DELAY_EVICT_FROZEN] = "evict_frozen",
	[VMZONE_DELAY_EVICT_SAVED] = "evict_saved",
	[VMZONE_DELAY_ROOM_MADE] = "room_made",
	[VMZONE_DELAY_SAVE_CODEC] = "save_codec",
	[VMZONE_DELAY_SWITCH_BEGUN] = "switch_begun",
	[VMZONE_DELAY_BLOCK_COUNTED] = "block_counted",
	[VMZONE_DELAY_SHRINK_MET] = "shrink_met",
	[VMZONE_DELAY_SIZE_SET] = "size_set",
	[VMZONE_DELAY_ZONE_ENDING] = "zone_ending",
	[VMZONE_DELAY_VIEW_READING] = "view_reading",
	[VMZONE_DELAY_DEVICE_OPENING] = "device_opening",
	[VMZONE_DELAY_NODE_OPENING] = "node_opening",
	[VMZONE_DELAY_MODULE_LEAVING] = "module_leaving",
};
static_assert(ARRAY_SIZE(names) == VMZONE_DELAY_NR_POINTS);

static DEFINE_SPINLOCK(points_lock);
static struct point points[VMZONE_DELAY_NR_POINTS];
static DECLARE_WAIT_QUEUE_HEAD(released);

/* Whether the caller is the one to stop, and for how long. */
static bool take_turn(struct point *point, unsigned long index, unsigned int *max_ms,
		      unsigned int *turn)
{
	bool stop;

	spin_lock(&points_lock);
	stop = point->armed && (point->index == ANY_INDEX || point->index == index);
	if (stop) {
		WRITE_ONCE(point->armed, false);
		WRITE_ONCE(point->held, true);
		*turn = ++point->nr_stopped;
		*max_ms = point->max_ms;
	}
	spin_unlock(&points_lock);
	return stop;
}

/**
 * vmzone_delay() - stop here, if a test wants it
 * @nr: which point this is
 * @index: the slot that the caller is about, or as the point has it
 *
 * Context: process context, sleeps.
 */
void vmzone_delay(enum vmzone_delay_point nr, unsigned long index)
{
	struct point *point = &points[nr];
	unsigned int max_ms, turn;

	might_sleep();
	if (!READ_ONCE(point->armed) || !take_turn(point, index, &max_ms, &turn))
		return;
	if (wait_event_timeout(released, !READ_ONCE(point->held), msecs_to_jiffies(max_ms)))
		return;
	spin_lock(&points_lock);
	/* Unless we were let go at last, and somebody else is held here by now. */
	if (point->nr_stopped == turn) {
		point->nr_expired += point->held;
		WRITE_ONCE(point->held, false);
	}
	spin_unlock(&points_lock);
}

static int arm(struct point *point, unsigned long index, unsigned int max_ms)
{
	int ret = 0;

	spin_lock(&points_lock);
	if (point->held) {
		ret = -EBUSY;
	} else {
		point->index = index;
		point->max_ms = max_ms;
		WRITE_ONCE(point->armed, true);
	}
	spin_unlock(&points_lock);
	return ret;
}

static void release(struct point *point)
{
	spin_lock(&points_lock);
	WRITE_ONCE(point->armed, false);
	WRITE_ONCE(point->held, false);
	spin_unlock(&points_lock);
	wake_up_all(&released);
}

static int obey(const char *command)
{
	char verb[8], name[20], index[24];
	unsigned int max_ms = MAX_MS;
	unsigned long number = ANY_INDEX;
	int nr, words;

	words = sscanf(command, "%7s %19s %23s %u", verb, name, index, &max_ms);
	nr = words >= 2 ? match_string(names, ARRAY_SIZE(names), name) : -EINVAL;
	if (nr < 0 || max_ms > MAX_MS)
		return -EINVAL;
	if (words == 2 && !strcmp(verb, "release")) {
		release(&points[nr]);
		return 0;
	}
	if (words < 3 || strcmp(verb, "arm") ||
	    (strcmp(index, "any") && kstrtoul(index, 0, &number)))
		return -EINVAL;
	return arm(&points[nr], number, max_ms);
}

static ssize_t delays_write(struct file *file, const char __user *from, size_t len, loff_t *pos)
{
	char command[80];
	int ret;

	if (len >= sizeof(command))
		return -EINVAL;
	if (copy_from_user(command, from, len))
		return -EFAULT;
	command[len] = '\0';
	ret = obey(command);
	return ret ? ret : len;
}

static int delays_show(struct seq_file *m, void *v)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(points); i++) {
		struct point point;

		spin_lock(&points_lock);
		point = points[i];
		spin_unlock(&points_lock);
		seq_printf(m, "%s %s %u %u\n", names[i],
			   point.held ? "held" : point.armed ? "armed" : "-",
			   point.nr_stopped, point.nr_expired);
	}
	return 0;
}

static int delays_open(struct inode *inode, struct file *file)
{
	return single_open(file, delays_show, NULL);
}

static const struct file_operations delays_fops = {
	.owner = THIS_MODULE,
	.open = delays_open,
	.read = seq_read,
	.write = delays_write,
	.llseek = seq_lseek,
	.release = single_release,
};

/**
 * vmzone_delay_init() - let tests command the points
 * @folder: of debugfs, which takes the file away with it
 *
 * Context: process context, sleeps.
 */
void vmzone_delay_init(struct dentry *folder)
{
	debugfs_create_file("delays", 0600, folder, NULL, &delays_fops);
}
