// SPDX-License-Identifier: GPL-2.0-only
/*
 * Configurations: what zones there are, how many processes and threads use them, how
 * tight things are. The kinds take turns, so do policies and codecs from a place that
 * the seed chooses; the rest is drawn.
 */
#include "stress.h"

#include <stdio.h>

enum kind { ROOMY, FULL_STORE, MANY_PINS, FEW_FRAMES, NR_KINDS };

static const char *codec_name(uint32_t codec)
{
	static const char *const name[] = {
		[VMZONE_CODEC_NONE] = "none",
		[VMZONE_CODEC_LZO_RLE] = "lzo-rle",
		[VMZONE_CODEC_LZ4] = "lz4",
		[VMZONE_CODEC_ZSTD] = "zstd",
	};

	return codec < ARRAY_SIZE(name) && name[codec] ? name[codec] : "?";
}

static uint64_t between_both(uint64_t *random, uint64_t low, uint64_t high)
{
	return low + random_next(random) % (high - low + 1);
}

struct config config_make(unsigned int number)
{
	uint64_t random = test_seed ^ number * 0x9e3779b97f4a7c15;
	uint64_t turn = test_seed;
	unsigned int start = random_next(&turn);
	enum kind kind = (number + start) % NR_KINDS;
	struct config config = {
		.number = number,
		.nr_zones = between_both(&random, 2, MAX_ZONES),
		.nr_processes = between_both(&random, 2, 3),
		.nr_threads = between_both(&random, 1, 3),
		.nr_slots = between_both(&random, 96, kind == FEW_FRAMES ? 160 : 400),
		.pin_share = kind == MANY_PINS ? 150 : 30,
		.tight = kind == FULL_STORE,
	};

	config.min_slots = config.nr_slots / 2;
	config.frames = kind == FEW_FRAMES ? 24 :
			between_both(&random, config.nr_slots / 6, config.nr_slots / 2);
	if (config.frames < 24)
		config.frames = 24;
	config.min_frames = config.frames * 3 / 4 < 20 ? 20 : config.frames * 3 / 4;
	config.max_frames = config.frames * 3 / 2;
	config.store_limit = config.nr_slots * page_size * 2 / (config.tight ? 12 : 1);
	for (unsigned int zone = 0; zone < config.nr_zones; zone++) {
		config.policy[zone] = 1 + (start + number * 2 + zone) % VMZONE_POLICY_S3FIFO;
		config.codec[zone] = 1 + (start + number + zone) % VMZONE_CODEC_ZSTD;
		config.flags[zone] = random_next(&random) % 4 ? 0 : VMZONE_CREATE_PREALLOC;
	}
	config.flags[1] |= VMZONE_CREATE_NAMED;
	return config;
}

void config_text(const struct config *config, char *text, size_t len)
{
	static const char *const how[] = { "", ", full store" };
	size_t at = 0;

	for (unsigned int zone = 0; zone < config->nr_zones; zone++)
		at += snprintf(text + at, len - at, "%s%s/%s", zone ? ", " : "",
			       policy_name[config->policy[zone]], codec_name(config->codec[zone]));
	snprintf(text + at, len - at, "; %zu slots, %llu frames, %ux%u workers%s%s",
		 config->nr_slots, (unsigned long long)config->frames, config->nr_processes,
		 config->nr_threads, how[config->tight],
		 config->pin_share > 60 ? ", many pins" : "");
}
