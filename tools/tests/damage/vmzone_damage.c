// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmzone_damage.c - stored objects that come out damaged
 *
 * A module for the tests alone. While its parameter "armed" is set, LZ4 sees only the
 * first half of each object that it is to decompress, whoever asks: it writes a part of
 * the page, and fails, as with an object that was damaged in memory. The objects are
 * left alone, so once it is disarmed they are good again.
 */
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

static bool armed;
static atomic_t nr_damaged;

#if defined(CONFIG_KPROBES) && defined(CONFIG_X86_64)
/* LZ4_decompress_safe(source, dest, compressedSize, maxDecompressedSize) */
static int cut_object(struct kprobe *probe, struct pt_regs *regs)
{
	regs->dx = (u32)regs->dx / 2;
	atomic_inc(&nr_damaged);
	return 0;
}

static struct kprobe probe;

static int arm(void)
{
	/* A probe that was registered before is not fit to be so again. */
	probe = (struct kprobe) {
		.symbol_name = "LZ4_decompress_safe",
		.pre_handler = cut_object,
	};
	atomic_set(&nr_damaged, 0);
	return register_kprobe(&probe);
}

static void disarm(void)
{
	unregister_kprobe(&probe);
}
#else
static int arm(void)
{
	return -EOPNOTSUPP;
}

static void disarm(void)
{
}
#endif

/* The kernel lets one writer of a module's parameters in at a time. */
static int armed_set(const char *text, const struct kernel_param *param)
{
	bool wanted;
	int ret = kstrtobool(text, &wanted);

	if (ret || wanted == armed)
		return ret;
	if (wanted)
		ret = arm();
	else
		disarm();
	if (!ret)
		armed = wanted;
	return ret;
}

static const struct kernel_param_ops armed_ops = {
	.set = armed_set,
	.get = param_get_bool,
};

module_param_cb(armed, &armed_ops, &armed, 0600);
MODULE_PARM_DESC(armed, "whether objects are cut");

static int nr_damaged_get(char *text, const struct kernel_param *param)
{
	return sysfs_emit(text, "%d\n", atomic_read(&nr_damaged));
}

static const struct kernel_param_ops nr_damaged_ops = {
	.get = nr_damaged_get,
};

module_param_cb(nr_damaged, &nr_damaged_ops, NULL, 0400);
MODULE_PARM_DESC(nr_damaged, "objects that were cut since it was armed");

static int __init damage_init(void)
{
	return 0;
}

static void __exit damage_exit(void)
{
	if (armed)
		disarm();
}

module_init(damage_init);
module_exit(damage_exit);

MODULE_DESCRIPTION("Stored objects that come out damaged, for the tests of vmzone");
MODULE_LICENSE("GPL");
