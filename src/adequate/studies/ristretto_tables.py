"""What the thesis printed (P. Gysel, "Ristretto", 2016), table by table."""

from adequate.studies.study import Row

LENET, CIFAR = "LeNet", "CIFAR-10 Full"
NO_WEIGHTS = "trained weights are not at hand"


def published() -> tuple[Row, ...]:
    """Tables 4.1, 5.1, 5.2, 6.1 and 7.1, all networks."""
    return (*_table_4_1(), *_table_5_1(), *_table_5_2(), *_table_6_1(), *_table_7_1())


def _table_4_1() -> list[Row]:
    return [
        Row("4.1", LENET, "static 8 bit (Q4.4)", 0.9915, 0.8890, 0.9888),
        Row("4.1", CIFAR, "static 16 bit (Q8.8)", 0.8169, 0.8094, 0.8138),
        Row("4.1", "CaffeNet", "static 16 bit (Q9.7)", 0.5690, 0.5213, 0.5248, note=NO_WEIGHTS),
    ]


def _table_5_1() -> list[Row]:
    printed = {
        (LENET, 0.991): {
            "outputs": (0.991, 0.991, 0.989, 0.859),
            "conv": (0.991, 0.991, 0.991, 0.989),
            "fc": (0.991, 0.991, 0.989, 0.987),
        },
        (CIFAR, 0.817): {
            "outputs": (0.816, 0.816, 0.796, 0.480),
            "conv": (0.817, 0.814, 0.759, 0.191),
            "fc": (0.817, 0.808, 0.799, 0.775),
        },
        ("CaffeNet", 0.569): {
            "outputs": (0.568, 0.567, 0.060, 0.001),
            "conv": (0.569, 0.567, 0.001, 0.001),
            "fc": (0.569, 0.563, 0.001, 0.001),
        },
    }
    return [
        Row(
            "5.1",
            network,
            f"{part} {bits} bit",
            base,
            value,
            None,
            note=NO_WEIGHTS if network == "CaffeNet" else "",
        )
        for (network, base), parts in printed.items()
        for part, values in parts.items()
        for bits, value in zip((16, 8, 4, 2), values, strict=True)
    ]


def _table_5_2() -> list[Row]:
    return [
        Row("5.2", LENET, "dynamic 4/4/4", 0.9915, 0.9872, 0.9895),
        Row("5.2", LENET, "dynamic 4/2/2", 0.9915, 0.9803, 0.9881),
        Row("5.2", CIFAR, "dynamic 8/8/8", 0.8169, 0.8064, 0.8144),
        Row("5.2", "CaffeNet", "dynamic 8/8/8", 0.5690, 0.5577, 0.5600, note=NO_WEIGHTS),
        Row("5.2", "SqueezeNet", "dynamic 8/8/8", 0.5768, 0.5525, 0.5709, note="no ImageNet validation images at hand"),
        Row("5.2", "GoogLeNet", "dynamic 8/8/8", 0.6892, 0.6607, 0.6657, note=NO_WEIGHTS),
    ]


def _table_6_1() -> list[Row]:
    return [
        Row("6.1", LENET, "minifloat 8 bit (e4m3)", 0.9915, 0.9920, 0.9920),
        Row("6.1", CIFAR, "minifloat 8 bit (e5m2)", 0.8169, 0.8047, 0.8085),
        Row("6.1", "CaffeNet", "minifloat 8 bit (e5m2)", 0.5690, 0.5230, 0.5252, note=NO_WEIGHTS),
    ]


def _table_7_1() -> list[Row]:
    return [
        Row("7.1", LENET, "power-of-two weights 4 bit", 0.9915, 0.9909, 0.9916),
        Row("7.1", CIFAR, "power-of-two weights 4 bit", 0.8169, 0.7465, 0.7748),
        Row("7.1", "CaffeNet", "power-of-two weights 4 bit", 0.5690, 0.5058, 0.5325, note=NO_WEIGHTS),
    ]
