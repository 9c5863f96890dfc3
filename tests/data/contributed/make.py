#!/usr/bin/env python3
"""Makes the cases beside this file: operators that onnxruntime adds to ONNX, each with what onnxruntime gives for it.

    $(scripts/setup --print-prefix)/clients/bin/python tests/data/contributed/make.py

A case is a folder as ONNX's own test data has them: model.onnx, test_data_set_0/input_0.pb, ..., output_0.pb.
"""

import pathlib
import shutil

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
MICROSOFT = "com.microsoft"


def floats(*shape, low=-2.0, high=2.0):
    return RANDOM.uniform(low, high, shape).astype(np.float32)


def bytes_(*shape, dtype=np.uint8):
    info = np.iinfo(dtype)
    return RANDOM.integers(info.min, info.max + 1, shape).astype(dtype)


def scale(value):
    return np.float32(value)


def make(name, op_type, inputs, outputs=1, domain=MICROSOFT, model_opset=17, **attributes):
    """One node; inputs are arrays, None where one is left out."""
    names = [f"x{i}" if array is not None else "" for i, array in enumerate(inputs)]
    results = [f"y{i}" for i in range(outputs)]
    node = helper.make_node(op_type, names, results, domain=domain, **attributes)
    given = [(n, np.asarray(a)) for n, a in zip(names, inputs) if n]
    graph = helper.make_graph(
        [node],
        name,
        [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for n, a in given],
        [helper.make_empty_tensor_value_info(n) for n in results],
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", model_opset), helper.make_opsetid(MICROSOFT if domain == "" else domain, 1)],
        ir_version=8,
        producer_name="quantize tests",
    )
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    options.intra_op_num_threads = 1  # LSTM's threads each quantize the states of their own sequences
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    expected = session.run(None, dict(given))
    for info, array in zip(graph.output, expected):
        info.CopyFrom(helper.make_tensor_value_info(info.name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape))
    model.graph.CopyFrom(graph)
    write(HERE / name, model, given, expected)


def write(folder, model, given, expected):
    shutil.rmtree(folder, ignore_errors=True)
    data = folder / "test_data_set_0"
    data.mkdir(parents=True)
    onnx.save(model, folder / "model.onnx")
    for prefix, arrays in (("input", [a for _, a in given]), ("output", expected)):
        for i, array in enumerate(arrays):
            (data / f"{prefix}_{i}.pb").write_bytes(numpy_helper.from_array(np.asarray(array)).SerializeToString())


def activations():
    make("gelu", "Gelu", [floats(3, 8)])
    make("fast_gelu", "FastGelu", [floats(3, 8)])
    make("fast_gelu_bias", "FastGelu", [floats(3, 8), floats(8)])
    make("bias_gelu", "BiasGelu", [floats(2, 3, 8), floats(8)])
    make("quick_gelu", "QuickGelu", [floats(3, 8)], alpha=1.702)


def normalizations():
    x, skip, gamma, beta, bias = floats(2, 3, 8), floats(2, 3, 8), floats(8), floats(8), floats(8)
    make("simplified_layer_normalization", "SimplifiedLayerNormalization", [x, gamma], domain="", epsilon=1e-5, axis=-1)
    make("skip_layer_normalization", "SkipLayerNormalization", [x, skip, gamma, beta, bias], epsilon=1e-5)
    make("skip_layer_normalization_no_bias", "SkipLayerNormalization", [x, skip, gamma], epsilon=1e-5)
    make("skip_simplified_layer_normalization", "SkipSimplifiedLayerNormalization", [x, skip, gamma, bias], epsilon=1e-5)


def products():
    make("fused_matmul", "FusedMatMul", [floats(2, 3, 4), floats(2, 4, 5)], alpha=0.125)
    make("fused_matmul_transposed", "FusedMatMul", [floats(2, 4, 3), floats(2, 5, 4)], transA=1, transB=1, alpha=0.5)
    make("fused_gemm_relu", "FusedGemm", [floats(3, 4), floats(5, 4), floats(5)], transB=1, activation="Relu")
    make("fused_gemm_leaky_relu", "FusedGemm", [floats(3, 4), floats(4, 5), floats(5)], activation="LeakyRelu",
         activation_alpha=0.2)
    image, kernel, bias = floats(1, 2, 5, 5), floats(4, 2, 3, 3), floats(4)
    make("fused_conv_relu", "FusedConv", [image, kernel, bias], pads=[1, 1, 1, 1], activation="Relu")
    make("fused_conv_clip", "FusedConv", [image, kernel, bias], activation="Clip", activation_params=[-1.0, 1.5])
    make("fused_conv_sum", "FusedConv", [image, kernel, bias, floats(1, 4, 3, 3)], activation="Relu")


def attentions():
    x, weights, bias = floats(2, 4, 8), floats(8, 24, low=-0.7, high=0.7), floats(24)
    lengths, mask = np.array([4, 2], np.int32), np.array([[1, 1, 1, 1], [1, 1, 0, 0]], np.int32)
    make("attention", "Attention", [x, weights, bias], num_heads=2)
    make("attention_mask", "Attention", [x, weights, bias, mask], num_heads=2)
    make("attention_lengths", "Attention", [x, weights, bias, lengths], num_heads=2)
    make("attention_causal_past", "Attention", [x, weights, bias, None, floats(2, 2, 2, 3, 4)], outputs=2, num_heads=2,
         unidirectional=1)
    make("multi_head_attention", "MultiHeadAttention", [x, floats(2, 5, 8), floats(2, 5, 8), bias, None,
                                                        floats(1, 2, 4, 5)], num_heads=2, scale=0.3)
    ids, segments = RANDOM.integers(0, 10, (2, 4)).astype(np.int32), np.array([[0, 0, 1, 1]] * 2, np.int32)
    make("embed_layer_normalization", "EmbedLayerNormalization",
         [ids, segments, floats(10, 8), floats(6, 8), floats(2, 8), floats(8), floats(8), mask], outputs=2, epsilon=1e-5)


def quantized():
    # Scales without a common divisor: results that lie half-way may go either way.
    for kind, dtype in (("u8", np.uint8), ("s8", np.int8)):
        zero = dtype(3)
        x = bytes_(2, 8, dtype=dtype)
        one = [x, scale(0.0513), zero, scale(0.0209), dtype(-4 if kind == "s8" else 100)]
        make(f"qlinear_sigmoid_{kind}", "QLinearSigmoid", [x, scale(0.0513), zero, scale(1 / 256), dtype(0)])
        make(f"qlinear_leaky_relu_{kind}", "QLinearLeakyRelu", one, alpha=0.1)
        both = [x, scale(0.0513), zero, bytes_(2, 8, dtype=dtype), scale(0.0297), dtype(7), scale(0.0811), dtype(5)]
        make(f"qlinear_add_{kind}", "QLinearAdd", both)
        make(f"qlinear_mul_{kind}", "QLinearMul", both)
        image = bytes_(1, 3, 4, 4, dtype=dtype)
        pool = [image, scale(0.0513), zero, scale(0.0397), dtype(9)]
        make(f"qlinear_global_average_pool_{kind}", "QLinearGlobalAveragePool", pool, channels_last=0)
        make(f"qlinear_average_pool_{kind}", "QLinearAveragePool", pool, kernel_shape=[2, 2], strides=[2, 2])
        make(f"qlinear_concat_{kind}", "QLinearConcat",
             [scale(0.0513), zero, x, scale(0.0513), zero, bytes_(2, 8, dtype=dtype), scale(0.0209), dtype(2)], axis=1)
        make(f"qlinear_softmax_{kind}", "QLinearSoftmax",
             [x, scale(0.0513), zero, scale(1 / 256), dtype(-128 if kind == "s8" else 0)], axis=-1, opset=13)
        condition = np.array([[True], [False]])
        make(f"qlinear_where_{kind}", "QLinearWhere",
             [condition, x, scale(0.0513), zero, bytes_(2, 8, dtype=dtype), scale(0.0297), dtype(7), scale(0.0397), dtype(5)])


def machine_learning():
    rows = floats(3, 4)
    make("ml_scaler", "Scaler", [rows], domain="ai.onnx.ml", offset=[0.5, -1.0, 2.0, 0.0], scale=[2.0, 0.5, 3.0, -1.0])
    make("ml_scaler_of_integers", "Scaler", [np.array([[1, -2], [3, 40]], np.int64)], domain="ai.onnx.ml", offset=[0.5],
         scale=[0.25])
    make("ml_normalizer_l1", "Normalizer", [rows], domain="ai.onnx.ml", norm="L1")
    make("ml_normalizer_l2", "Normalizer", [rows], domain="ai.onnx.ml", norm="L2")
    make("ml_columns", "ArrayFeatureExtractor", [rows, np.array([2, 0], np.int64)], domain="ai.onnx.ml")
    make("ml_columns_of_a_vector", "ArrayFeatureExtractor", [np.array([7, 8, 9], np.int64), np.array([[2, 1]], np.int64)],
         domain="ai.onnx.ml")


def rotations():
    angles = RANDOM.uniform(-3, 3, (9, 2)).astype(np.float32)
    cosine, sine = np.cos(angles), np.sin(angles)
    places = np.array([[3, 4, 5], [0, 1, 2]], np.int64)
    make("rotary_embedding", "RotaryEmbedding", [floats(2, 3, 8), places, cosine, sine])
    make("rotary_embedding_interleaved", "RotaryEmbedding", [floats(2, 3, 8), places, cosine, sine], interleaved=1)
    make("rotary_embedding_from_a_place", "RotaryEmbedding", [floats(2, 2, 3, 4), np.array([5], np.int64), cosine, sine])
    make("rotary_embedding_of_a_part", "RotaryEmbedding", [floats(2, 3, 12), places, cosine, sine], num_heads=2,
         rotary_embedding_dim=4)


def recurrences():
    def weights(inputs, scales):
        zeros = np.zeros(scales, np.int8)
        return bytes_(2, inputs, 16, dtype=np.int8), floats(*scales, low=0.002, high=0.008), zeros

    x, bias, peepholes = floats(5, 3, 6), floats(2, 32, low=-0.5, high=0.5), floats(2, 12, low=-0.5, high=0.5)
    for name, scales in (("", (2, 16)), ("_one_scale", (2,))):
        (w, w_scale, w_zero), (r, r_scale, r_zero) = weights(6, scales), weights(4, scales)
        make(f"dynamic_quantize_lstm{name}", "DynamicQuantizeLSTM",
             [x, w, r, bias, None, None, None, peepholes if name else None, w_scale, w_zero, r_scale, r_zero], outputs=3,
             hidden_size=4, direction="bidirectional")


def group_queries():
    """4 heads of 16 numbers; 2 heads of keys and values."""
    angles = RANDOM.uniform(-3, 3, (12, 8)).astype(np.float32)
    cosine, sine = np.cos(angles), np.sin(angles)
    heads = {"num_heads": 4, "kv_num_heads": 2}

    def call(name, inputs, last, total, *more, **attributes):
        make(f"group_query_attention_{name}", "GroupQueryAttention",
             [*inputs, np.array(last, np.int32), np.array(total, np.int32), *more], outputs=3, **heads, **attributes)

    def new(length, past, batch=2, size=16):
        return [floats(batch, length, 4 * size), floats(batch, length, 2 * size), floats(batch, length, 2 * size),
                floats(batch, 2, past, size), floats(batch, 2, past, size)]

    call("prompt", new(5, 0), [4, 4], 5, cosine, sine, do_rotary=1)
    call("next", new(1, 6), [6, 4], 7, cosine, sine, do_rotary=1)
    call("interleaved", new(1, 6), [6, 4], 7, cosine, sine, do_rotary=1, rotary_interleaved=1, scale=0.25)
    call("several_more", new(3, 4, batch=1), [6], 7, cosine, sine, do_rotary=1)
    call("room_in_the_past", new(1, 9), [6, 4], 7)
    call("window", new(5, 0), [4, 4], 5, local_window_size=2)
    call("window_next", new(1, 6), [6, 4], 7, local_window_size=3)
    call("softcap_and_bias", new(2, 4, batch=1), [5], 6, None, None, None, floats(1, 4, 2, 6), softcap=1.5)
    call("sinks", new(4, 0), [3, 3], 4, None, None, None, None, floats(4))
    call("smooth", new(4, 0), [3, 3], 4, smooth_softmax=1)
    packed = [floats(2, 4, 128), None, None, floats(2, 2, 0, 16), floats(2, 2, 0, 16)]
    places = np.array([[1, 2, 3, 4]] * 2, np.int64)
    call("packed", packed, [3, 3], 4, cosine, sine, places, do_rotary=1)
    call("part_turned", new(2, 0, size=32), [1, 1], 2, cosine, sine, do_rotary=1)


def recurrent_corners():
    """What ONNX's text leaves open: whether `clip` cuts the cell, and where a sequence of no steps ends."""
    lengths = np.array([5, 0, 2, 1], np.int32)
    for op_type, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1)):
        parameters = [floats(2, gates * 3, 6), floats(2, gates * 3, 3), floats(2, gates * 6)]
        states = [floats(2, 4, 3) for _ in range(2 if op_type == "LSTM" else 1)]
        make(f"{op_type.lower()}_clip_and_lengths", op_type, [floats(5, 4, 6), *parameters, lengths, *states],
             outputs=1 + len(states), domain="", hidden_size=3, direction="bidirectional", clip=0.5)
    zeros = np.zeros((2, 16), np.int8)
    weights = [(bytes_(2, n, 16, dtype=np.int8), floats(2, 16, low=0.002, high=0.008)) for n in (6, 4)]
    (w, w_scale), (r, r_scale) = weights
    make("dynamic_quantize_lstm_clip_and_lengths", "DynamicQuantizeLSTM",
         [floats(5, 4, 6), w, r, floats(2, 32), lengths, floats(2, 4, 4), floats(2, 4, 4), None, w_scale, zeros, r_scale,
          zeros], outputs=3, hidden_size=4, direction="bidirectional", clip=0.5)


if __name__ == "__main__":
    RANDOM = np.random.default_rng(7)
    for part in (activations, normalizations, products, quantized, attentions, machine_learning, rotations, recurrences,
                 group_queries, recurrent_corners):
        part()
    print(f"{len(list(HERE.glob('*/model.onnx')))} cases")
