//! Embeddings as one invocation an element.

use super::{EmbeddingKernels, EmbeddingTables};
use crate::ops::gpu::{Array, Batch, Gpu, Includes, groups, kernel_args, kernels, skills_of_answers};

kernel_args! {
    /// Arguments of embed.wgsl.
    EmbedArgs { width: u32, context: u32, value: u32, concepts: u32, position: u32, asked: u32 }
}

kernel_args! {
    /// Arguments of embed_grad.wgsl.
    EmbedGradArgs {
        width: u32, context: u32, value: u32, concepts: u32, position: u32, asked: u32, skills: u32, positions: u32,
    }
}

kernel_args! {
    /// Arguments of embed_answers.wgsl.
    EmbedAnswersArgs {
        width: u32, skills: u32, context: u32, value: u32, position: u32,
        items: u32, item_context: u32, item_value: u32, shift: u32, values: u32, places: u32,
    }
}

kernel_args! {
    /// Arguments of embed_answers_grad.wgsl.
    EmbedAnswersGradArgs {
        width: u32, skills: u32, context: u32, value: u32, position: u32,
        items: u32, item_context: u32, item_value: u32, shift: u32, values: u32, places: u32, positions: u32,
    }
}

kernel_args! {
    /// Arguments of embed_shift_grad.wgsl.
    ShiftGradArgs { width: u32, skills: u32, item_context: u32, item_value: u32, values: u32 }
}

kernels! {
    includes includes;
    embed(): EmbedArgs, "embed.wgsl", [Read, Read, Write, Write, Write];
    embed_grad(): EmbedGradArgs, "embed_grad.wgsl", [Read, Read, Read, Read, Write];
    embed_answers(several): EmbedAnswersArgs, "embed_answers.wgsl", [Read, Read, Write, Write];
    embed_answers_grad(several): EmbedAnswersGradArgs, "embed_answers_grad.wgsl", [Read, Read, Read, Read, Write];
    embed_shift_grad(several): ShiftGradArgs, "embed_shift_grad.wgsl", [Read, Read, Read, Read, Write];
}

fn includes() -> Includes {
    vec![("item_shift", include_str!("../../../shaders/include/item_shift.wgsl").to_owned())]
}

impl EmbedAnswersArgs {
    fn new(at: EmbeddingTables) -> Self {
        let of_items =
            at.items.map_or([0; 4], |items| [1, items.context, items.value.unwrap_or_default(), items.shift]);
        let [items, item_context, item_value, shift] = of_items.map(|v| v as u32);
        let [width, skills, context] = [at.width, at.skills, at.context].map(|v| v as u32);
        let [value, position] = [at.value, at.position].map(|table| table.unwrap_or_default() as u32);
        let [values, places] = [at.value, at.position].map(|table| table.is_some().into());
        Self { width, skills, context, value, position, items, item_context, item_value, shift, values, places }
    }
}

impl EmbeddingKernels for Gpu {
    fn embed(
        &mut self,
        params: &Array,
        batch: &Batch,
        at: EmbeddingTables,
        ctx: &mut Array,
        val: &mut Array,
        next: &mut Array,
    ) {
        let elements = groups(batch.prepared.rows() * at.width);
        if at.needs_whole_answers(&batch.prepared) {
            assert!(at.concept.is_none(), "models that read the skill asked next have rows of one skill");
            let arrays = [&batch.integers, params, ctx, val].map(Some);
            let kernel = embed_answers(skills_of_answers(batch));
            return self.dispatch(&kernel, &EmbedAnswersArgs::new(at), &arrays, elements);
        }
        let args = EmbedArgs {
            width: at.width as u32,
            context: at.context as u32,
            value: at.value.unwrap_or_default() as u32,
            concepts: at.concept.unwrap_or_default() as u32,
            position: at.position.unwrap_or_default() as u32,
            asked: at.concept.is_some().into(),
        };
        let arrays = [&batch.integers, params, ctx, val, next].map(Some);
        self.dispatch(&embed(), &args, &arrays, elements);
    }

    fn embed_grad(
        &mut self,
        params: &Array,
        batch: &Batch,
        at: EmbeddingTables,
        d_ctx: &Array,
        d_val: &Array,
        d_next: &Array,
        shift_by_row: &mut Array,
        grads: &mut Array,
    ) {
        if at.needs_whole_answers(&batch.prepared) {
            return self.embed_answers_grad(params, batch, at, [d_ctx, d_val], shift_by_row, grads);
        }
        let args = EmbedGradArgs {
            width: at.width as u32,
            context: at.context as u32,
            value: at.value.unwrap_or_default() as u32,
            concepts: at.concept.unwrap_or_default() as u32,
            position: at.position.unwrap_or_default() as u32,
            asked: at.concept.is_some().into(),
            skills: at.skills as u32,
            positions: at.positions as u32,
        };
        let arrays = [&batch.integers, d_ctx, d_val, d_next, grads].map(Some);
        let vectors = (if at.concept.is_some() { 5 } else { 4 }) * at.skills + at.positions;
        self.dispatch(&embed_grad(), &args, &arrays, groups(vectors * at.width));
    }
}

impl Gpu {
    fn embed_answers_grad(
        &mut self,
        params: &Array,
        batch: &Batch,
        at: EmbeddingTables,
        [d_ctx, d_val]: [&Array; 2],
        shift_by_row: &mut Array,
        grads: &mut Array,
    ) {
        let EmbedAnswersArgs {
            width,
            skills,
            context,
            value,
            position,
            items,
            item_context,
            item_value,
            shift,
            values,
            places,
        } = EmbedAnswersArgs::new(at);
        let args = EmbedAnswersGradArgs {
            width,
            skills,
            context,
            value,
            position,
            items,
            item_context,
            item_value,
            shift,
            values,
            places,
            positions: at.positions as u32,
        };
        let several = skills_of_answers(batch);
        let arrays = [&batch.integers, params, d_ctx, d_val, grads].map(Some);
        let vectors = 2 * at.skills + at.positions;
        self.dispatch(&embed_answers_grad(several), &args, &arrays, groups(vectors * at.width));
        if items == 1 {
            let args = ShiftGradArgs { width, skills, item_context, item_value, values };
            let arrays = [&batch.integers, params, d_ctx, d_val, shift_by_row].map(Some);
            self.dispatch(&embed_shift_grad(several), &args, &arrays, groups(batch.prepared.rows()));
        }
    }
}
