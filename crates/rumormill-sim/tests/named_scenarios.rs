//! The scenarios in `scenarios/`, each as it stands there.

use std::{fs, path::PathBuf};

use rumormill_sim::swarm::{Errands, Plan};

#[test]
fn every_scenario_of_the_repository_holds() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let files = fs::read_dir(folder).expect("scenarios are part of the repository");
    let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    paths.sort();
    assert!(paths.len() >= 6);
    for path in paths {
        let text = fs::read_to_string(&path).expect("text");
        let plan: Plan = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let outcome = plan.run::<Errands>();
        let again = format!("rumormill sim run {}", path.display());
        assert_eq!(outcome.violation, None, "run it again: {again}");
        assert!(outcome.edits > 20, "{again}: much is written");
        for planned in &plan.schedule.faults {
            let kind = planned.fault.kind();
            assert!(outcome.faults.get(kind).is_some_and(|count| *count > 0), "{again}: {kind}");
        }
    }
}
