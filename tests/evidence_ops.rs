//! The evidence model's kernels against MODEL §9 and §10 in 64-bit floats: outputs at odd sizes, gradients against finite
//! differences, all outputs filled with NaN beforehand; and many skills at once.

#[path = "support/kernels.rs"]
#[macro_use]
mod kernels;
mod support;
#[path = "support/twin.rs"]
mod twin;

use gainakt::data::RaggedBatch;
use gainakt::model::evidence::{
    EvidenceGrads, EvidenceKernels, EvidenceLosses, EvidenceOffsets, EvidenceWork, ItemOffsets, LossTerm, RANK,
};
use gainakt::model::{RowStat, RowStatKernels};
use gainakt::ops::{LinearOffsets, PreparedBatch};
use kernels::{answers_batch, batch, check, noise, poison, upload, wide};

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Places of prior, transfer vectors, transfer bias, decay and what is known of items one after another.
fn places(c: usize, items: usize) -> EvidenceOffsets {
    let nothing = LinearOffsets { weight: 0, bias: 0, inputs: 0, outputs: 0 };
    EvidenceOffsets {
        prior: 0,
        strength: nothing,
        transfer: c,
        transfer_bias: c + c * RANK,
        decay: c + c * RANK + 1,
        context: nothing,
        skills: c,
        items: (items > 0).then(|| ItemOffsets { difficulty: count(c, 0), shift: count(c, 0) + items, count: items }),
    }
}

fn count(c: usize, items: usize) -> usize {
    c * (2 + RANK) + 1 + 2 * items
}

/// z of every row and skill, from parameters, strengths before softplus and context.
fn z(params: &[f64], strength: &[f64], context: &[f64], b: &RaggedBatch, at: EvidenceOffsets) -> Vec<f64> {
    let c = at.skills;
    let vector = |k: usize| &params[at.transfer + k * RANK..][..RANK];
    let softplus = |x: f64| (1.0 + x.exp()).ln();
    let mut out = Vec::new();
    for w in 0..b.windows() {
        let mut state = vec![0.0; c];
        for row in b.range(w) {
            let own = b.skills(row);
            let e = if b.response[row] == 1 { softplus(strength[2 * row]) } else { -softplus(strength[2 * row + 1]) };
            for (k, s) in state.iter_mut().enumerate() {
                let transfer = |q: &u32| {
                    let product: f64 = vector(*q as usize).iter().zip(vector(k)).map(|(a, b)| a * b).sum();
                    if *q as usize == k { 1.0 } else { sigmoid(product + params[at.transfer_bias]) }
                };
                let mean = own.iter().map(transfer).sum::<f64>() / own.len() as f64;
                *s = sigmoid(params[at.decay + k]) * *s + mean * e;
            }
            out.extend((0..c).map(|k| params[at.prior + k] + state[k] + context[row * c + k]));
        }
    }
    out
}

fn asked(z: &[f64], params: &[f64], b: &RaggedBatch, at: EvidenceOffsets) -> Vec<f64> {
    let logit = |row: usize| {
        let next = b.next_skills(row);
        let mean = next.iter().map(|&k| z[row * at.skills + k as usize]).sum::<f64>() / next.len() as f64;
        let item = b.items.as_ref().map_or(0, |items| items.next[row] as usize);
        mean - at.items.filter(|_| item > 0).map_or(0.0, |items| params[items.difficulty + item])
    };
    (0..b.rows()).map(logit).collect()
}

/// bce + penalty · mean x² + item_weight · Σ (b² + μ²) / 2.
fn loss(
    z: &[f64],
    params: &[f64],
    context: &[f64],
    b: &RaggedBatch,
    at: EvidenceOffsets,
    losses: EvidenceLosses,
) -> f64 {
    let logits = asked(z, params, b, at);
    let entropy = |(x, &r): (&f64, &u8)| (1.0 + x.exp()).ln() - x * f64::from(r);
    let bce: f64 = logits.iter().zip(&b.next_response).map(entropy).sum::<f64>() / b.rows() as f64;
    let square = context.iter().map(|x| x * x).sum::<f64>() / context.len() as f64;
    let items = at.items.map_or(0.0, |items| params[items.difficulty..].iter().map(|x| x * x).sum());
    bce + f64::from(losses.context_penalty) * square + 0.5 * f64::from(losses.item_weight) * items
}

fn work<K: EvidenceKernels>(
    k: &mut K,
    n: usize,
    c: usize,
    strength: &[f32],
    context: &[f32],
) -> EvidenceWork<K::Floats> {
    EvidenceWork {
        strength: upload(k, strength),
        evidence: poison(k, n),
        state: poison(k, n * c),
        context: upload(k, context),
        squares: poison(k, n),
        item_squares: poison(k, 64),
    }
}

fn evidence_on<K: EvidenceKernels + RowStatKernels>(k: &mut K, device: &str) {
    let cases = [(vec![1], 1), (vec![3, 3], 2), (vec![2, 1, 5], 3), (vec![33], 5), (vec![2, 1, 31, 65], 101)];
    // Answers to one skill without items, to several skills without, and with items.
    for ((lengths, c), (several, items)) in
        cases.into_iter().flat_map(|c| [(false, 0), (true, 0), (true, 7)].map(|i| (c.clone(), i)))
    {
        let what = format!("evidence {lengths:?}, {c} skills, several {several}, {items} items, {device}");
        let at = places(c, items);
        let b = if several { answers_batch(&lengths, c, items.max(1)) } else { batch(&lengths, c) };
        let n = b.rows();
        let mut params: Vec<f32> = noise(count(c, items), 20).iter().map(|x| 2.0 * x).collect();
        if let Some(items) = at.items {
            (params[items.difficulty], params[items.shift]) = (0.0, 0.0);
        }
        let (strength, context) = (noise(2 * n, 21), noise(n * c, 22));
        let prepared = k.batch(PreparedBatch::training(b.clone(), c, 70, items), None).unwrap();
        let p = upload(k, &params);
        let mut work = work(k, n, c, &strength, &context);
        let (mut logits, mut mastery, mut gains) = (poison(k, n), poison(k, n * c), poison(k, n * c));
        k.evidence_scan(&p, &prepared, at, &mut work);
        k.evidence_logits(&p, &prepared, at, &mut work, &mut logits);
        k.evidence_mastery(&p, &prepared, at, &work, &mut mastery, &mut gains);
        let (p64, s64, x64) = (wide(&params), wide(&strength), wide(&context));
        let wanted = z(&p64, &s64, &x64, &b, at);
        check(k, &what, &logits, 0, &asked(&wanted, &p64, &b, at), 3e-6);
        let m: Vec<f64> = wanted.iter().map(|&z| sigmoid(z)).collect();
        check(k, &format!("mastery, {what}"), &mastery, 0, &m, 3e-6);
        let gain = |i: usize| match b.position[i / c] {
            0 => m[i] - sigmoid(p64[at.prior + i % c]),
            _ => m[i] - m[i - c],
        };
        check(k, &format!("gains, {what}"), &gains, 0, &(0..n * c).map(gain).collect::<Vec<_>>(), 3e-6);

        let losses = EvidenceLosses { context_penalty: 0.3, item_weight: if items > 0 { 0.02 } else { 0.0 } };
        let (mut stats, mut d_logits) = (poison(k, n * RowStat::COUNT), poison(k, n));
        k.row_stats(&prepared, c, None, &logits, &mut stats, &mut d_logits);
        let mut terms = poison(k, LossTerm::COUNT);
        k.evidence_losses(&p, &prepared, at, losses, &stats, &mut work, &mut terms);
        let total = |p: &[f64], s: &[f64], x: &[f64]| vec![loss(&z(p, s, x, &b, at), p, x, &b, at, losses)];
        check(k, &format!("loss of {what}"), &terms, 0, &total(&p64, &s64, &x64), 3e-6);
        if c > 5 {
            continue;
        }
        let mut back = EvidenceGrads {
            context: poison(k, n * c),
            state: poison(k, n * c),
            strength: poison(k, 2 * n),
            rows: poison(k, b.lists.as_ref().map_or(n, |lists| lists.skills.len()) * (RANK + 1)),
            terms: poison(k, LossTerm::COUNT),
        };
        let mut grads = poison(k, params.len());
        k.evidence_grad(&p, &prepared, at, losses.context_penalty, &d_logits, &work, &mut back, &mut grads);
        if let Some(items) = at.items {
            // What μ changes in the encoder comes by row: here as if it were the sum of these numbers.
            let by_row = upload(k, &noise(n, 23));
            k.item_grads(&p, &prepared, items, losses.item_weight, &d_logits, &by_row, &mut grads);
        }
        let of = |i: usize| match i {
            0 => twin::gradient(&p64, &[1.0], |p| total(p, &s64, &x64)),
            1 => twin::gradient(&s64, &[1.0], |s| total(&p64, s, &x64)),
            _ => twin::gradient(&x64, &[1.0], |x| total(&p64, &s64, x)),
        };
        let mut wanted = of(0);
        if let (Some(at), Some(of_rows)) = (at.items, &b.items) {
            for (row, &item) in of_rows.own.iter().enumerate().filter(|(_, item)| **item > 0) {
                wanted[at.shift + item as usize] += f64::from(noise(n, 23)[row]);
            }
        }
        check(k, &format!("gradient of {what}"), &grads, 0, &wanted, 3e-6);
        check(k, &format!("strengths' gradient of {what}"), &back.strength, 0, &of(1), 3e-6);
        check(k, &format!("context's gradient of {what}"), &back.context, 0, &of(2), 3e-6);
    }
}

#[test]
fn evidence_and_its_gradients() {
    on_each_device!(evidence_on);
}

/// 5,000 skills: two runs give the same bytes and nothing is as large as a cell a pair of skills.
fn many_skills_on<K: EvidenceKernels + RowStatKernels>(k: &mut K, device: &str) {
    let c = 5000;
    let at = places(c, 0);
    let b = batch(&[40, 1, 12], c);
    let n = b.rows();
    let (params, strength, context) = (noise(count(c, 0), 23), noise(2 * n, 24), noise(n * c, 25));
    let prepared = k.batch(PreparedBatch::training(b.clone(), c, 64, 0), None).unwrap();
    let p = upload(k, &params);
    let mut run = || {
        let mut work = work(k, n, c, &strength, &context);
        let mut logits = poison(k, n);
        k.evidence_scan(&p, &prepared, at, &mut work);
        k.evidence_logits(&p, &prepared, at, &mut work, &mut logits);
        let (mut stats, mut d_logits) = (poison(k, n * RowStat::COUNT), poison(k, n));
        k.row_stats(&prepared, c, None, &logits, &mut stats, &mut d_logits);
        let mut back = EvidenceGrads {
            context: poison(k, n * c),
            state: poison(k, n * c),
            strength: poison(k, 2 * n),
            rows: poison(k, n * (RANK + 1)),
            terms: poison(k, LossTerm::COUNT),
        };
        let mut grads = poison(k, params.len());
        k.evidence_grad(&p, &prepared, at, 0.1, &d_logits, &work, &mut back, &mut grads);
        let wanted = asked(&z(&wide(&params), &wide(&strength), &wide(&context), &b, at), &wide(&params), &b, at);
        check(k, &format!("logits of {c} skills, {device}"), &logits, 0, &wanted, 5e-6);
        futures_lite::future::block_on(k.read(&grads, 0, params.len())).unwrap()
    };
    let first = run();
    assert!(first.iter().all(|g| g.is_finite()), "{device}");
    assert_eq!(first, run(), "{device}: two runs differ");
    assert!(k.stats().bytes_held < 256 << 20, "{device}: {} MB held", k.stats().bytes_held >> 20);
}

#[test]
fn many_skills() {
    on_each_device!(many_skills_on);
}
