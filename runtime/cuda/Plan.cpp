// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/cuda/Plan.h"

#include <cstring>
#include <sstream>

using namespace pebble::cuda;

std::string pebble::cuda::entryName(const std::string &kernel) { return "pebble_" + kernel; }

std::string Plan::text() const {
  std::ostringstream out;
  out << "arena " << arenaBytes << "\n";
  for (const Step &step : steps) {
    if (step.kernel.empty())
      out << "copy " << step.count;
    else
      out << "launch " << step.kernel << " " << step.count;
    for (const Place &place : step.places)
      out << " " << place.space << place.at;
    out << "\n";
  }
  return out.str();
}

bool Plan::parse(const std::string &text, Plan &plan, std::string &error) {
  std::istringstream lines(text);
  std::string line;
  for (unsigned number = 1; std::getline(lines, line); ++number) {
    std::istringstream words(line);
    std::string word;
    words >> word;
    bool good = false;
    if (word == "arena") {
      good = static_cast<bool>(words >> plan.arenaBytes);
    } else if (word == "launch" || word == "copy") {
      Step step;
      if (word == "launch")
        words >> step.kernel;
      good = static_cast<bool>(words >> step.count);
      Place place;
      while (words >> place.space) {
        good &= std::strchr("acio", place.space) && static_cast<bool>(words >> place.at);
        step.places.push_back(place);
      }
      good &= word == "launch" ? !step.kernel.empty() : step.places.size() == 2;
      plan.steps.push_back(std::move(step));
    }
    if (!good) {
      error = "line " + std::to_string(number) + " of the launch plan is not valid: " + line;
      return false;
    }
  }
  return true;
}
