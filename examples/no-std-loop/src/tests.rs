#[test]
fn two_nodes_agree() {
    assert_eq!(super::run(), [42, 42]);
}
