use core::time::Duration;
use rumormill_core::Config;
use rumormill_sim::{Link, Sim};
fn main() {
    let n: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let mut sim = Sim::new(1, Config::DEFAULT).trace_lines(0);
    sim.set_link(Link::LAN);
    let all: Vec<_> = (0..n).map(|_| sim.start()).collect();
    for i in &all[1..] { sim.join(*i, 0); }
    for step in [5u64, 5, 10, 20, 40, 80, 160, 320, 640, 1280, 1440] {
        sim.run(Duration::from_millis(step));
        let mut s = [0u64; 8];
        let mut known = 0;
        let mut min = usize::MAX;
        for (_, node) in sim.nodes() {
            let st = node.stats();
            for (a, b) in s.iter_mut().zip([st.bytes_sent, st.digest_bytes_sent, st.datagrams_sent, st.deltas_sent, st.deltas_applied, st.deltas_known, st.pings_sent, st.shed]) { *a += b; }
            known += node.members().count(); min = min.min(node.members().count());
        }
        let per = s.map(|x| x / n as u64);
        println!("{:?} known {} min {} | bytes {} digest {} datagrams {} deltas {} applied {} known {} pings {} shed {}", sim.now(), known / n, min, per[0], per[1], per[2], per[3], per[4], per[5], per[6], per[7]);
    }
}
