//! Figures over plain series, in 64-bit floats.

/// Area under the ROC curve, ties counting half; `None` unless both answers occur.
pub fn auc(scores: &[f64], targets: &[bool]) -> Option<f64> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_unstable_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let positives = targets.iter().filter(|&&t| t).count() as f64;
    let negatives = targets.len() as f64 - positives;
    if positives == 0.0 || negatives == 0.0 {
        return None;
    }
    let mut rank_sum = 0.0;
    let mut start = 0;
    while start < order.len() {
        let score = scores[order[start]];
        let end = start + order[start..].iter().take_while(|&&i| scores[i] == score).count().max(1);
        let rank = (start + end + 1) as f64 / 2.0;
        rank_sum += rank * order[start..end].iter().filter(|&&i| targets[i]).count() as f64;
        start = end;
    }
    Some((rank_sum - positives * (positives + 1.0) / 2.0) / (positives * negatives))
}

/// Share of right predictions at 0.5; `None` of nothing.
pub fn accuracy(scores: &[f64], targets: &[bool]) -> Option<f64> {
    let correct = scores.iter().zip(targets).filter(|(s, t)| (**s >= 0.5) == **t).count();
    (!scores.is_empty()).then(|| correct as f64 / scores.len() as f64)
}

/// Plain Pearson correlation; `None` below two pairs or where a series is constant.
pub fn correlation(x: &[f64], y: &[f64]) -> Option<f64> {
    let n = x.len() as f64;
    let (mean_x, mean_y) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        let (dx, dy) = (x - mean_x, y - mean_y);
        xy += dx * dy;
        xx += dx * dx;
        yy += dy * dy;
    }
    let product = xx.sqrt() * yy.sqrt();
    (product > 1e-12).then(|| xy / product)
}

/// Which students the global alignment pass measures (MODEL §4): strata by decile of length, from each the first
/// `students / 10`, in order.
pub fn stratified_sample(lengths: &[usize], students: usize) -> Vec<usize> {
    if lengths.is_empty() {
        return Vec::new();
    }
    let mut sorted: Vec<f64> = lengths.iter().map(|&l| l as f64).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let edges: Vec<f64> = (1..10).map(|k| percentile(&sorted, f64::from(k) * 10.0)).collect();
    let take = (students / 10).max(1);
    let mut strata = vec![Vec::new(); 10];
    for (i, &length) in lengths.iter().enumerate() {
        let bin = edges.partition_point(|&edge| edge <= length as f64);
        if strata[bin].len() < take {
            strata[bin].push(i);
        }
    }
    strata.concat()
}

/// numpy's linear percentile of sorted values.
pub(super) fn percentile(sorted: &[f64], percent: f64) -> f64 {
    let at = percent / 100.0 * (sorted.len() - 1) as f64;
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    let (a, b) = (sorted[low], sorted[high]);
    let share = at - low as f64;
    // numpy interpolates from the nearer end.
    if share >= 0.5 { b - (b - a) * (1.0 - share) } else { a + (b - a) * share }
}

/// M\[0\] = initial, M\[t\] = clamp(M\[t−1\] + 0.1·G\[t\], 0, 1) (MODEL §2) in 64-bit floats, a row a step.
pub fn cumulative_mastery(initial: &[f64], gains: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut steps: Vec<Vec<f64>> = Vec::with_capacity(gains.len());
    for gain in gains {
        let next = match steps.last() {
            None => initial.to_vec(),
            Some(before) => before.iter().zip(gain).map(|(m, g)| (m + 0.1 * g).clamp(0.0, 1.0)).collect(),
        };
        steps.push(next);
    }
    steps
}
