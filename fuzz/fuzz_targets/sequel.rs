#![no_main]

use std::sync::LazyLock;

use rumormill_fuzz::Target;

static TARGET: LazyLock<Target> = LazyLock::new(|| rumormill_fuzz::named("sequel"));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (TARGET.run)(bytes));
