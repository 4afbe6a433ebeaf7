// RUN: pebble-opt %s --load-pass-plugin=%build/test/plugins/CountLayers.so \
// RUN:   --pass-pipeline='builtin.module(func.func(count-layers))' | FileCheck %s
// RUN: not pebble-opt %s --load-pass-plugin=%build/test/plugins/ForeignTag.so 2>&1 \
// RUN:   | FileCheck %s --check-prefix=FOREIGN
// RUN: not pebble-opt %s --load-pass-plugin=%build/test/plugins/absent.so 2>&1 \
// RUN:   | FileCheck %s --check-prefix=ABSENT

// FOREIGN: was built for Pebble plugin ABI 0, LLVM 14.0.0; this is Pebble plugin ABI
// FOREIGN-SAME: build the plugin again
// ABSENT: absent.so does not load

// CHECK: count.layers = 2
func.func @two(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = nn.relu %x : (tensor<3xf32>) -> tensor<3xf32>
  %1 = nn.neg %0 : (tensor<3xf32>) -> tensor<3xf32>
  return %1 : tensor<3xf32>
}
