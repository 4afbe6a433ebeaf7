// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The register tile that convolutions and matrix products share, and what happens to its sums.
#ifndef PEBBLE_PASSES_LOWER_EMITTERS_TILE_H
#define PEBBLE_PASSES_LOWER_EMITTERS_TILE_H

#include "passes/lower/KernelEmitter.h"

namespace pebble {

/// Rows [begin, end) of a tile.
struct TileRows {
  int64_t begin, end;
};

/// One loop of a reduction: how far each operand moves an iteration, in elements.
struct ReductionLoop {
  mlir::OpFoldResult count, inputStep, weightStep;
  /// The first iteration; null for 0.
  mlir::OpFoldResult begin = {};
  /// The rows that take part in each iteration, which are then unrolled; empty for all.
  llvm::SmallVector<TileRows> rows = {};
  /// Where the operand of an iteration lies, in elements; null: `inputStep` from the one before.
  std::function<mlir::Value(mlir::Value iteration)> inputAt = nullptr;
};

/// Sums over `loops` (outermost first) of input scalars times weight vectors: `rows` scalars that
/// lie `rowStride` apart, `vectors` vectors side by side, the last with `lastLanes` lanes.
struct Tile {
  mlir::Value input, weight; // Memory.
  mlir::Value inputBase, weightBase;
  mlir::OpFoldResult rowStride;
  int64_t rows = 1, vectors = 1, lanes = 1, lastLanes = 1;
  llvm::SmallVector<ReductionLoop, 3> loops;
  /// Start of the sums, one a vector; null for zero.
  llvm::SmallVector<mlir::Value> start;
  /// How many lanes of the one vector exist in memory; null for all.
  mlir::Value valid;
  /// Interleaved partial sums, for tiles too small to hide the latency of an addition.
  int64_t split = 1;

  int64_t lanesOf(int64_t vector) const { return vector + 1 == vectors ? lastLanes : lanes; }
};

/// Emits the sums, row by row.
llvm::SmallVector<mlir::Value> emitTile(mlir::ImplicitLocOpBuilder &builder, const Tile &tile);

/// What is assumed of an image's side that only the run knows, where the order of loops depends on
/// it; results do not.
inline constexpr int64_t likelySide = 64;

/// Loops over the rows of all images, which threads share; or does the only row that the kernel
/// computes.
void forImageRows(KernelEmitter &emitter, mlir::OpFoldResult images, mlir::OpFoldResult rows,
                  llvm::function_ref<void(mlir::Value image, mlir::Value row)> body, int64_t cost);

/// Rows of a tile for `extent` rows in all: the most that fit, evened out over the tiles.
int64_t evenRows(int64_t extent, int64_t most);

/// Covers the rows `[begin, end)` with tiles of at most `most` rows; `emit` gets a tile's first row
/// and its number of rows. A known number of rows is divided evenly. For an unknown one there are a
/// few sizes of tile, and the last tile may overlap the one before: `emit` must be able to make a
/// row twice.
void forRowTiles(KernelEmitter &emitter, mlir::OpFoldResult begin, mlir::OpFoldResult end,
                 int64_t most, llvm::function_ref<void(mlir::Value row, int64_t rows)> emit);

/// Stores the values that follow from a root op's elements. Vector by vector where everything
/// behind the root has a vector form. Otherwise the root's elements are stored as they are, in the
/// place of a result of their type, and `finish` walks over them again; where there is no such
/// result, or it lies over an operand that is still to be read, the lanes are stored one by one.
class EpilogueStore {
public:
  EpilogueStore(KernelEmitter &emitter, mlir::Operation *root);

  /// Stores one vector (or scalar) of root elements at `coordinates` of the result.
  void store(llvm::ArrayRef<mlir::Value> coordinates, mlir::Value elements);
  /// Completes the elements of `[begin, end)` along the last dim at the other `coordinates`.
  void finish(llvm::ArrayRef<mlir::Value> outer, mlir::OpFoldResult begin, mlir::OpFoldResult end);
  /// Whether `finish` has anything to do.
  bool needsFinish() const { return static_cast<bool>(staging); }

private:
  /// `coordinates` in memory that holds one row alone, if the kernel computes one.
  llvm::SmallVector<mlir::Value> held(llvm::ArrayRef<mlir::Value> coordinates) const;
  void storeAll(int64_t lanes);

  KernelEmitter &emitter;
  mlir::Value root;
  llvm::SmallVector<mlir::Value> targets;
  std::unique_ptr<ElementEmitter> elements;
  mlir::Value staging;     ///< Holds the root's elements until `finish`; null where it has none.
  size_t stagingIndex = 0; ///< The target whose memory that is.
  bool direct;
};

} // namespace pebble

#endif // PEBBLE_PASSES_LOWER_EMITTERS_TILE_H
