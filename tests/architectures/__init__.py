"""Small networks of every kind, each with its table of layers derived by hand."""

from tests.architectures.architecture import Architecture, Row
from tests.architectures.autoencoder import AUTOENCODER
from tests.architectures.capsnet import CAPSNET
from tests.architectures.cnn3d import CNN_3D
from tests.architectures.convnext import CONVNEXT
from tests.architectures.densenet import DENSENET
from tests.architectures.detector import DETECTOR
from tests.architectures.ds_cnn import DS_CNN
from tests.architectures.efficientnet import EFFICIENTNET
from tests.architectures.generator import GENERATOR
from tests.architectures.googlenet import GOOGLENET
from tests.architectures.graph_convolution import GRAPH_CONVOLUTION
from tests.architectures.gru_tagger import GRU_TAGGER
from tests.architectures.hand_written_attention import HAND_WRITTEN_ATTENTION
from tests.architectures.lstm_classifier import LSTM_CLASSIFIER
from tests.architectures.mlp_mixer import MLP_MIXER
from tests.architectures.mobilenet_v1 import MOBILENET_V1
from tests.architectures.mobilenet_v2 import MOBILENET_V2
from tests.architectures.mobilenet_v3 import MOBILENET_V3
from tests.architectures.multi_input import MULTI_INPUT
from tests.architectures.preactivation_resnet import PREACTIVATION_RESNET
from tests.architectures.regnet import REGNET
from tests.architectures.resnet_basic import RESNET_BASIC
from tests.architectures.resnet_bottleneck import RESNET_BOTTLENECK
from tests.architectures.shufflenet import SHUFFLENET
from tests.architectures.siamese import SIAMESE
from tests.architectures.squeezenet import SQUEEZENET
from tests.architectures.super_resolution import SUPER_RESOLUTION
from tests.architectures.tcn import TEMPORAL
from tests.architectures.text_cnn import TEXT_CNN
from tests.architectures.transformer_encoder import TRANSFORMER_ENCODER
from tests.architectures.unet import UNET
from tests.architectures.vgg import VGG_NET
from tests.architectures.vit import VIT

ARCHITECTURES: tuple[Architecture, ...] = (
    AUTOENCODER,
    CAPSNET,
    CNN_3D,
    CONVNEXT,
    DENSENET,
    DETECTOR,
    DS_CNN,
    EFFICIENTNET,
    GENERATOR,
    GOOGLENET,
    GRAPH_CONVOLUTION,
    GRU_TAGGER,
    HAND_WRITTEN_ATTENTION,
    LSTM_CLASSIFIER,
    MLP_MIXER,
    MOBILENET_V1,
    MOBILENET_V2,
    MOBILENET_V3,
    MULTI_INPUT,
    PREACTIVATION_RESNET,
    REGNET,
    RESNET_BASIC,
    RESNET_BOTTLENECK,
    SHUFFLENET,
    SIAMESE,
    SQUEEZENET,
    SUPER_RESOLUTION,
    TEMPORAL,
    TEXT_CNN,
    TRANSFORMER_ENCODER,
    UNET,
    VGG_NET,
    VIT,
)

SHALLOW: tuple[Architecture, ...] = (
    AUTOENCODER,
    GENERATOR,
    GRAPH_CONVOLUTION,
    GRU_TAGGER,
    LSTM_CLASSIFIER,
    SHUFFLENET,
    SIAMESE,
    SUPER_RESOLUTION,
    TEMPORAL,
    TEXT_CNN,
)
"""Those through which rounding errors grow so little that a worst-case bound is close."""

SEVERAL_LAYERS_IN_A_CALL: tuple[Architecture, ...] = (GRU_TAGGER, LSTM_CLASSIFIER, TRANSFORMER_ENCODER, VIT)
"""Those with an attention or a recurrent network that is one call of torch's."""

__all__ = ["ARCHITECTURES", "SEVERAL_LAYERS_IN_A_CALL", "SHALLOW", "Architecture", "Row"]
