// SPDX-License-Identifier: GPL-2.0-only
/*
 * node.c - named zones: a device node each
 *
 * Owns: /dev/vmzone-NAME, from VMZONE_CREATE_NAMED to VMZONE_IOC_DESTROY. A node
 * is a misc device, so names and permissions are udev's as with any other, and
 * their number is that of the kernel's dynamic misc minors. It holds its zone;
 * whoever opens it holds the zone besides, and keeps it when the node goes.
 *
 * Lock order: nodes_lock, then the misc core's lock, under which node_open() is
 * called: so it finds a node that stays, and takes no lock of ours.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "delay.h"
#include "doors.h"
#include "zone.h"

#define PREFIX "vmzone-"

/**
 * struct vmzone_node - a device node
 * @misc: as the misc core knows it
 * @name: the node's, with the prefix
 * @zone: held
 * @list: in nodes
 */
struct vmzone_node {
	struct miscdevice misc;
	char name[sizeof(PREFIX) + VMZONE_NAME_LEN];
	struct vmzone_zone *zone;
	struct list_head list;
};

static DEFINE_MUTEX(nodes_lock);	/* guards nodes, and device_node of each zone */
static LIST_HEAD(nodes);

static int node_open(struct inode *inode, struct file *file)
{
	struct vmzone_node *node = container_of(file->private_data, struct vmzone_node, misc);
	int ret;

	vmzone_delay(VMZONE_DELAY_NODE_OPENING, 0);
	vmzone_zone_get(node->zone);
	ret = vmzone_file_attach(file, node->zone);
	if (ret) {
		vmzone_zone_put(node->zone);
		return ret;
	}
	/* From here on it is as if /dev/vmzone had been opened. The old fops let go of the module. */
	__module_get(vmzone_device_fops.owner);
	replace_fops(file, &vmzone_device_fops);
	return 0;
}

static const struct file_operations node_fops = {
	.owner = THIS_MODULE,
	.open = node_open,
};

static bool is_taken(const char *name)
{
	struct vmzone_node *node;

	list_for_each_entry(node, &nodes, list)
		if (!strcmp(node->name, name))
			return true;
	return false;
}

static int register_node(struct vmzone_node *node)
{
	int ret;

	mutex_lock(&nodes_lock);
	ret = is_taken(node->name) ? -EEXIST : misc_register(&node->misc);
	if (!ret) {
		list_add_tail(&node->list, &nodes);
		node->zone->device_node = node;
	}
	mutex_unlock(&nodes_lock);
	/* The misc core has no minor left. */
	return ret == -EBUSY ? -ENOSPC : ret;
}

/**
 * vmzone_node_create() - make the device node of a new zone
 * @zone: the zone; its name was checked, and nobody else knows of it
 *
 * Context: process context, sleeps.
 * Return: 0; -EEXIST when the name is taken; -ENOSPC when the kernel has no more
 * device numbers for such nodes; -ENOMEM.
 */
int vmzone_node_create(struct vmzone_zone *zone)
{
	struct vmzone_node *node = kzalloc(sizeof(*node), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!node)
		return -ENOMEM;
	snprintf(node->name, sizeof(node->name), PREFIX "%s", zone->config.name);
	node->zone = zone;
	node->misc.minor = MISC_DYNAMIC_MINOR;
	node->misc.name = node->name;
	node->misc.fops = &node_fops;
	node->misc.mode = 0600;
	vmzone_zone_get(zone);
	ret = register_node(node);
	if (ret) {
		vmzone_zone_put(zone);
		kfree(node);
	}
	return ret;
}

/**
 * vmzone_node_destroy() - take the device node of a zone away
 * @zone: the zone, held by the caller
 *
 * Context: process context, sleeps.
 * Return: 0, or -EINVAL when it has none.
 */
int vmzone_node_destroy(struct vmzone_zone *zone)
{
	struct vmzone_node *node;

	mutex_lock(&nodes_lock);
	node = zone->device_node;
	if (node) {
		zone->device_node = NULL;
		list_del(&node->list);
		misc_deregister(&node->misc);
	}
	mutex_unlock(&nodes_lock);
	if (!node)
		return -EINVAL;
	kfree(node);
	vmzone_zone_put(zone);
	return 0;
}
