"""The memories, in the words in which synthesis tools and simulators know them."""

MEMORY = """\
// A memory that is read a cycle after its address; it holds what is in FILE at first, and 0 behind it.
module memory #(parameter WIDTH = 1, parameter ADDRESS = 1, parameter FILE = "") (
  input clk, input write, input [ADDRESS-1:0] write_address, input [WIDTH-1:0] write_data,
  input [ADDRESS-1:0] address, output reg [WIDTH-1:0] data);
  reg [WIDTH-1:0] cells [0:(1<<ADDRESS)-1];
  integer at;
  initial begin
    for (at = 0; at < (1<<ADDRESS); at = at + 1) cells[at] = 0;
    $readmemh(FILE, cells);
  end
  always @(posedge clk) begin
    if (write) cells[write_address] <= write_data;
    data <= cells[address];
  end
endmodule

// A memory that is read at once.
module lookup #(parameter WIDTH = 1, parameter ADDRESS = 1, parameter FILE = "") (
  input [ADDRESS-1:0] address, output [WIDTH-1:0] data);
  reg [WIDTH-1:0] cells [0:(1<<ADDRESS)-1];
  initial $readmemh(FILE, cells);
  assign data = cells[address];
endmodule
"""
"""The memories, as synthesis tools know them."""
