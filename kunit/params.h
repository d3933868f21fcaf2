/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * params.h - parameters for KUNIT_CASE_PARAM(): all codecs, all policies
 */
#ifndef VMZONE_KUNIT_PARAMS_H
#define VMZONE_KUNIT_PARAMS_H

/* Above every id that a table may have. */
#define VMZONE_TEST_MAX_ID	32

const void *vmzone_test_codecs(const void *prev, char *desc);
const void *vmzone_test_compressors(const void *prev, char *desc);
const void *vmzone_test_policies(const void *prev, char *desc);

#endif /* VMZONE_KUNIT_PARAMS_H */
