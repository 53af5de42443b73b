"""Names that mean something to a reader, and paths that must mean nothing."""

OUTSIDE = "outside.bin"
"""A file beside the case's folder."""

LINK = "link.bin"
"""A link in the case's folder to ``OUTSIDE``."""

PATHS = (f"../{OUTSIDE}", f"./x/../../{OUTSIDE}", LINK, "/etc/hostname", "", ".", "..", "a\0b", "C:\\x", "weights.bin")

OPERATORS = """
Add And ArgMax AveragePool BatchNormalization Cast Celu Clip Concat Constant ConstantOfShape Conv ConvTranspose CumSum
DepthToSpace DequantizeLinear Div Einsum Equal Expand Flatten GRU Gather GatherElements GatherND Gemm GlobalAveragePool
GroupNormalization Identity If InstanceNormalization LRN LSTM LayerNormalization Loop LpPool MatMul MaxPool Mean Mod
OneHot PRelu Pad Pow QuantizeLinear RNN Range ReduceMean ReduceSum Relu Reshape Resize Scan ScatterND Shape Size Slice
Softmax SpaceToDepth Split Squeeze Sum Tile TopK Transpose Trilu Unsqueeze Upsample Where"""

LAYERS = """
AbsVal Accuracy BatchNorm Bias Concat Convolution ConvolutionRistretto Crop Data Deconvolution Dropout DummyData ELU
Eltwise Embed FcRistretto Flatten ImageData InnerProduct Input LRN LRNRistretto MVN MemoryData PReLU Pooling Power ReLU
Reduction Reshape Scale Sigmoid Silence Slice Softmax SoftmaxWithLoss Split TanH Threshold Tile CONVOLUTION POOLING AVE
MAX SUM PROD TEST TRAIN true false"""

FORMATS = """
fixed float pow2 binary ternary codebook scaled shared_exponent e4m3 binary32 unsigned narrow zero axis rounding
overflow stochastic wrap sequential"""

TENSOR_FUNCTIONS = """
relu.default add.Tensor conv2d.default linear.default reshape.default view.default expand.default repeat.default
cat.default pad.default permute.default zeros.default full.default arange.default matmul.default upsample_nearest2d.vec
split.Tensor slice.Tensor select.int sum.dim_IntList mean.dim softmax.int topk.default item.default sym_size.int
lstm.input einsum.default unfold.default one_hot.default nonzero.default"""

FUNCTIONS = ("torch.load", "os.system", "_operator.mul", "_operator.getitem", "_operator.pow")

WORDS = (
    *(word for words in (OPERATORS, LAYERS, FORMATS) for word in words.split()),
    *(f"torch.ops.aten.{name}" for name in TENSOR_FUNCTIONS.split()),
    *FUNCTIONS,
)
"""Operators of ONNX, layers of Caffe, words of our formats, functions of exported programs."""
