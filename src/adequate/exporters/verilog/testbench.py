"""The testbench: runs the machine on images and compares what it writes with what it is to write."""

from string import Template

from adequate.exporters.verilog.hardware import Hardware

CHECK_BITS, LAYER_BITS = 64, 31
"""A word of ``checks``: whether an instruction's results are compared, the layer, and the first expected line."""

_TEXT = Template("""\
// Runs the machine on images from memory/ and compares every layer's output. See README.md.
`timescale 1ns / 1ns
module testbench;
  reg clk = 0, rst = 1, start = 0, host_write = 0;
  reg [$data:0] host_address = 0;
  reg signed [$word:0] host_data = 0;
  wire busy, written;
  wire signed [$word:0] host_read, value;
  wire [$data:0] offset;
  wire [$instructions:0] step;
  machine dut(.clk(clk), .rst(rst), .start(start), .busy(busy), .host_write(host_write), .host_address(host_address),
    .host_data(host_data), .host_read(host_read), .written(written), .value(value), .step(step), .offset(offset));
  always #1 clk = !clk;

  // images, inputs of one, expected values of one, cycles that are too many, instructions
  reg [63:0] run [0:4];
  reg [63:0] checks [0:(1<<($instructions+1))-1];
  reg [31:0] spent [0:(1<<($instructions+1))-1];
  reg signed [$word:0] expected, given;
  reg [64*8:1] name;
  reg failed = 0;
  integer inputs, outputs, names, image, at, cycle, compared = 0, code;

  task finish; begin $$fclose(inputs); $$fclose(outputs); $$finish; end endtask

  task compare; begin
    code = $$fseek(outputs, (image * run[2] + checks[step][31:0] + offset) * $line, 0);
    code = $$fscanf(outputs, "%h", expected);
    compared = compared + 1;
    if (value !== expected) begin
      names = $$fopen("memory/layers.txt", "r");
      for (at = 0; at <= checks[step][62:32]; at = at + 1) code = $$fscanf(names, "%s", name);
      $$fclose(names);
      $$display("layer %0d %0s, image %0d, value %0d: expected %0d, found %0d",
        checks[step][62:32], name, image, checks[step][31:0] + offset, expected, value);
      failed = 1;
    end
  end endtask

  initial begin
    $$readmemh("memory/run.hex", run);
    $$readmemh("memory/checks.hex", checks);
    inputs = $$fopen("memory/inputs.hex", "r");
    outputs = $$fopen("memory/expected.hex", "r");
    for (at = 0; at < run[4]; at = at + 1) spent[at] = 0;
    repeat (2) @(negedge clk);
    rst = 0;
    for (image = 0; image < run[0] && !failed; image = image + 1) begin
      for (at = 0; at < run[1]; at = at + 1) begin
        @(negedge clk);
        code = $$fscanf(inputs, "%h", given);
        host_write = 1; host_address = at; host_data = given;
      end
      @(negedge clk) begin host_write = 0; start = 1; end
      @(negedge clk) start = 0;
      for (cycle = 0; busy && !failed; cycle = cycle + 1) begin
        if (image == 0) spent[step] = spent[step] + 1;
        if (written && checks[step][63]) compare;
        if (cycle > run[3]) begin $$display("no end after %0d cycles", cycle); failed = 1; end
        @(negedge clk);
      end
    end
    if (!failed && compared != run[0] * run[2])
      $$display("%0d values were written, not %0d", compared, run[0] * run[2]);
    else if (!failed) begin
      for (at = 0; at < run[4]; at = at + 1) $$display("instruction %0d: %0d cycles", at, spent[at]);
      $$display("0 mismatches of %0d values", compared);
    end
    finish;
  end
endmodule
""")


def testbench(hardware: Hardware) -> str:
    """The Verilog of the testbench; it depends on the hardware alone."""
    at = hardware.addresses
    return _TEXT.substitute(
        data=at.data - 1,
        word=hardware.word - 1,
        instructions=at.instructions - 1,
        line=-(-hardware.word // 4) + 1,
    )
