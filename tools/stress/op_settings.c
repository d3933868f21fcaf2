// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations that change a zone's parameters while it is in use. Whoever changes
 * some holds the zone's settings, so that the model knows what they are; everything
 * else goes on.
 */
#include "stress.h"

#include <errno.h>

/* Values that a SET has to take, or, for want of room, to refuse. */
static struct vmzone_set any_change(struct worker *worker)
{
	const struct config *config = &shared->config;
	struct vmzone_info info = device_info();
	struct vmzone_set set = {
		.frames = config->min_frames +
			  any(worker, config->max_frames - config->min_frames + 1),
		.store_limit = config->store_limit + any(worker, config->store_limit),
	};

	if (config->tight)
		set.store_limit -= config->store_limit / 2;
	do
		set.policy = any(worker, 32);
	while (!(info.policies & 1u << set.policy));
	do
		set.codec = any(worker, 32);
	while (!(info.codecs & 1u << set.codec));
	return set;
}

static bool had_room(struct zone_model *model, const struct pin_window *pins,
		     const struct vmzone_set *set)
{
	if (shared->config.tight)
		return false;
	return !(set->which & VMZONE_SET_FRAMES) || model_pins_fit(model, pins, 0, set->frames);
}

static void note_values(struct zone_model *model, const struct vmzone_set *set)
{
	if (set->which & VMZONE_SET_STORE_LIMIT)
		model->store_limit = set->store_limit;
	if (set->which & VMZONE_SET_POLICY)
		model->policy = set->policy;
	if (set->which & VMZONE_SET_CODEC)
		model->codec = set->codec;
}

/* Needs the settings. */
static void change(struct worker *worker, unsigned int zone, struct vmzone_set set)
{
	struct zone_model *model = &shared->zones[zone];
	struct pin_window pins;
	int ret;

	model_pins_open(model, 0, 0, &pins);
	if (set.which & VMZONE_SET_FRAMES)
		model_frames_begin(model, set.frames);
	ret = zone_set(worker->views[zone].fd, set);
	if (set.which & VMZONE_SET_FRAMES)
		model_frames_end(model, !ret);
	if (!ret)
		note_values(model, &set);
	if (ret == -ENOMEM && !had_room(model, &pins, &set))
		shared->tally.refused++;
	else if (ret)
		found(BAD_CALL, "SET of 0x%x of zone %u (%llu frames, limit %llu, policy %u, codec %u): %d",
		      set.which, zone, (unsigned long long)set.frames,
		      (unsigned long long)set.store_limit, set.policy, set.codec, ret);
	else if ((set.which & VMZONE_SET_FRAMES) && model_pins_exceed(model, &pins, set.frames))
		found(BAD_CALL, "SET of zone %u to %llu frames in spite of %ld pinned slots", zone,
		      (unsigned long long)set.frames, pins.pinned_sure);
}

static bool change_some(struct worker *worker, uint32_t which)
{
	unsigned int zone = any_zone(worker);
	struct vmzone_set set = any_change(worker);

	if (pthread_mutex_trylock(&shared->zones[zone].settings))
		return false;
	set.which = which;
	change(worker, zone, set);
	pthread_mutex_unlock(&shared->zones[zone].settings);
	return true;
}

bool op_set_frames(struct worker *worker)
{
	return change_some(worker, VMZONE_SET_FRAMES);
}

bool op_set_store_limit(struct worker *worker)
{
	return change_some(worker, VMZONE_SET_STORE_LIMIT);
}

bool op_set_policy(struct worker *worker)
{
	return change_some(worker, VMZONE_SET_POLICY);
}

bool op_set_codec(struct worker *worker)
{
	return change_some(worker, VMZONE_SET_CODEC);
}

bool op_set_some(struct worker *worker)
{
	return change_some(worker, (any(worker, 32) << 1) & (VMZONE_SET_FRAMES |
			   VMZONE_SET_STORE_LIMIT | VMZONE_SET_POLICY | VMZONE_SET_CODEC));
}

/* GET against the model; needs the settings. */
static bool as_known(struct worker *worker, unsigned int zone)
{
	struct zone_model *model = &shared->zones[zone];
	struct vmzone_set now = zone_get(worker->views[zone].fd);

	return now.bytes == model->size * page_size && now.frames == model->frames &&
	       now.store_limit == model->store_limit && now.policy == model->policy &&
	       now.codec == model->codec;
}

bool op_get(struct worker *worker)
{
	unsigned int zone = any_zone(worker);

	if (pthread_mutex_trylock(&shared->zones[zone].settings))
		return false;
	if (!as_known(worker, zone))
		found(BAD_CALL, "GET of zone %u is not what was set", zone);
	pthread_mutex_unlock(&shared->zones[zone].settings);
	return true;
}

/* One value of the others' is bad: nothing may change. */
bool op_set_refused(struct worker *worker)
{
	unsigned int zone = any_zone(worker);
	struct zone_model *model = &shared->zones[zone];
	struct vmzone_set set = any_change(worker);
	int want = -EINVAL, ret;

	if (pthread_mutex_trylock(&model->settings))
		return false;
	set.which = any(worker, 32) & ~VMZONE_SET_BYTES;
	set.bytes = model->size * page_size;
	switch (any(worker, 5)) {
	case 0:
		set.which |= VMZONE_SET_FRAMES;
		set.frames = device_info().max_frames + 1;
		want = -ENOSPC;
		break;
	case 1:
		set.which |= VMZONE_SET_FRAMES;
		set.frames = 15;
		break;
	case 2:
		set.which |= VMZONE_SET_POLICY;
		set.policy = 31;
		break;
	case 3:
		set.which |= VMZONE_SET_BYTES;
		set.bytes++;
		break;
	default:
		set.which |= 1u << 5;
	}
	/* Where the store is tight, a limit before it may be what is refused. */
	ret = zone_set(worker->views[zone].fd, set);
	if (ret != want && !(ret == -ENOMEM && shared->config.tight))
		found(BAD_CALL, "SET of 0x%x of zone %u answers %d, want %d", set.which, zone, ret,
		      want);
	if (!as_known(worker, zone))
		found(BAD_CALL, "a SET of zone %u that was refused changed something", zone);
	pthread_mutex_unlock(&model->settings);
	return true;
}
