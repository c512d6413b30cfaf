//! Measures how often a sketch gives up all keys that differ, and what that costs in bytes.
//!
//! Two maps of N keys have summaries that are kept current. In each run, d random keys move ahead
//! on one side or the other by 1, 2, 4... with probabilities 1/2, 1/4...; one side sends, the other
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

const WIDTH: Width = Width::A16B32;

/// What a datagram has room for.
const DATAGRAM_LEN: usize = 1_200;

fn main() -> io::Result<()> {
    let numbers: Option<Vec<usize>> = env::args().skip(1).map(|arg| arg.parse().ok()).collect();
    let Some(numbers) = numbers else {
        eprintln!("usage: decode_rate [RUNS [N...]]");
        std::process::exit(2);
    };
    let (runs, sizes) = match numbers.as_slice() {
        [] => (10_000, [10_000, 100_000, 1_000_000].as_slice()),
        [runs] => (*runs, [10_000, 100_000, 1_000_000].as_slice()),
        [runs, sizes @ ..] => (*runs, sizes),
    };
    let mut out = io::stdout();
    writeln!(out, "{runs} runs a line; found: gaps that came out, wrong: gaps that are none")?;
    writeln!(
        out,
        "{:>9} {:>6} | one datagram: {:>5} {:>9} {:>9} {:>6} | sized for d: {:>6} {:>9} {:>6} | {:>10} {:>7} {:>6} | {:>8}",
        "N",
        "d",
        "bytes",
        "full",
        "found",
        "wrong",
        "bytes",
        "full",
        "wrong",
        "both ways",
        "bound",
        "ratio",
        "d by 64B"
    )?;
    for &keys in sizes {
        let mut maps = Maps::new(keys);
        for &differ in DIFFERENCES.iter().filter(|differ| **differ <= keys / 10) {
            measure(&mut maps, differ, runs)?.print(&mut out, keys, differ, runs)?;
        }
    }
    Ok(())
}

/// What some runs came to.
#[derive(Default)]
struct Tally {
    datagram: Decoded,
    sized: Decoded,
    requests_len: usize,
    estimates: Vec<usize>,
}

/// What came out of sketches of one size.
#[derive(Default)]
struct Decoded {
    len: usize,
    full: usize,
    found: usize,
    wrong: usize,
}

fn measure(maps: &mut Maps, differ: usize, runs: usize) -> io::Result<Tally> {
    let one_datagram = Size::fitting(WIDTH, DATAGRAM_LEN - Strata::LEN).expect("it has room");
    let sized = Size::for_differences(differ);
    let mut tally = Tally::default();
    for run in 0..runs {
        progress(maps.theirs.len(), differ, run, runs)?;
        let truth = maps.diverge(differ);
        tally.datagram.count(maps, one_datagram, &truth);
        if differ == 1 {
            let gap = truth.iter().next().map(|(key, ahead)| Gap { key: *key, ahead: *ahead });
            let gap = gap.expect("one key differs");
            let (mine, theirs) = (maps.mine.fingerprint(), maps.their_summary.fingerprint());
            assert_eq!(mine.compare(theirs, &maps.index), Comparison::One(gap));
        }
        let found = tally.sized.count(maps, sized, &truth);
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
    /// Sends a sketch and counts what comes out.
    fn count(&mut self, maps: &Maps, size: Size, truth: &BTreeMap<KeyHash, i64>) -> Vec<Gap> {
        let mut bytes = vec![0; Part::len_of(size, WIDTH)];
        let folded = maps.their_summary.sketch().fold(size);
        let (len, rest) = folded.encode_part(WIDTH, Stripe::WHOLE, &mut bytes);
        assert_eq!((len, rest), (bytes.len(), None), "all cells fit");
        let received = Received::whole(&Part::decode(&bytes).expect("it was just encoded"));
        let received = received.expect("all cells are there");
        let peeled = maps.mine.sketch().difference(&received);
        let peeled = peeled.expect("the sizes are ours").peel(&maps.index);
        let right = |gap: &&Gap| truth.get(&gap.key) == Some(&gap.ahead);
        let found = peeled.gaps.iter().filter(right).count();
        self.len = Strata::LEN + len;
        self.full += usize::from(peeled.is_full() && found == truth.len());
        self.found += found;
        self.wrong += peeled.gaps.len() - found;
        peeled.gaps
    }
}

impl Tally {
    fn print(
        &self,
        out: &mut impl Write,
        keys: usize,
        differ: usize,
        runs: usize,
    ) -> io::Result<()> {
        let percent = |part: usize, whole: usize| 100.0 * part as f64 / whole as f64;
        let Self { datagram, sized, estimates, .. } = self;
        // One side sends the sketch, the other asks for what it lacks.
        let both_ways = sized.len as f64 + self.requests_len as f64 / runs as f64;
        let bound = lower_bound_bits(keys, differ) / 8.0;
        let at = |share: usize| estimates[estimates.len() * share / 100];
        writeln!(
            out,
            "{keys:>9} {differ:>6} | {:>19} {:>8.2}% {:>8.2}% {:>6} | {:>19} {:>8.2}% {:>6} | {both_ways:>10.0} {bound:>7.0} {:>6.2} | {}..{}",
            datagram.len,
            percent(datagram.full, runs),
            percent(datagram.found, runs * differ),
            datagram.wrong,
            sized.len,
            percent(sized.full, runs),
            sized.wrong,
            both_ways / bound,
            at(5),
            at(95),
        )
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
