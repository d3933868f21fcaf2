/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report.h - what `vmzone verify` found, as a table
 */
#ifndef VMZONE_REPORT_H
#define VMZONE_REPORT_H

#include "verify.h"

void report_print(const struct verify *v);
enum vmzone_exit report_judge(const struct verify *v);

#endif /* VMZONE_REPORT_H */
