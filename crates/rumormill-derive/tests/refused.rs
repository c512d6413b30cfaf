//! Structs that are refused, each with what the compiler says of it. To take over what another
//! compiler says: `TRYBUILD=overwrite cargo test -p rumormill-derive --test refused`.

#[test]
fn what_is_refused_is_refused_clearly() {
    trybuild::TestCases::new().compile_fail("tests/refused/*.rs");
}
