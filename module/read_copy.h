/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * read_copy.h - where an object of the store is put together that lies in two pages
 */
#ifndef VMZONE_READ_COPY_H
#define VMZONE_READ_COPY_H

int vmzone_read_copy_init(void);
void vmzone_read_copy_exit(void);
void *vmzone_read_copy_begin(void);
void vmzone_read_copy_end(void);

#endif /* VMZONE_READ_COPY_H */
