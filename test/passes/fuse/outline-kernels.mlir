// Equal groups become one function, which lists the nodes of all of them.
// RUN: pebble-opt %s -pass-pipeline='builtin.module(func.func(form-kernels),outline-kernels)' \
// RUN:   | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK: nn.launch @[[SOFTMAX:.*softmax]](%arg0)
// CHECK: nn.launch @[[SOFTMAX]](%arg1)
// CHECK: nn.launch @[[OTHER:.*]](%arg2)
func.func @main(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>, %z: tensor<4x9xf32>)
    -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x9xf32>) {
  %0 = nn.softmax %x {axis = 1 : i64} : (tensor<4x8xf32>) -> tensor<4x8xf32> loc("softmax")
  %1 = nn.softmax %y {axis = 1 : i64} : (tensor<4x8xf32>) -> tensor<4x8xf32> loc("again")
  %2 = nn.softmax %z {axis = 1 : i64} : (tensor<4x9xf32>) -> tensor<4x9xf32> loc("wider")
  return %0, %1, %2 : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x9xf32>
}
// CHECK: func.func private @[[SOFTMAX]](%{{.*}}: tensor<4x8xf32>)
// CHECK-SAME: nn.nodes = ["softmax", "again"]
// CHECK: func.func private @[[OTHER]](%{{.*}}: tensor<4x9xf32>)
// CHECK-SAME: nn.nodes = ["wider"]
