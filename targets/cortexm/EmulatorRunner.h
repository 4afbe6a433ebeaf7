// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PEBBLE_TARGETS_CORTEXM_EMULATORRUNNER_H
#define PEBBLE_TARGETS_CORTEXM_EMULATORRUNNER_H

#include "targets/Runner.h"
#include "targets/cortexm/Board.h"

namespace pebble {

/// Runs firmware under the board's emulator; tensors travel as files, by semihosting.
class EmulatorRunner : public Runner {
public:
  EmulatorRunner(Board board, std::string section)
      : board(std::move(board)), section(std::move(section)) {}

  int run(const package::Package &package, const std::vector<const void *> &inputs,
          std::vector<std::vector<char>> &outputs, std::string &error) override;

private:
  int execute(const std::string &folder, std::string &error) const;

  Board board;
  std::string section;
};

} // namespace pebble

#endif // PEBBLE_TARGETS_CORTEXM_EMULATORRUNNER_H
