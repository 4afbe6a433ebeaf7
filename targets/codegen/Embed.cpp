// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/codegen/Embed.h"

#include "runtime/support/DType.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>

using namespace pebble;

uint64_t pebble::bytesOf(const package::TensorSpec &tensor) {
  uint64_t bytes = 0;
  const support::DTypeInfo *type = support::findDType(tensor.dtype);
  support::tensorBytes(tensor.dims.data(), tensor.dims.size(), type ? type->bytes : 1, bytes);
  return bytes;
}

bool pebble::embeddable(const Program &program, llvm::StringRef kind, std::string &error) {
  auto isDynamic = [](const package::TensorSpec &tensor) { return !tensor.isStatic(); };
  if (!program.allocates && llvm::none_of(program.manifest.inputs, isDynamic) &&
      llvm::none_of(program.manifest.outputs, isDynamic))
    return true;
  error =
      "--emit " + kind.str() +
      " needs a model whose sizes are all known: this one has sizes that only a run knows; give "
      "its symbolic dims values with --dim NAME=VALUE, or use --emit package on a host";
  return false;
}

namespace {

/// Builds the C functions around a program's entry, after runtime/abi/pebble_abi.h.
class Embedder {
public:
  Embedder(llvm::Module &module, const Program &program)
      : module(module), program(program), b(module.getContext()), pointer(b.getPtrTy()) {
    environment =
        llvm::StructType::get(b.getContext(), llvm::SmallVector<llvm::Type *>(9, pointer));
    tensor = llvm::StructType::get(pointer, pointer, b.getInt32Ty(), b.getInt32Ty());
  }

  void defineRun(llvm::Function *entry, const std::string &name) {
    llvm::Function *run = function(name, b.getInt32Ty(), {pointer, pointer, pointer},
                                   llvm::GlobalValue::ExternalLinkage);
    llvm::Value *memory = run->getArg(0), *inputs = run->getArg(1), *outputs = run->getArg(2);
    const auto &specs = program.manifest.inputs;
    llvm::Value *env = b.CreateAlloca(environment);
    llvm::Value *tensors =
        b.CreateAlloca(llvm::ArrayType::get(tensor, std::max<size_t>(specs.size(), 1)));
    for (auto [index, spec] : llvm::enumerate(specs)) {
      llvm::Value *at = b.CreateConstInBoundsGEP1_32(tensor, tensors, index);
      llvm::Value *source = b.CreateConstInBoundsGEP1_32(pointer, inputs, index);
      b.CreateStore(b.CreateLoad(pointer, source), b.CreateStructGEP(tensor, at, 0));
      b.CreateStore(dimsOf(spec), b.CreateStructGEP(tensor, at, 1));
      b.CreateStore(b.getInt32(spec.dtype), b.CreateStructGEP(tensor, at, 2));
      b.CreateStore(b.getInt32(spec.dims.size()), b.CreateStructGEP(tensor, at, 3));
    }
    llvm::Value *none = llvm::ConstantPointerNull::get(b.getPtrTy());
    llvm::Value *arena = memory, *regions = none;
    if (hasRegions(program.manifest)) {
      arena = b.CreateLoad(pointer, memory);
      regions = memory;
    }
    auto saved = b.saveIP();
    llvm::Value *fields[] = {outputs,  constants(),   arena, allocate(), release(),
                             output(), parallelFor(), none,  regions};
    b.restoreIP(saved);
    for (auto [index, value] : llvm::enumerate(fields))
      b.CreateStore(value, b.CreateStructGEP(environment, env, index));
    b.CreateRet(b.CreateCall(entry, {env, tensors}));
  }

  void defineArenaBytes(const std::string &name) {
    llvm::Type *size = module.getDataLayout().getIntPtrType(b.getContext());
    function(name, size, {}, llvm::GlobalValue::ExternalLinkage);
    b.CreateRet(llvm::ConstantInt::get(size, program.manifest.arenaBytes));
  }

  /// The bytes of a region by its number.
  void defineRegionBytes(const std::string &name) {
    llvm::Type *size = module.getDataLayout().getIntPtrType(b.getContext());
    llvm::Function *made = function(name, size, {size}, llvm::GlobalValue::ExternalLinkage);
    llvm::Value *bytes = llvm::ConstantInt::get(size, 0);
    for (auto [number, region] : llvm::enumerate(program.manifest.regions)) {
      llvm::Value *isIt = b.CreateICmpEQ(made->getArg(0), llvm::ConstantInt::get(size, number));
      bytes = b.CreateSelect(isIt, llvm::ConstantInt::get(size, region.bytes), bytes);
    }
    b.CreateRet(bytes);
  }

private:
  llvm::Function *function(const std::string &name, llvm::Type *result,
                           llvm::ArrayRef<llvm::Type *> parameters,
                           llvm::GlobalValue::LinkageTypes linkage) {
    auto *made = llvm::Function::Create(llvm::FunctionType::get(result, parameters, false), linkage,
                                        name, module);
    b.SetInsertPoint(llvm::BasicBlock::Create(b.getContext(), "", made));
    return made;
  }

  llvm::Function *callback(const char *name, llvm::Type *result,
                           llvm::ArrayRef<llvm::Type *> parameters) {
    return function(name, result, parameters, llvm::GlobalValue::InternalLinkage);
  }

  /// Static programs ask for no memory; a null says so if one did.
  llvm::Function *allocate() {
    llvm::Function *made = callback("pebble_embedded_allocate", pointer, {pointer, b.getInt64Ty()});
    b.CreateRet(llvm::ConstantPointerNull::get(b.getPtrTy()));
    return made;
  }

  llvm::Function *release() {
    llvm::Function *made = callback("pebble_embedded_release", b.getVoidTy(), {pointer, pointer});
    b.CreateRetVoid();
    return made;
  }

  /// The environment's `self` is the caller's table of outputs.
  llvm::Function *output() {
    llvm::Function *made = callback("pebble_embedded_output", pointer,
                                    {pointer, b.getInt32Ty(), pointer, b.getInt32Ty()});
    llvm::Value *at = b.CreateInBoundsGEP(pointer, made->getArg(0), made->getArg(1));
    b.CreateRet(b.CreateLoad(pointer, at));
    return made;
  }

  /// One thread: the whole range in one call.
  llvm::Function *parallelFor() {
    llvm::Type *i64 = b.getInt64Ty();
    llvm::Function *made =
        callback("pebble_embedded_parallel_for", b.getVoidTy(), {pointer, i64, pointer, pointer});
    auto *body = llvm::FunctionType::get(b.getVoidTy(), {pointer, i64, i64}, false);
    b.CreateCall(body, made->getArg(2), {made->getArg(3), b.getInt64(0), made->getArg(1)});
    b.CreateRetVoid();
    return made;
  }

  llvm::Constant *dimsOf(const package::TensorSpec &spec) {
    llvm::SmallVector<uint64_t> dims(spec.dims.begin(), spec.dims.end());
    return data(llvm::ConstantDataArray::get(b.getContext(), dims), "pebble_embedded_dims", 8);
  }

  llvm::Constant *constants() {
    std::vector<uint8_t> bytes(program.constants.size);
    for (const package::Chunk &chunk : program.constants.chunks)
      std::memcpy(&bytes[chunk.offset], chunk.data, chunk.size);
    return data(llvm::ConstantDataArray::get(b.getContext(), bytes), "pebble_constants",
                embeddedAlignment);
  }

  llvm::Constant *data(llvm::Constant *value, const char *name, uint64_t alignment) {
    auto *global = new llvm::GlobalVariable(module, value->getType(), /*isConstant=*/true,
                                            llvm::GlobalValue::InternalLinkage, value, name);
    global->setAlignment(llvm::Align(alignment));
    return global;
  }

  llvm::Module &module;
  const Program &program;
  llvm::IRBuilder<> b;
  llvm::PointerType *pointer;
  llvm::StructType *environment, *tensor;
};

} // namespace

std::vector<std::string> pebble::embedModel(llvm::Module &module, const Program &program,
                                            llvm::StringRef entry) {
  std::string run = program.symbolPrefix + "_run";
  Embedder embedder(module, program);
  embedder.defineRun(module.getFunction(entry), run);
  std::string bytes = program.symbolPrefix;
  if (hasRegions(program.manifest))
    embedder.defineRegionBytes(bytes += "_region_bytes");
  else
    embedder.defineArenaBytes(bytes += "_arena_bytes");
  return {run, bytes};
}

bool pebble::hasRegions(const package::Manifest &manifest) { return manifest.regions.size() > 1; }

/// "f32 [1, 3]", safe inside a C comment whatever the name.
static void describeTensor(llvm::raw_ostream &out, const package::TensorSpec &tensor) {
  for (char c : tensor.name)
    out << (llvm::isPrint(c) && c != '*' && c != '/' && c != '\\' ? c : '_');
  const support::DTypeInfo *type = support::findDType(tensor.dtype);
  out << ": " << (type ? type->name : "?") << " [";
  llvm::interleaveComma(tensor.dims, out);
  out << "]";
}

std::string pebble::embeddedHeader(const Program &program) {
  std::string text;
  llvm::raw_string_ostream out(text);
  const std::string &name = program.symbolPrefix;
  std::string upper = llvm::StringRef(name).upper();
  const bool regions = hasRegions(program.manifest);
  out << "/* Written by Pebble with the object that defines what is declared here. C11 or C++. */\n"
      << "#ifndef " << upper << "_H\n#define " << upper << "_H\n\n"
      << "#include <stddef.h>\n#include <stdint.h>\n\n"
      << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
      << "/* Working memory of one run, and the alignment of its address" << (regions ? "es" : "")
      << ". */\n";
  if (regions) {
    out << "#define " << upper << "_REGIONS " << program.manifest.regions.size() << "\n";
    for (auto [number, region] : llvm::enumerate(program.manifest.regions))
      out << "#define " << upper << "_REGION_" << llvm::StringRef(region.name).upper() << "_BYTES "
          << region.bytes << " /* region " << number << " */\n";
  } else {
    out << "#define " << upper << "_ARENA_BYTES " << program.manifest.arenaBytes << "\n";
  }
  out << "#define " << upper << "_ARENA_ALIGNMENT " << embeddedAlignment << "\n\n"
      << "/* Dense row-major tensors, in the order of the tables that " << name
      << "_run takes. */\n";
  auto list = [&](const char *kind, const std::vector<package::TensorSpec> &tensors) {
    out << "#define " << upper << "_" << kind << "S " << tensors.size() << "\n";
    for (auto [index, tensor] : llvm::enumerate(tensors)) {
      out << "#define " << upper << "_" << kind << "_" << index << "_BYTES " << bytesOf(tensor)
          << " /* ";
      describeTensor(out, tensor);
      out << " */\n";
    }
  };
  list("INPUT", program.manifest.inputs);
  list("OUTPUT", program.manifest.outputs);
  if (regions)
    out << "\n/* " << upper
        << "_REGION_..._BYTES of a region by its number; 0 beyond the last. */\n"
        << "size_t " << name << "_region_bytes(size_t region);\n\n";
  else
    out << "\n/* " << upper << "_ARENA_BYTES, for callers that do not see this header. */\n"
        << "size_t " << name << "_arena_bytes(void);\n\n";
  out << "/* Runs the model once. Inputs are only read. Calls with different "
      << (regions ? "regions" : "arenas")
      << " and outputs "
         "may\n"
      << "   run at the same time. Returns 0, or: 1 shapes do not fit together, 2 an index is out "
         "of\n"
      << "   range, 3 not enough memory, 4 a value is outside its domain, 5 not supported. */\n"
      << "int32_t " << name << "_run(void *" << (regions ? "const *regions" : "arena")
      << ", const void *const *inputs, void *const *outputs);\n\n"
      << "#ifdef __cplusplus\n}\n#endif\n#endif /* " << upper << "_H */\n";
  return text;
}
