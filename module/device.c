// SPDX-License-Identifier: GPL-2.0-only
/*
 * device.c - /dev/vmzone
 *
 * Owns: the character device, its node, and the mode of that. It is no misc
 * device: one lock of the kernel's is held over each open of any of those, and an
 * open of this one makes a zone, which may have to wait for memory.
 *
 * Lock order: the module's parameter lock, then what making a node takes.
 */
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/kdev_t.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "compat.h"
#include "doors.h"

#define NAME	"vmzone"

static unsigned short node_mode = 0600;

static dev_t number;
static struct cdev *cdev;

/*
 * The node, and whether there should be one, which differ after a failure; under
 * the module's parameter lock.
 */
static struct device *node;
static bool node_wanted;

static char *name_node(vmzone_devnode_device *dev, umode_t *mode)
{
	if (mode)
		*mode = S_IFCHR | READ_ONCE(node_mode);
	return NULL;
}

static struct class class = {
	.name = NAME,
	.devnode = name_node,
};

static int make_node(void)
{
	struct device *made = device_create(&class, NULL, number, NULL, NAME);

	node = IS_ERR(made) ? NULL : made;
	return PTR_ERR_OR_ZERO(made);
}

static void remove_node(void)
{
	if (node)
		device_destroy(&class, number);
	node = NULL;
}

/* The node is made anew: a driver cannot change the mode of one that is there. */
static int mode_set(const char *value, const struct kernel_param *param)
{
	unsigned short mode;
	int ret;

	ret = kstrtou16(value, 8, &mode);
	if (ret)
		return ret;
	if (mode & ~0777)
		return -EINVAL;
	WRITE_ONCE(node_mode, mode);
	if (!node_wanted)
		return 0;
	remove_node();
	return make_node();
}

static int mode_get(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "0%o\n", node_mode);
}

static const struct kernel_param_ops mode_param_ops = {
	.set = mode_set,
	.get = mode_get,
};
module_param_cb(mode, &mode_param_ops, NULL, 0644);
MODULE_PARM_DESC(mode, "Permissions of /dev/vmzone, octal (default: 0600)");

static int add_cdev(void)
{
	int ret;

	cdev = cdev_alloc();
	if (!cdev)
		return -ENOMEM;
	cdev->ops = &vmzone_device_fops;
	cdev->owner = THIS_MODULE;
	ret = cdev_add(cdev, number, 1);
	if (ret)
		kobject_put(&cdev->kobj);
	return ret;
}

/**
 * vmzone_device_init() - make /dev/vmzone
 *
 * Context: process context, sleeps. From here on zones can be made.
 * Return: 0 or an error.
 */
int vmzone_device_init(void)
{
	int ret;

	ret = alloc_chrdev_region(&number, 0, 1, NAME);
	if (ret)
		return ret;
	ret = class_register(&class);
	if (ret)
		goto err_number;
	ret = add_cdev();
	if (ret)
		goto err_class;
	kernel_param_lock(THIS_MODULE);
	ret = make_node();
	node_wanted = !ret;
	kernel_param_unlock(THIS_MODULE);
	if (ret)
		goto err_cdev;
	return 0;

err_cdev:
	cdev_del(cdev);
err_class:
	class_unregister(&class);
err_number:
	unregister_chrdev_region(number, 1);
	return ret;
}

/**
 * vmzone_device_exit() - undo vmzone_device_init()
 *
 * Context: process context, sleeps.
 */
void vmzone_device_exit(void)
{
	kernel_param_lock(THIS_MODULE);
	node_wanted = false;
	remove_node();
	kernel_param_unlock(THIS_MODULE);
	cdev_del(cdev);
	class_unregister(&class);
	unregister_chrdev_region(number, 1);
}
