// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/kernels/Recurrent.h"

namespace pebble::kernels {
namespace {

enum Gate { update, reset, hidden };

// products, biases, clip and activation of the update or the reset gate.
template <typename T>
PEBBLE_INLINE void sigmoidGate(const Recurrence<T> &r, const RecurrentStep<T> &step, Gate gate,
                               UnitBlock<Acc<T>> &units) {
  gateProducts<1>(r, step, 3, gate, step.input, step.previous, &units);
  addBias(r, step, 6, gate, units);
  addBias(r, step, 6, 3 + gate, units);
  r.clipUnits(units);
  r.activateUnits(units, step.d * 2);
}

} // namespace

template <typename T>
int32_t gru(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  using A = Acc<T>;
  Attributes attributes(ints, floats);
  Recurrence<T> r = beginRecurrence<T>(tensors, 6, attributes);
  bool linearBeforeReset = attributes.flag();
  if (int32_t status = resolveRecurrence(r, attributes, 3, 2))
    return status;

  // Writes the new state from the units of the hidden gate before its activation.
  auto finish = [&](const RecurrentStep<T> &step, UnitBlock<A> &candidate, const UnitBlock<A> &z)
                    PEBBLE_INLINE_LAMBDA {
                      r.clipUnits(candidate);
                      r.activateUnits(candidate, step.d * 2 + 1);
                      for (int64_t i = 0; i < step.count; ++i)
                        step.output[step.unit + i] =
                            static_cast<T>((A(1) - z[i]) * candidate[i] + z[i] * step.state(i));
                    };

  if (linearBeforeReset) {
    runRecurrence<1>(r, [&](const RecurrentStep<T> &step, int) {
      UnitBlock<A> z, gate, candidate, recurrent;
      sigmoidGate(r, step, update, z);
      sigmoidGate(r, step, reset, gate);
      gateProducts<1>(r, step, 3, hidden, step.input, static_cast<const T *>(nullptr), &candidate);
      gateProducts<1>(r, step, 3, hidden, static_cast<const T *>(nullptr), step.previous,
                      &recurrent);
      addBias(r, step, 6, hidden, candidate);
      addBias(r, step, 6, 3 + hidden, recurrent);
      for (int i = 0; i < unitBlock; ++i)
        candidate[i] += gate[i] * recurrent[i];
      finish(step, candidate, z);
    });
  } else {
    // Each unit's candidate needs the reset state of all units: a first pass puts it into y_h,
    // which is free until the end.
    runRecurrence<2>(r, [&](const RecurrentStep<T> &step, int pass) {
      T *resetState = data<T>(r.yH) + r.stateOffset(step.d, step.n);
      if (pass == 0) {
        if (!step.previous)
          return;
        UnitBlock<A> gate;
        sigmoidGate(r, step, reset, gate);
        for (int64_t i = 0; i < step.count; ++i)
          resetState[step.unit + i] = static_cast<T>(gate[i] * step.state(i));
        return;
      }
      UnitBlock<A> z, candidate;
      sigmoidGate(r, step, update, z);
      gateProducts<1>(r, step, 3, hidden, step.input, step.previous ? resetState : nullptr,
                      &candidate);
      addBias(r, step, 6, hidden, candidate);
      addBias(r, step, 6, 3 + hidden, candidate);
      finish(step, candidate, z);
    });
  }
  finishRecurrence(r);
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_gru 1
#include "runtime/kernels/Instantiate.h"
