#include "dataset/tensor_reader.h"

#include "core/error.h"
#include "dataset/array_reader.h"
#include "dataset/proto_reader.h"
#include "dataset/raw_reader.h"

namespace quant {

std::unique_ptr<TensorReader> makeTensorReader(DatasetKind kind, std::vector<InputSpec> inputs) {
  switch (kind) {
    case DatasetKind::kArrays: return std::make_unique<ArrayReader>(std::move(inputs));
    case DatasetKind::kTensorProtos: return std::make_unique<ProtoReader>(std::move(inputs));
    case DatasetKind::kRawBytes: return std::make_unique<RawReader>(std::move(inputs));
    case DatasetKind::kPictures:
    case DatasetKind::kGenerated: break;
  }
  throwInternal("{} are not read as tensors", toString(kind));
}

}  // namespace quant
