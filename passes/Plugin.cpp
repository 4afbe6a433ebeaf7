// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Plugin.h"

#include "llvm/Support/DynamicLibrary.h"

bool pebble::loadPlugin(const std::string &path, std::string &error) {
  llvm::sys::DynamicLibrary library =
      llvm::sys::DynamicLibrary::getPermanentLibrary(path.c_str(), &error);
  if (!library.isValid()) {
    error = "plugin " + path + " does not load: " + error;
    return false;
  }
  auto tag = reinterpret_cast<const char *(*)()>(library.getAddressOfSymbol("pebblePluginTag"));
  if (!tag) {
    error = "plugin " + path +
            " does not say what it was built for; expected it to use "
            "PEBBLE_PASS_PLUGIN of passes/Plugin.h";
    return false;
  }
  // MLIR compares the version of its plugin interface alone, not its own.
  if (std::string(tag()) != pluginTag) {
    error = "plugin " + path + " was built for " + tag() + "; this is " + pluginTag +
            ": build the plugin again";
    return false;
  }
  llvm::Expected<mlir::PassPlugin> plugin = mlir::PassPlugin::load(path);
  if (!plugin) {
    error = "plugin " + path + " does not load: " + llvm::toString(plugin.takeError());
    return false;
  }
  plugin->registerPassRegistryCallbacks();
  return true;
}
