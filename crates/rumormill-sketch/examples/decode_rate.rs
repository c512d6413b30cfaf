//! Measures how often a sketch gives up all keys that differ, and what that costs in bytes.
//!
//! Two maps of N keys have summaries that are kept current. In each run, d random keys move ahead
//! on one side or the other by 1, 2, 3... with probabilities 1/2, 1/4, 1/8...; one side sends, the other
//! finds the differences, asks for what it lacks, and both are brought up to date.
//!
//! `cargo run --release -p rumormill-sketch --example decode_rate [RUNS [N...]]`

use std::{
    collections::BTreeMap,
    env,
    io::{self, IsTerminal, Write},
};

use rumormill_sketch::{
    Comparison, Gap, HashKey, KeyHash, KeyIndex, Part, Received, RequestList, Size, Strata, Stripe,
    Summary, Width,
};

const DIFFERENCES: [usize; 9] = [1, 10, 50, 100, 120, 150, 200, 1_000, 10_000];

/// What a datagram has room for.
const DATAGRAM_LEN: usize = 1_200;

/// So many differences are made in all for a line, if that takes fewer runs than were asked for.
const DIFFERENCES_MAX: usize = 2_000_000;

const HEADING: &str = "\
N, d: keys, and those that differ. full: runs in which exactly the truth came out, and all of it;
found: gaps that came out; wrong: gaps that came out and are none. One datagram: 1,200 bytes at most,
64 of them strata; 62 triples of 6-byte cells, or 75 of 5-byte cells. Sized: as many cells as
Size::for_differences(d) says, and the answer that asks for half of d; bound: bytes that no code goes
below; x: times that. strata: the 5th and the 95th percentile of what they estimate d to be.

                      one datagram, 6-byte cells | 5-byte cells      | sized for d            both ways, in bytes
        N      d   runs |   full   found   wrong |   full     wrong  | cells   full   wrong | bound  6-byte cells   5-byte cells   | strata";

fn main() -> io::Result<()> {
    let numbers: Option<Vec<usize>> = env::args().skip(1).map(|arg| arg.parse().ok()).collect();
    let Some(numbers) = numbers else {
        eprintln!("usage: decode_rate [RUNS [N...]]");
        std::process::exit(2);
    };
    let all_sizes = [10_000, 100_000, 1_000_000].as_slice();
    let (runs, sizes) = match numbers.as_slice() {
        [] => (10_000, all_sizes),
        [runs] => (*runs, all_sizes),
        [runs, sizes @ ..] => (*runs, sizes),
    };
    let mut out = io::stdout();
    writeln!(out, "{HEADING}")?;
    for &keys in sizes {
        let mut maps = Maps::new(keys);
        for &differ in DIFFERENCES.iter().filter(|differ| **differ <= keys / 10) {
            let runs = runs.min(DIFFERENCES_MAX / differ);
            measure(&mut maps, differ, runs)?.print(&mut out, keys, differ)?;
        }
    }
    Ok(())
}

/// What some runs came to.
struct Tally {
    runs: usize,
    datagram: Decoded,
    datagram_narrow: Decoded,
    sized: Decoded,
    requests_len: usize,
    estimates: Vec<usize>,
}

/// What came out of sketches of one size.
struct Decoded {
    size: Size,
    width: Width,
    full: usize,
    found: usize,
    wrong: usize,
}

fn measure(maps: &mut Maps, differ: usize, runs: usize) -> io::Result<Tally> {
    let one_datagram = |width| {
        let size = Size::fitting(width, DATAGRAM_LEN - Strata::LEN).expect("it has room");
        Decoded::new(size, width)
    };
    let mut tally = Tally {
        runs,
        datagram: one_datagram(Width::A16B32),
        datagram_narrow: one_datagram(Width::A8B32),
        sized: Decoded::new(Size::for_differences(differ), Width::A16B32),
        requests_len: 0,
        estimates: Vec::new(),
    };
    for run in 0..runs {
        progress(maps.theirs.len(), differ, run, runs)?;
        let truth = maps.diverge(differ);
        if let (1, Some((key, ahead))) = (differ, truth.iter().next()) {
            let found = Comparison::One(Gap { key: *key, ahead: *ahead });
            let (mine, theirs) = (maps.mine.fingerprint(), maps.their_summary.fingerprint());
            assert_eq!(mine.compare(theirs, &maps.index), found, "16 bytes name the key");
        }
        tally.datagram.count(maps, &truth);
        tally.datagram_narrow.count(maps, &truth);
        let found = tally.sized.count(maps, &truth);
        let requests = RequestList::new(&found, maps.theirs.len()).expect("they are few");
        tally.requests_len += requests.encode().len();
        tally.estimates.push(maps.mine.strata().estimate(maps.their_summary.strata()));
        maps.converge(&truth);
    }
    progress(0, 0, 0, 0)?;
    tally.estimates.sort_unstable();
    Ok(tally)
}

impl Decoded {
    const fn new(size: Size, width: Width) -> Self {
        Self { size, width, full: 0, found: 0, wrong: 0 }
    }

    /// Sends a sketch and counts what comes out.
    fn count(&mut self, maps: &Maps, truth: &BTreeMap<KeyHash, i64>) -> Vec<Gap> {
        let mut bytes = vec![0; Part::len_of(self.size, self.width)];
        let folded = maps.their_summary.sketch().fold(self.size);
        let (len, rest) = folded.encode_part(self.width, Stripe::WHOLE, &mut bytes);
        assert_eq!((len, rest), (bytes.len(), None), "all cells fit");
        let received = Received::whole(&Part::decode(&bytes).expect("it was just encoded"));
        let received = received.expect("all cells are there");
        let difference = maps.mine.sketch().difference(&received).expect("the sizes are ours");
        let peeled = difference.peel(&maps.index);
        let right = |gap: &&Gap| truth.get(&gap.key) == Some(&gap.ahead);
        let found = peeled.gaps.iter().filter(right).count();
        let exact = (found, peeled.gaps.len()) == (truth.len(), truth.len());
        assert!(exact || !peeled.is_full(), "a full decode is the truth");
        self.full += usize::from(peeled.is_full());
        self.found += found;
        self.wrong += peeled.gaps.len() - found;
        peeled.gaps
    }
}

impl Tally {
    fn print(&self, out: &mut impl Write, keys: usize, differ: usize) -> io::Result<()> {
        let Self { runs, datagram, datagram_narrow, sized, estimates, .. } = self;
        let percent = |part: usize, whole: usize| 100.0 * part as f64 / whole as f64;
        let full = |decoded: &Decoded| percent(decoded.full, *runs);
        let bound = lower_bound_bits(keys, differ) / 8.0;
        let requests = self.requests_len as f64 / *runs as f64;
        let both_ways = |width| Part::len_of(sized.size, width) as f64 + requests;
        let (wide, narrow) = (both_ways(Width::A16B32), both_ways(Width::A8B32));
        let at = |share: usize| estimates[estimates.len() * share / 100];
        write!(out, "{keys:>9} {differ:>6} {runs:>6} | {:>6.2}% ", full(datagram))?;
        write!(out, "{:>6.2}% {:>7} | ", percent(datagram.found, runs * differ), datagram.wrong)?;
        write!(out, "{:>6.2}% {:>9} | ", full(datagram_narrow), datagram_narrow.wrong)?;
        write!(out, "{:>6} {:>6.2}% {:>7} | ", sized.size.cells(), full(sized), sized.wrong)?;
        write!(out, "{bound:>6.0} {wide:>7.0} {:>5.2} x {narrow:>7.0} ", wide / bound)?;
        writeln!(out, "{:>5.2} x | {} to {}", narrow / bound, at(5), at(95))
    }
}

/// Two maps from hashes of keys to values, and what is kept of them.
struct Maps {
    random: Random,
    keys: Vec<KeyHash>,
    ours: Vec<u64>,
    theirs: Vec<u64>,
    index: KeyIndex<u32>,
    mine: Summary,
    their_summary: Summary,
}

impl Maps {
    fn new(len: usize) -> Self {
        let mut random = Random(len as u64);
        let secret = HashKey(*b"only for figures");
        let keys: Vec<_> = (0..len as u64).map(|key| secret.hash(&key.to_be_bytes())).collect();
        let ours: Vec<_> = keys.iter().map(|_| 1 + random.next() % 10_000).collect();
        let mut mine = Summary::new(Size::MAX);
        keys.iter().zip(&ours).for_each(|(key, value)| mine.update(*key, 0, *value));
        let index = keys.iter().copied().zip(0..).collect();
        Self { random, keys, theirs: ours.clone(), ours, index, their_summary: mine.clone(), mine }
    }

    /// Moves keys ahead on either side; by how much we are ahead in each.
    fn diverge(&mut self, differ: usize) -> BTreeMap<KeyHash, i64> {
        let mut gaps = BTreeMap::new();
        while gaps.len() < differ {
            let at = self.random.below(self.keys.len());
            let by = 1 + u64::from(self.random.next().trailing_ones());
            let ours = self.random.next() >> 63 == 1;
            if gaps.contains_key(&self.keys[at]) {
                continue;
            }
            self.advance(at, by, ours);
            let gap = by.cast_signed();
            gaps.insert(self.keys[at], if ours { gap } else { -gap });
        }
        gaps
    }

    /// Takes over on either side what the other is ahead in.
    fn converge(&mut self, gaps: &BTreeMap<KeyHash, i64>) {
        for (key, ahead) in gaps {
            let at = *self.index.values(*key).next().expect("all keys are known") as usize;
            self.advance(at, ahead.unsigned_abs(), *ahead < 0);
        }
        assert_eq!(self.mine, self.their_summary, "equal maps have equal summaries");
    }

    fn advance(&mut self, at: usize, by: u64, ours: bool) {
        let (values, summary) = if ours {
            (&mut self.ours, &mut self.mine)
        } else {
            (&mut self.theirs, &mut self.their_summary)
        };
        summary.update(self.keys[at], values[at], values[at] + by);
        values[at] += by;
    }
}

/// The fewest bits that tell one side which `differ` of `keys` known keys differ, on which side,
/// and by how much (2 bits, the entropy of the gaps here), and the other side its half of that.
fn lower_bound_bits(keys: usize, differ: usize) -> f64 {
    let half = (log2_choose(keys, differ / 2) + log2_choose(keys, differ.div_ceil(2))) / 2.0;
    log2_choose(keys, differ) + 3.0 * differ as f64 + half + differ as f64
}

fn log2_choose(of: usize, choose: usize) -> f64 {
    (0..choose).map(|number| ((of - number) as f64 / (number + 1) as f64).log2()).sum()
}

/// Says on a terminal how far it is; wipes that at the end.
fn progress(keys: usize, differ: usize, run: usize, runs: usize) -> io::Result<()> {
    let mut err = io::stderr();
    if !err.is_terminal() || !(run).is_multiple_of(100) {
        return Ok(());
    }
    if runs == 0 {
        return write!(err, "\r{:60}\r", "");
    }
    write!(err, "\rN = {keys}, d = {differ}: run {run} of {runs}")
}

/// SplitMix64: the same numbers everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("it is below a usize")
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
