/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * faults.h - allocations of a test that fail
 */
#ifndef VMZONE_KUNIT_FAULTS_H
#define VMZONE_KUNIT_FAULTS_H

#include <linux/types.h>

int vmzone_test_faults_open(void);
void vmzone_test_faults_close(void);
void vmzone_test_faults_begin(unsigned int nth);
void vmzone_test_faults_begin_one(unsigned int nth);
bool vmzone_test_faults_end(void);

#endif /* VMZONE_KUNIT_FAULTS_H */
