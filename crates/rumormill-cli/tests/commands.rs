//! The binary, as people and scripts run it.
#![cfg(unix)]

mod agent;

use std::{
    env, fs,
    path::Path,
    process::{self, Command},
};

use serde_json::{Value, json};

use self::agent::{Agent, rumormill};

#[test]
fn agents_see_writes_deaths_and_returns() {
    let mut ann = Agent::start("ann", &[]);
    let mut bob = Agent::start("bob", &["--join", &ann.address]);

    ann.say("set greeting hello there");
    ann.say("add skills search");
    bob.say("watch greeting");
    bob.hear("register", "hello there");
    bob.say("watch skills");
    bob.hear("set", json!(["search"]));
    bob.say("remove skills search");
    ann.say("watch skills");
    ann.hear("set", json!([]));
    bob.say("count calls 30");
    ann.say("watch calls");
    ann.hear("counter", 30);

    bob.kill();
    ann.hear_of("bob", "dead");

    let mut bob = Agent::start("bob", &["--join", &ann.address]);
    ann.hear_of("bob", "alive");
    bob.say("count calls 12");
    bob.say("watch calls");
    bob.hear("counter", 42);
    ann.hear("counter", 42);

    bob.say("quit");
    bob.ends_well();
    ann.hear_of("bob", "left");
    ann.terminate();
    ann.ends_well();
}

#[test]
fn a_cluster_that_was_logged_runs_again_to_the_same_bytes() {
    let names = ["ann", "bob", "cid", "dee", "eve"];
    let logs = names.map(|name| env::temp_dir().join(format!("{name}-{}.log", process::id())));
    let mut agents: Vec<Agent> = Vec::new();
    for (name, log) in names.into_iter().zip(&logs) {
        let log = log.to_str().expect("a path in Unicode").to_owned();
        let seed = agents.first().map(|first| first.address.clone());
        let seed = seed.iter().flat_map(|seed| ["--join", seed]);
        let more: Vec<&str> = ["--log-inputs", &log].into_iter().chain(seed).collect();
        agents.push(Agent::start(name, &more));
    }
    for (agent, calls) in agents.iter_mut().zip(1..) {
        agent.say(&format!("count calls {calls}"));
        agent.say("add skills search");
        agent.say("remove skills search");
    }
    for agent in &mut agents {
        agent.say("watch calls");
        agent.hear("counter", 15);
    }
    agents.pop().expect("five").kill();
    agents[0].hear_of("eve", "dead");
    for mut agent in agents {
        agent.say("quit");
        agent.ends_well();
    }
    for log in &logs {
        let log = log.to_str().expect("a path in Unicode");
        let output = rumormill(&["replay", log, "--json"]).output().expect("it starts");
        let said: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        assert!(output.status.success() && said["outputs_identical"] == true, "{said}");
        assert!(
            said["inputs"].as_u64() > Some(20) && said["outputs"].as_u64() > Some(20),
            "{said}"
        );
    }
    change_the_seed(&logs[1]);
    let log = logs[1].to_str().expect("a path in Unicode");
    let output = rumormill(&["replay", log]).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success() && said.contains("DIFFER"), "{said}");
    logs.iter().for_each(|log| fs::remove_file(log).expect("it is there"));
}

/// Changes the seed that a log begins with, so that the node goes another way.
fn change_the_seed(log: &Path) {
    let mut bytes = fs::read(log).expect("it is there");
    let magic = bytes.iter().position(|byte| *byte == b'\n').expect("a line") + 1;
    let begun: [u8; 4] = bytes[magic..magic + 4].try_into().expect("four bytes");
    let end = magic + 4 + u32::from_le_bytes(begun) as usize;
    bytes[end - 2] ^= 0x40;
    fs::write(log, bytes).expect("it can be written");
}

#[test]
fn a_fleet_lets_its_members_in_until_it_throws_them_out() {
    let folder = env::temp_dir().join(format!("fleet-{}", process::id()));
    fs::create_dir_all(&folder).expect("a new folder");
    let file = |name: &str| folder.join(name).to_str().expect("a path in Unicode").to_owned();
    let (secret, fleet) = (file("ships.secret"), file("ships.fleet"));
    let keys = |args: &[&str]| {
        let output = rumormill(&[&["keys"], args].concat()).output().expect("it starts");
        output.status.success()
    };
    assert!(keys(&["fleet", "--name", "ships", "--authority", &secret, "--out", &fleet]));
    assert!(!keys(&["fleet", "--authority", &secret, "--out", &fleet]), "not overwritten");
    let mut agents: Vec<Agent> = Vec::new();
    for name in ["ann", "bob"] {
        let key = file(name);
        assert!(keys(&["new", "--out", &key]));
        assert!(keys(&["admit", &key, "--name", name, "--authority", &secret]));
        let seed = agents.first().map(|first| first.address.clone());
        let seed = seed.iter().flat_map(|seed| ["--join", seed]);
        let more = ["--key-file", &key, "--fleet-key", &fleet].into_iter().chain(seed);
        agents.push(Agent::start(name, &more.collect::<Vec<_>>()));
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata(&secret).expect("it is there").permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    let [mut ann, mut bob] = agents.try_into().ok().expect("two");
    let mut eve = Agent::start("eve", &["--join", &ann.address]);
    eve.say("add skills spy");
    bob.say("add skills sail");
    ann.say("watch skills");
    ann.hear("set", json!(["sail"]));
    for step in ["accept", "seal", "forget"] {
        assert!(keys(&["fleet", "--rotate", step, &fleet]));
        for agent in [&mut ann, &mut bob] {
            agent.say(&format!("keys {fleet}"));
            agent.hear("ok", true);
        }
    }
    bob.say("add skills fly");
    ann.hear("set", json!(["fly", "sail"]));
    let revoked = file("bob.revoked");
    assert!(keys(&[
        "revoke",
        "--key-file",
        &file("bob"),
        "--authority",
        &secret,
        "--out",
        &revoked
    ]));
    ann.say(&format!("revoke {revoked}"));
    ann.hear("set", Value::Null);
    bob.hear("event", "revoked");
    fs::remove_dir_all(&folder).expect("it is there");
}

#[test]
fn nodes_keep_their_word_to_maelstrom() {
    for workload in ["broadcast", "pn-counter"] {
        let mut check = Command::new(env!("CARGO_BIN_EXE_rumormill"));
        check.args(["maelstrom", "check", "--json", "--seconds", "5", "--loss", "0.1"]);
        let output = check.args(["--workload", workload]).output().expect("it starts");
        let said: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        assert!(output.status.success(), "{said}");
        assert!(said["messages_lost"].as_u64() > Some(0), "the network was cut: {said}");
        assert!(said["acknowledged"].as_u64() >= Some(400), "{said}");
    }
}

#[test]
fn an_agent_answers_wrong_lines_and_outlives_its_input() {
    let mut ann = Agent::start("ann", &[]);
    ann.say("frobnicate");
    ann.hear(
        "error",
        "there is no \"frobnicate\"; there are set, add, remove, count, get, watch, members, \
         freshness, evict, pardon, revoke, keys, help, quit",
    );
    ann.say("freshness");
    ann.hear(
        "freshness",
        json!({"age_ms": null, "peers": 0, "peers_age_ms": null, "population": 1}),
    );
    ann.say(&format!("set big {}", "x".repeat(701)));
    let answer = ann.next(|line| line.get("error").is_some());
    let error = answer["error"].as_str().unwrap();
    assert!(error.contains("the limit is 600"), "{error}");
    ann.say("get big");
    ann.hear("register", Value::Null);

    ann.input = None;
    let bob = Agent::start("bob", &["--join", &ann.address]);
    ann.hear_of("bob", "alive");
    bob.terminate();
    ann.hear_of("bob", "left");
    ann.terminate();
    ann.ends_well();
}

#[test]
fn wrong_usage_exits_with_2_and_failure_with_1() {
    let run = |args: &[&str]| {
        let output = rumormill(args).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, error) = run(&["agent", "--bind", "127.0.0.1:0"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("give it a --name"), "{error}");
    let zone = "z".repeat(33);
    let (code, error) = run(&["agent", "--bind", "127.0.0.1:0", "--name", "eve", "--zone", &zone]);
    assert_eq!(code, Some(2));
    assert!(error.contains("a label has at most 32 bytes"), "{error}");
    assert_eq!(run(&["sim", "zones", "--bias-per-mille", "751"]).0, Some(2));
    assert_eq!(run(&["demo", "--nodes", "3"]).0, Some(2));
    let (code, error) = run(&["reconcile", "--rows", "5", "--differ", "6"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("only rows that exist differ"), "{error}");
    let (code, error) = run(&["reconcile", "--unknown-pct", "60", "--big-gap-pct", "60"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("no row is both"), "{error}");
    assert_eq!(run(&["sim", "join", "--nodes", "1"]).0, Some(2));
    assert_eq!(run(&["sim", "idle", "--update-rate", "-1"]).0, Some(2));
    assert_eq!(run(&["sim", "crash", "--loss", "1"]).0, Some(2));
    assert_eq!(run(&["sim", "loss", "--seeds", "0"]).0, Some(2));
    assert_eq!(run(&["sim", "churn", "--per-minute-pct", "101"]).0, Some(2));
    assert_eq!(run(&["sim", "swarm", "--seeds", "5..5"]).0, Some(2));

    let ann = Agent::start("ann", &[]);
    let (code, error) = run(&["agent", "--bind", &ann.address]);
    assert_eq!(code, Some(1));
    assert!(error.contains("is in use by another socket"), "{error}");
}

#[test]
fn the_demo_holds_every_claim() {
    let output = rumormill(&["demo", "--nodes", "6", "--json"]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{report:#}");
    assert_eq!(report["nodes"], 6);
    assert_eq!(report["converged"], true);
    assert_eq!(report["counter_exact"], true);
    assert_eq!(report["counter_min"], report["counter_expected"]);
    assert_eq!(report["counter_max"], report["counter_expected"]);
    assert_eq!(report["resurrected"], 0);
    let phases = report["phases"].as_array().unwrap();
    let names: Vec<&str> = phases.iter().filter_map(|phase| phase["name"].as_str()).collect();
    assert_eq!(names, ["join", "announce", "remove", "kill", "cut", "heal", "restart", "agree"]);
    assert!(phases.iter().all(|phase| phase["held"] == true), "{report:#}");
    for figure in ["wall_ms", "datagrams", "bytes"] {
        assert!(report[figure].as_u64() > Some(0), "{figure}");
    }
}

#[test]
fn reconciling_makes_tables_equal_whatever_differs_and_gets_lost() {
    let check = |more: &[&str]| {
        let report = measured(&[&["reconcile", "--rows", "2000", "--runs", "5"], more].concat());
        assert_eq!(report["rows"], 2_000);
        assert_eq!(report["runs"], 5);
        assert_eq!(report["equal_after"], 5, "{report:#}");
        for figure in ["bytes_p50", "bytes_p95", "datagrams_p50", "rtts_p50", "ratio"] {
            assert!(report[figure].as_f64() > Some(0.0), "{figure} {report:#}");
        }
        assert!(report["bytes_p50"].as_u64() <= report["bytes_p95"].as_u64());
        assert!(report["bytes_p50"].as_u64() <= report["framed_bytes_p50"].as_u64());
        assert!(report["cpu_us_p50"].is_number());
        assert!((0.0..=100.0).contains(&report["one_datagram_pct"].as_f64().unwrap()));
        assert!(report["version_vector_bytes"].as_u64() >= Some(2_000 * (17 + 1)));
        report
    };
    let few = check(&["--differ", "5"]);
    assert_eq!(few["differ"], 5);
    assert_eq!(few["lower_bound_bytes"], 11);
    assert!(few["rtts_p50"].as_f64() <= few["rtts_repaired_p50"].as_f64(), "{few:#}");
    check(&["--differ", "5", "--loss", "0.3"]);
    check(&["--differ", "40", "--unknown-pct", "20", "--big-gap-pct", "20", "--cold"]);
}

#[test]
fn one_comparison_of_equal_tables_is_one_datagram() {
    let report = measured(&["reconcile", "--rows", "2000", "--differ", "0", "--runs", "5"]);
    assert_eq!(report["equal_after"], 5, "{report:#}");
    assert_eq!(report["datagrams_p50"], 1);
    assert_eq!(report["rtts_p50"], 0.5);
    assert_eq!(report["lower_bound_bytes"], 8);
    assert_eq!(report["rtts_repaired_p50"], Value::Null);
}

#[test]
fn a_newcomer_comes_to_know_all_and_all_it() {
    let check = |more: &[&str]| {
        let report = measured(&[&["sim", "join", "--nodes", "30"], more].concat());
        assert_eq!(report["nodes"], 30);
        let useful = report["joiner_first_useful_ms"].as_f64().unwrap();
        assert!(useful <= report["joiner_knows_all_ms"].as_f64().unwrap(), "{report:#}");
        for figure in ["all_know_joiner_ms", "joiner_has_table_ms", "joiner_bytes"] {
            assert!(report[figure].as_f64() > Some(0.0), "{figure} {report:#}");
        }
        assert_eq!(report["all_know_all_ms"], Value::Null);
        assert_eq!(report["bytes_per_node"], Value::Null);
    };
    check(&[]);
    check(&["--loss", "0.3", "--seeds", "3"]);
}

#[test]
fn nodes_that_start_at_once_come_to_know_each_other() {
    for loss in ["0", "0.3"] {
        let report = measured(&["sim", "join", "--nodes", "30", "--cold", "--loss", loss]);
        for figure in ["all_know_all_ms", "bytes_per_node"] {
            assert!(report[figure].as_f64() > Some(0.0), "{figure} {report:#}");
        }
        assert_eq!(report["joiner_knows_all_ms"], Value::Null);
    }
}

#[test]
fn a_population_at_rest_is_measured() {
    let check = |more: &[&str], updates: u64| {
        let report =
            measured(&[&["sim", "idle", "--nodes", "20", "--seconds", "20"], more].concat());
        assert_eq!(report["nodes"], 20);
        assert_eq!(report["updates"], updates);
        assert!(report["equal_after_ms"].is_number());
        assert!(report["in_sync_pct"].is_null() == (report["comparisons"] == 0), "{report:#}");
        let per_datagram = |report: &Value| {
            let bytes = report["bytes_per_s_per_node"].as_f64().unwrap();
            bytes / report["datagrams_per_s_per_node"].as_f64().unwrap()
        };
        assert!((1.0..=1_200.0).contains(&per_datagram(&report)), "{report:#}");
    };
    check(&[], 0);
    check(&["--update-rate", "2.5", "--loss", "0.1"], 50);
}

#[test]
fn zones_are_measured_beside_uniform_choice() {
    let report = measured(&["sim", "zones", "--nodes", "60", "--zones", "3", "--seeds", "2"]);
    assert_eq!((&report["reached"], &report["theory_update_pct"]), (&json!(60), &json!(16.67)));
    let number = |value: &Value| value.as_f64().expect("a number");
    for field in ["cross_zone_bytes_pct", "cross_zone_update_bytes_pct"] {
        let [near, even] = [&report[field], &report["uniform"][field]].map(number);
        assert!(near < even * 0.8, "{field}: {near} {even}");
    }
    assert!(number(&report["all_ms"]) > 20.0, "it takes a while between zones");
}

#[test]
fn an_agent_shows_zones() {
    let ann = Agent::start("ann", &["--zone", "east"]);
    let _bob = Agent::start("bob", &["--zone", "west", "--join", &ann.address]);
    ann.hear("zone", "west");
}

#[test]
fn a_crash_comes_to_be_known_by_all() {
    let report = measured(&["sim", "crash", "--nodes", "20", "--seeds", "3"]);
    assert_eq!(report["nodes"], 20);
    assert_eq!(report["false_deaths"], 0);
    assert_eq!(report["theory_first_probe_ms"], 1_557.58);
    let figure = |name: &str| report[name].as_f64().unwrap();
    assert!(figure("first_suspect_ms") < figure("known_by_all_ms"), "{report:#}");
    assert!(figure("known_by_all_ms") <= figure("known_by_all_ms_max"), "{report:#}");
}

#[test]
fn nothing_lost_costs_nothing_more() {
    let args = ["sim", "loss", "--nodes", "10", "--loss", "0", "--seconds", "10"];
    let report = measured(&args);
    assert_eq!(report["nodes"], 10);
    assert_eq!(report["false_deaths"], 0);
    assert_eq!(report["bytes_ratio_to_lossless"], 1.0);
    assert!(report["bytes_per_s_per_node"].as_f64() > Some(0.0), "{report:#}");
}

#[test]
fn what_hardly_anything_gets_through_to_does_not_hold() {
    let (held, report) =
        asked(&["sim", "loss", "--nodes", "10", "--loss", "0.95", "--seconds", "60"]);
    assert!(!held, "{report:#}");
    assert!(report["false_deaths"].as_u64() > Some(0), "{report:#}");
}

#[test]
fn churn_is_measured() {
    let args = ["--nodes", "12", "--per-minute-pct", "100", "--minutes", "1", "--loss", "0"];
    let (held, report) = asked(&[&["sim", "churn"], &args[..]].concat());
    assert_eq!(report["nodes"], 12);
    assert_eq!(
        report["crashed"].as_u64().zip(report["left"].as_u64()).map(|(c, l)| c + l),
        Some(12)
    );
    let count = |name: &str| report[name].as_u64().expect("a count");
    let claims = report["equal_after_ms"].as_f64().is_some_and(|ms| ms <= 10_000.0)
        && count("false_deaths") + count("resurrected") == 0
        && report["memory_back_to_floor"] == true;
    assert_eq!(held, claims, "{report:#}");
}

#[test]
fn scale_is_measured() {
    let args = ["--nodes", "30", "--seconds", "30", "--per-minute-pct", "40"];
    let (held, report) = asked(&[&["sim", "scale"], &args[..]].concat());
    assert!(held && report["converged"] == true, "{report:#}");
    assert_eq!([&report["nodes"], &report["virtual_s"]], [&json!(30), &json!(30)]);
    assert!(report["wall_s"].as_f64() > Some(0.0), "{report:#}");
    assert!(report["crashed"].as_u64() > Some(0) && report["lost"].as_u64() > Some(0));
    if cfg!(target_os = "linux") {
        assert!(report["peak_rss_mib"].as_u64() > Some(0), "{report:#}");
    }
    let apart = asked(&[&["sim", "scale", "--keep-rows-apart"], &args[..]].concat()).1;
    assert_eq!(report["hash"], apart["hash"]);
    let short = rumormill(&["sim", "scale", "--seconds", "29"]).output().expect("it starts");
    assert_eq!(short.status.code(), Some(2), "nobody had time to notice");
}

#[test]
fn a_scenario_is_run_from_its_file() {
    let file = env::temp_dir().join(format!("scenario-{}.txt", process::id()));
    let text = "nodes 4\nstorm 20s\nevery 1s write\nat 2s for 5s loss 30%\n";
    fs::write(&file, text).expect("it can be written");
    let path = file.to_str().expect("a path in Unicode").to_owned();
    let (held, report) = asked(&["sim", "run", &path]);
    assert!(held && report["violation"].is_null() && report["nodes"] == 4, "{report:#}");
    fs::write(&file, "nodes 4\nat noon for 5s loss 30%\n").expect("it can be written");
    let output = rumormill(&["sim", "run", &path]).output().expect("it starts");
    let error = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("line 2: 250ms, 10s, 2m or 1h is expected, not 'noon'"), "{error}");
    drop(fs::remove_file(file));
}

#[test]
fn attacks_are_tried() {
    let (held, report) = asked(&["sim", "attack", "--runs", "20"]);
    assert!(held, "{report:#}");
    assert_eq!([&report["runs"], &report["succeeded"]], [&json!(20), &json!(0)]);
    assert!(report["lies"].as_u64() > Some(1_000), "{report:#}");
}

#[test]
fn a_swarm_is_the_same_however_many_run_at_a_time() {
    let swarm =
        |jobs| asked(&["sim", "swarm", "--seeds", "2..4", "--jobs", jobs, "--twice-in", "2"]);
    let (held, report) = swarm("1");
    assert!(held, "{report:#}");
    assert_eq!([&report["seeds"], &report["violations"]], [&json!(2), &json!(0)]);
    assert_eq!((&report["ran_twice"], &report["differed"]), (&json!(1), &json!([])));
    assert_eq!(report["first_failure"], Value::Null);
    assert!(report["node_hours"].as_f64() > Some(0.1) && report["messages"].as_u64() > Some(1_000));
    let kinds = report["faults"].as_object().expect("counts by kind");
    assert!(kinds.len() > 20 && kinds.values().any(|count| count.as_u64() > Some(0)));
    let (_, again) = swarm("2");
    for field in ["hash", "node_hours", "messages", "edits", "faults"] {
        assert_eq!(report[field], again[field]);
    }
}

#[test]
fn every_planted_bug_fits_the_source() {
    let checked = rumormill(&["sim", "planted", "--check"]).output().expect("it starts");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let nobody = rumormill(&["sim", "planted", "--bug", "nobody"]).output().expect("it starts");
    assert_eq!(nobody.status.code(), Some(1));
}

#[test]
fn theory_holds_if_all_its_cells_do() {
    let (held, report) = asked(&["sim", "theory", "--runs", "4"]);
    let cells = report["cells"].as_array().unwrap();
    assert_eq!((cells.len(), &report["cells_total"]), (72, &json!(72)));
    let holding = cells.iter().filter(|cell| cell["holds"] == true).count();
    assert_eq!(report["cells_holding"], holding);
    assert_eq!(held, holding == 72);
    let first = &cells[0];
    assert_eq!(
        [&first["mode"], &first["nodes"], &first["fanout"]],
        [&json!("push"), &json!(1_000), &json!(1)]
    );
    assert_eq!((&first["loss"], &first["formula"]), (&json!(0.0), &json!(16.87)));
    assert!(first["rounds_mean"].as_f64() > Some(10.0), "no tree is faster");
}

#[test]
fn tables_of_the_paper_hold_or_say_why_not() {
    let (held, report) = asked(&["sim", "demers", "--nodes", "50", "--runs", "5"]);
    let tables = report["tables"].as_array().unwrap();
    let rows = tables.iter().map(|row| (row["table"].as_u64(), row["k"].as_u64()));
    let expected = [(1, 5), (2, 5), (3, 3)];
    let expected =
        expected.iter().flat_map(|(table, k_max)| (1..=*k_max).map(|k| (Some(*table), Some(k))));
    assert!(rows.eq(expected));
    for row in tables {
        for figure in ["residue", "traffic", "t_ave", "t_last"] {
            assert!(row[figure].is_number() && row["paper"][figure].is_number(), "{row:#}");
            assert!(report["ours"][figure].is_number());
        }
        assert!(row["holds"] == false || row.get("note").is_none(), "{row:#}");
    }
    assert_eq!(report["ours"]["residue"], 0.0);
    let explained = |row: &Value| row["holds"] == true || row.get("note").is_some();
    assert_eq!(held, tables.iter().all(explained));
}

/// Runs a command once, and says whether what it claims held, and what it printed.
fn asked(args: &[&str]) -> (bool, Value) {
    let output = rumormill(&[args, &["--json"]].concat()).output().expect("it runs");
    let report = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert!(matches!(output.status.code(), Some(0 | 1)));
    (output.status.success(), report)
}

/// Runs a command that measures, twice: it holds what it claims, and prints the same each time,
/// but for the time the processor took.
fn measured(args: &[&str]) -> Value {
    let run = || {
        let output = rumormill(&[args, &["--json"]].concat()).output().expect("it runs");
        let text = String::from_utf8(output.stdout).expect("text");
        assert!(output.status.success(), "{text}");
        assert!(output.stderr.is_empty(), "a pipe gets no progress");
        serde_json::from_str(&text).expect("one JSON object")
    };
    let without_cpu = |report: &Value| {
        let mut fields = report.as_object().expect("an object").clone();
        fields.remove("cpu_us_p50");
        Value::Object(fields).to_string()
    };
    let (first, second): (Value, Value) = (run(), run());
    assert_eq!(without_cpu(&first), without_cpu(&second));
    let people = rumormill(args).output().expect("it runs");
    assert!(people.status.success() && !people.stdout.is_empty());
    first
}
