/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Medians with intervals. The interval is by order statistics, so it asks nothing
 * of the distribution: with few trials it is the whole range, which is honest.
 */
#include <math.h>
#include <stdlib.h>

#include "lib_bench.h"

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double at(const double *v, size_t n, double share)
{
	size_t i = (size_t)ceil(share * (double)n);

	return v[i > 0 ? i - 1 : 0];
}

struct summary summarize(double *v, size_t n)
{
	struct summary s = { .n = n };
	double half = 1.96 * sqrt((double)n) / 2;
	size_t low, high;

	if (!n)
		return s;
	qsort(v, n, sizeof(*v), by_size);
	low = (double)n / 2 - half > 0 ? (size_t)((double)n / 2 - half) : 0;
	high = (size_t)ceil((double)n / 2 + half);
	s.low = v[low];
	s.high = v[high < n ? high : n - 1];
	s.median = n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
	s.min = v[0];
	s.p90 = at(v, n, 0.9);
	s.p99 = at(v, n, 0.99);
	s.max = v[n - 1];
	return s;
}
