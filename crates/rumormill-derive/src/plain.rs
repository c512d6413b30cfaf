//! Types of plain values, which are no columns: what a field of such a type may have meant.

use syn::{PathSegment, Type};

/// The column types that a field of a plain type may have meant, if it is one. Types that only
/// the compiler can tell are left to it.
pub(crate) fn suggestion(of: &Type) -> Option<&'static str> {
    if let Type::Path(path) = of {
        return suggestion_for(path.path.segments.last()?);
    }
    let composed = matches!(of, Type::Array(_) | Type::Tuple(_) | Type::Reference(_));
    composed.then_some(REGISTER)
}

const REGISTER: &str = "`LwwRegister<T>` holds one in which the last write wins";

fn suggestion_for(last: &PathSegment) -> Option<&'static str> {
    let suggestion = match last.ident.to_string().as_str() {
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i8" | "i16" | "i32" | "i64" | "i128"
        | "isize" => {
            "`LwwRegister<T>` holds one in which the last write wins, `PnCounter` counts up and down"
        }
        "bool" | "char" | "f32" | "f64" | "str" | "String" | "Option" | "Box" | "Duration" => {
            REGISTER
        }
        "Vec" | "VecDeque" => "`OrSet<T>` is a set, `EventLog<T>` a log of the latest events",
        "BTreeSet" | "HashSet" => "`OrSet<T>` is the set in which adding wins over removing",
        "BTreeMap" | "HashMap" => "`Map<K, V>` is the map in which the last write to a key wins",
        _ => return None,
    };
    Some(suggestion)
}
