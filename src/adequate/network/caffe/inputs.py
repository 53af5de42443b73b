"""What a Caffe net reads: the shapes of its inputs, as far as the file says them."""

from collections.abc import Iterator

from adequate.network.caffe.message import Message

Shape = tuple[int, ...]
"""Sizes without the batch."""

DATA_LAYERS = frozenset({"Data", "DummyData", "HDF5Data", "ImageData", "Input", "MemoryData", "WindowData"})
"""Types that read nothing but files, memory or the caller's arrays."""

COLOURS, GREY = 3, 1
"""Channels of an image in colour, as Caffe takes one unless told otherwise, and of a grey one."""


def declared_inputs(net: Message) -> Iterator[tuple[str, Shape | None]]:
    """The inputs of a net's own ``input`` fields, with ``input_shape`` or four ``input_dim`` for each."""
    names = net.texts("input")
    shapes = [_shape(one) for one in net.messages("input_shape")]
    sizes = net.integers("input_dim", 1)
    if sizes and len(sizes) != 4 * len(names):
        raise ValueError(f"{len(names)} inputs have {len(sizes)} 'input_dim'; each takes four")
    shapes += [sizes[start + 1 : start + 4] for start in range(0, len(sizes), 4)]
    if shapes and len(shapes) not in (1, len(names)):
        raise ValueError(f"{len(names)} inputs have {len(shapes)} shapes")
    for index, name in enumerate(names):
        yield name, shapes[min(index, len(shapes) - 1)] if shapes else None


def shapes_of_data(layer: Message, kind: str) -> Iterator[Shape | None]:
    """The shape of each top of a layer of data; of two, the second holds labels where the file has images.

    A crop says height and width. An image has three channels, or one where the layer says so (``force_gray``,
    ``is_color: false``).
    """
    if kind in ("Input", "DummyData"):
        parameters = layer.message("input_param" if kind == "Input" else "dummy_data_param")
        shapes = [_shape(one) for one in parameters.messages("shape")]
        four = [parameters.integers(name, 1) for name in ("channels", "height", "width")]
        shapes += zip(*four, strict=False)
        for index, _ in enumerate(layer.texts("top")):
            yield shapes[min(index, len(shapes) - 1)] if shapes else None
        return
    yield _memory(layer) if kind == "MemoryData" else _image(layer, kind)
    for _ in layer.texts("top")[1:]:
        yield ()


def _shape(message: Message) -> Shape:
    sizes = message.integers("dim", 1)
    if not sizes:
        raise ValueError(f"line {message.line}: a shape without dimensions")
    return sizes[1:]


def _memory(layer: Message) -> Shape:
    parameters = layer.message("memory_data_param")
    return tuple(parameters.integer(name, 1, 1) for name in ("channels", "height", "width"))


def _image(layer: Message, kind: str) -> Shape | None:
    parameters, transform = layer.message("image_data_param"), layer.message("transform_param")
    old = layer.message({"Data": "data_param", "ImageData": "image_data_param"}.get(kind, "window_data_param"))
    crop = transform.integer("crop_size", 0) or old.integer("crop_size", 0)
    height, width = (crop or parameters.integer(name, 0) for name in ("new_height", "new_width"))
    if not (height and width):
        return None
    grey = transform.flag("force_gray", False) or not parameters.flag("is_color", True)
    return (GREY if grey else COLOURS, height, width)
