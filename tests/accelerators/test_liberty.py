"""Liberty files are read as they are nested, and never mistaken."""

import time

import pytest

from adequate.accelerators.liberty import read_library


def test_only_a_cell_s_own_attributes_count() -> None:
    library = read_library(
        """
        library ("lib") { /* cell (NO) { area : 1; } */
          leakage_power_unit : "10pW"; default_cell_leakage_power : 50; area : 7;
          operating_conditions (typical) { area : 8; }
          cell ("A") { area : 2.5; cell_leakage_power : 2e1;
            leakage_power () { when : "!I"; cell_leakage_power : 9; value : 3; }
            pin (I) { area : 6; function : "} cell (X) { area : 4; }"; timing () { values ("1, 2", \\
              "3, } 4"); } } }
          cell (B) { area:3 ; }
          cell (C) { dont_use : true; cell_leakage_power : "7" ; }
        }
        """
    )
    assert library.areas == {"A": 2.5, "B": 3.0}
    assert library.leakages_nw == pytest.approx({"A": 0.2, "B": 0.5, "C": 0.07})


def test_without_a_unit_there_is_no_leakage() -> None:
    assert read_library("library (l) { cell (A) { area : 1; cell_leakage_power : 3; } }").leakages_nw == {}


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="could not convert"):
        read_library("library (l) { cell (A) { area : wide; } }")


@pytest.mark.parametrize("piece", ["cell (", "}", '"', "a : ", "/*", "cell (A) {", "a ", "cell (A) { }", "\\"])
def test_long_nonsense_takes_no_longer_than_its_length(piece: str) -> None:
    begin = time.process_time()
    read_library(piece * 200_000)
    assert time.process_time() - begin < 5
