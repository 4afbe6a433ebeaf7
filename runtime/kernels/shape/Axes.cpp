// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Result dims of ops that work along some dims of one tensor, and of matmul.

#include "runtime/kernels/ReduceAxes.h"

using namespace pebble::kernels;

namespace {

int32_t reduceShape(const pebble_tensor *operands, const int64_t *ints, int64_t *dims) {
  const pebble_tensor &input = operands[0];
  bool isReduced[maxRank];
  if (int32_t status = markReducedAxes(input, operands[1], isReduced))
    return status;
  bool keepDims = ints[0] != 0;
  for (int i = 0; i < input.rank; ++i)
    if (!isReduced[i] || keepDims)
      *dims++ = isReduced[i] ? 1 : input.dims[i];
  return PEBBLE_OK;
}

int32_t argShape(const pebble_tensor *operands, const int64_t *ints, int64_t *dims) {
  const pebble_tensor &input = operands[0];
  int64_t axis = ints[0];
  if (axis < 0 || axis >= (input.rank ? input.rank : 1))
    return PEBBLE_ERROR_INDEX;
  for (int i = 0; i < input.rank; ++i)
    if (i != axis || ints[1])
      *dims++ = i == axis ? 1 : input.dims[i];
  return PEBBLE_OK;
}

int32_t sameShape(const pebble_tensor &input, int64_t *dims) {
  for (int i = 0; i < input.rank; ++i)
    dims[i] = input.dims[i];
  return PEBBLE_OK;
}

} // namespace

extern "C" {

#define PEBBLE_SHAPE(name, body)                                                                   \
  int32_t pebble_shape_##name(const pebble_tensor *operands, const int64_t *ints, const double *,  \
                              int64_t *const *dims) {                                              \
    return body;                                                                                   \
  }
PEBBLE_SHAPE(reduce_sum, reduceShape(operands, ints, dims[0]))
PEBBLE_SHAPE(reduce_prod, reduceShape(operands, ints, dims[0]))
PEBBLE_SHAPE(reduce_mean, reduceShape(operands, ints, dims[0]))
PEBBLE_SHAPE(reduce_max, reduceShape(operands, ints, dims[0]))
PEBBLE_SHAPE(reduce_min, reduceShape(operands, ints, dims[0]))
PEBBLE_SHAPE(arg_max, argShape(operands, ints, dims[0]))
PEBBLE_SHAPE(arg_min, argShape(operands, ints, dims[0]))
PEBBLE_SHAPE(cum_sum, sameShape(operands[0], dims[0]))
PEBBLE_SHAPE(cum_prod, sameShape(operands[0], dims[0]))
PEBBLE_SHAPE(softmax, sameShape(operands[0], dims[0]))
PEBBLE_SHAPE(log_softmax, sameShape(operands[0], dims[0]))
PEBBLE_SHAPE(hardmax, sameShape(operands[0], dims[0]))
PEBBLE_SHAPE(lrn, sameShape(operands[0], dims[0]))
#undef PEBBLE_SHAPE

int32_t pebble_shape_layer_norm(const pebble_tensor *operands, const int64_t *ints, const double *,
                                int64_t *const *dims) {
  const pebble_tensor &input = operands[0];
  if (ints[0] < 0 || ints[0] >= input.rank)
    return PEBBLE_ERROR_INDEX;
  for (int i = 0; i < input.rank; ++i) {
    dims[0][i] = input.dims[i];
    dims[1][i] = dims[2][i] = i < ints[0] ? input.dims[i] : 1;
  }
  return PEBBLE_OK;
}

int32_t pebble_shape_matmul(const pebble_tensor *operands, const int64_t *, const double *,
                            int64_t *const *dims) {
  const pebble_tensor &lhs = operands[0], &rhs = operands[1];
  if (lhs.rank < 1 || rhs.rank < 1 || lhs.rank > maxRank || rhs.rank > maxRank)
    return PEBBLE_ERROR_SHAPE;
  int64_t depth = rhs.rank > 1 ? rhs.dims[rhs.rank - 2] : rhs.dims[0];
  if (lhs.dims[lhs.rank - 1] != depth)
    return PEBBLE_ERROR_SHAPE;
  int rank = lhs.rank > rhs.rank ? lhs.rank : rhs.rank;
  int64_t *to = dims[0];
  for (int i = 0; i < rank - 2; ++i) {
    int l = i - (rank - lhs.rank), r = i - (rank - rhs.rank);
    int64_t left = l >= 0 ? lhs.dims[l] : 1, right = r >= 0 ? rhs.dims[r] : 1;
    if (left != right && left != 1 && right != 1)
      return PEBBLE_ERROR_SHAPE;
    *to++ = left == 1 ? right : left;
  }
  if (lhs.rank > 1)
    *to++ = lhs.dims[lhs.rank - 2];
  if (rhs.rank > 1)
    *to = rhs.dims[rhs.rank - 1];
  return PEBBLE_OK;
}

} // extern "C"
