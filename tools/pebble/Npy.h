// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// NumPy's .npy and .npz files. What is read is checked; problems are thrown as Failure.
#ifndef PEBBLE_TOOLS_PEBBLE_NPY_H
#define PEBBLE_TOOLS_PEBBLE_NPY_H

#include "tools/pebble/Array.h"

#include <map>
#include <string_view>

namespace pebble::cli {

/// Decodes the bytes of a .npy file; `what` names it in messages.
Array decodeNpy(std::string_view bytes, const std::string &what);

/// Of types that NumPy lacks the bits are written: see `DTypeInfo::carrier`.
std::string encodeNpy(const Array &array);

/// Decodes a .npz file (a zip of .npy files, stored or deflated) into its arrays by name.
std::map<std::string, Array> decodeNpz(std::string_view bytes, const std::string &what);

/// The files of a zip archive by name.
std::map<std::string, std::string> decodeZip(std::string_view bytes, const std::string &what);

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_NPY_H
