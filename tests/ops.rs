//! Every kernel against its twin in 64-bit floats: outputs at odd sizes, gradients against finite differences of the
//! twin, all outputs filled with NaN beforehand; and whole models of odd shapes on the GPU against the CPU.

#[path = "support/kernels.rs"]
#[macro_use]
mod kernels;
mod support;
#[path = "support/twin.rs"]
mod twin;

use futures_lite::future::block_on;
use gainakt::config::{Config, EncoderKind, ModelKind};
use gainakt::data::RaggedBatch;
use gainakt::model::gainakt2exp::GainAktKernels;
use gainakt::model::{DropoutSites, Losses, Model, ModelConfig};
use gainakt::objective::{EpochSettings, GainAktObjective};
use gainakt::ops::{
    Activation, AdamStep, AttentionSizes, Dropout, EmbeddingTables, Input, InputGrad, ItemStep, ItemTables, Kernels,
    LinearOffsets, LstmWork, NormOffsets, NormStream, NormStreamGrad, PreparedBatch,
};
use kernels::{answers_batch, batch, check, lengths, noise, poison, short_lengths, upload, wide};
use support::{absolute_error, devices};

fn attention_on<K: Kernels>(k: &mut K, device: &str) {
    for (lengths, differences) in
        lengths().into_iter().map(|l| (l, false)).chain(short_lengths().into_iter().map(|l| (l, true)))
    {
        for (heads, width) in [(2, 4), (3, 3), (1, 16), (4, 16)] {
            let at = AttentionSizes { heads, width };
            let what = format!("attention {lengths:?}, {heads} heads of {width}, {device}");
            let plan = PreparedBatch::new(batch(&lengths, 3), 3);
            let (n, offsets) = (plan.rows(), plan.batch.offsets.clone());
            let size = n * heads * width;
            let values = noise(3 * size, 1);
            let batch = k.batch(plan, None).unwrap();
            let qkv = upload(k, &values);
            let (mut out, mut lse) = (poison(k, size), poison(k, n * heads));
            k.attention(&batch, at, &qkv, &mut out, &mut lse);
            check(k, &what, &out, 0, &twin::attention(&wide(&values), &offsets, at), 2e-6);
            if differences && heads * width <= 9 {
                let weights = noise(size, 2);
                let d_out = upload(k, &weights);
                let (mut delta, mut d_qkv) = (poison(k, n * heads), poison(k, 3 * size));
                k.attention_grad(&batch, at, &qkv, &out, &lse, &d_out, &mut delta, &mut d_qkv);
                let wanted = twin::gradient(&wide(&values), &wide(&weights), |x| twin::attention(x, &offsets, at));
                check(k, &format!("gradient of {what}"), &d_qkv, 0, &wanted, 5e-6);
            }
        }
    }
}

#[test]
fn attention() {
    on_each_device!(attention_on);
}

fn norm_on<K: Kernels>(k: &mut K, device: &str) {
    for (n, width) in [(1, 2), (3, 5), (33, 64), (130, 65), (70, 200)] {
        for streams in [1, 2] {
            let what = format!("residual norm {n}×{width}, {streams} streams, {device}");
            let params = noise(4 * width, 3);
            let places = [0, 1].map(|s| NormOffsets { weight: 2 * s * width, bias: (2 * s + 1) * width });
            let (a, xs) = (noise(n * width, 4), [noise(n * width, 5), noise(n * width, 6)]);
            let batch = k.batch(PreparedBatch::new(batch(&[n], 3), 3), None).unwrap();
            let (p, da, dx) = (upload(k, &params), upload(k, &a), [upload(k, &xs[0]), upload(k, &xs[1])]);
            let mut outs = [poison(k, n * width), poison(k, n * width)];
            let mut stats = poison(k, 4 * n);
            let mut all: Vec<NormStream<'_, K::Floats>> =
                dx.iter().zip(&mut outs).zip(places).map(|((x, out), at)| NormStream { x, at, out }).collect();
            k.residual_norm(&p, &batch, width, &da, &mut all[..streams], &mut stats);
            let twin = |x: &[f64], a: &[f64], p: &[f64], s: usize| twin::norm(x, a, p, places[s], width);
            for s in 0..streams {
                check(k, &what, &outs[s], 0, &twin(&wide(&xs[s]), &wide(&a), &wide(&params), s), 3e-6);
            }
            if n > 3 {
                continue;
            }
            let weights = [noise(n * width, 7), noise(n * width, 8)];
            let mut grad = [upload(k, &weights[0]), upload(k, &weights[1])];
            let dropout = Dropout::new(0.4, 1, 2, 3);
            let (mut d_a, mut grads) = (poison(k, n * width), poison(k, 4 * width));
            let mut all: Vec<NormStreamGrad<'_, K::Floats>> =
                dx.iter().zip(&mut grad).zip(places).map(|((x, grad), at)| NormStreamGrad { x, at, grad }).collect();
            k.residual_norm_grad(&p, &batch, width, &da, &mut all[..streams], &stats, dropout, &mut d_a, &mut grads);
            let mut both = vec![0.0; n * width];
            for s in 0..streams {
                let w = wide(&weights[s]);
                let d_x = twin::gradient(&wide(&xs[s]), &w, |x| twin(x, &wide(&a), &wide(&params), s));
                check(k, &format!("gradient of {what}"), &grad[s], 0, &d_x, 3e-5);
                both.iter_mut().zip(&d_x).for_each(|(b, d)| *b += d);
                let d_p = twin::gradient(&wide(&params), &w, |p| twin(&wide(&xs[s]), &wide(&a), p, s));
                let from = places[s].weight;
                check(k, &format!("weights of {what}"), &grads, from, &d_p[from..from + 2 * width], 3e-5);
            }
            let factor = |(i, b): (usize, &f64)| b * f64::from(dropout.factor(i as u32));
            let wanted: Vec<f64> = both.iter().enumerate().map(factor).collect();
            check(k, &format!("what was added in {what}"), &d_a, 0, &wanted, 3e-5);
        }
    }
}

#[test]
fn residual_norm() {
    on_each_device!(norm_on);
}

fn linear_on<K: Kernels>(k: &mut K, device: &str) {
    for (n, inputs, outputs) in
        [(1, 1, 1), (3, 5, 2), (33, 31, 65), (130, 64, 100), (70, 200, 101), (300, 64, 130), (600, 64, 300)]
    {
        let what = format!("linear {n}×{inputs}→{outputs}, {device}");
        let at = LinearOffsets { weight: 0, bias: inputs * outputs, inputs, outputs };
        let (params, x) = (noise((inputs + 1) * outputs, 9), noise(n * inputs, 10));
        let batch = k.batch(PreparedBatch::new(batch(&[n], 3), 3), None).unwrap();
        let (p, dx) = (upload(k, &params), upload(k, &x));
        for (activation, dropout) in [
            (Activation::None, Dropout::OFF),
            (Activation::Relu, Dropout::new(0.3, 1, 2, 3)),
            (Activation::Sigmoid, Dropout::OFF),
        ] {
            let mut out = poison(k, n * outputs);
            k.linear(&p, &batch, Input::Rows(&dx), &[at], activation, dropout, &mut out);
            check(k, &what, &out, 0, &twin::linear(&wide(&x), &wide(&params), at, activation, dropout), 2e-6);
        }
        let (rows, weights) = (wide(&x), noise(n * outputs, 11));
        let d_out = upload(k, &weights);
        let (mut d_x, mut grads) = (poison(k, n * inputs), poison(k, params.len()));
        k.linear_input_grad(&p, &batch, &d_out, &[at], InputGrad::Rows(&mut d_x));
        k.linear_weight_grad(&batch, &d_out, Input::Rows(&dx), &[at], &mut grads);
        // A linear map's gradient is exact without differences: dX = dY·W, dW = dYᵀ·X, db = Σ dY.
        let (w, d) = (wide(&params), wide(&weights));
        let of = |f: &dyn Fn(usize, usize) -> f64, a: usize, b: usize| -> Vec<f64> {
            (0..a * b).map(|i| f(i / b, i % b)).collect()
        };
        let d_input = of(&|r, i| (0..outputs).map(|o| d[r * outputs + o] * w[o * inputs + i]).sum(), n, inputs);
        check(k, &format!("input's gradient of {what}"), &d_x, 0, &d_input, 2e-6);
        let mut wanted = of(&|o, i| (0..n).map(|r| d[r * outputs + o] * rows[r * inputs + i]).sum(), outputs, inputs);
        wanted.extend(of(&|_, o| (0..n).map(|r| d[r * outputs + o]).sum(), 1, outputs));
        check(k, &format!("weights' gradient of {what}"), &grads, 0, &wanted, 2e-6);
    }
}

#[test]
fn linear_layers() {
    on_each_device!(linear_on);
}

fn scan_on<K: Kernels + GainAktKernels>(k: &mut K, device: &str) {
    for lengths in lengths() {
        for skills in [1, 100, 101] {
            let plan = PreparedBatch::new(batch(&lengths, skills), skills);
            let (n, w, offsets) = (plan.rows(), plan.windows(), plan.batch.offsets.clone());
            let initial: Vec<f32> = noise(w * skills, 12).iter().map(|x| 0.5 + 0.5 * x).collect();
            // Large enough for the ceiling to bind.
            let gains: Vec<f32> = noise(n * skills, 13).iter().map(|x| 1.5 + 1.5 * x).collect();
            let batch = k.batch(plan, None).unwrap();
            let (i, g, mut mastery) = (upload(k, &initial), upload(k, &gains), poison(k, n * skills));
            k.scan(&batch, skills, &i, &g, &mut mastery);
            let wanted = twin::scan(&wide(&initial), &wide(&gains), &offsets, skills);
            check(k, &format!("scan {lengths:?}, {skills} skills, {device}"), &mastery, 0, &wanted, 2e-6);
        }
    }
}

#[test]
fn mastery_scan_with_a_ceiling_that_binds() {
    on_each_device!(scan_on);
}

fn embed_on<K: Kernels>(k: &mut K, device: &str) {
    for (lengths, skills, width) in [(vec![1], 1, 1), (vec![3; 7], 3, 5), (vec![2, 1, 31, 33], 7, 33)] {
        let positions = 40;
        let at = EmbeddingTables {
            context: 0,
            value: Some(2 * skills * width),
            concept: Some(4 * skills * width),
            position: Some(5 * skills * width),
            skills,
            positions,
            width,
            items: None,
        };
        let params = noise((5 * skills + positions) * width, 14);
        let plan = PreparedBatch::training(batch(&lengths, skills), skills, positions, 0);
        let (token, b, n) = (plan.token.clone(), plan.batch.clone(), plan.rows());
        let batch = k.batch(plan, None).unwrap();
        let p = upload(k, &params);
        let mut out = [poison(k, n * width), poison(k, n * width), poison(k, n * width)];
        let [ctx, val, next] = &mut out;
        k.embed(&p, &batch, at, ctx, val, next);
        let what = format!("embedding {lengths:?}, {skills} skills, {device}");
        let wanted = twin::embed(&wide(&params), at, &token, &b.position, &b.next_skill);
        for (part, wanted) in out.iter().zip(wanted.chunks(n * width)) {
            check(k, &what, part, 0, wanted, 1e-6);
        }
        let weights = noise(3 * n * width, 15);
        let [d_ctx, d_val, d_next] = [0, 1, 2].map(|i| upload(k, &weights[i * n * width..(i + 1) * n * width]));
        let (mut grads, mut by_row) = (poison(k, params.len()), poison(k, n));
        k.embed_grad(&p, &batch, at, &d_ctx, &d_val, &d_next, &mut by_row, &mut grads);
        let wanted =
            twin::gradient(&wide(&params), &wide(&weights), |p| twin::embed(p, at, &token, &b.position, &b.next_skill));
        check(k, &format!("gradient of {what}"), &grads, 0, &wanted, 1e-6);
    }
}

#[test]
fn embedding() {
    on_each_device!(embed_on);
}

/// Vectors of whole answers, with items and without: means over skills, and μ times the means of other tables (MODEL §10).
fn embed_answers_on<K: Kernels>(k: &mut K, device: &str) {
    let cases = [(vec![1], 1, 1), (vec![3; 4], 3, 5), (vec![2, 1, 31], 7, 33)];
    for ((lengths, skills, width), items) in cases.into_iter().flat_map(|c| [0, 6].map(|items| (c.clone(), items))) {
        let (positions, table) = (33, 2 * skills * width);
        let at = EmbeddingTables {
            context: 0,
            value: Some(table),
            concept: None,
            position: Some(4 * table),
            skills,
            positions,
            width,
            items: (items > 0).then_some(ItemTables {
                context: 2 * table,
                value: Some(3 * table),
                shift: 4 * table + positions * width,
                count: items,
            }),
        };
        let params = noise(4 * table + positions * width + items, 14);
        let plan = PreparedBatch::training(answers_batch(&lengths, skills, items.max(1)), skills, positions, items);
        let (b, n) = (plan.batch.clone(), plan.rows());
        let item = |row: usize| b.items.as_ref().map_or(0, |of_rows| of_rows.own[row] as usize);
        let embed = |p: &[f64]| -> Vec<f64> {
            let value = |row: usize, d: usize, tables: [usize; 2]| {
                let own = b.skills(row);
                let mean = |at: usize| {
                    let token = |q: &u32| *q as usize + skills * usize::from(b.response[row]);
                    own.iter().map(|q| p[at + token(q) * width + d]).sum::<f64>() / own.len() as f64
                };
                let mu = at.items.filter(|_| item(row) > 0).map_or(0.0, |items| p[items.shift + item(row)]);
                mean(tables[0]) + mu * mean(tables[1]) + p[4 * table + b.position[row] as usize * width + d]
            };
            let stream = |tables| (0..n).flat_map(move |row| (0..width).map(move |d| (row, d, tables)));
            let all = stream([0, 2 * table]).chain(stream([table, 3 * table]));
            all.map(|(row, d, tables)| value(row, d, tables)).collect()
        };
        let batch = k.batch(plan, None).unwrap();
        let p = upload(k, &params);
        let [mut ctx, mut val, mut next] = [n * width; 3].map(|len| poison(k, len));
        k.embed(&p, &batch, at, &mut ctx, &mut val, &mut next);
        let what = format!("answers {lengths:?}, {skills} skills, {items} items, {device}");
        let wanted = embed(&wide(&params));
        check(k, &what, &ctx, 0, &wanted[..n * width], 1e-6);
        check(k, &what, &val, 0, &wanted[n * width..], 1e-6);
        let weights = noise(2 * n * width, 15);
        let [d_ctx, d_val] = [0, 1].map(|i| upload(k, &weights[i * n * width..(i + 1) * n * width]));
        let (mut grads, mut by_row) = (poison(k, params.len()), poison(k, n));
        k.embed_grad(&p, &batch, at, &d_ctx, &d_val, &next, &mut by_row, &mut grads);
        let wanted = twin::gradient(&wide(&params), &wide(&weights), embed);
        let tables = if items > 0 { 4 * table } else { 2 * table };
        check(k, &format!("gradient of {what}"), &grads, 0, &wanted[..tables], 2e-6);
        let places = &wanted[4 * table..4 * table + positions * width];
        check(k, &format!("gradient of positions of {what}"), &grads, 4 * table, places, 2e-6);
        if let Some(items) = at.items {
            let by_row = block_on(k.read(&by_row, 0, n)).unwrap();
            let mut sums = vec![0.0f32; items.count];
            (0..n).filter(|&row| item(row) > 0).for_each(|row| sums[item(row)] += by_row[row]);
            let wanted = &wanted[items.shift..][..items.count];
            let sums = upload(k, &sums);
            check(k, &format!("gradient of mu of {what}"), &sums, 0, wanted, 3e-6);
        }
    }
}

#[test]
fn embedding_of_whole_answers() {
    on_each_device!(embed_answers_on);
}

/// The recurrence of MODEL §10 in 64-bit floats: `out` after dropout, from the gates' input part.
fn lstm(gates: &[f64], params: &[f64], at: LinearOffsets, b: &RaggedBatch, dropout: Dropout) -> Vec<f64> {
    let (d, sigmoid) = (at.inputs, |x: f64| 1.0 / (1.0 + (-x).exp()));
    let mut out = Vec::new();
    for w in 0..b.windows() {
        let (mut h, mut c) = (vec![0.0; d], vec![0.0; d]);
        for row in b.range(w) {
            let z = |j: usize| {
                let weight = &params[at.weight + j * d..][..d];
                gates[row * 4 * d + j] + params[at.bias + j] + weight.iter().zip(&h).map(|(w, h)| w * h).sum::<f64>()
            };
            let z: Vec<f64> = (0..4 * d).map(z).collect();
            for k in 0..d {
                c[k] = sigmoid(z[d + k]) * c[k] + sigmoid(z[k]) * z[2 * d + k].tanh();
                h[k] = sigmoid(z[3 * d + k]) * c[k].tanh();
                let factor = if dropout.is_off() { 1.0 } else { dropout.factor((row * d + k) as u32) };
                out.push(h[k] * f64::from(factor));
            }
        }
    }
    out
}

fn lstm_on<K: Kernels>(k: &mut K, device: &str) {
    for (lengths, d) in [(vec![1], 1), (vec![3; 7], 5), (vec![2, 1, 31, 7], 3), (vec![9; 20], 2)] {
        let b = batch(&lengths, 3);
        let n = b.rows();
        let at = LinearOffsets { weight: 2, bias: 2 + 4 * d * d, inputs: d, outputs: 4 * d };
        let params = noise(2 + 4 * d * d + 4 * d, 31);
        let (gates, d_out) = (noise(4 * d * n, 32), noise(d * n, 33));
        for dropout in [Dropout::OFF, Dropout::new(0.3, 5, 6, 7)] {
            let what = format!("LSTM {lengths:?}, width {d}, {device}");
            let prepared = k.batch(PreparedBatch::new(b.clone(), 3), None).unwrap();
            let p = upload(k, &params);
            let mut work = LstmWork {
                gates: upload(k, &gates),
                cells: poison(k, n * d),
                before: poison(k, n * d),
                out: poison(k, n * d),
            };
            k.lstm(&p, &prepared, at, dropout, &mut work);
            let wanted = lstm(&wide(&gates), &wide(&params), at, &b, dropout);
            check(k, &what, &work.out, 0, &wanted, 1e-6);
            let (d_out, mut d_gates) = (upload(k, &d_out), poison(k, 4 * n * d));
            k.lstm_grad(&p, &prepared, at, dropout, &d_out, &work, &mut d_gates);
            let weights = wide(&noise(d * n, 33));
            let wanted = twin::gradient(&wide(&gates), &weights, |g| lstm(g, &wide(&params), at, &b, dropout));
            check(k, &format!("gradient of {what}"), &d_gates, 0, &wanted, 2e-6);
        }
    }
}

#[test]
fn lstm_and_its_gradient() {
    on_each_device!(lstm_on);
}

/// Adam of more parameters than a workgroup, clipped, against the formula in 64-bit floats.
fn adam_on<K: Kernels>(k: &mut K, device: &str) {
    let (n, moving) = (1000, 900);
    // The last of those that move are items': they have a rate of their own and no L2.
    let items = ItemStep { from: 650, rate: 3.0 };
    let start = noise(n, 16);
    let mut params = upload(k, &start);
    let (mut moments, mut norm) = (upload(k, &vec![0.0; 2 * n]), poison(k, 257));
    let mut wanted: Vec<[f64; 3]> = start.iter().map(|&p| [f64::from(p), 0.0, 0.0]).collect();
    for step in 1..=4 {
        let grad = noise(n, 16 + step as usize);
        let length = wide(&grad[..moving]).iter().map(|g| g * g).sum::<f64>().sqrt();
        for (i, ([p, m, v], g)) in wanted[..moving].iter_mut().zip(&grad).enumerate() {
            let (rate, decay) = if i < items.from { (0.05, 0.01) } else { (0.15, 0.0) };
            let g = (0.5 / (length + 1e-6)).min(1.0) * f64::from(*g) + decay * *p;
            *m = 0.9 * *m + 0.1 * g;
            *v = 0.999 * *v + 0.001 * g * g;
            let (m_hat, v_hat) = (*m / (1.0 - 0.9f64.powi(step)), *v / (1.0 - 0.999f64.powi(step)));
            *p -= rate * m_hat / (v_hat.sqrt() + 1e-8);
        }
        let (step, items) = (step as u32, Some(items));
        let settings = AdamStep { lr: 0.05, weight_decay: 0.01, clip: 0.5, step, count: moving, items };
        let grads = upload(k, &grad);
        k.adam(&mut params, &grads, &mut moments, n, settings, &mut norm);
        check(k, &format!("norm, {device}"), &norm, 0, &[length], 1e-5);
    }
    let wanted: Vec<f64> = wanted.iter().map(|w| w[0]).collect();
    check(k, &format!("parameters, {device}"), &params, 0, &wanted, 1e-5);
}

#[test]
fn adam_follows_the_formula() {
    on_each_device!(adam_on);
}

/// Every loss term on, whole models: the GPU's gradients are the CPU's, and two runs give the same bytes.
#[test]
fn models_of_odd_shapes_agree_on_every_device() {
    let config = Config::preset("assist2015_small").unwrap();
    let objective = GainAktObjective {
        alignment: true,
        lag_gain_weight: 0.05,
        retention_weight: 0.1,
        ..GainAktObjective::new(&config)
    };
    let epoch = EpochSettings {
        performance_scale: 1.0,
        alignment_weight: 0.25,
        adapt_to_batch: Some(0.3),
        lag_active: true,
        retention_peak: Some(0.9),
        consistency_weight: 0.2,
        sparsity_weight: 0.1,
    };
    for (lengths, skills, width, heads) in [
        (vec![1], 1, 2, 1),
        (vec![3; 40], 100, 12, 3),
        (vec![2, 1, 31, 32, 33], 101, 20, 2),
        (vec![199], 5, 16, 4),
        (vec![999, 4], 3, 8, 2),
    ] {
        let shape = ModelConfig {
            num_items: 0,
            encoder: EncoderKind::Attention,
            kind: ModelKind::GainAkt2Exp,
            num_c: skills,
            seq_len: 1000,
            d_model: width,
            n_heads: heads,
            num_encoder_blocks: 3,
            d_ff: width + 3,
            dropout: 0.2,
            use_mastery_head: true,
            use_gain_head: true,
        };
        let (mut first, mut scale) = (None, 0.0f32);
        for compute in devices() {
            let what = format!("{lengths:?}, {skills} skills, width {width}, {}", compute.kind);
            let mut model = Model::new(&shape, 3, &compute.device).unwrap();
            let prepared = PreparedBatch::training(batch(&lengths, skills), skills, 1000, 0);
            let losses = Losses::GainAkt(objective.losses(&prepared.batch, &epoch, true));
            let mut run = || {
                let dropout = DropoutSites::training(0.2, 1, 2);
                let (grads, terms) = block_on(model.gradients(prepared.clone(), losses.clone(), dropout)).unwrap();
                let mut all: Vec<f32> = grads.into_values().flat_map(|(_, g)| g).collect();
                all.extend(terms);
                all
            };
            let got = run();
            assert_eq!(got, run(), "{what}: two runs differ");
            match &first {
                None => {
                    scale = got.iter().fold(0.0f32, |m, g| m.max(g.abs()));
                    first = Some(got);
                }
                Some(cpu) => {
                    let error = absolute_error(&got, cpu) / scale;
                    assert!(error < 2e-4, "{what}: off by {error}");
                }
            }
        }
    }
}
