// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What LSTM, GRU and RNN share: their shapes, activations and the order of their steps. Hidden
// units are worked on in blocks, so that a block's gates fit the stack and vectorize.
#ifndef PEBBLE_KERNELS_RECURRENT_H
#define PEBBLE_KERNELS_RECURRENT_H

#include "runtime/kernels/Accumulate.h"
#include "runtime/kernels/Tensor.h"
#include "runtime/kernels/math.h"

namespace pebble::kernels {

// Hidden units of a block.
inline constexpr int64_t unitBlock = 16;

template <typename A> using UnitBlock = A[unitBlock];

enum Activation : int64_t {
  activationRelu,
  activationTanh,
  activationSigmoid,
  activationAffine,
  activationLeakyRelu,
  activationThresholdedRelu,
  activationScaledTanh,
  activationHardSigmoid,
  activationElu,
  activationSoftsign,
  activationSoftplus,
  activationCount
};

template <typename A, typename F> PEBBLE_INLINE void mapUnits(UnitBlock<A> &x, F f) {
  for (int i = 0; i < unitBlock; ++i)
    x[i] = f(x[i]);
}

template <typename A>
PEBBLE_INLINE void activate(UnitBlock<A> &units, int64_t activation, A alpha, A beta) {
  switch (activation) {
  case activationRelu:
    return mapUnits(units, [](A x) { return x > 0 ? x : A(0); });
  case activationTanh:
    return mapUnits(units, [](A x) { return math::tanh(x); });
  case activationSigmoid:
    return mapUnits(units, [](A x) { return math::sigmoid(x); });
  case activationAffine:
    return mapUnits(units, [=](A x) { return alpha * x + beta; });
  case activationLeakyRelu:
    return mapUnits(units, [=](A x) { return x < 0 ? alpha * x : x; });
  case activationThresholdedRelu:
    return mapUnits(units, [=](A x) { return x >= alpha ? x : A(0); });
  case activationScaledTanh:
    return mapUnits(units, [=](A x) { return alpha * math::tanh(beta * x); });
  case activationHardSigmoid:
    return mapUnits(units, [=](A x) {
      A y = alpha * x + beta;
      y = y < 0 ? A(0) : y;
      return y > 1 ? A(1) : y;
    });
  case activationElu:
    return mapUnits(units, [=](A x) { return x < 0 ? alpha * (math::exp(x) - A(1)) : x; });
  case activationSoftsign:
    return mapUnits(units, [](A x) { return x / (A(1) + (x < 0 ? -x : x)); });
  case activationSoftplus:
    return mapUnits(units, [](A x) {
      A magnitude = x < 0 ? -x : x;
      return (x > 0 ? x : A(0)) + math::log(A(1) + math::exp(-magnitude));
    });
  }
}

// Operands, strides and attributes of one recurrent op with `gates` rows of weights a unit.
template <typename T> struct Recurrence {
  using A = Acc<T>;
  int64_t steps, batch, inputSize, hidden, directions, direction;
  bool batchFirst;
  pebble_tensor input, weight, recurrence, bias, lengths, initialState, y, yH;
  Attributes::Array activations;
  const double *alphas, *betas;
  A clip; // none when not positive

  bool isReverse(int64_t d) const { return direction == 1 || d == 1; }
  int64_t length(int64_t n) const {
    return present(lengths) ? data<const int32_t>(lengths)[n] : steps;
  }
  const T *inputAt(int64_t t, int64_t n) const {
    return data<const T>(input) + (batchFirst ? n * steps + t : t * batch + n) * inputSize;
  }
  T *outputAt(int64_t t, int64_t d, int64_t n) const {
    int64_t row = batchFirst ? (n * steps + t) * directions + d : (t * directions + d) * batch + n;
    return data<T>(y) + row * hidden;
  }
  int64_t stateOffset(int64_t d, int64_t n) const {
    return (batchFirst ? n * directions + d : d * batch + n) * hidden;
  }
  const T *initialAt(int64_t d, int64_t n) const {
    return present(initialState) ? data<const T>(initialState) + stateOffset(d, n) : nullptr;
  }

  PEBBLE_INLINE void activateUnits(UnitBlock<A> &units, int64_t which) const {
    activate(units, activations[which], static_cast<A>(alphas[which]),
             static_cast<A>(betas[which]));
  }
  PEBBLE_INLINE void clipUnits(UnitBlock<A> &units) const {
    if (clip > 0)
      mapUnits(units, [&](A x) { return x > clip ? clip : x < -clip ? -clip : x; });
  }
};

// The operands that the ops share, the results from `results` on, and the attributes up to the
// layout; the op's own flags follow.
template <typename T>
Recurrence<T> beginRecurrence(const pebble_tensor *tensors, int results, Attributes &attributes) {
  Recurrence<T> r;
  r.input = tensors[0];
  r.weight = tensors[1];
  r.recurrence = tensors[2];
  r.bias = tensors[3];
  r.lengths = tensors[4];
  r.initialState = tensors[5];
  r.y = tensors[results];
  r.yH = tensors[results + 1];
  r.hidden = attributes.integer();
  r.direction = attributes.integer();
  r.batchFirst = attributes.integer() != 0;
  return r;
}

// Reads the attributes after layout (and the op's own flags) and checks all operands.
template <typename T>
int32_t resolveRecurrence(Recurrence<T> &r, Attributes &attributes, int64_t gates,
                          int64_t functions) {
  r.activations = attributes.array();
  r.alphas = attributes.reals(r.activations.size);
  r.betas = attributes.reals(r.activations.size);
  r.clip = static_cast<Acc<T>>(attributes.real());
  if (r.direction < 0 || r.direction > 2)
    return PEBBLE_ERROR_VALUE;
  r.directions = r.direction == 2 ? 2 : 1;
  if (r.activations.size != functions * r.directions)
    return PEBBLE_ERROR_VALUE;
  for (int64_t i = 0; i < r.activations.size; ++i)
    if (r.activations[i] < 0 || r.activations[i] >= activationCount)
      return PEBBLE_ERROR_VALUE;
  if (r.input.rank != 3 || r.weight.rank != 3 || r.recurrence.rank != 3)
    return PEBBLE_ERROR_SHAPE;
  r.steps = r.input.dims[r.batchFirst ? 1 : 0];
  r.batch = r.input.dims[r.batchFirst ? 0 : 1];
  r.inputSize = r.input.dims[2];
  auto hasDims = [](const pebble_tensor &tensor, int64_t a, int64_t b, int64_t c) {
    return tensor.rank == 3 && tensor.dims[0] == a && tensor.dims[1] == b && tensor.dims[2] == c;
  };
  auto isState = [&](const pebble_tensor &tensor) {
    return r.batchFirst ? hasDims(tensor, r.batch, r.directions, r.hidden)
                        : hasDims(tensor, r.directions, r.batch, r.hidden);
  };
  bool biasFits = !present(r.bias) || (r.bias.rank == 2 && r.bias.dims[0] == r.directions &&
                                       r.bias.dims[1] == 2 * gates * r.hidden);
  bool lengthsFit = !present(r.lengths) || (r.lengths.rank == 1 && r.lengths.dims[0] == r.batch);
  if (!hasDims(r.weight, r.directions, gates * r.hidden, r.inputSize) ||
      !hasDims(r.recurrence, r.directions, gates * r.hidden, r.hidden) || !biasFits ||
      !lengthsFit || (present(r.initialState) && !isState(r.initialState)) || !isState(r.yH) ||
      r.y.rank != 4 || numel(r.y) != r.steps * r.batch * r.directions * r.hidden)
    return PEBBLE_ERROR_SHAPE;
  for (int64_t n = 0; n < r.batch; ++n)
    if (r.length(n) < 0 || r.length(n) > r.steps)
      return PEBBLE_ERROR_VALUE;
  return PEBBLE_OK;
}

// One sequence's place in a step: `previous` is null while the state is zero.
template <typename T> struct RecurrentStep {
  int64_t d, n, unit, count; // direction, batch entry, first unit and how many
  const T *input, *previous;
  T *output;

  // Element `i` of a block of the previous state.
  PEBBLE_INLINE Acc<T> state(int64_t i) const {
    return previous && i < count ? widen(previous[unit + i]) : Acc<T>(0);
  }
};

// Calls body(step, pass) for all steps in order; `Passes` sweeps over the units make one step.
template <int Passes, typename T, typename Body>
PEBBLE_INLINE void runRecurrence(const Recurrence<T> &r, Body body) {
  for (int64_t d = 0; d < r.directions; ++d) {
    bool reverse = r.isReverse(d);
    for (int64_t s = 0; s < r.steps; ++s)
      for (int pass = 0; pass < Passes; ++pass)
        for (int64_t unit = 0; unit < r.hidden; unit += unitBlock)
          for (int64_t n = 0; n < r.batch; ++n) {
            int64_t length = r.length(n);
            if (s >= length)
              continue;
            int64_t t = reverse ? length - 1 - s : s;
            RecurrentStep<T> step;
            step.d = d;
            step.n = n;
            step.unit = unit;
            step.count = r.hidden - unit < unitBlock ? r.hidden - unit : unitBlock;
            step.input = r.inputAt(t, n);
            step.previous = s == 0 ? r.initialAt(d, n) : r.outputAt(reverse ? t + 1 : t - 1, d, n);
            step.output = r.outputAt(t, d, n);
            body(step, pass);
          }
  }
}

// Zeros behind each sequence's end, and its last output (or its initial state) as y_h.
template <typename T> void finishRecurrence(const Recurrence<T> &r) {
  for (int64_t d = 0; d < r.directions; ++d)
    for (int64_t n = 0; n < r.batch; ++n) {
      int64_t length = r.length(n);
      for (int64_t t = length; t < r.steps; ++t)
        fillElements(r.outputAt(t, d, n), T(0.0f), r.hidden);
      T *state = data<T>(r.yH) + r.stateOffset(d, n);
      if (length > 0)
        copyElements(state, r.outputAt(r.isReverse(d) ? 0 : length - 1, d, n), r.hidden);
      else if (const T *initial = r.initialAt(d, n))
        copyElements(state, initial, r.hidden);
      else
        fillElements(state, T(0.0f), r.hidden);
    }
}

// gates[g][i] = dot products of the rows of gates first + g of unit i with the input (Wx) and with
// `state` (Rh); either may be null.
template <int Gates, typename T>
PEBBLE_INLINE void gateProducts(const Recurrence<T> &r, const RecurrentStep<T> &step, int64_t all,
                                int64_t first, const T *input, const T *state,
                                UnitBlock<Acc<T>> *gates) {
  using A = Acc<T>;
  for (int g = 0; g < Gates; ++g)
    for (int64_t i = step.count; i < unitBlock; ++i)
      gates[g][i] = A(0);
  for (int64_t i = 0; i < step.count; ++i) {
    int64_t row = (step.d * all + first) * r.hidden + step.unit + i;
    Partial<A> sums[Gates] = {};
    if (input)
      addProducts<Gates>(sums, data<const T>(r.weight) + row * r.inputSize, r.hidden * r.inputSize,
                         input, r.inputSize);
    if (state)
      addProducts<Gates>(sums, data<const T>(r.recurrence) + row * r.hidden, r.hidden * r.hidden,
                         state, r.hidden);
    for (int g = 0; g < Gates; ++g)
      gates[g][i] = sumPartial<A>(sums[g]);
  }
}

// Adds bias row `row` (of the 2 * gates rows of a direction) to a block of units.
template <typename T>
PEBBLE_INLINE void addBias(const Recurrence<T> &r, const RecurrentStep<T> &step, int64_t rows,
                           int64_t row, UnitBlock<Acc<T>> &units) {
  if (!present(r.bias))
    return;
  const T *bias = data<const T>(r.bias) + (step.d * rows + row) * r.hidden + step.unit;
  for (int64_t i = 0; i < step.count; ++i)
    units[i] += widen(bias[i]);
}

} // namespace pebble::kernels
#endif // PEBBLE_KERNELS_RECURRENT_H
