// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Follows what a program writes where, and finds reads of bytes that are not what their reader
// wants. Shares no code with what makes plans.
#ifndef PEBBLE_PASSES_SCHEDULE_VERIFIER_ACCESSVERIFIER_H
#define PEBBLE_PASSES_SCHEDULE_VERIFIER_ACCESSVERIFIER_H

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace pebble::verifier {

/// Bytes [offset, offset + size) and what is there: any number that stands for, say, one row of one
/// tensor.
struct Region {
  int64_t offset, size;
  int64_t content;
  /// What a kernel reads element by element, each before it writes the one there, and what it
  /// writes so have one number; others have none of their own.
  int64_t pair = -1;
  int64_t memory = 0; ///< The number of the one in which the offset counts.
};

struct AccessFault {
  enum Kind {
    outOfBounds, ///< `region` does not lie in its memory, or there is no such memory.
    stale,       ///< The kernel reads `region`, but byte `at` has `found`, or was never written.
    overlap      ///< The kernel writes `region`, of which it uses byte `at` otherwise at one time.
  };
  Kind kind;
  Region region;
  int64_t at = 0;
  std::optional<int64_t> found;
};

/// Memories of which it is known what each byte holds.
class MemoryContents {
public:
  /// As many as there are capacities, in bytes.
  explicit MemoryContents(std::vector<int64_t> capacities)
      : capacities(std::move(capacities)), pieces(this->capacities.size()) {}
  explicit MemoryContents(int64_t capacity) : MemoryContents(std::vector<int64_t>{capacity}) {}

  /// Runs a kernel: it reads while it writes, and leaves nothing of what it wrote to `scratch`.
  std::optional<AccessFault> run(const std::vector<Region> &reads,
                                 const std::vector<Region> &writes,
                                 const std::vector<Region> &scratch = {});

  /// Keeps what `other`, which has the same memories, holds at the same places.
  void meet(const MemoryContents &other);

  /// Where the highest byte of any was that was read or written, plus one.
  int64_t highWater() const { return highest; }

private:
  static std::optional<AccessFault> checkOverlaps(const std::vector<Region> &reads,
                                                  const std::vector<Region> &writes,
                                                  const std::vector<Region> &scratch);
  bool isInBounds(const Region &region) const;
  std::optional<AccessFault> check(const Region &region) const;
  void put(const Region &region, bool isDefined);

  struct Piece {
    int64_t end;
    int64_t content;
  };
  std::vector<int64_t> capacities;
  int64_t highest = 0;
  /// Of each memory, by their first byte; they do not overlap.
  std::vector<std::map<int64_t, Piece>> pieces;
};

} // namespace pebble::verifier

#endif // PEBBLE_PASSES_SCHEDULE_VERIFIER_ACCESSVERIFIER_H
