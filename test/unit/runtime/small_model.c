/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Models written by hand in the form that the compiler emits: several entries in one shared
 * object, for the runtime's tests.
 */
#include "runtime/abi/pebble_abi.h"

/* y = 2 * x + constants, all f32[4], by way of the arena. */
int32_t small_main(const pebble_env *env, const pebble_tensor *inputs) {
  const float *x = inputs[0].data;
  const float *bias = (const float *)env->constants;
  float *doubled = (float *)env->arena;
  const int64_t dims[1] = {4};
  float *y = env->output(env->self, 0, dims, 1);
  if (!y)
    return PEBBLE_ERROR_MEMORY;
  for (int i = 0; i < 4; ++i)
    doubled[i] = 2 * x[i];
  for (int i = 0; i < 4; ++i)
    y[i] = doubled[i] + bias[i];
  return PEBBLE_OK;
}

/* The same, by way of two regions. */
int32_t regions_main(const pebble_env *env, const pebble_tensor *inputs) {
  const float *x = inputs[0].data;
  const float *bias = (const float *)env->constants;
  float *doubled = (float *)env->regions[1];
  float *sums = (float *)env->arena;
  const int64_t dims[1] = {4};
  float *y = env->output(env->self, 0, dims, 1);
  if (!y)
    return PEBBLE_ERROR_MEMORY;
  if (env->regions[0] != env->arena)
    return PEBBLE_ERROR_VALUE;
  for (int i = 0; i < 4; ++i)
    doubled[i] = 2 * x[i];
  for (int i = 0; i < 4; ++i)
    sums[i] = doubled[i] + bias[i];
  for (int i = 0; i < 4; ++i)
    y[i] = sums[i];
  return PEBBLE_OK;
}

struct row_sum {
  const pebble_tensor *a, *b;
  float *temporary;
};

static void sum_rows(void *closure, int64_t begin, int64_t end) {
  const struct row_sum *work = closure;
  int64_t columns = work->a->dims[1];
  for (int64_t row = begin; row < end; ++row) {
    float sum = 0;
    for (int64_t column = 0; column < columns; ++column)
      sum += ((const float *)work->a->data)[row * columns + column];
    work->temporary[row] = sum + ((const float *)work->b->data)[row];
  }
}

/* a: f32[batch, n], b: f32[batch] -> the sums of a's rows, plus b. */
int32_t dynamic_main(const pebble_env *env, const pebble_tensor *inputs) {
  int64_t batch = inputs[0].dims[0];
  struct row_sum work = {&inputs[0], &inputs[1], 0};
  work.temporary = env->allocate(env->self, (uint64_t)batch * sizeof(float));
  if (!work.temporary)
    return PEBBLE_ERROR_MEMORY;
  env->parallel_for(env->self, batch, sum_rows, &work);
  float *result = env->output(env->self, 0, &batch, 1);
  if (!result)
    return PEBBLE_ERROR_MEMORY; /* keeps its memory, as code that stops early may */
  for (int64_t row = 0; row < batch; ++row)
    result[row] = work.temporary[row];
  env->release(env->self, work.temporary);
  return PEBBLE_OK;
}

/* The plan of planned_main, which is all of its first arena: the arena's size and the batch. */
int32_t planned_plan(const pebble_env *env, const pebble_tensor *inputs) {
  int64_t *plan = (int64_t *)env->arena;
  int64_t batch = inputs[0].dims[0];
  if (batch == 13)
    return PEBBLE_ERROR_SHAPE;
  plan[0] = 64 + batch * (int64_t)sizeof(float);
  plan[1] = batch;
  return PEBBLE_OK;
}

/* dynamic_main with its memory planned. */
int32_t planned_main(const pebble_env *env, const pebble_tensor *inputs) {
  const int64_t *plan = (const int64_t *)env->arena;
  struct row_sum work = {&inputs[0], &inputs[1], (float *)(env->arena + 64)};
  env->parallel_for(env->self, plan[1], sum_rows, &work);
  float *result = env->output(env->self, 0, &plan[1], 1);
  if (!result)
    return PEBBLE_ERROR_MEMORY;
  for (int64_t row = 0; row < plan[1]; ++row)
    result[row] = work.temporary[row];
  return PEBBLE_OK;
}

/* The same signature as small_main; returns the status that x[0] holds. */
int32_t failing_main(const pebble_env *env, const pebble_tensor *inputs) {
  return (int32_t)((const float *)inputs[0].data)[0];
}

/* Gives its output a shape that the signature rules out. */
int32_t misshapen_main(const pebble_env *env, const pebble_tensor *inputs) {
  const int64_t dims[1] = {5};
  return env->output(env->self, 0, dims, 1) ? PEBBLE_OK : PEBBLE_ERROR_SHAPE;
}

/* Writes its one input, of any type and shape, to its output. */
int32_t echo_main(const pebble_env *env, const pebble_tensor *inputs) {
  static const uint8_t sizes[] = {0, 4, 1, 1, 2, 2, 4, 8, 0, 1, 2, 8, 4, 8,
                                  0, 0, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  int64_t bytes = sizes[inputs[0].dtype];
  for (int axis = 0; axis < inputs[0].rank; ++axis)
    bytes *= inputs[0].dims[axis];
  uint8_t *output = env->output(env->self, 0, inputs[0].dims, inputs[0].rank);
  if (!output)
    return PEBBLE_ERROR_MEMORY;
  for (int64_t index = 0; index < bytes; ++index)
    output[index] = ((const uint8_t *)inputs[0].data)[index];
  return PEBBLE_OK;
}
