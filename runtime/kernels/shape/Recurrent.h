// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shape functions of lstm, gru and rnn.
#ifndef PEBBLE_RUNTIME_KERNELS_SHAPE_RECURRENT_H
#define PEBBLE_RUNTIME_KERNELS_SHAPE_RECURRENT_H

#include "runtime/kernels/shape/Common.h"

namespace pebble::shape {

/// What tells the three cells apart.
struct Cell {
  int64_t gates;     // blocks of rows in the weights
  int64_t functions; // activations for one direction
  int32_t states;    // 1: hidden; 2: hidden and cell
  bool hasFlag;      // input_forget or linear_before_reset
  int32_t peepholes; // position of the operand, or -1
};

/// A 2-D or 3-D operand [first, second, third], where `third` does not apply to rank 2.
template <typename C>
int32_t requireDims(C &c, int32_t operand, int32_t rank, Dim first, Dim second, Dim third) {
  PEBBLE_SHAPE_TRY(requireRank(c, operand, rank, rank));
  const Dim expected[] = {first, second, third};
  for (int32_t i = 0; i < rank; ++i)
    if (differ(c.dim(operand, i), expected[i]))
      return c.fail(PEBBLE_ERROR_SHAPE, "has an operand with a dim of {0}; expected {1}",
                    c.dim(operand, i), expected[i]);
  return PEBBLE_OK;
}

template <typename C> int32_t recurrent(C &c, Cell cell) {
  int64_t hidden = c.nextInt(), direction = c.nextInt(), layout = c.nextInt();
  if (cell.hasFlag)
    c.nextInt();
  Array activations = c.nextArray();
  if (hidden < 1)
    return c.fail(PEBBLE_ERROR_SHAPE, "has hidden size {0}; expected {1} or more", hidden, 1);
  if (direction < 0 || direction > 2 || layout < 0 || layout > 1)
    return c.fail(PEBBLE_ERROR_VALUE,
                  "has direction {0} and layout {1}; expected 0 to 2 and 0 to 1", direction,
                  layout);
  int64_t directions = direction == 2 ? 2 : 1;
  if (activations.size != cell.functions * directions)
    return c.fail(PEBBLE_ERROR_SHAPE, "has {0} activations; expected {1}", activations.size,
                  cell.functions * directions);
  for (int64_t i = 0; i < activations.size; ++i)
    if (activations[i] < 0 || activations[i] > 10)
      return c.fail(PEBBLE_ERROR_VALUE, "has activation {0}; expected 0 to {1}", activations[i],
                    10);
  PEBBLE_SHAPE_TRY(requireRank(c, 0, 3, 3));
  bool batchFirst = layout == 1;
  Dim sequence = c.dim(0, batchFirst ? 1 : 0), batch = c.dim(0, batchFirst ? 0 : 1);
  Dim rows = Dim(hidden) * cell.gates;
  PEBBLE_SHAPE_TRY(requireDims(c, 1, 3, directions, rows, c.dim(0, 2)));
  PEBBLE_SHAPE_TRY(requireDims(c, 2, 3, directions, rows, hidden));
  if (c.has(3))
    PEBBLE_SHAPE_TRY(requireDims(c, 3, 2, directions, rows * 2, 0));
  if (c.has(4)) {
    Dim lengths;
    PEBBLE_SHAPE_TRY(readLength(c, 4, lengths));
    if (differ(lengths, batch))
      return c.fail(PEBBLE_ERROR_SHAPE, "has {0} sequence lengths for a batch of {1}", lengths,
                    batch);
    batch = refine(batch, lengths);
  }
  Dim leading = batchFirst ? batch : Dim(directions), next = batchFirst ? Dim(directions) : batch;
  for (int32_t state = 0; state < cell.states; ++state)
    if (c.has(5 + state))
      PEBBLE_SHAPE_TRY(requireDims(c, 5 + state, 3, leading, next, hidden));
  if (cell.peepholes >= 0 && c.has(cell.peepholes))
    PEBBLE_SHAPE_TRY(requireDims(c, cell.peepholes, 2, directions, Dim(hidden) * 3, 0));

  Dim timeFirst[] = {sequence, directions, batch, hidden};
  Dim batchesFirst[] = {batch, sequence, directions, hidden};
  setDims(c, 0, batchFirst ? batchesFirst : timeFirst, 4);
  Dim last[] = {leading, next, hidden};
  for (int32_t state = 0; state < cell.states; ++state)
    setDims(c, 1 + state, last, 3);
  return PEBBLE_OK;
}

template <typename C> int32_t lstm(C &c) { return recurrent(c, Cell{4, 3, 2, true, 7}); }
template <typename C> int32_t gru(C &c) { return recurrent(c, Cell{3, 2, 1, true, -1}); }
template <typename C> int32_t rnn(C &c) { return recurrent(c, Cell{1, 1, 1, false, -1}); }

} // namespace pebble::shape

#endif // PEBBLE_RUNTIME_KERNELS_SHAPE_RECURRENT_H
