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

/// Reads `id,lower,upper,size` and, in any order of columns, what of these is there:
/// - `alignment`, `traffic`: numbers;
/// - `offset`, `region`: where not empty, the only ones that the buffer may get;
/// - `regions`: names out of `regions`, with `|` between; empty: any;
/// - `shares_with`: the id of a buffer whose place it has.
/// Finds all faults, in the order of the file.
Table parseTable(const std::string &text, const std::vector<std::string> &regions,
                 std::vector<Fault> &faults);

/// Values of a column, in the order of the buffers.
struct NewColumn {
  std::string name;
  std::vector<std::string> values;
};

/// The table with columns set; appended where they are not there.
std::string printTable(const Table &table, const std::vector<NewColumn> &columns);

} // namespace pebble::plan

#endif // PEBBLE_TOOLS_PEBBLE_PLAN_CSV_H
