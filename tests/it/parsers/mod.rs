//! What the fuzzers ask of every parser, asked of their seeds and of what is near them.

#[path = "../../../fuzz/src/properties/mod.rs"]
#[expect(unreachable_pub, clippy::expect_used, clippy::panic, reason = "the fuzzers use it as a library")]
mod properties;

use std::{fs, path::Path};

use properties::ALL;

/// How many neighbours of each seed are tried.
const NEIGHBOURS: usize = 100;

/// The same steps each time, so that a failure comes again.
struct Steps(u64);

impl Steps {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(count.max(1)).unwrap()).unwrap()
    }

    /// A little changed: a byte set, taken out or doubled, a piece moved, an end cut off, or something of another seed.
    fn neighbour(&mut self, seed: &[u8], other: &[u8]) -> Vec<u8> {
        let mut near = seed.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(near.len());
            match self.below(6) {
                _ if near.is_empty() => near.push(b'{'),
                0 => near[at] = u8::try_from(self.below(256)).unwrap(),
                1 => drop(near.remove(at)),
                2 => near.insert(at, near[at]),
                3 => near.rotate_left(at),
                4 => near.truncate(at),
                _ => near.extend(&other[self.below(other.len())..]),
            }
        }
        near
    }
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn every_parser_keeps_its_promise_for_the_seeds_and_what_is_near_them() {
    for (target, property) in ALL {
        let seeds = seeds(target);
        assert!(seeds.len() > 2, "{target} has too few seeds");
        let mut steps = Steps(0x5EED);
        for (index, seed) in seeds.iter().enumerate() {
            property(seed);
            for _ in 0..NEIGHBOURS {
                let near = steps.neighbour(seed, &seeds[(index + 1) % seeds.len()]);
                println!("{target}: {:?}", String::from_utf8_lossy(&near));
                property(&near);
            }
        }
        property(&[]);
    }
}

#[test]
fn every_parser_has_a_fuzz_target_and_every_target_a_parser() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/fuzz_targets");
    let mut targets: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    targets.sort();
    let expected: Vec<String> = ALL.iter().map(|(name, _)| format!("{name}.rs")).collect();
    assert_eq!(targets, expected);
}
