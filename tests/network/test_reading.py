"""The door for files: what it takes, and that formats in a file become a design."""

from pathlib import Path

import pytest

from adequate.design import Design, LayerDesign
from adequate.emulated_layer import check
from adequate.formats import Fixed
from adequate.network.reading import read

RISTRETTO = """
layer { name: 'data' type: 'Input' top: 'data' input_param { shape { dim: 1 dim: 1 dim: 4 dim: 4 } } }
layer {
  name: 'ip' type: 'FcRistretto' bottom: 'data' top: 'ip' inner_product_param { num_output: 3 }
  quantization_param { bw_layer_in: 8 fl_layer_in: 4 bw_layer_out: 8 fl_layer_out: 3 bw_params: 4 fl_params: 2 }
}
"""


def test_formats_in_a_file_are_its_design(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(RISTRETTO)
    network, design = read(str(path))
    assert design == Design({"ip": LayerDesign(input=Fixed(8, 4), weight=Fixed(4, 2), output=Fixed(8, 3))})
    check(network, design)
    assert network["ip"].macs == 48


def test_kinds_of_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"net\.h5: networks are read from \.onnx, \.pt2, \.prototxt"):
        read(tmp_path / "net.h5")


@pytest.mark.parametrize("name", ["net.onnx", "net.pt2"])
def test_weights_are_for_files_without(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="has its own weights"):
        read(tmp_path / name, weights=tmp_path / "w.caffemodel")


@pytest.mark.parametrize("name", ["net.onnx", "net.pt2", "net.prototxt"])
def test_a_file_that_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / name)
