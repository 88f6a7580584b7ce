//! Linear layers as tiles of matrix products.

use super::{Activation, Input, InputGrad, LinearKernels, LinearOffsets};
use crate::ops::gpu::tile::Tile;
use crate::ops::gpu::{
    Array, Batch, DropoutArgs, Gpu, Hardware, Includes, groups, kernel_args, kernels, shader_enum, vector_width,
};
use crate::ops::{Cost, Dropout};

/// Rows of a range of a weight's gradient below which its sums cost more than they save.
const MIN_ROWS: usize = 32;

kernel_args! {
    /// Arguments of linear.wgsl.
    LinearArgs {
        rows: u32, inputs: u32, outputs: u32,
        parts: u32, relu: u32,
        weight0: u32, weight1: u32, weight2: u32,
        bias0: u32, bias1: u32, bias2: u32,
        key0: u32, key1: u32, threshold: u32, scale: f32,
    }
}

kernel_args! {
    /// Arguments of linear_input_grad.wgsl.
    InputGradArgs {
        rows: u32, inputs: u32, outputs: u32,
        parts: u32, into: u32, scale: f32,
        weight0: u32, weight1: u32, weight2: u32,
    }
}

kernel_args! {
    /// Arguments of linear_weight_grad.wgsl.
    WeightGradArgs {
        rows: u32, inputs: u32, outputs: u32,
        parts: u32, layers: u32,
        splits: u32, split_rows: u32,
        weight0: u32, weight1: u32, weight2: u32,
        bias0: u32, bias1: u32, bias2: u32,
    }
}

kernel_args! {
    /// Arguments of linear_sum_splits.wgsl.
    SumSplitsArgs {
        splits: u32, inputs: u32, outputs: u32, parts: u32, layers: u32,
        weight0: u32, weight1: u32, weight2: u32,
        bias0: u32, bias1: u32, bias2: u32,
    }
}

shader_enum! {
    /// What layers read ([`Input`]).
    SourceKind, "FROM_" {
        Rows = "rows",
        FirstRows = "first_rows",
        Streams = "streams",
        Joined = "joined",
    }
}

shader_enum! {
    /// What the gradient of the input goes into ([`InputGrad`]).
    TargetKind, "INTO_" {
        Rows = "rows",
        Through = "through",
        Add = "add",
        AddFirstRows = "add_first_rows",
        AddStreams = "add_streams",
        Joined = "joined",
        AddJoined = "add_joined",
        /// Any of them, told when the kernel runs.
        Any = "any",
    }
}

kernels! {
    includes includes;
    linear(from, sigmoid, tile, vector_width): LinearArgs, "linear.wgsl", [Read, Read, Read, Read, Read, Write];
    linear_input_grad(into, tile, vector_width): InputGradArgs, "linear_input_grad.wgsl",
        [Read, Read, Read, Read, Write, Write, Write];
    linear_weight_grad(from, tile, vector_width): WeightGradArgs, "linear_weight_grad.wgsl",
        [Read, Read, Read, Read, Read, Write];
    linear_sum_splits(): SumSplitsArgs, "linear_sum_splits.wgsl", [Read, Write];
}

fn includes() -> Includes {
    vec![("sources", SourceKind::wgsl()), ("targets", TargetKind::wgsl())]
}

/// What layers read, as the kernels want it.
struct Sources<'a> {
    arrays: [&'a Array; 3],
    kind: SourceKind,
    rows: usize,
    parts: usize,
}

impl<'a> Sources<'a> {
    fn new(input: &Input<'a, Array>, batch: &Batch, hardware: Hardware) -> Self {
        let (rows, windows) = (batch.prepared.rows(), batch.prepared.windows());
        // From two arrays one may choose as from three.
        let streams = if hardware.specializes_kernels() { SourceKind::Streams } else { SourceKind::Joined };
        let whole = |x: &'a Array| Self { arrays: [x; 3], kind: SourceKind::Rows, rows, parts: 1 };
        match input {
            Input::Rows(x) => whole(x),
            Input::FirstRows(x) => Self { rows: windows, kind: SourceKind::FirstRows, ..whole(x) },
            Input::Streams(ctx, val) => Self { arrays: [ctx, val, val], kind: streams, ..whole(ctx) },
            Input::Joined(parts) => {
                let at = |i: usize| parts[i.min(parts.len() - 1)];
                Self { arrays: [at(0), at(1), at(2)], kind: SourceKind::Joined, rows, parts: parts.len() }
            }
        }
    }
}

/// One value for each of three layers, the last repeated.
fn for_layers(layers: &[LinearOffsets], value: impl Fn(&LinearOffsets) -> usize) -> [u32; 3] {
    std::array::from_fn(|l| value(&layers[l.min(layers.len() - 1)]) as u32)
}

/// Four floats at once where a layer's matrices and biases lie so.
fn quads_of(layers: &[LinearOffsets], parts: usize) -> usize {
    let places = layers.iter().flat_map(|l| [l.weight, l.bias, l.inputs, l.inputs / parts, l.outputs]);
    vector_width(&places.collect::<Vec<_>>())
}

/// How the gradients of weights `[outputs, width]` are cut: tiles of a weight, and ranges of rows, so many that there are enough
/// workgroups.
#[derive(Debug, PartialEq)]
struct WeightGrid {
    tile: Tile,
    tiles: [usize; 2],
    ranges: usize,
    range_rows: usize,
}

impl WeightGrid {
    /// For `side` weights side by side, over `rows` rows.
    fn new(hardware: Hardware, rows: usize, outputs: usize, width: usize, side: usize) -> Self {
        let tile = Tile::of_weight(hardware, outputs);
        let [x, y, _] = tile.groups(outputs, width, 1);
        let wanted = (2 * hardware.min_workgroups()).div_ceil(x * y * side).min(rows.div_ceil(MIN_ROWS)).max(1);
        let range_rows = rows.div_ceil(wanted).next_multiple_of(16);
        Self { tile, tiles: [x, y], ranges: rows.div_ceil(range_rows), range_rows }
    }
}

impl LinearKernels for Gpu {
    fn linear(
        &mut self,
        params: &Array,
        batch: &Batch,
        input: Input<'_, Array>,
        layers: &[LinearOffsets],
        activation: Activation,
        dropout: Dropout,
        out: &mut Array,
    ) {
        let from = Sources::new(&input, batch, self.hardware);
        let LinearOffsets { inputs, outputs, .. } = layers[0];
        let DropoutArgs { key0, key1, threshold, scale } = dropout.into();
        let [weight0, weight1, weight2] = for_layers(layers, |l| l.weight);
        let [bias0, bias1, bias2] = for_layers(layers, |l| l.bias);
        let args = LinearArgs {
            rows: from.rows as u32,
            inputs: inputs as u32,
            outputs: outputs as u32,
            parts: from.parts as u32,
            relu: u32::from(activation == Activation::Relu),
            weight0,
            weight1,
            weight2,
            bias0,
            bias1,
            bias2,
            key0,
            key1,
            threshold,
            scale,
        };
        let [x0, x1, x2] = from.arrays;
        let arrays = [&batch.integers, params, x0, x1, x2, out].map(Some);
        let tile = Tile::of(self.hardware, from.rows, outputs, layers.len());
        let sigmoid = usize::from(activation == Activation::Sigmoid);
        let kernel = linear(from.kind as usize, sigmoid, tile.index(), quads_of(layers, from.parts));
        self.clock.record(kernel.name, Cost::linear(from.rows, layers));
        self.dispatch(&kernel, &args, &arrays, tile.groups(from.rows, outputs, layers.len()));
    }

    fn linear_input_grad(
        &mut self,
        params: &Array,
        batch: &Batch,
        d_out: &Array,
        layers: &[LinearOffsets],
        to: InputGrad<'_, Array>,
    ) {
        let LinearOffsets { inputs, outputs, .. } = layers[0];
        let [weight0, weight1, weight2] = for_layers(layers, |l| l.weight);
        let mut args = InputGradArgs {
            rows: batch.prepared.rows() as u32,
            inputs: inputs as u32,
            outputs: outputs as u32,
            parts: 1,
            into: 0,
            scale: 1.0,
            weight0,
            weight1,
            weight2,
        };
        let mut forward = d_out;
        let (into, arrays): (TargetKind, Vec<&Array>) = match to {
            InputGrad::Rows(d_x) => (TargetKind::Rows, vec![d_x]),
            InputGrad::Through { grad, output, scale } => {
                (args.scale, forward) = (scale, output);
                (TargetKind::Through, vec![grad])
            }
            InputGrad::Add(d_x) => (TargetKind::Add, vec![d_x]),
            InputGrad::AddFirstRows(d_x) => {
                args.rows = batch.prepared.windows() as u32;
                (TargetKind::AddFirstRows, vec![d_x])
            }
            InputGrad::AddStreams(d_ctx, d_val) => (TargetKind::AddStreams, vec![d_ctx, d_val]),
            InputGrad::Joined(parts) => (TargetKind::Joined, parts.into_iter().map(|part| &*part).collect()),
            InputGrad::AddJoined(parts) => (TargetKind::AddJoined, parts.into_iter().map(|part| &*part).collect()),
        };
        if matches!(into, TargetKind::Joined | TargetKind::AddJoined) {
            args.parts = arrays.len() as u32;
        }
        args.into = into as u32;
        let read = [&batch.integers, params, d_out, forward].map(Some);
        let outputs = (0..3).map(|i| arrays.get(i).copied());
        let arrays: Vec<_> = read.into_iter().chain(outputs).collect();
        let (rows, deep) = (args.rows as usize, if into == TargetKind::AddStreams { 2 } else { 1 });
        let tile = Tile::of(self.hardware, rows, inputs, deep);
        let compiled_for = if self.hardware.specializes_kernels() { into } else { TargetKind::Any };
        let kernel = linear_input_grad(compiled_for as usize, tile.index(), quads_of(layers, args.parts as usize));
        self.clock.record(kernel.name, Cost::linear(rows, layers));
        self.dispatch(&kernel, &args, &arrays, tile.groups(rows, inputs, deep));
    }

    fn linear_weight_grad(
        &mut self,
        batch: &Batch,
        d_out: &Array,
        input: Input<'_, Array>,
        layers: &[LinearOffsets],
        grads: &mut Array,
    ) {
        let from = Sources::new(&input, batch, self.hardware);
        let LinearOffsets { inputs, outputs, .. } = layers[0];
        let [weight0, weight1, weight2] = for_layers(layers, |l| l.weight);
        let [bias0, bias1, bias2] = for_layers(layers, |l| l.bias);
        // Layers or parts, side by side.
        let side = from.parts.max(layers.len());
        let width = inputs / from.parts;
        let WeightGrid { tile, tiles: [x, y], mut ranges, mut range_rows } =
            WeightGrid::new(self.hardware, from.rows, outputs, width, side);
        let sums = (side * width + layers.len()) * outputs;
        let mut scratch = None;
        if ranges > 1 {
            // Without room for it the rows stay in one range: slower, and the same sums.
            scratch = self.lend_scratch(ranges * sums).ok();
        }
        if scratch.is_none() {
            (ranges, range_rows) = (1, from.rows);
        }
        let args = WeightGradArgs {
            rows: from.rows as u32,
            inputs: inputs as u32,
            outputs: outputs as u32,
            parts: from.parts as u32,
            layers: layers.len() as u32,
            splits: ranges as u32,
            split_rows: range_rows as u32,
            weight0,
            weight1,
            weight2,
            bias0,
            bias1,
            bias2,
        };
        let [x0, x1, x2] = from.arrays;
        let to = scratch.as_ref().unwrap_or(grads);
        let arrays = [&batch.integers, d_out, x0, x1, x2, to].map(Some);
        let kernel = linear_weight_grad(from.kind as usize, tile.index(), quads_of(layers, from.parts));
        self.clock.record(kernel.name, Cost::linear(from.rows, layers));
        self.dispatch(&kernel, &args, &arrays, [x, y, ranges * side]);
        if let Some(scratch) = scratch {
            let WeightGradArgs { splits, inputs, outputs, parts, layers, .. } = args;
            let args = SumSplitsArgs {
                splits,
                inputs,
                outputs,
                parts,
                layers,
                weight0,
                weight1,
                weight2,
                bias0,
                bias1,
                bias2,
            };
            self.clock.record("linear_sum_splits", Cost::moving((ranges + 1) * sums));
            self.dispatch(&linear_sum_splits(), &args, &[Some(&scratch), Some(&*grads)], groups(sums));
            self.take_scratch(scratch);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_split_where_a_weight_alone_has_few_tiles() {
        let cut = |rows, outputs| {
            let grid = WeightGrid::new(Hardware::Gpu, rows, outputs, 64, 1);
            (grid.ranges, grid.range_rows)
        };
        assert_eq!(cut(2_100, 64), (66, 32));
        assert_eq!(cut(5, 64), (1, 16));
        assert_eq!(WeightGrid::new(Hardware::Gpu, 2_100, 2_048, 1_024, 1).ranges, 1);
    }

    /// The products of the compact model (d_model 64, d_ff 128, 100 skills, 2,100 rows of 64 windows) on a GPU.
    #[test]
    fn a_compact_model_has_enough_workgroups() {
        // Inputs, outputs, layers side by side, parts of the input.
        for (inputs, outputs, layers, parts) in [
            (64, 64, 3, 1),
            (64, 64, 1, 1),
            (64, 128, 1, 1),
            (128, 64, 1, 1),
            (192, 128, 1, 3),
            (128, 1, 1, 1),
            (64, 100, 1, 1),
        ] {
            let of = |columns: usize, deep: usize| {
                Tile::of(Hardware::Gpu, 2_100, columns, deep).groups(2_100, columns, deep).iter().product::<usize>()
            };
            assert!(of(outputs, layers) >= 64, "forward {inputs} → {outputs}");
            assert!(of(inputs, 1) >= 64, "input's gradient of {inputs} → {outputs}");
            let side = layers.max(parts);
            let grid = WeightGrid::new(Hardware::Gpu, 2_100, outputs, inputs / parts, side);
            assert!(
                grid.tiles[0] * grid.tiles[1] * side * grid.ranges >= 64,
                "weights' gradient of {inputs} → {outputs}"
            );
        }
    }
}
