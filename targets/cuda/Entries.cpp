// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/cuda/Entries.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicsNVPTX.h"
#include "llvm/IR/Module.h"

using namespace pebble;
using namespace llvm;

namespace {

/// Gives `name`, when the module calls it, a body that returns what `make` builds.
void define(Module &module, StringRef name, function_ref<Value *(IRBuilder<> &)> make) {
  Function *function = module.getFunction(name);
  if (!function)
    return;
  IRBuilder<> b(BasicBlock::Create(module.getContext(), "", function));
  b.CreateRet(b.CreateZExt(make(b), function->getReturnType()));
  function->setLinkage(GlobalValue::InternalLinkage);
  function->addFnAttr(Attribute::AlwaysInline);
}

Value *read(IRBuilder<> &b, Intrinsic::ID id) { return b.CreateIntrinsic(id, {}); }

void defineThreadNumbers(Module &module) {
  define(module, "pebble_thread_index", [](IRBuilder<> &b) {
    Value *block = b.CreateMul(read(b, Intrinsic::nvvm_read_ptx_sreg_ctaid_x),
                               read(b, Intrinsic::nvvm_read_ptx_sreg_ntid_x));
    return b.CreateAdd(block, read(b, Intrinsic::nvvm_read_ptx_sreg_tid_x));
  });
  define(module, "pebble_thread_count", [](IRBuilder<> &b) {
    return b.CreateMul(read(b, Intrinsic::nvvm_read_ptx_sreg_nctaid_x),
                       read(b, Intrinsic::nvvm_read_ptx_sreg_ntid_x));
  });
}

std::string addEntry(Module &module, Function *kernel) {
  LLVMContext &context = module.getContext();
  IRBuilder<> b(context);
  SmallVector<Type *> parameters(kernel->getFunctionType()->params());
  parameters.push_back(b.getPtrTy());
  std::string name = cuda::entryName(kernel->getName().str());
  auto *entry = Function::Create(FunctionType::get(b.getVoidTy(), parameters, false),
                                 GlobalValue::ExternalLinkage, name, module);
  entry->setCallingConv(CallingConv::PTX_Kernel);
  auto *start = BasicBlock::Create(context, "", entry);
  auto *failed = BasicBlock::Create(context, "", entry);
  auto *done = BasicBlock::Create(context, "", entry);
  b.SetInsertPoint(start);
  SmallVector<Value *> arguments;
  for (Argument &argument : entry->args())
    arguments.push_back(&argument);
  Value *status = arguments.pop_back_val();
  Value *result = b.CreateCall(kernel, arguments);
  b.CreateCondBr(b.CreateICmpNE(result, b.getInt32(0)), failed, done);
  b.SetInsertPoint(failed);
  b.CreateStore(result, status);
  b.CreateBr(done);
  b.SetInsertPoint(done);
  b.CreateRetVoid();
  return name;
}

} // namespace

std::vector<std::string> cuda::addEntries(Module &module, const Plan &plan) {
  defineThreadNumbers(module);
  std::vector<std::string> names;
  for (const Step &step : plan.steps) {
    Function *kernel = step.kernel.empty() ? nullptr : module.getFunction(step.kernel);
    if (kernel && !module.getFunction(entryName(step.kernel)))
      names.push_back(addEntry(module, kernel));
  }
  return names;
}
