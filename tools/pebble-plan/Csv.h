// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files of buffers in MiniMalloc's format.
#ifndef PEBBLE_TOOLS_PEBBLE_PLAN_CSV_H
#define PEBBLE_TOOLS_PEBBLE_PLAN_CSV_H

#include "passes/schedule/planner/Problem.h"

#include <string>
#include <vector>

namespace pebble::plan {

struct Table {
  std::vector<std::string> columns;           ///< As the file has them.
  std::vector<std::vector<std::string>> rows; ///< The fields of each buffer.
  std::vector<int> lines;                     ///< Where each buffer stands in the file.
  std::vector<std::string> ids;
  std::vector<planner::Buffer> buffers;
};

struct Fault {
  int line, column; ///< From 1; the column counts bytes.
  std::string message;
};

/// Reads `id,lower,upper,size[,alignment][,offset]`, in any order of columns. An `offset` that is
/// not empty is the only one that its buffer may get. Finds all faults, in the order of the file.
Table parseTable(const std::string &text, std::vector<Fault> &faults);

/// The table with the column `offset` set; appended where it is not there.
std::string printTable(const Table &table, const std::vector<int64_t> &offsets);

} // namespace pebble::plan

#endif // PEBBLE_TOOLS_PEBBLE_PLAN_CSV_H
