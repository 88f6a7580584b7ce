// Transfer between skills, T[q, k] = sigmoid(E[q] . E[k] + b), 1 at k = q. RANK stands above; a vector is two columns.
fn vector_of(skill: u32) -> mat2x4<f32> {
    let at = args.transfer + skill * RANK;
    return mat2x4<f32>(
        params[at], params[at + 1u], params[at + 2u], params[at + 3u],
        params[at + 4u], params[at + 5u], params[at + 6u], params[at + 7u],
    );
}

// `of_k` is the vector of k.
fn transfer_between(q: u32, k: u32, of_k: mat2x4<f32>) -> f32 {
    if (q == k) { return 1.0; }
    let of_q = vector_of(q);
    return sigmoid(dot(of_q[0], of_k[0]) + dot(of_q[1], of_k[1]) + params[args.transfer_bias]);
}
