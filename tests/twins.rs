//! The kernels of our two models and their hand-written gradients against burn's automatic differentiation on the same
//! adapter, at sizes that the golden files do not have.
#![cfg(feature = "burn")]

mod support;

use futures_lite::future::block_on;
use gainakt::config::{Config, ModelKind};
use gainakt::data::{Corpus, RaggedBatch, RowKind, simulate};
use gainakt::model::burn::{EvidenceReference, GainAktReference, TensorModel};
use gainakt::model::evidence::EvidenceLosses;
use gainakt::model::gainakt2exp::{GainAktLosses, LossSettings, LossTargets};
use gainakt::model::{DropoutSites, Losses, Model, ModelConfig, Weights};
use gainakt::ops::PreparedBatch;
use gainakt::platform::device::Device;
use support::{absolute_error, devices_and_gpu_kernels};

/// The twin's name of a parameter, and whether its matrix lies the other way round there.
fn in_twin(name: &str, shape: &[usize]) -> (String, bool) {
    let norm = name.contains("norm");
    let (layer, part) = name.rsplit_once('.').unwrap_or(("", name));
    let part = match (norm, part) {
        (true, "weight") => "gamma",
        (true, _) => "beta",
        (false, part) => part,
    };
    let layer = layer.replace("ffn.0", "ffn.layer0").replace("ffn.3", "ffn.layer3");
    let layer = layer.replace("prediction_head.0", "prediction_head.layer0");
    let layer = layer.replace("prediction_head.3", "prediction_head.layer3");
    let name = if layer.is_empty() { part.to_owned() } else { format!("{layer}.{part}") };
    let of_encoder = ["context_embedding", "value_embedding", "pos_embedding", "encoder_blocks"];
    let name = if of_encoder.iter().any(|p| name.starts_with(p)) { format!("encoder.{name}") } else { name };
    (name, shape.len() == 2 && part == "weight" && !layer.contains("embedding"))
}

fn transposed(values: &[f32], [rows, columns]: [usize; 2]) -> Vec<f32> {
    (0..columns).flat_map(|c| (0..rows).map(move |r| values[r * columns + c])).collect()
}

/// Weights or gradients of a model under the twin's names.
fn as_twin(weights: &Weights) -> Weights {
    let convert = |(name, (shape, values)): (&String, &(Vec<usize>, Vec<f32>))| {
        let (name, turn) = in_twin(name, shape);
        match turn {
            true => (name, (vec![shape[1], shape[0]], transposed(values, [shape[0], shape[1]]))),
            // A single number is a vector of one there.
            false if shape.is_empty() => (name, (vec![1], values.clone())),
            false => (name, (shape.clone(), values.clone())),
        }
    };
    weights.iter().map(convert).collect()
}

fn agree<M: TensorModel>(kind: ModelKind, losses: impl Fn(&RaggedBatch) -> Losses, device: &Device, what: &str) {
    let (dataset, _) = simulate(9, 4);
    for (length, d_model, n_heads, d_ff, blocks) in [(31, 24, 3, 20, 1), (70, 40, 5, 52, 3)] {
        let corpus = Corpus::from_dataset(&dataset, length, RowKind::Skill);
        let mut config = Config::default();
        config.model.kind = kind;
        let m = &mut config.model_config;
        (m.seq_len, m.d_model, m.n_heads, m.d_ff, m.num_encoder_blocks) = (length, d_model, n_heads, d_ff, blocks);
        let shape = ModelConfig::new(&config, corpus.skills.len(), corpus.items.len());
        let mut model = Model::new(&shape, 8, device).unwrap();
        let mut weights = block_on(model.read_weights()).unwrap();
        // Nothing at a start where it is alike everywhere.
        let mut state = 1u32;
        for value in weights.values_mut().flat_map(|(_, values)| values) {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *value += 0.1 * (state as f32 / u32::MAX as f32 - 0.5);
        }
        model.write_weights(&weights).unwrap();
        let mut twin = Model::on_tensors::<M>(&shape, 1, device).unwrap();
        twin.write_weights(&as_twin(&weights)).unwrap();
        let batch = RaggedBatch::new(&corpus.windows);
        let logits = |model: &mut Model| block_on(model.forward(batch.clone())).unwrap().logits;
        let error = absolute_error(&logits(&mut model), &logits(&mut twin));
        assert!(error < 2e-5, "{what}, D = {d_model}: logits differ by {error}");
        let prepared = PreparedBatch::training(batch.clone(), shape.num_c, shape.seq_len, 0);
        let off = DropoutSites::evaluation();
        let (own, own_terms) = block_on(model.gradients(prepared.clone(), losses(&batch), off.clone())).unwrap();
        let (grads, terms) = block_on(twin.gradients(prepared, Losses::CrossEntropy, off)).unwrap();
        assert!((own_terms[0] - terms[0]).abs() < 2e-6, "{what}: loss {} and {}", own_terms[0], terms[0]);
        assert_eq!(own.len(), grads.len());
        for (name, (_, values)) in as_twin(&own) {
            let largest = values.iter().fold(1e-4f32, |m, v| m.max(v.abs()));
            let error = absolute_error(&values, &grads[&name].1) / largest;
            assert!(error < 2e-3, "{what}, D = {d_model}, {name}: gradients differ by {error} of the largest");
        }
    }
}

#[test]
fn gainakt2exp_agrees_with_its_twin() {
    let settings = LossSettings {
        heads: true,
        sparsity: GainAktReference::SPARSITY,
        mastery_performance: GainAktReference::MASTERY_PERFORMANCE,
        ..LossSettings::default()
    };
    for compute in devices_and_gpu_kernels() {
        let losses = |batch: &RaggedBatch| {
            Losses::GainAkt(GainAktLosses { settings, targets: LossTargets::new(batch, Vec::new()) })
        };
        agree::<GainAktReference>(ModelKind::GainAkt2Exp, losses, &compute.device, &compute.label);
    }
}

#[test]
fn the_evidence_model_agrees_with_its_twin() {
    let losses = |_: &RaggedBatch| {
        Losses::Evidence(EvidenceLosses { context_penalty: EvidenceReference::CONTEXT_PENALTY, item_weight: 0.0 })
    };
    for compute in devices_and_gpu_kernels() {
        agree::<EvidenceReference>(ModelKind::Evidence, losses, &compute.device, &compute.label);
    }
}
