// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/kernels/Recurrent.h"

namespace pebble::kernels {

template <typename T>
int32_t rnn(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  Attributes attributes(ints, floats);
  Recurrence<T> r = beginRecurrence<T>(tensors, 6, attributes);
  if (int32_t status = resolveRecurrence(r, attributes, 1, 1))
    return status;
  runRecurrence<1>(r, [&](const RecurrentStep<T> &step, int) {
    UnitBlock<Acc<T>> units;
    gateProducts<1>(r, step, 1, 0, step.input, step.previous, &units);
    addBias(r, step, 2, 0, units);
    addBias(r, step, 2, 1, units);
    r.clipUnits(units);
    r.activateUnits(units, step.d);
    for (int64_t i = 0; i < step.count; ++i)
      step.output[step.unit + i] = static_cast<T>(units[i]);
  });
  finishRecurrence(r);
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_rnn 1
#include "runtime/kernels/Instantiate.h"
