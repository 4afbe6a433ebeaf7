// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Result dims of convolutions and pools.

#include "runtime/kernels/OpWindows.h"

using namespace pebble::kernels;

namespace {

void writeDims(const Windows &w, int64_t batch, int64_t channels, int64_t *dims) {
  dims[0] = batch;
  dims[1] = channels;
  for (int64_t d = 0; d < w.rank; ++d)
    dims[d + 2] = w.output[d];
}

int32_t poolShape(const pebble_tensor *operands, const int64_t *ints, int64_t *dims) {
  Windows w;
  Attributes attributes(ints, nullptr);
  if (int32_t status = poolWindows(w, operands[0], attributes))
    return status;
  writeDims(w, operands[0].dims[0], operands[0].dims[1], dims);
  return PEBBLE_OK;
}

} // namespace

extern "C" {

int32_t pebble_shape_conv(const pebble_tensor *operands, const int64_t *ints, const double *,
                          int64_t *const *dims) {
  Windows w;
  int64_t group;
  if (int32_t status = convWindows(w, operands[0], operands[1], ints, group))
    return status;
  writeDims(w, operands[0].dims[0], operands[1].dims[0], dims[0]);
  return PEBBLE_OK;
}

int32_t pebble_shape_conv_transpose(const pebble_tensor *operands, const int64_t *ints,
                                    const double *, int64_t *const *dims) {
  Windows w;
  int64_t group;
  if (int32_t status = convTransposeWindows(w, operands[0], operands[1], ints, group))
    return status;
  writeDims(w, operands[0].dims[0], operands[1].dims[1] * group, dims[0]);
  return PEBBLE_OK;
}

int32_t pebble_shape_deform_conv(const pebble_tensor *operands, const int64_t *ints, const double *,
                                 int64_t *const *dims) {
  Windows w;
  int64_t group, offsetGroup;
  if (int32_t status = deformConvWindows(w, operands[0], operands[1], ints, group, offsetGroup))
    return status;
  writeDims(w, operands[0].dims[0], operands[1].dims[0], dims[0]);
  return PEBBLE_OK;
}

#define PEBBLE_POOL_SHAPE(name)                                                                    \
  int32_t pebble_shape_##name(const pebble_tensor *operands, const int64_t *ints, const double *,  \
                              int64_t *const *dims) {                                              \
    return poolShape(operands, ints, dims[0]);                                                     \
  }
PEBBLE_POOL_SHAPE(max_pool)
PEBBLE_POOL_SHAPE(avg_pool)
PEBBLE_POOL_SHAPE(lp_pool)
#undef PEBBLE_POOL_SHAPE

int32_t pebble_shape_max_pool_indices(const pebble_tensor *operands, const int64_t *ints,
                                      const double *, int64_t *const *dims) {
  if (int32_t status = poolShape(operands, ints, dims[0]))
    return status;
  return poolShape(operands, ints, dims[1]);
}

} // extern "C"
