// SPDX-License-Identifier: GPL-2.0-only
/*
 * slot_test.c - the state machine of one slot
 *
 * Proves: every event in every state, with every set of flags and with no, one,
 * some and all pins, does what moves[] says, which is written as a list of
 * single moves and knows nothing of the rules in slot.c; a refused event gives
 * the right error and changes nothing; no walk of legal events leaves the
 * invariants of slot.h; an event that starts from an old look at the slot is that of what
 * it is now; who waits for an owned slot sleeps until it is let go.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/sched/signal.h>

#include "../module/slot.h"

#define SEED	0x5107UL

#define ALL_PINS	(VMZONE_SLOT_PIN_MASK >> VMZONE_SLOT_PIN_SHIFT)

static const char *const state_names[] = {
	"EMPTY", "FILLING", "RESIDENT", "STANDBY", "EVICTING", "STORED", "FAILED",
};

static_assert(ARRAY_SIZE(state_names) == VMZONE_STATE_NR_STATES);

static const char *const event_names[] = {
	"FILL_BEGIN", "FILL_DONE", "FILL_ABORT", "FILL_FAIL", "PARK", "RESCUE",
	"EVICT_BEGIN", "EVICT_ABORT", "EVICT_DONE", "WRITE", "SAVE", "DROP",
	"CLEAR", "PIN", "UNPIN",
};

static_assert(ARRAY_SIZE(event_names) == VMZONE_EVENT_NR_EVENTS);

/*
 * One legal move, or one that is refused for more than its state. @when:
 * "B" backed, "b" not backed, "W" written, "w" not written, "P" pinned, "p" not
 * pinned, "M" with all pins, "m" with fewer. @then: the flags that change, by
 * the same letters, and "+" or "-" for the pin count.
 */
static const struct move {
	const char *from;
	const char *event;
	const char *when;
	const char *to;
	const char *then;
	int ret;
} moves[] = {
	{ "EMPTY", "FILL_BEGIN", "", "FILLING", "" },
	{ "STORED", "FILL_BEGIN", "", "FILLING", "" },
	{ "FAILED", "FILL_BEGIN", "", "FILLING", "" },

	{ "FILLING", "FILL_DONE", "", "RESIDENT", "" },
	{ "FILLING", "FILL_ABORT", "B", "STORED", "" },
	{ "FILLING", "FILL_ABORT", "b", "EMPTY", "" },
	{ "FILLING", "FILL_FAIL", "B", "FAILED", "" },
	{ "FILLING", "FILL_FAIL", "b", NULL, NULL, -EINVAL },
	{ "FILLING", "DROP", "B", "FILLING", "b" },
	{ "FILLING", "DROP", "b", NULL, NULL, -EINVAL },
	{ "FILLING", "CLEAR", "", "EMPTY", "bw" },

	{ "RESIDENT", "PARK", "p", "STANDBY", "" },
	{ "RESIDENT", "PARK", "P", NULL, NULL, -EBUSY },
	{ "RESIDENT", "EVICT_BEGIN", "p", "EVICTING", "" },
	{ "RESIDENT", "EVICT_BEGIN", "P", NULL, NULL, -EBUSY },
	{ "RESIDENT", "WRITE", "", "RESIDENT", "W" },
	{ "RESIDENT", "DROP", "B", "RESIDENT", "b" },
	{ "RESIDENT", "DROP", "b", NULL, NULL, -EINVAL },
	{ "RESIDENT", "PIN", "m", "RESIDENT", "+" },
	{ "RESIDENT", "PIN", "M", NULL, NULL, -EOVERFLOW },
	{ "RESIDENT", "UNPIN", "P", "RESIDENT", "-" },
	{ "RESIDENT", "UNPIN", "p", NULL, NULL, -EINVAL },

	{ "STANDBY", "RESCUE", "", "RESIDENT", "" },
	{ "STANDBY", "EVICT_BEGIN", "p", "EVICTING", "" },
	{ "STANDBY", "EVICT_BEGIN", "P", NULL, NULL, -EBUSY },
	{ "STANDBY", "WRITE", "", "STANDBY", "W" },
	{ "STANDBY", "DROP", "B", "STANDBY", "b" },
	{ "STANDBY", "DROP", "b", NULL, NULL, -EINVAL },

	{ "EVICTING", "EVICT_ABORT", "", "RESIDENT", "" },
	{ "EVICTING", "EVICT_DONE", "Bw", "STORED", "" },
	{ "EVICTING", "EVICT_DONE", "b", NULL, NULL, -EINVAL },
	{ "EVICTING", "EVICT_DONE", "BW", NULL, NULL, -EINVAL },
	{ "EVICTING", "WRITE", "", "EVICTING", "W" },
	{ "EVICTING", "SAVE", "", "EVICTING", "Bw" },
	{ "EVICTING", "DROP", "B", "EVICTING", "b" },
	{ "EVICTING", "DROP", "b", NULL, NULL, -EINVAL },
	{ "EVICTING", "CLEAR", "", "EMPTY", "bw" },
};

static u32 make_word(unsigned int state, bool backed, bool written, u32 pins)
{
	return state | (backed ? VMZONE_SLOT_BACKED : 0) |
	       (written ? VMZONE_SLOT_WRITTEN : 0) | pins << VMZONE_SLOT_PIN_SHIFT;
}

static bool move_applies(const struct move *move, unsigned int state,
			 unsigned int event, bool backed, bool written, u32 pins)
{
	const char *c;

	if (strcmp(move->from, state_names[state]) ||
	    strcmp(move->event, event_names[event]))
		return false;
	for (c = move->when; *c; c++) {
		if ((*c == 'B' && !backed) || (*c == 'b' && backed) ||
		    (*c == 'W' && !written) || (*c == 'w' && written) ||
		    (*c == 'P' && !pins) || (*c == 'p' && pins) ||
		    (*c == 'M' && pins != ALL_PINS) || (*c == 'm' && pins == ALL_PINS))
			return false;
	}
	return true;
}

/* What should come of it: the word after in *next, or an error. */
static int expect_move(const struct move *move, unsigned int state,
		       bool backed, bool written, u32 pins, u32 *next)
{
	const char *c;
	int to;

	/* Not listed: wait for the owner if there is one, else a mistake. */
	if (!move)
		return state == VMZONE_STATE_FILLING || state == VMZONE_STATE_EVICTING ?
		       -EAGAIN : -EINVAL;
	if (move->ret)
		return move->ret;
	to = match_string(state_names, ARRAY_SIZE(state_names), move->to);
	for (c = move->then; *c; c++) {
		backed = *c == 'B' || (*c != 'b' && backed);
		written = *c == 'W' || (*c != 'w' && written);
		pins += (*c == '+') - (*c == '-');
	}
	*next = make_word(to, backed, written, pins);
	return 0;
}

static void check_one(struct kunit *test, unsigned int state, unsigned int event,
		      bool backed, bool written, u32 pins)
{
	u32 before = make_word(state, backed, written, pins);
	u32 expected = before, next = 0xdeadbeef;
	struct vmzone_slot slot = { .token_hi = 0x70ce, .content = 0xc047e47 };
	const struct move *move = NULL;
	unsigned int i, nr_moves = 0;
	int ret;

	for (i = 0; i < ARRAY_SIZE(moves); i++) {
		if (!move_applies(&moves[i], state, event, backed, written, pins))
			continue;
		move = &moves[i];
		nr_moves++;
	}
	KUNIT_ASSERT_LE(test, nr_moves, 1u);
	ret = expect_move(move, state, backed, written, pins, &expected);

	KUNIT_EXPECT_EQ_MSG(test, vmzone_slot_next(before, event, &next), ret,
			    "word 0x%x, %s", before, event_names[event]);
	KUNIT_EXPECT_EQ_MSG(test, next, ret ? 0xdeadbeef : expected,
			    "word 0x%x, %s", before, event_names[event]);

	atomic_set(&slot.word, before);
	KUNIT_EXPECT_EQ(test, vmzone_slot_event(&slot, event), ret);
	KUNIT_EXPECT_EQ_MSG(test, vmzone_slot_word(&slot), expected,
			    "word 0x%x, %s", before, event_names[event]);
	KUNIT_EXPECT_EQ(test, slot.token_hi, 0x70ceu);
	KUNIT_EXPECT_EQ(test, slot.content, 0xc047e47ul);
}

static void every_event(struct kunit *test)
{
	static const u32 pins[] = { 0, 1, 2, 1000, ALL_PINS - 1, ALL_PINS };
	const char *const *name = test->param_value;
	unsigned int state = name - state_names;
	unsigned int event, flags, i;

	for (event = 0; event < VMZONE_EVENT_NR_EVENTS; event++)
		for (flags = 0; flags < 4; flags++)
			for (i = 0; i < ARRAY_SIZE(pins); i++)
				check_one(test, state, event, flags & 1, flags & 2,
					  pins[i]);
}

static void name_to_desc(const char *const *name, char *desc)
{
	strscpy(desc, *name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(state, state_names, name_to_desc);

/* A row that names no state or no event would never be looked at. */
static void moves_are_spelled_right(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(moves); i++) {
		KUNIT_EXPECT_GE(test, match_string(state_names, ARRAY_SIZE(state_names),
						   moves[i].from), 0);
		KUNIT_EXPECT_GE(test, match_string(event_names, ARRAY_SIZE(event_names),
						   moves[i].event), 0);
		KUNIT_EXPECT_EQ(test, !moves[i].to, moves[i].ret != 0);
		if (moves[i].to)
			KUNIT_EXPECT_GE(test, match_string(state_names, ARRAY_SIZE(state_names),
							   moves[i].to), 0);
	}
}

/* What must hold of any word that legal events lead to. */
static void check_reachable(struct kunit *test, u32 word)
{
	bool backed = word & VMZONE_SLOT_BACKED, written = word & VMZONE_SLOT_WRITTEN;
	unsigned int state = vmzone_slot_state(word);

	KUNIT_ASSERT_LT(test, state, (unsigned int)VMZONE_STATE_NR_STATES);
	if (vmzone_slot_pins(word))
		KUNIT_EXPECT_EQ(test, state, (unsigned int)VMZONE_STATE_RESIDENT);
	if (state == VMZONE_STATE_EMPTY)
		KUNIT_EXPECT_EQ(test, word, 0u);
	if (state == VMZONE_STATE_STORED || state == VMZONE_STATE_FAILED)
		KUNIT_EXPECT_TRUE(test, backed && !written);
	if (state == VMZONE_STATE_FILLING)
		KUNIT_EXPECT_FALSE(test, written);
	KUNIT_EXPECT_EQ(test, vmzone_slot_has_frame(word),
			state == VMZONE_STATE_RESIDENT || state == VMZONE_STATE_STANDBY);
	KUNIT_EXPECT_EQ(test, vmzone_slot_is_owned(word),
			state == VMZONE_STATE_FILLING || state == VMZONE_STATE_EVICTING);
}

static void random_walk(struct kunit *test)
{
	unsigned int seen[VMZONE_STATE_NR_STATES] = { 0 };
	struct vmzone_slot slot = { 0 };
	struct rnd_state rnd;
	unsigned int i;
	u32 pins = 0;

	kunit_info(test, "seed 0x%lx\n", SEED);
	prandom_seed_state(&rnd, SEED);
	for (i = 0; i < 200000; i++) {
		unsigned int event = prandom_u32_state(&rnd) % VMZONE_EVENT_NR_EVENTS;
		u32 before = vmzone_slot_word(&slot);
		int ret = vmzone_slot_event(&slot, event);
		u32 word = vmzone_slot_word(&slot);

		if (ret)
			KUNIT_ASSERT_EQ(test, word, before);
		else if (event == VMZONE_EVENT_PIN)
			pins++;
		else if (event == VMZONE_EVENT_UNPIN)
			pins--;
		KUNIT_ASSERT_EQ(test, vmzone_slot_pins(word), pins);
		check_reachable(test, word);
		seen[vmzone_slot_state(word)]++;
	}
	for (i = 0; i < VMZONE_STATE_NR_STATES; i++)
		KUNIT_EXPECT_GT_MSG(test, seen[i], 0u, "%s never seen", state_names[i]);
}

static void zeroed_slot_is_empty(struct kunit *test)
{
	struct vmzone_slot slot = { 0 };

	KUNIT_EXPECT_EQ(test, vmzone_slot_state(vmzone_slot_word(&slot)),
			VMZONE_STATE_EMPTY);
	KUNIT_EXPECT_FALSE(test, vmzone_slot_is_owned(0));
	KUNIT_EXPECT_FALSE(test, vmzone_slot_has_frame(0));
	KUNIT_EXPECT_EQ(test, vmzone_slot_pins(0), 0u);
}

/* The pin count must not run into the flags, nor out of the word. */
static void pins_up_and_down(struct kunit *test)
{
	struct vmzone_slot slot = { 0 };
	u32 start = make_word(VMZONE_STATE_RESIDENT, true, true, ALL_PINS - 2);

	atomic_set(&slot.word, start);
	KUNIT_EXPECT_EQ(test, vmzone_slot_event(&slot, VMZONE_EVENT_PIN), 0);
	KUNIT_EXPECT_EQ(test, vmzone_slot_event(&slot, VMZONE_EVENT_PIN), 0);
	KUNIT_EXPECT_EQ(test, vmzone_slot_event(&slot, VMZONE_EVENT_PIN), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, vmzone_slot_pins(vmzone_slot_word(&slot)), (u32)ALL_PINS);
	KUNIT_EXPECT_EQ(test, vmzone_slot_event(&slot, VMZONE_EVENT_UNPIN), 0);
	KUNIT_EXPECT_EQ(test, vmzone_slot_event(&slot, VMZONE_EVENT_UNPIN), 0);
	KUNIT_EXPECT_EQ(test, vmzone_slot_word(&slot), start);
}

/**
 * struct waiter - a task that waits for a slot
 * @slot: the slot
 * @done: completed when vmzone_slot_wait() has returned
 * @ret: what it returned
 */
struct waiter {
	struct vmzone_slot slot;
	struct completion done;
	int ret;
};

static int waiter_main(void *arg)
{
	struct waiter *waiter = arg;

	allow_signal(SIGKILL);
	waiter->ret = vmzone_slot_wait(&waiter->slot);
	complete(&waiter->done);
	return 0;
}

/* A task that sleeps on a slot in this state, or NULL. */
static struct task_struct *waiter_start(struct kunit *test, struct waiter *waiter,
					unsigned int state)
{
	struct task_struct *task;
	unsigned int i;

	atomic_set(&waiter->slot.word, make_word(state, true, false, 0));
	init_completion(&waiter->done);
	task = kthread_create(waiter_main, waiter, "vmzone_waiter");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	get_task_struct(task);
	wake_up_process(task);
	for (i = 0; i < 1000 && READ_ONCE(task->__state) != TASK_KILLABLE; i++)
		usleep_range(500, 1000);
	KUNIT_EXPECT_EQ(test, READ_ONCE(task->__state), (unsigned int)TASK_KILLABLE);
	return task;
}

static void wait_returns_at_once(struct kunit *test)
{
	struct vmzone_slot slot = { 0 };
	unsigned int state;

	for (state = 0; state < VMZONE_STATE_NR_STATES; state++) {
		if (vmzone_slot_is_owned(state))
			continue;
		atomic_set(&slot.word, state);
		KUNIT_EXPECT_EQ(test, vmzone_slot_wait(&slot), 0);
	}
}

static void wait_ends_with_ownership(struct kunit *test)
{
	static const struct {
		unsigned int state, within, end;
	} owners[] = {
		{ VMZONE_STATE_FILLING, VMZONE_EVENT_DROP, VMZONE_EVENT_FILL_DONE },
		{ VMZONE_STATE_FILLING, VMZONE_EVENT_DROP, VMZONE_EVENT_FILL_ABORT },
		{ VMZONE_STATE_FILLING, VMZONE_EVENT_WRITE, VMZONE_EVENT_FILL_FAIL },
		{ VMZONE_STATE_FILLING, VMZONE_EVENT_DROP, VMZONE_EVENT_CLEAR },
		{ VMZONE_STATE_EVICTING, VMZONE_EVENT_WRITE, VMZONE_EVENT_EVICT_ABORT },
		{ VMZONE_STATE_EVICTING, VMZONE_EVENT_SAVE, VMZONE_EVENT_EVICT_DONE },
		{ VMZONE_STATE_EVICTING, VMZONE_EVENT_DROP, VMZONE_EVENT_CLEAR },
	};
	struct waiter *waiter = kunit_kzalloc(test, sizeof(*waiter), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, waiter);
	for (i = 0; i < ARRAY_SIZE(owners); i++) {
		struct task_struct *task = waiter_start(test, waiter, owners[i].state);

		vmzone_slot_event(&waiter->slot, owners[i].within);
		KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&waiter->done, 2), 0ul);
		KUNIT_EXPECT_EQ(test, vmzone_slot_event(&waiter->slot, owners[i].end), 0);
		KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&waiter->done, 5 * HZ), 0ul);
		KUNIT_EXPECT_EQ(test, waiter->ret, 0);
		put_task_struct(task);
	}
}

static void wait_can_be_killed(struct kunit *test)
{
	struct waiter *waiter = kunit_kzalloc(test, sizeof(*waiter), GFP_KERNEL);
	struct task_struct *task;

	KUNIT_ASSERT_NOT_NULL(test, waiter);
	task = waiter_start(test, waiter, VMZONE_STATE_EVICTING);
	send_sig(SIGKILL, task, 1);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&waiter->done, 5 * HZ), 0ul);
	KUNIT_EXPECT_EQ(test, waiter->ret, -EINTR);
	put_task_struct(task);
	KUNIT_EXPECT_EQ(test, vmzone_slot_state(vmzone_slot_word(&waiter->slot)),
			VMZONE_STATE_EVICTING);
}

/* From what a slot was, and is not any more, to what it becomes. */
static void an_old_look_does_no_harm(struct kunit *test)
{
	struct vmzone_slot slot = { .word = ATOMIC_INIT(VMZONE_STATE_STORED | VMZONE_SLOT_BACKED) };
	u32 word = VMZONE_STATE_EMPTY;

	KUNIT_EXPECT_EQ(test, vmzone_slot_event_at(&slot, &word, VMZONE_EVENT_FILL_BEGIN), 0);
	KUNIT_EXPECT_EQ(test, word, (u32)(VMZONE_STATE_FILLING | VMZONE_SLOT_BACKED));
	KUNIT_EXPECT_EQ(test, vmzone_slot_word(&slot), word);

	/* Somebody else fills it by now. */
	word = VMZONE_STATE_STORED | VMZONE_SLOT_BACKED;
	KUNIT_EXPECT_EQ(test, vmzone_slot_event_at(&slot, &word, VMZONE_EVENT_FILL_BEGIN), -EAGAIN);
	KUNIT_EXPECT_EQ(test, vmzone_slot_word(&slot),
			(u32)(VMZONE_STATE_FILLING | VMZONE_SLOT_BACKED));

	/* The copy was dropped meanwhile. */
	word = VMZONE_STATE_FILLING | VMZONE_SLOT_BACKED;
	KUNIT_EXPECT_EQ(test, vmzone_slot_event(&slot, VMZONE_EVENT_DROP), 0);
	KUNIT_EXPECT_EQ(test, vmzone_slot_event_at(&slot, &word, VMZONE_EVENT_FILL_DONE), 0);
	KUNIT_EXPECT_EQ(test, vmzone_slot_word(&slot), (u32)VMZONE_STATE_RESIDENT);
}

static struct kunit_case slot_cases[] = {
	KUNIT_CASE_PARAM(every_event, state_gen_params),
	KUNIT_CASE(moves_are_spelled_right),
	KUNIT_CASE(random_walk),
	KUNIT_CASE(zeroed_slot_is_empty),
	KUNIT_CASE(pins_up_and_down),
	KUNIT_CASE(an_old_look_does_no_harm),
	KUNIT_CASE(wait_returns_at_once),
	KUNIT_CASE(wait_ends_with_ownership),
	KUNIT_CASE(wait_can_be_killed),
	{}
};

static struct kunit_suite slot_suite = {
	.name = "vmzone_slot",
	.test_cases = slot_cases,
};

kunit_test_suite(slot_suite);
