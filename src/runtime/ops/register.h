#pragma once

#include "runtime/kernel.h"

namespace quant {

// The operators that move elements about and compute shapes. They are exact, so both backends share them.

void registerCastOps(KernelRegistry& registry);             // cast.cpp: Cast, CastLike, BitCast
void registerConcatOps(KernelRegistry& registry);           // concat.cpp: Concat, Split
void registerConstantOps(KernelRegistry& registry);         // constants.cpp: Constant, ConstantOfShape, EyeLike, Range
void registerExpandOps(KernelRegistry& registry);           // expand.cpp: Expand, Tile
void registerFoldOps(KernelRegistry& registry);             // col2im.cpp: Col2Im
void registerGatherOps(KernelRegistry& registry);           // gather.cpp: Gather, GatherElements, GatherND, Compress
void registerGridSampleOps(KernelRegistry& registry);       // grid_sample.cpp: GridSample
void registerLookupOps(KernelRegistry& registry);           // lookup.cpp: Lookup, of lowering's own domain
void registerPadOps(KernelRegistry& registry);              // pad.cpp: Pad, CenterCropPad
void registerResizeOps(KernelRegistry& registry);           // resize.cpp: Resize, Upsample
void registerReverseSequenceOps(KernelRegistry& registry);  // reverse_sequence.cpp: ReverseSequence
void registerScatterOps(KernelRegistry& registry);          // scatter.cpp: Scatter, ScatterElements, ScatterND, ...
void registerSelectOps(KernelRegistry& registry);           // select.cpp: Where, OneHot, NonZero, Trilu
void registerShapeOps(KernelRegistry& registry);      // shape_ops.cpp: Shape, Size, Reshape, Flatten, Identity, ...
void registerSliceOps(KernelRegistry& registry);      // slice.cpp: Slice
void registerTopKOps(KernelRegistry& registry);       // top_k.cpp: TopK
void registerTransposeOps(KernelRegistry& registry);  // transpose.cpp: Transpose, DepthToSpace, SpaceToDepth
void registerUniqueOps(KernelRegistry& registry);     // unique.cpp: Unique

/// All of them.
void registerDataMovement(KernelRegistry& registry);

}  // namespace quant
