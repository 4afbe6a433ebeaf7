// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/kernels/Recurrent.h"

namespace pebble::kernels {
namespace {

// Adds peephole row `row` (of the rows i, o, f of a direction) times the cell state.
template <typename T>
PEBBLE_INLINE void addPeephole(const pebble_tensor &peepholes, const Recurrence<T> &r,
                               const RecurrentStep<T> &step, int64_t row,
                               const UnitBlock<Acc<T>> &cell, UnitBlock<Acc<T>> &units) {
  if (!present(peepholes))
    return;
  const T *weights = data<const T>(peepholes) + (step.d * 3 + row) * r.hidden + step.unit;
  for (int64_t i = 0; i < step.count; ++i)
    units[i] += widen(weights[i]) * cell[i];
}

} // namespace

template <typename T>
int32_t lstm(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  using A = Acc<T>;
  const pebble_tensor &initialCell = tensors[6], &peepholes = tensors[7], &yC = tensors[10];
  Attributes attributes(ints, floats);
  Recurrence<T> r = beginRecurrence<T>(tensors, 8, attributes);
  bool inputForget = attributes.flag();
  if (int32_t status = resolveRecurrence(r, attributes, 4, 3))
    return status;
  if (!sameDims(yC, r.yH) || (present(initialCell) && !sameDims(initialCell, r.yH)) ||
      (present(peepholes) && numel(peepholes) != r.directions * 3 * r.hidden))
    return PEBBLE_ERROR_SHAPE;

  // y_c holds the running cell state.
  if (present(initialCell))
    copyElements(data<T>(yC), data<const T>(initialCell), numel(yC));
  else
    fillElements(data<T>(yC), T(0.0f), numel(yC));

  runRecurrence<1>(r, [&](const RecurrentStep<T> &step, int) {
    enum Gate { in, out, forget, cell };
    UnitBlock<A> gates[4], state;
    gateProducts<4>(r, step, 4, 0, step.input, step.previous, gates);
    for (int g = 0; g < 4; ++g) {
      addBias(r, step, 8, g, gates[g]);
      addBias(r, step, 8, 4 + g, gates[g]);
    }
    T *cells = data<T>(yC) + r.stateOffset(step.d, step.n) + step.unit;
    for (int64_t i = 0; i < unitBlock; ++i)
      state[i] = i < step.count ? widen(cells[i]) : A(0);

    addPeephole(peepholes, r, step, 0, state, gates[in]);
    r.clipUnits(gates[in]);
    r.activateUnits(gates[in], step.d * 3);
    if (inputForget) {
      for (int i = 0; i < unitBlock; ++i)
        gates[forget][i] = A(1) - gates[in][i];
    } else {
      addPeephole(peepholes, r, step, 2, state, gates[forget]);
      r.clipUnits(gates[forget]);
      r.activateUnits(gates[forget], step.d * 3);
    }
    r.clipUnits(gates[cell]);
    r.activateUnits(gates[cell], step.d * 3 + 1);
    for (int i = 0; i < unitBlock; ++i)
      state[i] = gates[forget][i] * state[i] + gates[in][i] * gates[cell][i];
    for (int64_t i = 0; i < step.count; ++i)
      cells[i] = static_cast<T>(state[i]);

    addPeephole(peepholes, r, step, 1, state, gates[out]);
    r.clipUnits(gates[out]);
    r.activateUnits(gates[out], step.d * 3);
    r.activateUnits(state, step.d * 3 + 2);
    for (int64_t i = 0; i < step.count; ++i)
      step.output[step.unit + i] = static_cast<T>(gates[out][i] * state[i]);
  });
  finishRecurrence(r);
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_lstm 1
#include "runtime/kernels/Instantiate.h"
