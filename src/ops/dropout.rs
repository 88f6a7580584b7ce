//! Which elements dropout drops: a hash of (seed, step, site, element), the same on every device.

/// The dropout of one place in the model at one training step.
///
/// The mask is never stored: forward and backward compute it again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dropout {
    probability: f32,
    key: [u32; 2],
}

impl Dropout {
    /// No dropout (evaluation).
    pub const OFF: Self = Self { probability: 0.0, key: [0; 2] };

    /// Drops each element with `probability` (0 to below 1); `site` tells places in the model apart.
    pub fn new(probability: f32, seed: u64, step: u64, site: u32) -> Self {
        let mut mixed = seed ^ 0x9e37_79b9_7f4a_7c15;
        for word in [step, u64::from(site)] {
            mixed = splitmix(mixed ^ word.wrapping_mul(0xbf58_476d_1ce4_e5b9));
        }
        Self { probability, key: [mixed as u32, (mixed >> 32) as u32] }
    }

    /// Whether nothing is dropped.
    pub fn is_off(self) -> bool {
        self.probability <= 0.0
    }

    /// What a kept element is multiplied by.
    pub fn scale(self) -> f32 {
        1.0 / (1.0 - self.probability)
    }

    /// The factor of element `index`: 0 where dropped, else [`Self::scale`].
    #[inline(always)]
    pub fn factor(self, index: u32) -> f32 {
        if hash(index, self.key) >= self.threshold() { self.scale() } else { 0.0 }
    }

    /// Hashes below this are dropped.
    pub(super) fn threshold(self) -> u32 {
        (f64::from(self.probability) * 4_294_967_296.0) as u32
    }

    /// The hash key.
    pub(super) fn key(self) -> [u32; 2] {
        self.key
    }
}

/// The hash of an element; `shaders/include/dropout_factor.wgsl` has the same function.
#[inline(always)]
fn hash(index: u32, key: [u32; 2]) -> u32 {
    let mut x = index ^ key[0];
    x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
    x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
    x = (x ^ (x >> 16)).wrapping_add(key[1]);
    x = (x ^ (x >> 16)).wrapping_mul(0x21f0_aaad);
    x = (x ^ (x >> 15)).wrapping_mul(0x735a_2d97);
    x ^ (x >> 15)
}

fn splitmix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_the_asked_share_and_keeps_the_mean() {
        let n = 200_000;
        for p in [0.1f32, 0.2, 0.5] {
            let d = Dropout::new(p, 42, 3, 1);
            let kept = (0..n).filter(|&i| d.factor(i) > 0.0).count() as f32 / n as f32;
            assert!((kept - (1.0 - p)).abs() < 0.005, "{p}: kept {kept}");
        }
    }

    #[test]
    fn seed_step_and_site_each_change_the_mask() {
        let mask = |d: Dropout| (0..256).map(|i| d.factor(i) > 0.0).collect::<Vec<_>>();
        let base = mask(Dropout::new(0.5, 1, 1, 1));
        assert_eq!(base, mask(Dropout::new(0.5, 1, 1, 1)));
        for other in [Dropout::new(0.5, 2, 1, 1), Dropout::new(0.5, 1, 2, 1), Dropout::new(0.5, 1, 1, 2)] {
            let same = base.iter().zip(mask(other)).filter(|(a, b)| **a == *b).count();
            assert!((80..176).contains(&same), "{same} of 256 equal");
        }
    }
}
